"""Every index once, in shares of the same length; what is missing comes from the beginning."""

import torch

from mnist_tut.exercises.common import compare

PAGE, SECTION = "one_loop_many_machines", "many-shares"
MINUTES, DIFFICULTY = 5, 2

STUB = """\
def my_share(order, rank, world):
    ...
"""


def my_share(order, rank, world):
    missing = -len(order) % world
    return torch.cat([order, order[:missing]])[rank::world]


def check(attempt):
    generator, world = torch.Generator().manual_seed(12), 4
    for n in 10, 11, 12:
        order, missing = torch.randperm(n, generator=generator), -n % 4
        given = order.clone()
        shares = [attempt(given, rank, world) for rank in range(world)]
        if not torch.equal(given, order):
            return ("changed",)
        if not all(isinstance(share, torch.Tensor) for share in shares):
            return compare(next(s for s in shares if type(s) is not type(order)), order)
        if any(share.ndim != 1 for share in shares):
            return "flat", tuple(shares[0].shape)
        sizes, total = [len(share) for share in shares], sum(map(len, shares))
        if sizes[0] >= n:
            return ("whole",)
        if not total:
            return ("empty",)
        filled = torch.cat([order, order[:missing]])
        if all(torch.equal(shares[0], share) for share in shares):
            return ("same",)
        if n == 12 and total > 12:
            return ("divides",)
        if not set(torch.cat(shares).tolist()) <= set(range(n)):
            return ("foreign",)
        if total > n + missing:
            return "too_long", total, n, n + missing
        if shares[0][0] == order[1]:
            return ("rank0",)
        if len({*sizes}) > 1:
            return "uneven", sizes
        flat = torch.stack(shares, 1).flatten()
        usual = {"blocks": filled.view(world, -1).T.flatten()}
        usual["positions"] = torch.arange(n + missing) % n
        usual["front"] = torch.cat([order[:missing], order])
        if missing:
            usual["dropped"] = order[: n // world * world]
        verdict = compare(flat, filled, **usual)
        if verdict[0] in ("part", "wrong") and torch.equal(flat[:n], order):
            return ("filling",)
        joined = torch.cat(shares)
        if verdict[0] not in ("right", "blocks") and torch.equal(joined[:n], order):
            return ("blocks",)
        if verdict != ("right",):
            return verdict
    return ("right",)


HINT = (
    "``-len(order) % world`` is what is missing. ``torch.cat`` fills up, a slice "
    "with a step, ``[rank::world]``, takes the share."
)
MESSAGES = {
    "positions": "These are the places in the order. The indices that stand there are asked for.",
    "right": "Right. All shares are equally long, and together they hold every index.",
    "whole": (
        "Every process gets all of the order, so all of them do the same work. Take "
        "every world-th index."
    ),
    "uneven": (
        "The shares are not equally long, but {}: where one process has no mini-"
        "batch left, the others wait for it for ever. Fill the order up first."
    ),
    "divides": (
        "Where the order divides into equal shares, nothing is missing, and yet you "
        "fill it up: world - len(order) % world is world there. -len(order) % world is 0."
    ),
    "dropped": (
        "You left out the end of the order. That is what drop_last=True does; here "
        "no index may be lost."
    ),
    "blocks": (
        "You cut the order into blocks. Nothing is wrong with that, but a "
        "mini-batch of one process would then be shared in another way: take every "
        "world-th index."
    ),
    "filling": (
        "What fills up is not the beginning of the order. Take its first indices."
    ),
    "flat": ("A share has the shape {}. It is a row of indices, of one dimension."),
    "empty": (
        "All shares are empty: the slice is [rank::world], from rank on, every "
        "world-th."
    ),
    "same": "All processes get the same share. Where does rank come in?",
    "too_long": (
        "Together the shares hold {} indices, which is too many: {} fill up to {}. "
        "-len(order) % world are missing."
    ),
    "rank0": (
        "The first share begins with the second index: ranks are counted from 0."
    ),
    "front": "You filled up in front. Fill up at the end.",
    "sizes": ("+ adds numbers, here {} and {} of them. torch.cat([a, b]) joins."),
    "order": (
        "All indices are there, but in another order: leave order as it is, and "
        "take every world-th."
    ),
    "foreign": (
        "There are indices that order has not got. (+ adds numbers; torch.cat([a, "
        "b]) joins.)"
    ),
}
