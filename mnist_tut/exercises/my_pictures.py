"""Bytes with the channels last become floats with the channels first."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "when_it_goes_wrong", "wrong-view"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_pictures(images):
    ...
"""


def my_pictures(images):
    return images.permute(0, 3, 1, 2) / 255


def check(attempt):
    generator = torch.Generator().manual_seed(12)
    images = torch.randint(20, 220, (2, 5, 7, 3), generator=generator).to(torch.uint8)
    first, given = images.permute(0, 3, 1, 2), images.clone()
    out = attempt(given)
    if not torch.equal(given, images):
        return ("changed",)
    dark, bright = images.min(), images.max()
    return compare(
        out,
        first / 255,
        viewed=images.view(2, 3, 5, 7) / 255,
        turned=images.permute(0, 3, 2, 1) / 255,
        last=images / 255,
        colours=first.flip(1) / 255,
        bytes=first,
        by_256=first / 256,
        by_max=first / bright,
        stretched=(first - dark) / (bright - dark),
        floor=first // 255,
        signed=first / 127.5 - 1,
        inverted=1 - first / 255,
    )


HINT = (
    "Dimension 3 moves to place 1: in which order do you name the four? Bytes are "
    "divided like other numbers."
)
MESSAGES = {
    "right": (
        "Right. permute moves the dimensions and copies nothing; the division by "
        "255 makes floats of bytes."
    ),
    "viewed": (
        "The shape is right, the pictures are torn: view keeps the numbers in their "
        "old order. permute moves dimensions."
    ),
    "turned": (
        "The channels come first, but height and width have changed places: the "
        "pictures lie on their side."
    ),
    "last": "The numbers are right, but the channels still come last: permute.",
    "bytes": "The channels come first. Now divide by 255, so that white becomes 1.",
    "colours": (
        "The channels come first, but in reverse order: red and blue have changed "
        "places."
    ),
    "by_256": "You divided by 256. White is 255, and has to become 1.",
    "by_max": (
        "You divided by the brightest byte of these pictures: a dark picture would "
        "come out white. Divide by 255."
    ),
    "stretched": (
        "You stretched these pictures from black to white. Divide by 255, whatever "
        "stands in them."
    ),
    "floor": ("// cuts off what comes after the point: nearly all is 0. Divide by /."),
    "signed": "These run from -1 to 1. From 0 to 1 was asked for.",
    "inverted": "Black and white have changed places.",
}
