"""A length, and pairs of a picture turned to its negative and its label."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
class MyInverted(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        ...

    def __getitem__(self, i):
        ...
"""


class MyInverted(torch.utils.data.Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return 1 - self.x[i], self.y[i]


def check(attempt):
    x = torch.rand(20, 784, generator=torch.Generator().manual_seed(8))
    y = (torch.arange(20) * 7 + 3) % 10
    kept = x.clone()
    ds = attempt(x, y)
    pair = ds[3]
    if not torch.equal(x, kept):
        return ("changed",)
    if pair is None or pair is ... or ds.__len__() in (None, ...):
        return ("nothing",)
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        return ("both",)
    picture, label = map(torch.as_tensor, pair)
    if picture.shape == (20, 784) or label.shape == (20,):
        return ("all",)
    if picture.numel() == 1 and label.numel() == 784:
        return ("swapped",)
    same_pixels = torch.equal(picture.float().sort()[0], x[3].sort()[0])
    if same_pixels and not torch.equal(picture.float(), x[3]):
        return ("mirrored",)
    usual = {"same": x[3], "minus": -x[3], "bytes": 255 - x[3], "first": 1 - x[0]}
    usual |= {
        "next": [1 - x[4], 1 - x[2]],
        "half": 0.5 - x[3],
        "rounded": (x[3] < 0.5).float(),
    }
    verdict = compare(picture, 1 - x[3], **usual)
    if verdict != ("right",):
        return verdict
    if label.numel() != 1 or label != y[3]:
        return ("label",)
    if len(ds) != 20:
        return "length", len(ds), 20
    pictures, labels = next(iter(torch.utils.data.DataLoader(ds, batch_size=8)))
    loaded = torch.allclose(pictures.float(), 1 - x[:8]) and (labels == y[:8]).all()
    return ("right",) if loaded else ("loader",)


HINT = (
    "Pixels run from 0 to 1. Do the arithmetic in ``__getitem__``, for one image "
    "at a time, and return a pair."
)
MESSAGES = {
    "right": "Right. A length and an index: that is all a DataLoader asks for.",
    "both": "An item is a pair of an image and its label: return both, with a comma.",
    "length": "Its length is {} instead of {}: how many images are there?",
    "label": "The label is not that of the image. Only pixels are to be inverted.",
    "same": (
        "The image is as it was. Black is 0 and white is 1: what turns one into "
        "the other?"
    ),
    "mirrored": (
        "The pixels have changed places, and black is black still. Change their numbers "
        "and leave them where they are."
    ),
    "minus": "Now white is -1. Pixels run from 0 to 1: invert within that range.",
    "bytes": "255 is white in an image of bytes. Ours run from 0 to 1.",
    "first": "Every index gives the first image. Use i.",
    "loader": "Single items are right, but a DataLoader makes something else of them.",
    "changed": (
        "You inverted the caller's images. Leave x as it is, and invert an image "
        "when it is asked for."
    ),
    "all": "An item is all images, or all labels, at once. Use i.",
    "swapped": ("The label comes first. The image comes first, then its label."),
    "next": "Item 3 is the image before it or after it: count from 0, and use i as it comes.",
    "half": (
        "Now black is one half. Pixels run from 0 to 1: 0 becomes 1, and 1 becomes 0."
    ),
    "rounded": "Only black and white are left: the greys are inverted, too.",
}
