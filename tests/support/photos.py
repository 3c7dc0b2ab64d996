"""Handwritten digits as strangers bring them: files of phones, scanners, tablets, boards and pens.

``write(kind, strokes, folder)`` makes a file of a drawing from ``tests/site/drawings.json``. Who
reads it ought to find the drawing's digit; what is in ``KINDS`` says how each came about.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

INK, PAPER = 40.0, 245.0
#: EXIF's numbers, and how the sensor's picture comes from the one that was meant to be seen.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def ink(strokes, pen=0.09, size=(300, 400), fill=0.45, middle=(0.5, 0.5)):
    """Draw strokes with a round pen: (height, width) numbers from 0 to 1.

    ``pen`` is its width and ``fill`` the digit's height, as shares of the digit's and of the
    sheet's height; ``middle`` is where the digit stands.
    """
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    low, high = points.min(axis=0), points.max(axis=0)
    longest = (high - low).max()
    side = fill * min(size)
    sheet = Image.new("L", (2 * size[0], 2 * size[1]))
    draw = ImageDraw.Draw(sheet)
    radius = max(0.5, pen * side)  # twice as large, then halved: soft edges
    for stroke in strokes:
        path = (np.array(stroke) - (low + high) / 2) / longest * side
        path = [tuple(2 * p) for p in path + np.array(middle) * size]
        draw.line(path, fill=255, width=max(1, round(2 * radius)), joint="curve")
        for x, y in path[:: max(1, len(path) - 1)]:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(sheet.resize(size, Image.Resampling.BOX), dtype=float) / 255


def on_paper(mask, paper=PAPER, pen=INK):
    """Lay ink on a sheet; both may be numbers or one number per pixel."""
    return paper * (1 - mask) + pen * mask


def grey(pixels):
    return Image.fromarray(np.clip(pixels, 0, 255).round().astype(np.uint8))


def coloured(mask, paper, pen):
    """Lay ink of one colour on paper of another."""
    bands = [grey(on_paper(mask, p, q)) for p, q in zip(paper, pen, strict=True)]
    return Image.merge("RGB", bands)


def clear(mask, colour):
    """Give ink on a clear ground, as tablets keep it."""
    bands = [Image.new("L", mask.shape[::-1], value) for value in colour]
    return Image.merge("RGBA", [*bands, grey(255 * mask)])


def gradient(mask, low, high):
    """Let light fall from one corner."""
    rows, columns = np.indices(mask.shape) / (np.array(mask.shape)[:, None, None] - 1)
    return on_paper(mask, 1, 0.15) * (high - (high - low) * (rows + columns) / 2)


def shadow(mask, dark, soft=2):
    """Let the shadow of a hand or a phone fall over a part of the sheet."""
    height, width = mask.shape
    shade = Image.new("L", (width, height), 255)
    corners = [(0, height * 0.3), (width, height * 0.62), (width, height), (0, height)]
    ImageDraw.Draw(shade).polygon(corners, fill=round(255 * dark))
    shade = shade.filter(ImageFilter.GaussianBlur(soft))
    return on_paper(mask) * np.asarray(shade, dtype=float) / 255


def flash(mask, spread=0.25, rest=0.5):
    """Light the middle of the sheet more than the rest."""
    rows, columns = np.meshgrid(
        *[np.linspace(-1, 1, n) for n in mask.shape], indexing="ij"
    )
    light = rest + (1 - rest) * np.exp(-(rows**2 + columns**2) / spread)
    return 250 * light * on_paper(mask, 1, 0.15)


def noisy(pixels, rng, spread):
    return pixels + rng.normal(0, spread, pixels.shape)


def fibres(mask, rng, spread=14):
    """Give paper a grain of a few pixels, as recycled paper has."""
    grain = grey(128 + rng.normal(0, 60, mask.shape)).filter(
        ImageFilter.GaussianBlur(2)
    )
    grain = np.asarray(grain, dtype=float)
    return on_paper(mask, PAPER - 25 + (grain - grain.mean()) / grain.std() * spread)


def ruled(mask, colour=205, step=40, boxes=False):
    """Rule the paper faintly."""
    paper = np.full(mask.shape, PAPER)
    paper[step // 2 :: step] = paper[step // 2 + 1 :: step] = colour
    if boxes:
        paper[:, step // 2 :: step] = paper[:, step // 2 + 1 :: step] = colour
    return on_paper(mask, paper)


def leaning(picture):
    """Look at the sheet from the side: a trapezium, and slightly turned."""
    width, height = picture.size
    turned = picture.rotate(
        7, Image.Resampling.BICUBIC, fillcolor=picture.getpixel((2, 2))
    )
    corners = (
        0,
        0,
        -0.06 * width,
        height,
        1.06 * width,
        height,
        0.94 * width,
        0.04 * height,
    )
    return turned.transform(
        (width, height),
        Image.Transform.QUAD,
        corners,
        Image.Resampling.BICUBIC,
        fillcolor=picture.getpixel((2, 2)),
    )


def spotted(mask):
    """Leave a speck far from the digit."""
    pixels = on_paper(mask)
    pixels[20:24, 20:24] = INK
    return pixels


def table(mask, dark=70):
    """Show a corner of the dark table that the sheet lies on."""
    pixels = on_paper(mask)
    rows, columns = np.indices(mask.shape)
    pixels[rows + columns < 110] = dark
    return pixels


def framed(mask, dark=60):
    """Show the table around the sheet, as a scanner's lid or a desk."""
    pixels = on_paper(mask)
    for edge in (np.s_[:18], np.s_[-12:], np.s_[:, :15], np.s_[:, -20:]):
        pixels[edge] = dark
    return pixels


