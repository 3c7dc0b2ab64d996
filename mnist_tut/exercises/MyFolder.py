"""A data set of the files in a folder, with labels from their names and a transform."""

import torch

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
class MyFolder:
    def __init__(self, folder, transform):
        ...

    def __len__(self):
        ...

    def __getitem__(self, i):
        ...
"""


class MyFolder:
    def __init__(self, folder, transform):
        self.paths, self.transform = sorted(folder.glob("*.pt")), transform

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        path = self.paths[i]
        return self.transform(torch.load(path)), int(path.stem.split("_")[0])


def check(attempt):
    import pathlib
    import tempfile

    def transform(picture):
        done.append(picture)
        return picture.float() / 255

    names, labels = ["0_0010", "12_0001", "3_0001", "3_0002"], [0, 12, 3, 3]
    done, pictures = (
        [],
        [torch.full((2, 3), 10 * i, dtype=torch.uint8) for i in range(5)],
    )
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        for name, picture in [*zip(names, pictures)][::-1]:
            torch.save(picture, folder / f"{name}.pt")
        (folder / "notes.txt").write_text("3_0003")
        (folder / ".DS_Store").write_text("")
        data = attempt(folder, transform)
        early = bool(done)
        torch.save(pictures[4], folder / "0_0010.pt")
        length = data.__len__()
        if length is None or length is ...:
            return ("nothing",)
        if length == 6:
            return ("others",)
        if length != 4:
            return "length", length
        items = [data[i] for i in range(4)]
        if any(item is None or item is ... for item in items):
            return ("nothing",)
    if not all(isinstance(item, (tuple, list)) and len(item) == 2 for item in items):
        return ("both",)
    first = [item[0] for item in items]
    if any(isinstance(item[1], torch.Tensor) and item[1].ndim for item in items):
        return ("swapped",)
    found = [item[1] for item in items]
    if any(isinstance(label, str) for label in found):
        return ("text",)
    if any(isinstance(label, float) for label in found):
        return ("float_label",)
    found = [int(label) for label in found]
    if not done or not all(each.is_floating_point() for each in first):
        return ("raw",)
    if early or first[0].max() == 0:
        return ("eager",)
    kinds = {
        "whole": [10, 120001, 30001, 30002],
        "digit": [0, 1, 3, 3],
        "number": [10, 1, 1, 2],
        "place": [0, 1, 2, 3],
    }
    if key := next((key for key, value in kinds.items() if found == value), None):
        return (key,)
    shown = [round(float(each.max()) * 255) for each in first]
    if shown == [40, 40, 40, 40]:
        return ("same",)
    if sorted(shown) == [10, 20, 30, 40] and shown != [40, 10, 20, 30]:
        return ("order",)
    if shown != [40, 10, 20, 30]:
        return ("picture",)
    return ("right",) if found == labels else ("label",)


HINT = (
    '``sorted(folder.glob("*.pt"))`` is a list of paths. A path has a ``stem``, its name '
    "without the ending, and ``torch.load`` reads what ``torch.save`` has written."
)
MESSAGES = {
    "float_label": "The label is a float. An integer is asked for, for a loss picks a class by it.",
    "right": (
        "Right. A data set is a length and an index, wherever the data lie: nothing is "
        "read before it is asked for."
    ),
    "others": "Files of another kind are counted as well. Take those that end in .pt.",
    "length": "The length is {}, and there are four files that end in .pt.",
    "both": "An item is a pair: the image and its label.",
    "swapped": "The image comes first, then its label.",
    "text": "The label is a piece of text. A loss wants a number: int().",
    "raw": "The transform was not used: hand every image through it.",
    "eager": (
        "The files are read as soon as the data set is made. Large ones would fill the "
        "memory: read in __getitem__."
    ),
    "whole": (
        "You make a number of the whole name: Python takes 3_0002 for 30002. Cut the "
        "name at the underscore."
    ),
    "digit": "A label may have more than one digit: cut the name at the underscore.",
    "number": "You took the number behind the underscore. The label stands before it.",
    "place": "The label is not the place in the list: it stands in the file's name.",
    "same": "It gives the first image, whatever the index. Use i.",
    "order": "The images are not in the order of their names: sorted().",
    "picture": "The images are not those that the files hold.",
    "label": "The images are right, and their labels are those of others.",
}
