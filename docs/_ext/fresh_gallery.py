"""Run the gallery again when what it calls has changed.

Sphinx-Gallery runs a script again when the script changes, and only then: after a change in
``mnist_tut``, the data or a library, its pages would show stale outputs. So the state of all of
these is kept from build to build, and any difference asks for a fresh run.
"""

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

ROOT = Path(__file__).parents[2]
LIBRARIES = ["torch", "numpy", "matplotlib", "sphinx-gallery"]


def state(data: str) -> str:
    """Sum up what the scripts' outputs depend on, besides the scripts themselves."""
    digest = hashlib.sha256(f"{data} {platform.python_version()}".encode())
    for library in LIBRARIES:
        digest.update(f"{library} {version(library)}".encode())
    for source in sorted((ROOT / "mnist_tut").glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def stamp_file(app: Sphinx) -> Path:
    """Name the file that keeps the state, beside the doctrees."""
    return Path(app.doctreedir) / "gallery-state"


def ask_for_run(app: Sphinx, config: Config) -> None:
    """Ask Sphinx-Gallery to run all scripts if the state differs from the last build's."""
    app._gallery_state = state(config.data_used)  # type: ignore[attr-defined]
    stamp = stamp_file(app)
    fresh = stamp.exists() and stamp.read_text() == app._gallery_state  # type: ignore[attr-defined]
    config.sphinx_gallery_conf["run_stale_examples"] = not fresh


def remember(app: Sphinx, exception: Exception | None) -> None:
    """Keep the state of a build that went well."""
    if exception is None:
        stamp_file(app).write_text(app._gallery_state)  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after data_notice (4) and before Sphinx-Gallery reads its settings (10)."""
    app.setup_extension("data_notice")
    app.connect("config-inited", ask_for_run, priority=5)
    app.connect("build-finished", remember)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