def save(picture, path, **options):
    picture.save(path, **options)
    return path


def sixteen(pixels, full):
    return Image.fromarray((pixels / 255 * full).astype(np.uint16))


def turned(number):
    """Make a writer of photos that lie as the sensor saw them, with EXIF's word on it."""

    def write(strokes, folder, rng):
        exif = Image.Exif()
        exif[0x0112] = number
        photo = coloured(ink(strokes), (245, 243, 238), (38, 45, 60))
        return save(photo.transpose(TURNS[number]), folder / "a.jpg", exif=exif)

    return write


def plain(picture_of, name="a.png", **options):
    """Make a writer of a picture that needs nothing but the ink (and chance)."""
    how = {
        key: options.pop(key)
        for key in ("pen", "size", "fill", "middle")
        if key in options
    }

    def write(strokes, folder, rng):
        return save(picture_of(ink(strokes, **how), rng), folder / name, **options)

    return write


BLUE, WHITE, BLACK = (38, 45, 60), (245, 243, 238), (0, 0, 0)


def on(paper=WHITE, pen=BLUE):
    return lambda mask, rng: coloured(mask, paper, pen)


def animated(strokes, folder, rng):
    first = grey(on_paper(ink(strokes)))
    return save(
        first,
        folder / "a.gif",
        save_all=True,
        append_images=[grey(on_paper(ink(strokes) * 0))],
    )


