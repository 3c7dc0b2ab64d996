"""Pictures of unequal size in one array, with zeros below and to the right."""

import numpy as np
import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "inside_torch_nn", "inside-data"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_collate(rows):
    ...
"""


def my_collate(rows):
    high = max(picture.shape[0] for picture, _ in rows)
    wide = max(picture.shape[1] for picture, _ in rows)
    pictures = np.zeros((len(rows), high, wide))
    for place, (picture, _) in zip(pictures, rows):
        h, w = picture.shape
        place[:h, :w] = picture
    return [pictures, np.array([label for _, label in rows])]


def check(attempt):
    generator = torch.Generator().manual_seed(22)
    sizes, labels = [(2, 5), (4, 1), (3, 3)], [7, 0, 9]
    parts = [
        torch.rand(size, generator=generator, dtype=torch.float64) for size in sizes
    ]
    kept = [part.clone() for part in parts]
    out = attempt([(part.numpy(), label) for part, label in zip(parts, labels)])
    if out is None or out is ...:
        return ("nothing",)
    if not all(map(torch.equal, parts, kept)):
        return ("changed",)
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        return ("two",)
    if not all(hasattr(each, "shape") for each in out):
        return ("arrays",)
    pictures, found = map(torch.as_tensor, out)

    def padded(down, right):
        big = torch.zeros(3, 4, 5, dtype=torch.float64)
        for place, part in zip(big, kept):
            (h, w), (top, left) = (
                part.shape,
                (down(4 - part.shape[0]), right(5 - part.shape[1])),
            )
            place[top : top + h, left : left + w] = part
        return big

    want = padded(lambda n: 0, lambda n: 0)
    if pictures.shape[1:] in ((2, 1), (2, 3)):
        return ("cut",)
    verdict = compare(
        pictures.double(),
        want,
        corner=padded(lambda n: n, lambda n: n),
        middle=padded(lambda n: n // 2, lambda n: n // 2),
        empty=want * 0,
    )
    inner = padded(lambda n: 0, lambda n: 0) > 0
    if pictures.shape == want.shape and torch.allclose(
        pictures[inner].double(), want[inner]
    ):
        verdict = verdict if verdict == ("right",) else ("beside",)
    if verdict != ("right",):
        return verdict
    return ("right",) if found.tolist() == labels else ("labels",)


HINT = (
    "Begin with ``np.zeros((len(rows), H, W))`` and write every image into its corner."
)
MESSAGES = {
    "beside": (
        "Each image stands in its place, and beside it there are other numbers than zero."
    ),
    "right": (
        "Right. The loader does not care what a mini-batch is: collate_fn decides."
    ),
    "two": "A list of two arrays is asked for: images and labels.",
    "arrays": "Both the images and the labels have to be arrays.",
    "cut": (
        "You cut the images to the smallest size. Nothing may be lost: fill up to "
        "the largest."
    ),
    "corner": (
        "The images stand in the lower right corner. The zeros belong below and "
        "to the right."
    ),
    "middle": (
        "The images stand in the middle. The zeros belong below and to the right."
    ),
    "empty": "All is zero: the images have not been written into the array.",
    "labels": "The images are right, the labels are not.",
}
