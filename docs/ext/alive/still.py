"""The still figures that stand where readers without JavaScript would find living ones.

Both are SVG with embedded PNG pictures. Their only words are numbers: one set for all languages.
"""

import base64
import math
import struct
import zlib

import numpy as np
from torch import Tensor

GREY, BLUE, ORANGE = "#808080", (0, 114, 178), (213, 94, 0)
PALE = (242, 242, 242)
LOW, HIGH = 0.01, 1000


def png(pixels: np.ndarray) -> str:
    """Write (height, width, 3) bytes as a PNG in a data address."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels.astype(np.uint8))
    chunks = [
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body))
        + kind
        + body
        + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return "data:image/png;base64," + base64.b64encode(data).decode()


def grey(values: Tensor, most: float) -> np.ndarray:
    """Colour numbers from 0 to `most` from black to white."""
    shares = (values.clamp(min=0) / max(most, 1e-9)).clamp(max=1).numpy()
    return np.repeat((255 * shares)[..., None], 3, axis=2).round()


def signed(values: Tensor, most: float) -> np.ndarray:
    """Colour numbers from -`most` to `most` from blue over a pale grey to orange."""
    shares = (values / most).clamp(-1, 1).numpy()[..., None]
    full = np.where(shares < 0, np.array(BLUE), np.array(ORANGE))
    return (np.array(PALE) + abs(shares) * (full - np.array(PALE))).round()


def picture(pixels: np.ndarray, x: float, y: float, side: float) -> str:
    """Place a square picture."""
    return (
        f'<image x="{x:.1f}" y="{y:.1f}" width="{side}" height="{side}" '
        f'style="image-rendering:pixelated" href="{png(pixels)}"/>'
    )


def text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    """Place a number."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def svg(width: int, height: int, parts: list[str]) -> str:
    """Put a figure together."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="sans-serif" font-size="12" '
        f'fill="{GREY}">{"".join(parts)}</svg>\n'
    )


def forward(digit: Tensor, maps: list[Tensor], shares: Tensor) -> str:
    """Draw a picture, what each convolution makes of it, and ten bars for the answer."""
    parts = [picture(grey(digit.view(28, 28), 1), 0, 60, 140)]
    x = 160.0
    for layer in maps:
        most, side = float(layer.max()), 62 * layer.shape[1] / 14
        columns = math.ceil(len(layer) / 4) if side > 40 else math.ceil(len(layer) / 8)
        side = max(side, 28)
        rows = math.ceil(len(layer) / columns)
        for i, channel in enumerate(layer):
            row, column = divmod(i, columns)
            top = 130 - rows * (side + 3) / 2 + row * (side + 3)
            parts.append(
                picture(grey(channel, most), x + column * (side + 3), top, side)
            )
        x += columns * (side + 3) + 18
    for i, share in enumerate(shares.tolist()):
        y = 18 + 24 * i
        parts.append(text(x + 8, y + 10, str(i), "end"))
        parts.append(
            f'<rect x="{x + 14:.1f}" y="{y}" width="{120 * share:.1f}" height="14" fill="#d55e00"/>'
        )
        parts.append(text(x + 180, y + 11, f"{100 * share:.1f} %", "end"))
    return svg(round(x + 184), 270, parts)


def training(losses: list[float], weights: Tensor) -> str:
    """Draw the loss of every mini-batch on a logarithmic scale, and ten pictures of weights."""
    left, width, high = 44, 600, 220

    def y(loss: float) -> float:
        share = math.log(min(HIGH, max(LOW, loss)) / LOW) / math.log(HIGH / LOW)
        return 10 + high * (1 - share)

    parts = []
    for loss in (0.01, 0.1, 1, 10, 100, 1000):
        line = f'<path d="M{left} {y(loss):.1f}h{width}" stroke="{GREY}" stroke-opacity=".35"/>'
        parts += [line, text(left - 6, y(loss) + 4, str(loss), "end")]
    step = width / len(losses)
    points = " ".join(
        f"{left + step * (i + 0.5):.1f},{y(v):.1f}" for i, v in enumerate(losses)
    )
    parts.append(
        f'<polyline points="{points}" fill="none" stroke="#d55e00" stroke-width="2"/>'
    )
    most, side = float(weights.abs().max()), 57.0
    for digit in range(10):
        x = left + digit * (width + 3) / 10
        parts.append(
            picture(signed(weights[:, digit].reshape(28, 28), most), x, 250, side)
        )
        parts.append(text(x + side / 2, 322, str(digit)))
    return svg(left + width + 12, 330, parts)