KINDS = {
    # what programs and devices write
    "grey PNG": plain(lambda m, _: grey(on_paper(m))),
    "RGB JPEG": plain(on(), "a.jpg"),
    "RGB JPEG in capitals": plain(on(), "A.JPG", format="JPEG"),
    "CMYK JPEG": plain(lambda m, _: on()(m, _).convert("CMYK"), "a.jpg"),
    "progressive JPEG, quality 20": plain(on(), "a.jpg", quality=20, progressive=True),
    "WebP": plain(on(), "a.webp"),
    "BMP": plain(on(), "a.bmp"),
    "palette": plain(lambda m, _: on()(m, _).quantize(16), "a.png"),
    "RGBA, black on clear": plain(lambda m, _: clear(m, BLACK)),
    "RGBA, blue on clear": plain(lambda m, _: clear(m, (30, 60, 200))),
    "RGBA, white on clear": plain(lambda m, _: clear(m, (255, 255, 255))),
    "RGBA, opaque": plain(lambda m, _: on()(m, _).convert("RGBA")),
    "RGBA, clear white ground": plain(
        lambda m, _: Image.merge(
            "RGBA", [*[grey(on_paper(m, 255, 0))] * 3, grey(255 * m)]
        )
    ),
    "LA, black on clear": plain(lambda m, _: clear(m, BLACK).convert("LA")),
    "RGBA WebP": plain(lambda m, _: clear(m, BLACK), "a.webp", lossless=True),
    "palette PNG, clear ground": plain(
        lambda m, _: see_through(m), "a.png", transparency=0
    ),
    "GIF, clear ground": plain(lambda m, _: see_through(m), "a.gif", transparency=0),
    "animated GIF": animated,
    "1 bit": plain(lambda m, _: grey(on_paper(m)).convert("1")),
    "1 bit TIFF": plain(lambda m, _: grey(on_paper(m)).convert("1"), "a.tif"),
    "16 bit PNG": plain(lambda m, _: sixteen(on_paper(m), 65535)),
    "16 bit TIFF": plain(lambda m, _: sixteen(on_paper(m), 65535), "a.tif"),
    "12 of 16 bits": plain(lambda m, _: sixteen(on_paper(m), 4095)),
    "32 bit TIFF": plain(
        lambda m, _: Image.fromarray((on_paper(m) * 2**23).astype(np.int32)), "a.tif"
    ),
    "float TIFF up to 1": plain(
        lambda m, _: Image.fromarray((on_paper(m) / 255).astype(np.float32)), "a.tif"
    ),
    "float TIFF up to 255": plain(
        lambda m, _: Image.fromarray(on_paper(m).astype(np.float32)), "a.tif"
    ),
    **{f"EXIF {number}": turned(number) for number in TURNS},
    "12 megapixels": plain(on(), "a.jpg", size=(3000, 4000)),
    # pens, papers and boards
    "ballpoint, 1 % wide": plain(on(), "a.png", pen=0.01, size=(500, 600)),
    "ballpoint, 2 % wide": plain(on(), "a.jpg", pen=0.02, size=(500, 600)),
    "ballpoint, 3 % wide": plain(on(), "a.jpg", pen=0.03, size=(500, 600)),
    "felt pen, 16 % wide": plain(on(), "a.jpg", pen=0.16),
    "pencil": plain(
        lambda m, r: grey(noisy(on_paper(m, 240, 195), r, 4)), "a.jpg", pen=0.03
    ),
    "faint pencil": plain(lambda m, _: grey(on_paper(m, 240, 222)), pen=0.03),
    "red ink": plain(on(WHITE, (220, 40, 50)), "a.jpg"),
    "light blue ink": plain(on(WHITE, (90, 160, 240)), "a.jpg"),
    "yellow note": plain(on((250, 230, 110), BLUE), "a.jpg"),
    "brown paper": plain(on((160, 125, 85), (30, 25, 20)), "a.jpg"),
    "blackboard": plain(on((30, 38, 35), (235, 235, 232)), "a.jpg"),
    "green board, dusty": plain(
        lambda m, r: grey(noisy(on_paper(m, 75, 215), r, 10)), "a.jpg", pen=0.06
    ),
    "dark mode, RGBA": plain(
        lambda m, r: on((18, 18, 18), (240, 240, 240))(m, r).convert("RGBA")
    ),
    "white on black, thin": plain(lambda m, _: grey(on_paper(m, 0, 255)), pen=0.02),
    "white on black": plain(lambda m, _: grey(on_paper(m, 0, 255))),
    # light and surroundings
    "light from a corner": plain(lambda m, _: grey(gradient(m, 110, 255)), "a.jpg"),
    "dim and uneven": plain(lambda m, _: grey(gradient(m, 45, 130)), "a.jpg"),
    "flash in the middle": plain(lambda m, _: grey(flash(m)), "a.jpg"),
    "flash, thin pen": plain(lambda m, _: grey(flash(m, 0.8, 0.7)), "a.jpg", pen=0.03),
    "dark corners": plain(lambda m, _: grey(flash(m, 1.2, 0.3)), "a.jpg"),
    "shadow, 60 %": plain(lambda m, _: grey(shadow(m, 0.6)), "a.jpg"),
    "shadow, 35 %": plain(lambda m, _: grey(shadow(m, 0.35)), "a.jpg"),
    "soft shadow, 40 %": plain(lambda m, _: grey(shadow(m, 0.4, 25)), "a.jpg"),
    "thin pen in a shadow": plain(
        lambda m, _: grey(shadow(m, 0.5, 6)), "a.jpg", pen=0.03
    ),
    "noise": plain(lambda m, r: grey(noisy(on_paper(m), r, 20)), "a.jpg"),
    "noise, thin pen": plain(
        lambda m, r: grey(noisy(on_paper(m), r, 12)), "a.jpg", pen=0.03
    ),
    "recycled paper": plain(lambda m, r: grey(fibres(m, r)), "a.jpg"),
    "ruled paper": plain(lambda m, _: grey(ruled(m)), "a.jpg"),
    "squared paper": plain(lambda m, _: grey(ruled(m, 215, boxes=True)), "a.jpg"),
    "seen from the side": plain(lambda m, r: leaning(on()(m, r)), "a.jpg"),
    "out of focus": plain(
        lambda m, r: on()(m, r).filter(ImageFilter.GaussianBlur(5)), "a.jpg"
    ),
    "a speck far off": plain(lambda m, _: grey(spotted(m)), "a.jpg"),
    "a corner of the table": plain(lambda m, _: grey(table(m)), "a.jpg"),
    "table around the sheet": plain(lambda m, _: grey(framed(m)), "a.jpg"),
    "small in a corner": plain(
        on(), "a.jpg", fill=0.15, middle=(0.2, 0.85), size=(900, 1200)
    ),
    "to the very edge": plain(on(), "a.jpg", fill=0.9),
    "no margin at all": plain(lambda m, r: cut_out(on()(m, r), m), "a.png"),
    "as small as MNIST's": plain(
        lambda m, _: grey(on_paper(m)), size=(28, 28), fill=0.7
    ),
    "small, white on black": plain(
        lambda m, _: grey(on_paper(m, 0, 255)), size=(28, 28), fill=0.7
    ),
}


def see_through(mask):
    """Give ink as a palette whose first colour is to be clear; it is black as well."""
    picture = Image.fromarray((mask > 0.5).astype(np.uint8))
    picture.putpalette([0, 0, 0, 10, 10, 10])
    return picture


def cut_out(picture, mask):
    rows, columns = np.nonzero(mask > 0.3)
    return picture.crop((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))


def write(kind, strokes, folder, seed=0):
    """Write a drawing as a file of that kind; return its path."""
    return KINDS[kind](strokes, folder, np.random.default_rng(seed))
