"""Execute every program of the gallery once, however many languages and builds show it.

The scripts of the languages have the same code, so the second takes over what the first one printed
and drew; and a change of prose executes nothing. What a run gave, also the models of a page with
living figures, is kept in ``build/executed`` under a key made of everything it depends on: the
cells, what they use of ``mnist_tut``, directly or not, the way to the data, the versions of Python
and of the libraries, and what makes the figures.

The languages go through the gallery from its two ends, so that two programs run at a time. Only
what measures time runs alone: see :func:`cores`. (Sphinx-Gallery's own function is replaced.)
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
from sphinx_gallery import gen_rst
from sphinx_gallery.sorting import FileNameSortKey

import mnist_tut.mnist
from ext import surroundings
from ext.languages import LANGUAGES
from ext.package_source import ROOT, imports_of, package_imports, source_of, with_needs

LIBRARIES = ["torch", "numpy", "matplotlib", "sphinx-gallery"]
CLOCK = "mnist_tut.timing."  # whoever uses it measures time
#: A page with all of these has trained what the living figures show.
EXPORTED = "goal cnn better start x_train y_train x_valid y_valid"
EXPORTER = Path(__file__).parent / "alive" / "export.py"
#: What every program finds around it.
AROUND = [Path(surroundings.__file__), surroundings.STYLE]
AROUND += sorted(Path(mnist_tut.mnist.__file__).parent.glob("*.py"))
KEPT = 3  # runs of one script: going back and forth between two versions costs nothing


def used_by(code: str) -> list[str]:
    """List what a program uses of the package, directly or through other things."""
    return with_needs(each.full for each in package_imports(code))


def exports_models(names: Any) -> bool:
    """Whether a page with these names, or this code, has the models of the living figures."""
    return all(name in names for name in EXPORTED.split())


def key(name: str, code: str, data: str, figures: object) -> str:
    """Sum up all that a run depends on."""
    parsed = ast.dump(ast.parse(code))  # a comment changes nothing
    facts: list[object] = [name, parsed, data, repr(figures), platform.python_version()]
    facts += [f"{library} {version(library)}" for library in LIBRARIES]
    facts += [[*imports_of(used), source_of(used)] for used in used_by(code)]
    facts += [path.read_text(encoding="utf-8") for path in AROUND]
    facts += [inspect.getsource(use_palette)]
    if exports_models(code):
        facts += [EXPORTER.read_text(encoding="utf-8")]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]


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


def run_once(
    execute: Callable[..., Any], folder: Path, data: str, site: Path
) -> Callable[..., Any]:
    """Wrap Sphinx-Gallery's function so that it is called only for what was never run."""

    @functools.wraps(execute)
    def wrapped(blocks: list[Any], v: dict[str, Any], conf: dict[str, Any], file_conf: Any) -> Any:
        if not v["execute_script"]:
            return execute(blocks, v, conf, file_conf)
        source, images = Path(v["src_file"]), v["image_path_iterator"]
        code = "\n".join(block.content for block in blocks if block.type == "code")
        shown = [conf[name] for name in ("image_srcset", "image_scrapers", "capture_repr")]
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"{source.stem}-{key(source.name, code, data, [*shown, file_conf])}"
        # The language that comes second waits here, then takes over.
        with FileLock(folder / f"{source.stem}.lock"):
            if run := load(kept):  # leave everything as if the script had been run
                output, seconds = run["output"], run["seconds"]
                for _ in range(run["images"]):
                    images.next()
                v.update(passing=True, memory_delta=run["memory"], example_globals={})
            else:
                alone = any(name.startswith(CLOCK) for name in used_by(code))
                with cores(folder, LANGUAGES if alone else [source.parent.name]):
                    output, seconds = execute(blocks, v, conf, file_conf)
                print(f"  {source.stem} ({source.parent.name}): {seconds:.0f} s", flush=True)
                if not v.get("passing"):
                    return output, seconds
                remember(kept, v, output, seconds, data)
            for image in kept.glob("*.png"):
                shutil.copy(image, Path(images.image_path).parent)
            shutil.copytree(kept / "exports", site, dirs_exist_ok=True)
        return output, seconds

    return wrapped


def install(app: Sphinx, config: Config) -> None:
    """Put the wrapper in place, and let Sphinx-Gallery look at every script in every build."""
    original = inspect.unwrap(gen_rst.execute_script)
    site = Path(app.outdir, "_static", "alive")
    folder = ROOT / "build" / "executed"
    gen_rst.execute_script = run_once(original, folder, config.data_used, site)
    config.sphinx_gallery_conf["run_stale_examples"] = True
