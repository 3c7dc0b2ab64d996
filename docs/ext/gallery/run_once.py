"""Execute every program of the gallery once, however many languages and builds show it.

The scripts of the two languages have the same code, so the second takes over what the first one
printed and drew; and a change of prose executes nothing. What a run gave is kept in
``build/executed`` under a key made of everything it depends on: the code cells, the modules of
``mnist_tut`` that they import (and those that these import), the data, the versions of Python and
of the libraries, and the settings for figures. Whatever of these changes, changes the key.

A script may write files for the site into the folder that ``MNIST_TUT_EXPORTS`` names (see
``alive``). They are part of what its run gave: kept with it, and put into every site built from it.

The languages go through the gallery from its two ends, so that two programs run at a time, one on
each core. Only what measures time runs alone: see :func:`core`.

This rests on one private function of Sphinx-Gallery. Where a new version no longer has it, the
build says so and runs every script again whenever it looks at it.
"""

import ast
import functools
import hashlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx_gallery import gen_rst
from sphinx_gallery.sorting import FileNameSortKey
from sphinx_gallery.utils import get_md5sum

from ext.code.package_source import PACKAGE, ROOT, absolute, file_of, in_package
from ext.gallery import figure_style
from ext.language.languages import LANGUAGES
from ext.order import connect
from ext.page.light_pages import use_palette

LIBRARIES = ["torch", "numpy", "matplotlib", "sphinx-gallery"]
EXPORTER = [
    Path(__file__).parents[1] / "alive" / name for name in ("export.py", "still.py")
]
EXPORTS = "MNIST_TUT_EXPORTS"  # names the folder while a script runs
SOURCE = "MNIST_TUT_EXPORTS_SOURCE"  # and the data that it was given
CLOCK = "mnist_tut.timing"  # whoever imports it measures time
CORES = len(LANGUAGES)  # programs at a time, at most
KEPT = 3  # runs of one script: going back and forth between two versions costs nothing

logger = logging.getLogger(__name__)


def imports(code: str, importer: str = "", file: Path = Path()) -> Iterator[str]:
    """Yield the dotted names that a piece of code imports: modules, and names within them."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            module = absolute(node, importer, file)
            yield from [module, *(f"{module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def modules(code: str) -> dict[str, bytes]:
    """Return the package's modules that a piece of code depends on, with their content.

    Whoever imports ``a.b.c`` runs ``a/b/__init__.py`` too. Only the package's own
    ``__init__.py``, which holds a text and a version, is nobody's concern.
    """
    found: dict[str, bytes] = {}
    due = list(imports(code))
    while due:
        name = due.pop()
        if not in_package(name) or name == PACKAGE or name in found:
            continue
        due.append(name.rpartition(".")[0])
        if path := file_of(name):
            found[name] = path.read_bytes()
            due += imports(path.read_text(encoding="utf-8"), name, path)
    return found


def key(name: str, code: list[str], data: str, figures: object) -> str:
    """Sum up all that a run depends on."""
    parsed = [ast.dump(ast.parse(cell)) for cell in code]  # a comment changes nothing
    facts: list[object] = [name, parsed, data, repr(figures), platform.python_version()]
    facts += [f"{library} {version(library)}" for library in LIBRARIES]
    digest = hashlib.sha256(json.dumps(facts).encode())
    for module, content in sorted(modules("\n".join(code)).items()):
        digest.update(module.encode() + hashlib.sha256(content).digest())
    digest.update(Path(figure_style.__file__).read_bytes())
    if any(EXPORTS in cell for cell in code):
        for path in EXPORTER:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:24]


class FromTheEnd(FileNameSortKey):
    """Let Sphinx-Gallery begin with the last script."""

    def __call__(self, filename: Any) -> Any:
        """Return what sorts file names from Z to A."""
        return [-ord(letter) for letter in str(filename)]


@contextmanager
def core(folder: Path, alone: bool) -> Iterator[None]:
    """Wait for a free core, or for all of them."""
    locks = [FileLock(folder / f"core-{number}.lock") for number in range(CORES)]
    with ExitStack() as held:
        if alone:
            for lock in locks:
                held.enter_context(lock)
        else:
            held.enter_context(first_free(locks))
        yield


def first_free(locks: list[FileLock]) -> Any:
    """Acquire whichever lock is free first."""
    while True:
        for lock in locks:
            try:
                return lock.acquire(timeout=0)
            except Timeout:
                continue
        time.sleep(0.05)


class Kept:
    """The folder in which one run is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether the run was made and kept."""
        return (self.folder / "run.json").is_file()

    def save(self, run: dict[str, Any], images: list[Path], exports: Path) -> None:
        """Keep a run: complete or not at all."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as temporary:
            new = Path(temporary, "new")
            new.mkdir()
            for image in images:
                shutil.copy(image, new)
            if any(exports.iterdir()):
                shutil.copytree(exports, new / "exports")
            text = json.dumps(run, ensure_ascii=False)
            (new / "run.json").write_text(text, encoding="utf-8")
            new.rename(self.folder)

    def hand_out(self, folder: Path) -> None:
        """Copy what the script has exported to where the site expects it."""
        if (exports := self.folder / "exports").is_dir():
            shutil.copytree(exports, folder, dirs_exist_ok=True)

    def load(self, image_folder: Path) -> dict[str, Any]:
        """Bring back a run's images and return the rest."""
        for image in self.folder.glob("*.png"):
            shutil.copy(image, image_folder)
        self.folder.touch()  # it is in use: the oldest go first
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))


