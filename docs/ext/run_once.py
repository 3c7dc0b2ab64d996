"""Execute every program of the gallery once, however many languages and builds show it.

The scripts of the two languages have the same code, so the second takes over what the first one
printed and drew; and a change of prose executes nothing. What a run gave is kept in
``build/executed`` under a key made of everything it depends on: the code cells, the modules of
``mnist_tut`` that they import (and those that these import), the data, the versions of Python and
of the libraries, and what makes the figures. Whatever of these changes, changes the key. The models
of a page with living figures (see ``alive``) are part of what its run gave.

The languages go through the gallery from its two ends, so that two programs run at a time, one on
each core. Only what measures time runs alone: see :func:`cores`. Figures are kept with a palette.

This rests on a private function of Sphinx-Gallery; without it, the build warns, and runs them all.
"""

import ast
import functools
import hashlib
import inspect
import io
import json
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock
from PIL import Image
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging
from sphinx_gallery import gen_rst
from sphinx_gallery.sorting import FileNameSortKey

from ext import surroundings
from ext.languages import LANGUAGES
from ext.package_source import PACKAGE, ROOT, file_of, imports, in_package

LIBRARIES = ["torch", "numpy", "matplotlib", "sphinx-gallery"]
CLOCK = "mnist_tut.timing"  # whoever imports it measures time
STANDS_FOR = {"mnist_tut.data": "mnist_tut.mnist"}  # see surroundings
#: A page with all of these has trained what the living figures show.
EXPORTED = "goal cnn better start x_train y_train x_valid y_valid"
EXPORTER = Path(__file__).parent / "alive" / "export.py"
KEPT = 3  # runs of one script: going back and forth between two versions costs nothing

logger = logging.getLogger(__name__)


def modules(code: str) -> dict[str, bytes]:
    """Return the package's modules that a piece of code depends on, with their content.

    Whoever imports ``a.b.c`` runs ``a/b/__init__.py`` too. Only the package's own
    ``__init__.py``, which holds a text and a version, is nobody's concern.
    """
    found: dict[str, bytes] = {}
    due = imported(code)
    while due:
        name = due.pop()
        if not in_package(name) or name == PACKAGE or name in found:
            continue
        above = name.rpartition(".")[0]
        due += [above, STANDS_FOR.get(name, "")]
        if path := file_of(name):
            found[name] = path.read_bytes()
            due += imported(found[name], name if path.stem == "__init__" else above)
    return found


def imported(code: str | bytes, package: str = "") -> list[str]:
    """List the modules that a piece of code imports, and the names within them."""
    found = imports(ast.walk(ast.parse(code)), package)
    return [name for each in found for name in (each.module, each.full)]


def exports_models(names: Any) -> bool:
    """Whether a page with these names, or this code, has the models of the living figures."""
    return all(name in names for name in EXPORTED.split())


def key(name: str, code: list[str], data: str, figures: object) -> str:
    """Sum up all that a run depends on."""
    parsed = [ast.dump(ast.parse(cell)) for cell in code]  # a comment changes nothing
    facts: list[object] = [name, parsed, data, repr(figures), platform.python_version()]
    facts += [f"{library} {version(library)}" for library in LIBRARIES]
    facts += [inspect.getsource(surroundings), inspect.getsource(use_palette)]
    facts += [surroundings.STYLE.read_text(encoding="utf-8")]
    digest = hashlib.sha256(json.dumps(facts).encode())
    for module, content in sorted(modules("\n".join(code)).items()):
        digest.update(module.encode() + hashlib.sha256(content).digest())
    if exports_models("\n".join(code)):
        digest.update(EXPORTER.read_bytes())
    return digest.hexdigest()[:24]


class FromTheEnd(FileNameSortKey):
    """Let Sphinx-Gallery begin with the last script."""

    def __call__(self, filename: Any) -> Any:
        """Return what sorts file names from Z to A."""
        return [-ord(letter) for letter in str(filename)]


@contextmanager
def cores(folder: Path, languages: Iterable[str]) -> Iterator[None]:
    """Wait for the core of a language, or for those of all: none runs two programs at a time."""
    with ExitStack() as held:
        for language in languages:
            held.enter_context(FileLock(folder / f"{language}.lock"))
        yield


def use_palette(path: Path) -> None:
    """Write a picture with a palette of 256 colours, transparent ones among them, if that helps.

    Figures for sharp screens have few colours, but are drawn with sixteen million.
    """
    with Image.open(path) as picture:
        few = picture.convert("RGBA").quantize(256)
    packed = io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    if packed.tell() < path.stat().st_size:
        path.write_bytes(packed.getvalue())


