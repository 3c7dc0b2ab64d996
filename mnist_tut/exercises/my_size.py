"""How wide a picture is behind a convolution."""

PAGE, SECTION = "from_memory", "memory-pieces"
MINUTES, DIFFICULTY = 5, 1

STUB = """\
def my_size(size, kernel, stride, padding):
    ...
"""


def my_size(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride + 1


def check(attempt):
    cases = [
        (28, 3, 2, 1),
        (10, 3, 1, 2),
        (28, 5, 1, 0),
        (9, 2, 2, 0),
        (11, 4, 3, 1),
        (50, 7, 4, 3),
    ]
    outs = [attempt(*case) for case in cases]
    if any(out is None or out is ... for out in outs):
        return ("nothing",)
    try:
        found = [float(out + 0) for out in outs]
    except (TypeError, ValueError):
        return "number", type(outs[0]).__name__
    ways = {
        "right": lambda n, k, s, p: (n + 2 * p - k) // s + 1,
        "no_one": lambda n, k, s, p: (n + 2 * p - k) // s,
        "one_side": lambda n, k, s, p: (n + p - k) // s + 1,
        "divided": lambda n, k, s, p: (n + 2 * p - k) / s + 1,
        "up": lambda n, k, s, p: -(-(n + 2 * p - k) // s) + 1,
        "nearest": lambda n, k, s, p: round((n + 2 * p - k) / s) + 1,
        "no_brackets": lambda n, k, s, p: n + 2 * p - k // s + 1,
        "inside": lambda n, k, s, p: (n + 2 * p - k + 1) // s,
        "no_kernel": lambda n, k, s, p: (n + 2 * p) // s,
        "no_stride": lambda n, k, s, p: n + 2 * p - k + 1,
        "no_padding": lambda n, k, s, p: (n - k) // s + 1,
    }
    for key, way in ways.items():
        if found == [way(*case) for case in cases]:
            return (key,)
    wrong = next(i for i, case in enumerate(cases) if found[i] != ways["right"](*case))
    return "other", *cases[wrong], outs[wrong]


HINT = (
    "Lay the kernel at the left edge of the padded row. How many steps of ``stride`` can "
    "it still take to the right? The place where it began counts, too."
)
MESSAGES = {
    "right": "Right. The first place, and one more for each whole step that fits.",
    "number": "A number is asked for; yours is of the type {}.",
    "no_one": "You count the steps. The place where the kernel begins counts, too: + 1.",
    "one_side": "The padding stands on both sides.",
    "divided": (
        "Some of your sizes are no whole numbers. The kernel takes no half steps: //."
    ),
    "up": "You round up. A step that does not fit is not taken: round down.",
    "nearest": "You round to the nearest. A step that does not fit is not taken.",
    "no_brackets": (
        "Python divides before it subtracts: the whole difference belongs in brackets."
    ),
    "inside": "The 1 stands inside the division. It belongs behind it.",
    "no_kernel": "The kernel cannot leave the padded image: subtract its width.",
    "no_stride": "The stride is missing: this is what steps of one would give.",
    "no_padding": "The padding is missing.",
    "other": (
        "For a size of {}, a kernel of {}, a stride of {} and a padding of {} yours "
        "says {}. Draw it on paper and count."
    ),
}
