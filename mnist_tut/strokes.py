"""The stand-in for MNIST: digits written by a pen, for machines that cannot download.

Pick one of the ways to write a digit, shake its control points, warp, slant and turn the sheet, run
a smooth curve through the points, and let a pen leave ink along it. As in MNIST the picture is
28 x 28, the digit fits in 20 x 20, and its centre of mass is that of the picture. y runs *down*.
"""

import math
from functools import partial

import torch
from torch import Generator, Tensor

Pair = tuple[Tensor, Tensor]
normal = partial(torch.randn, dtype=torch.float32)  # whatever the default is

# A digit and ways to write it. Each pair of letters is a control point, x then y, from a = 0.0 to
# k = 1.0; "/" lifts the pen.
STYLES = """
0 hb db bc af bi dk hk ji kf jc hb; fa ca ad ah ck hk kh kd ia fb; ha eb bf ci fk ih kd hb ga
1 fa ff fk; ga ff ek; fa fc ff fh fk; ga ff fk; dd fa ff fk; dc fa fe fk/ck fk ik
2 bc da ha jc if ei bk/bk ek hk kj; bd cb fa ic ie gg cj/cj bi di gk kj
2 bb ea ib id fg bk/bk fk kk; ac ea ib ie fi bj ah di gk kj
3 bb ea ib id ee/ee if jh hk dk aj; ba fa ja/ja gc ee/ee hf ih gk ck aj
3 bc da hb hd ee fe if ii ek bj
4 ca be bf fg kf/ja ic hf gk; da ad ag eg kg/ga ge gk; ga dc ag/ag fg kg/ga ge gk
4 ba bd cf ge ib/ib ig hk
5 ja ca/ca be/be ge if ih fk ak; ka da/da cd/cd ge jg hj ek bj; jb ea cb ce ff ih hj dk ai
6 ha dc bg bi dk gk ji hg eg bi; ia ed bh ck gk ii gg cg; fa cd bh dk hk jh hf df bh
7 ab db ja/ja hd fh ek; ac ab ea ka/ka he fk; aa fa ka/ka ge ek/cf ff if
7 ac bb eb ib ja id gg fk
8 ib ea bb cd ff ih hk dk bh cf ge jc ib; ic fa cb dd ge ig hj ek bj ch ee id ic
8 fe cd da ga id fe/fe bg ck gk jh fe
9 jc ga cb be ef ie jc/jc jf ih hk; ib ea bc ce ge ic/ic ig fk; jb fa bc cf ge jb/jb jf jk
9 id ga cb ce ff id/id ig gk bj
""".strip().splitlines()

# How much one writer differs from the next; a "spread" is a standard deviation. Tuned so that
# the tutorial's models do about as well here as on MNIST: change one and train again.
WARP_SPREAD, JITTER_SPREAD = 0.2, 0.06
TURN_SPREAD = 0.08  # radians
SLANT_MEAN, SLANT_SPREAD = 0.28, 0.2  # most people lean to the right
WIDTH_MEDIAN, WIDTH_SPREAD = 0.85, 0.2  # the spread is that of the logarithm
PEN_THINNEST, PEN_WIDEST = 0.9, 2.0  # half widths, pixels
SAMPLES = 56  # points on a curve: closer together than the thinnest pen is wide
# Ink fades from the middle of a line as a Gaussian; these turn it into a stroke with an edge.
INK_SPREAD, INK_WHITE, INK_RANGE = 0.62, 0.16, 0.55


def make_strokes(
    seed: int = 0, sizes: tuple[int, int, int] = (50_000, 10_000, 10_000)
) -> tuple[Pair, Pair, Pair]:
    """Draw three pairs: pictures (n, 784) float32 as MNIST's, and labels (n,) int64.

    The same seed and sizes give the same pictures (on another kind of processor a few pixels may
    differ by 1/256). PyTorch's global random state is neither read nor changed.
    """
    with torch.device("cpu"):  # the generator's device, whatever the caller's default
        rng = Generator().manual_seed(seed)
        train, valid, test = (draw_part(n, rng) for n in sizes)
    return train, valid, test


def draw_part(n: int, rng: Generator) -> Pair:
    """Draw n pictures of random digits, each in one of its digit's styles, all equally likely."""
    labels = torch.randint(10, (n,), generator=rng)
    lot = torch.rand(n, generator=rng, dtype=torch.float32)
    images = torch.zeros(n, 28, 28, dtype=torch.float32)
    for digit in range(10):
        lines = [line[2:] for line in STYLES if line[0] == str(digit)]
        styles = "; ".join(lines).split("; ")
        choice = (lot * len(styles)).long()
        # one style at a time: its pictures share one curve matrix, and memory stays small
        for number, style in enumerate(styles):
            rows = ((labels == digit) & (choice == number)).nonzero()[:, 0]
            images[rows] = draw(style, len(rows), rng)
    return images.mul_(255).round_().div_(256).view(n, 784), labels