def load(kept: Path) -> dict[str, Any] | None:
    """Return the run of a folder, if it can be read: a power cut may leave half of it."""
    try:
        run = json.loads((kept / "run.json").read_text(encoding="utf-8"))
        kept.touch()  # it is in use: the oldest go first
    except (OSError, ValueError):
        return None
    return run


def hand_out(kept: Path, images: Path, site: Path) -> None:
    """Bring back a run's images, and the models that the site loads."""
    for image in kept.glob("*.png"):
        shutil.copy(image, images)
    shutil.copytree(kept / "exports", site, dirs_exist_ok=True)


def drop_old(folder: Path, stem: str) -> None:
    """Forget all but the latest runs of a script."""
    runs = sorted(folder.glob(f"{stem}-*"), key=lambda run: run.stat().st_mtime)
    for run in runs[:-KEPT]:
        shutil.rmtree(run)


def export_models(names: dict[str, Any], data: str, folder: Path) -> None:
    """Write the models of a page with living figures for the scripts that bring them to life."""
    if exports_models(names):
        from ext.alive.export import export

        goal, cnn, better, start, *pictures = (names[name] for name in EXPORTED.split())
        pairs = tuple(pictures[:2]), tuple(pictures[2:])
        export(folder, goal, cnn, better, start["weights"], *pairs, source=data)


def remember(kept: Path, v: dict[str, Any], output: list[str], seconds: float, data: str) -> None:
    """Keep what a script has just printed, drawn and trained: all of it or nothing."""
    iterator, stem = v["image_path_iterator"], Path(v["src_file"]).stem
    run = {"output": output, "seconds": seconds, "images": len(iterator)}
    run["memory"] = v["memory_delta"]
    with tempfile.TemporaryDirectory(dir=kept.parent) as temporary:
        new = Path(temporary, "new")
        (new / "exports").mkdir(parents=True)
        export_models(v.get("example_globals", {}), data, new / "exports")
        drawn = Path(iterator.image_path).parent.glob(f"sphx_glr_{stem}_[0-9]*.png")
        for image in drawn:
            use_palette(Path(shutil.copy(image, new)))
        text = json.dumps(run, ensure_ascii=False)
        (new / "run.json").write_text(text, encoding="utf-8")
        shutil.rmtree(kept, ignore_errors=True)  # one that cannot be read
        new.rename(kept)
    drop_old(kept.parent, stem)


def take_over(run: dict[str, Any], v: dict[str, Any]) -> tuple[list[str], float]:
    """Leave everything as if the script had been run."""
    for _ in range(run["images"]):
        v["image_path_iterator"].next()
    v.update(passing=True, memory_delta=run["memory"], example_globals={})
    return run["output"], run["seconds"]


def run_once(
    execute: Callable[..., Any], folder: Path, data: str, site: Path
) -> Callable[..., Any]:
    """Wrap Sphinx-Gallery's function so that it is called only for what was never run."""

    @functools.wraps(execute)
    def wrapped(blocks: list[Any], v: dict[str, Any], conf: dict[str, Any], file_conf: Any) -> Any:
        if not v["execute_script"]:
            return execute(blocks, v, conf, file_conf)
        source = Path(v["src_file"])
        images = Path(v["image_path_iterator"].image_path).parent
        code = [block.content for block in blocks if block.type == "code"]
        figures = [conf["image_srcset"], conf["image_scrapers"], file_conf]
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{source.stem}-{key(source.name, code, data, figures)}"
        # The language that comes second waits here, then takes over.
        with FileLock(folder / f"{source.stem}.lock"):
            if run := load(kept):
                logger.info("%s was run before: its outputs are taken over", source)
                hand_out(kept, images, site)
                return take_over(run, v)
            alone = CLOCK in modules("\n".join(code))
            with cores(folder, LANGUAGES if alone else [source.parent.name]):
                output, seconds = execute(blocks, v, conf, file_conf)
            print(f"  {source.stem} ({source.parent.name}): {seconds:.0f} s", flush=True)
            if v.get("passing"):
                remember(kept, v, output, seconds, data)
                hand_out(kept, images, site)
        return output, seconds

    return wrapped


def install(app: Sphinx, config: Config) -> None:
    """Put the wrapper in place, and let Sphinx-Gallery look at every script in every build."""
    execute = getattr(gen_rst, "execute_script", None)
    if execute is None:
        logger.warning("this Sphinx-Gallery has no execute_script: every script is run anew")
    else:
        folder = ROOT / "build" / "executed"
        original = getattr(execute, "__wrapped__", execute)
        site = Path(app.outdir, "_static", "alive")
        gen_rst.execute_script = run_once(original, folder, config.data_used, site)
    config.sphinx_gallery_conf["run_stale_examples"] = True