def drop_old(folder: Path, stem: str) -> None:
    """Forget all but the latest runs of a script."""
    runs = sorted(folder.glob(f"{stem}-*"), key=lambda run: run.stat().st_mtime)
    for run in runs[:-KEPT]:
        shutil.rmtree(run)


def remember(
    kept: Kept, v: dict[str, Any], output: list[str], seconds: float, exports: Path
) -> None:
    """Keep what a script has just printed and drawn, its figures as light as they go."""
    iterator, stem = v["image_path_iterator"], Path(v["src_file"]).stem
    folder = Path(iterator.image_path).parent
    drawn = sorted(folder.glob(f"sphx_glr_{stem}_[0-9]*.png"))
    for image in drawn:  # once, not once per language
        use_palette(image)
    run = {"output": output, "seconds": seconds, "images": len(iterator)}
    kept.save(run | {"memory": v["memory_delta"]}, drawn, exports)
    drop_old(kept.folder.parent, stem)


def take_over(kept: Kept, v: dict[str, Any]) -> tuple[list[str], float]:
    """Leave everything as if the script had been run."""
    iterator = v["image_path_iterator"]
    run = kept.load(Path(iterator.image_path).parent)
    for _ in range(run["images"]):
        iterator.next()
    v.update(passing=True, memory_delta=run["memory"])
    v.update(example_globals={}, fake_main=None)
    md5 = get_md5sum(v["target_file"], mode="t")
    Path(v["target_file"] + ".md5").write_text(md5)
    return run["output"], run["seconds"]


def run_once(
    execute: Callable[..., Any], folder: Path, data: str, site: Path
) -> Callable[..., Any]:
    """Wrap Sphinx-Gallery's function so that it is called only for what was never run."""

    @functools.wraps(execute)
    def wrapped(
        blocks: list[Any], v: dict[str, Any], conf: dict[str, Any], file_conf: Any
    ) -> Any:
        if not v["execute_script"]:
            return execute(blocks, v, conf, file_conf)
        source = Path(v["src_file"])
        code = [block.content for block in blocks if block.type == "code"]
        figures = [conf["image_srcset"], conf["image_scrapers"], file_conf]
        folder.mkdir(parents=True, exist_ok=True)
        kept = Kept(folder / f"{source.stem}-{key(source.name, code, data, figures)}")
        # The language that comes second waits here, then takes over.
        with FileLock(folder / f"{source.stem}.lock"):
            if kept.exists:
                logger.info("%s was run before: its outputs are taken over", source)
                kept.hand_out(site)
                return take_over(kept, v)
            alone = CLOCK in modules("\n".join(code))
            # In the build's own folder: a build that is killed leaves nothing elsewhere.
            inside = tempfile.TemporaryDirectory(dir=folder)
            with core(folder, alone), inside as exports:
                os.environ[EXPORTS], os.environ[SOURCE] = exports, data
                try:
                    output, seconds = execute(blocks, v, conf, file_conf)
                finally:
                    del os.environ[EXPORTS], os.environ[SOURCE]
                if v.get("passing"):
                    remember(kept, v, output, seconds, Path(exports))
                    kept.hand_out(site)
            return output, seconds

    return wrapped


def install(app: Sphinx, config: Config) -> None:
    """Put the wrapper in place, and let Sphinx-Gallery look at every script in every build."""
    execute = getattr(gen_rst, "execute_script", None)
    if execute is None:
        logger.warning(
            "this Sphinx-Gallery has no execute_script: every script is run anew"
        )
    else:
        folder = ROOT / "build" / "executed"
        original = getattr(execute, "__wrapped__", execute)
        site = Path(app.outdir, "_static", "alive")
        gen_rst.execute_script = run_once(original, folder, config.data_used, site)
    config.sphinx_gallery_conf["run_stale_examples"] = True


def setup(app: Sphinx) -> dict[str, bool]:
    """Run after data_notice (4) and before Sphinx-Gallery reads its settings (10)."""
    app.setup_extension("ext.gallery.data_notice")
    connect(app, "config-inited", install)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