def draw(style: str, n: int, rng: Generator) -> Tensor:
    """Write a digit n times in one style, each time by another hand: (n, 28, 28) ink in [0, 1]."""
    points, curve, lifts = compile_style(style)
    # about (0, 0), because the sheet is warped, slanted and turned about its middle
    points = shake(points.expand(n, -1, -1) - 0.5, rng)
    width = torch.rand(n, generator=rng, dtype=torch.float32)
    pen = PEN_THINNEST + (PEN_WIDEST - PEN_THINNEST) * width
    return spread_ink(*fit(curve @ points, lifts, pen), pen)


def compile_style(style: str) -> tuple[Tensor, Tensor, Tensor]:
    """Turn a style into control points (m, 2) in [0, 1], a curve and lifts.

    The curve (SAMPLES, m) times the points gives points along the smooth lines; lifts (SAMPLES,)
    is True where the pen leaves the paper.
    """
    strokes = [read_stroke(stroke) for stroke in style.split("/")]
    lengths = [float(stroke.diff(dim=0).norm(dim=1).sum()) for stroke in strokes]
    counts = [max(4, round(SAMPLES * length / sum(lengths))) for length in lengths]
    counts[0] += SAMPLES - sum(counts)  # what rounding left over
    curves = [spline_basis(len(s), k) for s, k in zip(strokes, counts, strict=True)]
    lifts = torch.zeros(SAMPLES, dtype=torch.bool)
    lifts[torch.tensor(counts).cumsum(0) - 1] = True
    return torch.cat(strokes), torch.block_diag(*curves), lifts


def read_stroke(text: str) -> Tensor:
    """Read one stroke, "fa ff fk", as (m, 2) control points."""
    points = [[(ord(c) - ord("a")) / 10 for c in pair] for pair in text.split()]
    return torch.tensor(points, dtype=torch.float32)


def spline_basis(m: int, k: int) -> Tensor:
    """Return the (k, m) matrix that turns m control points into k points on the curve through them.

    The curve is a uniform Catmull-Rom spline (1974, "A class of local interpolating splines"): at
    each control point it runs parallel to the line between the neighbours. Ends count as doubled.
    """
    place = torch.linspace(0, m - 1, k, dtype=torch.float32)
    before = place.long().clamp(max=m - 2)  # the control point at or before each place
    t = place - before
    weights = [
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    ]
    basis = torch.zeros(k, m, dtype=torch.float32)
    for column, weight in enumerate(weights, start=-1):
        neighbour = (before + column).clamp(0, m - 1)
        basis.scatter_add_(1, neighbour[:, None], weight[:, None])
    return basis


def shake(points: Tensor, rng: Generator) -> Tensor:
    """Warp the paper as a random cubic would, let each point slip, lean and turn: (n, m, 2)."""
    n = len(points)
    x, y = points.unbind(-1)
    powers = torch.stack([x**2, y**2, x * y, x**3, y**3, x], dim=-1)
    warp = WARP_SPREAD * normal(n, 2, 6, generator=rng)
    slips = JITTER_SPREAD * normal(*points.shape, generator=rng)
    x, y = (points + powers @ warp.mT + slips).unbind(-1)
    angle = TURN_SPREAD * normal(n, 1, generator=rng)
    slant = SLANT_MEAN + SLANT_SPREAD * normal(n, 1, generator=rng)
    width = WIDTH_MEDIAN * (WIDTH_SPREAD * normal(n, 1, generator=rng)).exp()
    x = width * x - slant * y  # y runs down: the top, at negative y, goes right
    cos, sin = angle.cos(), angle.sin()
    return torch.stack([x * cos - y * sin, x * sin + y * cos], dim=-1)


def fit(path: Tensor, lifts: Tensor, pen: Tensor) -> tuple[Tensor, Tensor]:
    """Scale paths (n, k, 2) so that path and pen fit into 20 x 20 pixels, and centre their mass.

    Return also how far the pen runs on the paper from each point to the next: (n, k) pixels.
    """
    longer_side = (path.amax(dim=1) - path.amin(dim=1)).amax(dim=1)
    path = path * ((20 - 2 * pen) / longer_side)[:, None, None]
    # the roll joins the last point to the first; as a lift, that step counts nothing
    steps = (path.roll(-1, dims=1) - path).norm(dim=2).masked_fill(lifts, 0)
    share = steps / steps.sum(dim=1, keepdim=True)
    return path - share[:, None] @ path, steps


def spread_ink(path: Tensor, steps: Tensor, pen: Tensor) -> Tensor:
    """Draw each path as a band of ink: (n, 28, 28) in [0, 1].

    Each step leaves a round Gaussian blot, in proportion to its length. Along a straight line they
    add up to ``exp(-d**2 / (2 * spread**2))`` at distance d, however fast the points follow one
    another. As a blot is a product of one in x and one in y, their sum is one matrix product.
    """
    spread = INK_SPREAD * pen[:, None, None]
    pixels = torch.arange(28, dtype=torch.float32) - 13.5
    offsets = (place[..., None] - pixels for place in path.unbind(-1))
    across, down = ((-(offset**2) / (2 * spread**2)).exp() for offset in offsets)
    blots = (down * steps[..., None]).mT @ across
    ink = blots / (spread * math.sqrt(2 * math.pi))
    return ((ink - INK_WHITE) / INK_RANGE).clamp(0, 1)
