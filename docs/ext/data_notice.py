"""Say on every page which data it was built with, and loudly so for the stand-in."""

import os

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _

from mnist_tut.mnist import for_pages


def find_out(app: Sphinx, config: Config) -> None:
    """Find the data, tell the scripts where, and put up the notice if it is the stand-in."""
    folder, config.data_used = for_pages()
    config.html_context["data_used"] = config.data_used
    if config.data_used == "MNIST":
        here = folder.absolute()  # scripts run elsewhere
        if os.environ.get("MNIST_TUT_DATA"):
            os.environ["MNIST_TUT_DATA"] = str(here)
        else:  # never name a setting to somebody who has not set it
            os.environ["MNIST_TUT_CACHE"] = str(here.parent)
    else:
        os.environ["MNIST_TUT_STAND_IN"] = "only"
        os.environ["MNIST_TUT_CACHE"] = str(folder.absolute().parents[1])
        config.html_theme_options["announcement"] = _(
            "MNIST could not be had when this site was built: every figure and number here comes "
            "from stand-in digits drawn by the program. Yours will differ."
        )
