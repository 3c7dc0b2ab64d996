"""Say on every page which data it was built with, and loudly so for the stand-in."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.locale import _

from ext.order import connect
from mnist_tut.mnist import for_pages
from mnist_tut.mnist.read import FILE_NAME

MEMO = Path(__file__).parents[3] / "build" / "data.json"
SETTINGS = ["MNIST_TUT_DATA", "MNIST_TUT_CACHE", "MNIST_TUT_STAND_IN"]


def data_for_pages() -> tuple[Path, str]:
    """Provide the data as :func:`mnist_tut.mnist.for_pages` does, without checking MNIST twice.

    Its content was compared with known SHA-256 values once; while the file has the same place,
    size and time, and nobody asks for another, it is that file. (The scripts that read it check it
    all the same.) A folder with the IDX files is looked at every time.
    """
    with suppress(
        OSError, ValueError, KeyError, TypeError
    ):  # then it is looked at again
        known = json.loads(MEMO.read_text(encoding="utf-8"))
        if known == memo(Path(known["folder"])):
            return Path(known["folder"]), "MNIST"
    folder, source = for_pages()
    if source == "MNIST" and (folder / FILE_NAME).is_file():
        MEMO.parent.mkdir(exist_ok=True)
        MEMO.write_text(json.dumps(memo(folder)), encoding="utf-8")
    return folder, source


def memo(folder: Path) -> dict[str, Any]:
    """Describe what is asked for, and the file that was found."""
    file = (folder / FILE_NAME).stat()
    asked = {name: os.environ.get(name) for name in SETTINGS}
    facts = [file.st_size, file.st_mtime_ns, file.st_ino]
    return {"asked": asked, "folder": str(folder), "file": facts}


def find_out(app: Sphinx, config: Config) -> None:
    """Find the data, tell the scripts where, and put up the notice if it is the stand-in."""
    folder, config.data_used = data_for_pages()
    if config.data_used == "MNIST":
        os.environ["MNIST_TUT_DATA"] = str(folder.absolute())  # scripts run elsewhere
    else:
        os.environ["MNIST_TUT_STAND_IN"] = "only"
        os.environ["MNIST_TUT_CACHE"] = str(folder.absolute().parents[1])
        config.html_theme_options["announcement"] = _(
            "MNIST could not be had when this site was built: every figure and number here comes "
            "from stand-in digits drawn by the program. Yours will differ."
        )


def tell_template(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give the footer its line."""
    lines = {
        "MNIST": _("Built with real MNIST."),
        "stand-in": _("Built with the stand-in digits."),
    }
    context["data_source"] = lines[app.config.data_used]


def setup(app: Sphinx) -> dict[str, bool]:
    """Find out early: run_once asks for the answer."""
    app.add_config_value("data_used", None, "html", str)
    connect(app, "config-inited", find_out)
    connect(app, "html-page-context", tell_template)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
