"""The ten lines of a training loop, in an order in which they train."""

PAGE, SECTION = "from_memory", "memory-loop"
MINUTES, DIFFICULTY = 10, 1

STUB = """\
def my_order():
    ...
"""


def my_order():
    return [3, 7, 10, 6, 4, 1, 9, 2, 5, 8]


def check(attempt):
    out = attempt()
    if out is None or out is ... or (isinstance(out, (list, tuple)) and ... in out):
        return ("nothing",)
    try:
        order = [int(number) for number in out]
    except (TypeError, ValueError):
        return "kind", type(out).__name__
    if sorted(order) == list(range(10)):
        return ("zero",)
    if left := [number for number in range(1, 11) if number not in order]:
        return "left", ", ".join(map(str, left))
    if len(order) > 10:
        return ("more",)
    if order[0] != 3:
        return ("first",)
    deep = {
        3: 0,
        **dict.fromkeys((2, 5, 7, 10), 1),
        **dict.fromkeys((1, 4, 6, 8, 9), 2),
    }
    opens, home = (3, 5, 10), {}
    for before, number in zip(order, order[1:]):
        if deep[number] > deep[before] and before not in opens:
            return "deeper", number, before
        if before in opens and deep[number] != deep[before] + 1:
            return "empty", before, number
        if deep[number] == 2:
            home[number] = home.get(before, before)
    if order[-1] in opens:
        return ("end",)
    at = {number: place for place, number in enumerate(order)}
    if home[8] == 10:
        return ("within",)
    if wrong := [number for number in (6, 4, 1, 9) if home[number] == 5]:
        return "recorded", wrong[0]
    if at[5] < at[10]:
        return ("before",)
    if at[10] < at[7]:
        return ("train",)
    if not at[10] < at[2] < at[5]:
        return ("eval",)
    if at[4] < at[6]:
        return ("loss",)
    if at[4] < at[9] < at[1]:
        return ("cleared",)
    return ("step",) if at[1] < at[4] else ("right",)


HINT = (
    "How far a line is indented says in which block it stands. Begin with the three "
    "lines that end in a colon. Then ask of each call what it needs: ``backward()`` a "
    "loss, ``step()`` a gradient."
)
MESSAGES = {
    "right": (
        "Right. Each epoch trains in training mode, mini-batch by mini-batch, and "
        "validates in evaluation mode without gradients."
    ),
    "kind": "Return a list of ten numbers; yours is of the type {}.",
    "zero": "The lines are numbered from 1, not from 0.",
    "left": "Each line is needed once. These are missing: {}.",
    "more": "There are more than ten numbers. Each line is needed once.",
    "first": "Only one line is not indented. All the others stand inside it.",
    "deeper": (
        "Line {} is indented further than line {}, which stands before it and opens "
        "no block."
    ),
    "empty": (
        "Line {} ends in a colon, so what follows has to be indented below it. Line "
        "{} is not."
    ),
    "end": "The last line ends in a colon, and nothing follows.",
    "within": (
        "The whole validation set is gone through after every mini-batch. Once an "
        "epoch is enough."
    ),
    "recorded": (
        "Line {} stands under no_grad, where nothing is recorded. It belongs to the "
        "mini-batches of the training."
    ),
    "before": (
        "Here an epoch validates before it has trained. You want to know how the "
        "model does after the epoch."
    ),
    "train": (
        "model.train() comes after the training: then the mini-batches meet a model "
        "in evaluation mode."
    ),
    "eval": "model.eval() belongs after the training and before the validation.",
    "loss": "backward() starts from a loss, which has not been computed yet.",
    "cleared": (
        "Between backward() and step() the gradients are thrown away: nothing is "
        "left to step with."
    ),
    "step": "step() comes before backward(): it needs the gradients of this mini-batch.",
}
