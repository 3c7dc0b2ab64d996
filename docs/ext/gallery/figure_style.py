"""How the site's figures look: transparent, with mid-grey text, for light and dark pages alike.

Sphinx-Gallery calls :func:`use` before each script (``reset_modules`` in conf.py), so that the
scripts themselves need not speak of it.
"""

from typing import Any

import matplotlib as mpl
from cycler import cycler

GREY = (
    "#767676"  # contrast 4.5 on white; the style sheet makes it lighter on dark pages
)
TEXT = [
    "text.color",
    "axes.labelcolor",
    "axes.edgecolor",
    "xtick.color",
    "ytick.color",
    "patch.edgecolor",  # of arrows
]
BACKGROUNDS = ["figure.facecolor", "axes.facecolor", "savefig.facecolor"]
COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]  # Okabe and Ito's


def use(gallery_conf: dict[str, Any], name: str) -> None:
    """Set Matplotlib's defaults for the figures of a script."""
    settings: dict[Any, Any] = (
        {
            "axes.prop_cycle": cycler(color=COLORS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "figure.constrained_layout.use": True,
            "font.size": 10,
        }
        | dict.fromkeys(TEXT, GREY)
        | dict.fromkeys(BACKGROUNDS, "none")
    )
    mpl.rcParams.update(settings)
