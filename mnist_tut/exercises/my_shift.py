"""Each picture moves by itself, both ways, as far as was said, and nothing comes back in."""

import torch
import torch.nn.functional as F

from mnist_tut.exercises.common import compare

PAGE, SECTION = "your_own_project", "own-augment"
MINUTES, DIFFICULTY = 10, 2

STUB = """\
def my_shift(x, most):
    ...
"""


def my_shift(x, most):
    side, moved = x.shape[-1], []
    for picture in F.pad(x, (most, most, most, most)):
        i, j = torch.randint(2 * most + 1, (2,)).tolist()
        moved.append(picture[:, i : i + side, j : j + side])
    return torch.stack(moved)


def check(attempt):
    def judged(most):
        x = torch.zeros(400, 1, 28, 28)
        x[..., 14, 14], x[..., 0, 0], x[..., 0, 27] = 1.0, 0.5, 0.25
        kept, out = x.clone(), attempt(x, most)
        if not torch.equal(x, kept):
            return ("changed",)
        if getattr(out, "shape", None) == (400, 1, 28 + 2 * most, 28 + 2 * most):
            return ("uncut",)
        if getattr(out, "shape", None) != x.shape:
            return compare(out, x)
        out = torch.as_tensor(out).float()
        if torch.equal(out, x):
            return ("stood",)
        moved = (out == 1).nonzero()[:, 2:] - 14
        if len(moved) != 400:
            return ("filled",) if len(moved) > 4000 else ("mixed",)
        low, high = moved.amin(0), moved.amax(0)
        flat = next((way for way in (0, 1) if low[way] == high[way] == 0), None)
        faults = {
            "far": moved.abs().max() > most,
            "alike": (low == high).all(),
            "one_direction": flat is not None,
            "diagonal": any((moved[:, 0] == s * moved[:, 1]).all() for s in (1, -1)),
            "one_way": (low >= 0).any() or (high <= 0).any(),
            "lopsided": (low > -most).any() != (high < most).any(),
            "short": (low > -most).any() or (high < most).any(),
            "ends": (moved.abs() == most).sum() > 600,
        }
        for key in (key for key, found in faults.items() if found):
            return (key, most) if key in ("far", "short") else (key,)
        wide = zip(torch.nn.functional.pad(x, [most] * 4), (most - moved).tolist())
        want = torch.stack([p[:, i : i + 28, j : j + 28] for p, (i, j) in wide])
        rolled = [p.roll(m, (1, 2)) for p, m in zip(x, moved.tolist())]
        verdict = compare(out, want, rolled=torch.stack(rolled))
        if verdict[0] in ("part", "part_at"):
            return ("filled",) if (out > 0).sum() > (want > 0).sum() else ("cut_off",)
        return verdict

    verdicts = (judged(most) for most in (3, 2))
    return next((verdict for verdict in verdicts if verdict != ("right",)), ("right",))


HINT = (
    "``F.pad(picture, (most, most, most, most))`` and a cut-out of 28 by 28, once "
    "for each picture; ``torch.stack`` makes one tensor of a list."
)
MESSAGES = {
    "right": (
        "Right. The same picture comes in another place every time, so the network "
        "cannot learn places by heart."
    ),
    "stood": (
        "Nothing has moved. With most = 3 the cut-out may begin at 0, 1, 2, 3, 4, 5 or 6."
    ),
    "alike": (
        "All pictures have moved alike. Draw inside the loop, once for each picture."
    ),
    "mixed": (
        "Some pictures have lost their middle or got it twice. Cut the same window "
        "out of all rows of a picture."
    ),
    "far": "An image has moved further than most, which was {} here.",
    "diagonal": (
        "They move along the diagonal only. Draw two numbers for each picture, one "
        "for the rows and one for the columns."
    ),
    "one_way": (
        "They move to one side only. randint never gives its upper end: randint(2 * "
        "most + 1, (2,)) counts from 0, and most in the middle is no shift."
    ),
    "short": (
        "They never move as far as most, which was {} here: use most, not a number "
        "of your own."
    ),
    "ends": (
        "They move by as much as most and hardly by less. Each of the 2 * most + 1 shifts "
        "should be as likely as any other."
    ),
    "rolled": (
        "What leaves on one side comes back in on the other: roll goes round in a "
        "circle. Pad with black and cut out."
    ),
    "uncut": (
        "Padded, and not cut out again: each picture has to be 28 by 28 as before."
    ),
    "filled": (
        "Where the picture has left, it is not black. F.pad fills up with 0 as it "
        "stands."
    ),
    "cut_off": "A part of the picture is missing that should have stayed.",
    "one_direction": (
        "They move in one direction only: up and down, or to the sides. Draw two "
        "numbers for each picture, one for the rows and one for the columns."
    ),
    "lopsided": (
        "They move as far as most to one side only, and not to the other. Is the "
        "upper end 2 * most + 1? randint leaves it out."
    ),
    "list": ("It gives back a {}. torch.stack makes one tensor of the pictures."),
    "equal": (
        "The cut-outs are not equally large: padding is missing, or the window runs"
        " over the edge."
    ),
}
