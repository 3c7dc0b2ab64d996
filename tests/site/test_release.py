"""What a release consists of, and that the links to the notebooks lead to files that exist."""

import hashlib
import json
import os
import subprocess
import sys
import tarfile

import browser
import notebooks
import pytest
import release
from gallery_scripts import NAMES, ROOT


@pytest.fixture
def build(tmp_path, site):
    """A build folder whose site is the one that was built."""
    (tmp_path / "html").symlink_to(site)
    return tmp_path


def test_every_address_to_run_a_notebook_leads_to_a_file_of_the_branch(build):
    assert notebooks.main(str(build)) == 0
    checked = 0
    for lang in ("en", "zh"):
        for stem in (name.removesuffix(".py") for name in NAMES):
            path = f"{lang}/{stem}.ipynb"  # as test_launch.py has them
            book = json.loads((build / "notebooks" / path).read_text(encoding="utf-8"))
            assert book["nbformat"] == 4
            checked += 1
    assert checked == 2 * len(NAMES) > 0


def test_the_branch_holds_both_forms_of_each_page_and_nothing_old(build):
    (build / "notebooks").mkdir()
    (build / "notebooks" / "old.ipynb").touch()
    notebooks.main(str(build))
    files = {
        path.relative_to(build / "notebooks").as_posix()
        for path in (build / "notebooks").rglob("*.*")
    }
    stems = [name.removesuffix(".py") for name in NAMES]
    assert files == {"README.md"} | {
        f"{lang}/{stem}{suffix}"
        for lang in ("en", "zh")
        for stem in stems
        for suffix in (".ipynb", ".py")
    }


def test_without_git_a_release_names_no_commit(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert release.commit() == ""


# the release, of a site in miniature


PAGE = """<!doctype html><meta charset="utf-8"><title>{lang}</title><h1>{lang}</h1>
<a href="../about.html#data">about</a> <a href="#here">here</a>
<a href="https://elsewhere.example/">elsewhere</a>
<noscript><a href="https://still.example/">a still figure</a></noscript>"""


@pytest.fixture
def small(tmp_path):
    """A site of one page, with its downloads."""
    for lang in ("en", "zh"):
        folder = tmp_path / "html" / lang
        (folder / "tutorials").mkdir(parents=True)
        (folder / "_downloads" / "123").mkdir(parents=True)
        text = PAGE.format(lang=lang)
        (tmp_path / "html" / lang / ".buildinfo").touch()
        (folder / "tutorials" / "page.html").write_text(text, encoding="utf-8")
        for suffix in (".ipynb", ".py"):
            (folder / "_downloads" / "123" / f"page{suffix}").write_text(lang + suffix)
    return tmp_path


def run(folder, check=True, **env):
    """Make the release, in a process of its own: it starts a browser."""
    command = [sys.executable, str(ROOT / "tools" / "release.py"), str(folder)]
    env = {"GITHUB_REF_TYPE": "branch", **env}
    return subprocess.run(
        command, check=check, capture_output=True, text=True, env=os.environ | env
    )


@pytest.fixture
def printer(chromium):
    """What prints: a browser, on a machine that has letters for Chinese."""
    if not browser.has_chinese_font():
        pytest.skip(
            "no Chinese font: run 'apt-get install fonts-noto-cjk', or 'make test'"
        )


@pytest.fixture
def made(printer, small, monkeypatch):
    """The release made from it, for a published site."""
    monkeypatch.setenv("MNIST_TUT_SITE", "https://example.org/tut")
    run(small)
    return small / "release"


def test_a_release_is_the_site_its_downloads_a_pdf_for_each_language_and_their_sums(
    made, small
):
    names = {path.name for path in made.iterdir()}
    [archive] = [name for name in names if name.endswith("-html.tar.gz")]
    each = [
        f"page-{lang}{s}" for lang in ("en", "zh") for s in (".ipynb", ".py", ".pdf")
    ]
    assert names == {archive, "manifest.json", "SHA256SUMS", "notes.md", *each}
    assert (made / "notes.md").read_text(encoding="utf-8").strip()
    assert (made / "page-zh.py").read_text() == "zh.py"

    with tarfile.open(made / archive) as tar:
        files = {m.name.partition("/")[2]: m for m in tar if m.isfile()}
        page = tar.extractfile(files["zh/tutorials/page.html"]).read()
    assert page == (small / "html" / "zh" / "tutorials" / "page.html").read_bytes()
    assert len(files) == 6

    lines = (made / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)
    assert set(sums) == names - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((made / name).read_bytes()).hexdigest() == digest
    manifest = json.loads((made / "manifest.json").read_text())
    listed = {entry["name"]: entry["sha256"] for entry in manifest["files"]}
    assert listed == {
        name: sums[name] for name in names - {"SHA256SUMS", "manifest.json"}
    }
    assert manifest["torch"].startswith("2.")

    for lang in ("en", "zh"):
        pdf = (made / f"page-{lang}.pdf").read_bytes()
        assert pdf.startswith(b"%PDF")
        assert f"https://example.org/tut/{lang}/about.html#data".encode() in pdf
        assert b"https://elsewhere.example/" in pdf
        assert b"https://still.example/" in pdf, "figures that live are printed still"
        assert b"file:" not in pdf


def test_without_a_chinese_font_nothing_is_printed(small):
    fonts = small / "bin" / "fc-list"
    fonts.parent.mkdir()
    fonts.write_text("#!/bin/sh\n")
    fonts.chmod(0o755)
    done = run(small, False, PATH=f"{fonts.parent}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "apt-get install fonts-noto-cjk" in done.stdout
    assert not (small / "release").exists()


def test_on_paper_no_link_leads_into_the_machine_that_printed_it(
    printer, small, monkeypatch
):
    monkeypatch.delenv("MNIST_TUT_SITE", raising=False)
    run(small)
    pdf = (small / "release" / "page-en.pdf").read_bytes()
    assert b"https://elsewhere.example/" in pdf
    assert b"file:" not in pdf
    assert b"about.html" not in pdf


def test_a_tag_that_is_not_the_version_stops_it_before_anything_is_made(small):
    done = run(small, False, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v99.0")
    assert done.returncode == 1
    assert "the tag v99.0 is not v" in done.stderr
    assert not (small / "release").exists()


def test_the_same_site_makes_the_same_archive(small):
    page = small / "html" / "en" / "tutorials" / "page.html"
    packed = []
    for time in (1, 2_000_000):
        os.utime(page, (time, time))
        release.pack(small / "html", small / "packed", "top")
        packed.append((small / "packed").read_bytes())
    assert packed[0] == packed[1]
