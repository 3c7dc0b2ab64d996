"""Make ``drawings.json``: digits as somebody might write them on the pad.

Run by hand: ``python tools/make_drawings.py``. Nobody wrote these: each digit has two forms
whose control points were chosen by hand, and six manners of writing move, slant, squeeze, shake or
roughen them, with random numbers from a fixed seed. They say how the pad and what follows it treat
writing that MNIST's makers have not prepared; they say nothing about the hands of real people.
"""

import json
import math
import random
from pathlib import Path

PLACE = Path(__file__).parents[1] / "tests" / "site" / "drawings.json"

#: Two forms of each digit: strokes of control points x,y in tenths, from the top left corner.
FORMS = [
    ["5,0 1,2 0,5 1,8 5,10 9,8 10,5 9,2 5,0", "7,0 3,1 1,5 3,9 6,10 9,7 9,3 6,0 4,1"],
    ["5,0 5,3 5,7 5,10", "2,3 4,1 5,0 5,4 5,10"],
    [
        "1,2 3,0 7,0 9,2 8,5 4,8 0,10 0,10 5,10 10,10",
        "0,3 2,0 6,0 8,3 6,7 2,9 1,8 3,8 6,10 10,9",
    ],
    [
        "1,1 4,0 8,1 8,4 4,5 4,5 8,5 9,8 6,10 1,9",
        "1,0 5,0 9,0 9,0 7,2 4,4 4,4 8,5 9,8 5,10 0,9",
    ],
    ["3,0 2,3 1,6 1,6 5,6 10,6|7,3 7,6 7,10", "7,0 4,3 0,7 0,7 5,7 10,7|7,0 7,5 7,10"],
    [
        "2,0 2,2 1,4 1,4 5,4 9,6 8,9 4,10 0,9|2,0 5,0 9,0",
        "9,0 5,0 2,0 2,0 1,4 1,4 6,4 9,7 6,10 1,9",
    ],
    [
        "8,0 4,2 1,6 2,9 5,10 8,9 9,7 6,5 3,6 1,8",
        "6,0 3,3 1,7 3,10 7,10 9,8 7,6 4,6 2,8",
    ],
    ["0,0 5,0 10,0 10,0 7,4 4,10", "0,1 5,0 10,0 10,0 7,5 5,10|3,5 6,5 9,5"],
    [
        "8,2 5,0 2,2 4,4 7,6 8,8 5,10 2,8 3,6 6,4 8,2",
        "5,5 2,3 3,0 7,0 8,3 5,5|5,5 8,7 7,10 3,10 2,7 5,5",
    ],
    [
        "9,2 6,0 2,1 1,3 4,5 8,4 9,2 9,2 9,6 8,10",
        "8,1 5,0 2,2 3,5 7,5 9,2 9,2 9,7 6,10 2,9",
    ],
]
#: How each manner writes: height in pixels, width to height, slant, bend (pixels), shake (pixels),
#: points per stretch between control points, and whether it goes into a corner.
MANNERS = {
    "neat": (20, 0.7, 0.0, 0.3, 0.05, 8, False),
    "slanted": (23, 0.65, 0.28, 0.5, 0.1, 8, False),
    "small in a corner": (11, 0.75, 0.1, 0.2, 0.05, 6, True),
    "shaky": (19, 0.7, 0.05, 0.5, 0.45, 6, False),
    "with a mouse": (21, 0.75, -0.08, 0.6, 0.15, 2, False),
    "narrow": (22, 0.45, 0.12, 0.3, 0.1, 8, False),
}


def read(form):
    """Turn the text of a form into strokes."""
    return [
        [tuple(float(n) / 10 for n in point.split(",")) for point in stroke.split()]
        for stroke in form.split("|")
    ]


def smooth(points, per_stretch):
    """Lead a curve through control points (Catmull-Rom); a doubled point is a corner."""
    padded = [points[0], *points, points[-1]]
    curve = [points[0]]
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for k in range(1, per_stretch + 1 if b != c else 1):
            t = k / per_stretch
            curve.append(
                tuple(
                    b[i]
                    + 0.5 * t * (c[i] - a[i])
                    + t * t * (a[i] - 2.5 * b[i] + 2 * c[i] - 0.5 * d[i])
                    + t**3 * (-0.5 * a[i] + 1.5 * b[i] - 1.5 * c[i] + 0.5 * d[i])
                    for i in (0, 1)
                )
            )
    return curve


def write(form, manner, rng):
    """Write a form in some manner; points in pixels of the pad."""
    height, aspect, slant, bend, shake, per_stretch, corner = manner
    height *= rng.uniform(0.92, 1.08)
    width = height * aspect * rng.uniform(0.9, 1.1)
    slant += rng.gauss(0, 0.04)
    reach = width + abs(slant) * height
    if corner:
        left, top = (rng.choice([2, 25 - size]) for size in (reach, height))
    else:
        left = (27 - reach) / 2 + rng.gauss(0, 0.8)
        top = (27 - height) / 2 + rng.gauss(0, 0.8)
    waves = [(rng.uniform(0.3, 0.9), rng.uniform(0, 2 * math.pi)) for _ in range(2)]
    strokes = []
    for stroke in read(form):
        bent = [
            (x + rng.gauss(0, bend) / 25, y + rng.gauss(0, bend) / 25)
            if bend
            else (x, y)
            for x, y in stroke
        ]
        corners = [
            bent[i - 1] if i and stroke[i] == stroke[i - 1] else bent[i]
            for i in range(len(bent))
        ]
        points = []
        for x, y in smooth(corners, per_stretch):
            across = (
                left + x * width + (1 - y) * slant * height - min(0, slant * height)
            )
            down = top + y * height
            wobble = [
                bend * 0.6 * math.sin(rate * (across + down) + phase)
                for rate, phase in waves
            ]
            points.append(
                [
                    round(place + move + rng.gauss(0, shake), 1)
                    for place, move in zip((across, down), wobble, strict=True)
                ]
            )
        strokes.append(points)
    return strokes


def main():
    """Write the file."""
    rng = random.Random(28)
    drawings = [
        {"digit": digit, "manner": name, "strokes": write(forms[i % 2], manner, rng)}
        for i, (name, manner) in enumerate(MANNERS.items())
        for digit, forms in enumerate(FORMS)
    ]
    lines = ",\n".join(
        json.dumps(drawing, separators=(",", ":")) for drawing in drawings
    )
    PLACE.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(drawings)} drawings in {PLACE}")


if __name__ == "__main__":
    main()
