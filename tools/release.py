"""Put together what a release consists of: ``release.py build``, after the site was built.

In ``build/release`` it leaves the whole site as one archive, notebook and script of each page and
language, each page of the gallery as a PDF that the browser of the tests prints, what the changelog
says of this version, a manifest, and the checksums of all of these. A tag that does not name the
version stops it, and so does a machine without a Chinese font.
"""

import datetime
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

from notebooks import LANGUAGES, downloads, stems
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
import browser  # noqa: E402  (the one that tests use)
from version import notes_of_release, version  # noqa: E402

NAME = "what-torch-nn-really-is"
NUMBER = (
    '<div style="width: 100%; font-size: 8px; text-align: center; color: #444">'
    '<span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)
# On paper, a link to a file of this machine is useless: it leads to the published site, or nowhere.
LINKS = """site => {
  for (const link of document.querySelectorAll("a[href]")) {
    const path = link.getAttribute("href");
    if (/^(#|https?:|mailto:)/.test(path)) continue;
    if (site) link.href = new URL(path, site).href;
    else link.removeAttribute("href");
  }
}"""


def print_pdf(running: Browser, page: Path, pdf: Path, site: str) -> None:
    """Print one page, with numbers at the foot: as it is without scripts, with still figures."""
    # the sharper of two sizes of each figure
    tab = running.new_page(device_scale_factor=2, java_script_enabled=False)
    tab.goto(page.as_uri())
    tab.evaluate(LINKS, site)
    tab.pdf(
        path=str(pdf),
        format="A4",
        display_header_footer=True,
        header_template="<span></span>",
        footer_template=NUMBER,
        tagged=True,
        outline=True,
    )
    tab.close()


def print_pdfs(html: Path, folder: Path, site: str) -> None:
    """Print the pages of the gallery in each language."""
    with sync_playwright() as playwright:
        path = browser.find()
        running = playwright.chromium.launch(executable_path=path, args=browser.FLAGS)
        for lang in LANGUAGES:
            for stem in stems(html, lang):
                at = f"{site}{lang}/tutorials/{stem}.html" if site else ""
                page = html / lang / "tutorials" / f"{stem}.html"
                print_pdf(running, page, folder / f"{stem}-{lang}.pdf", at)
        running.close()


def pack(html: Path, archive: Path, top: str) -> None:
    """Pack the site, the same bytes for the same pages."""

    def plain(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.mtime = info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mode = 0o755 if info.isdir() else 0o644
        return info

    with (
        gzip.GzipFile(archive, "wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for path in sorted(html.rglob("*")):
            if path.name == ".buildinfo":  # for Sphinx alone
                continue
            inside = f"{top}/{path.relative_to(html).as_posix()}"
            tar.add(path, inside, recursive=False, filter=plain)


def commit() -> str:
    """Return the commit that the release is made from, or nothing outside a checkout."""
    if not (git := shutil.which("git")):
        return ""
    command = [git, "rev-parse", "HEAD"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return run.stdout.strip()


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path) -> None:
    """Write what the release consists of, and checksums that ``sha256sum --check`` reads."""
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    sums = {path.name: checksum(path) for path in files}
    manifest = {
        "name": NAME,
        "version": version(),
        "commit": commit(),
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "torch": metadata.version("torch"),
        "files": [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": sums[path.name]}
            for path in files
        ],
    }
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    sums[path.name] = checksum(path)
    lines = [f"{digest}  {name}\n" for name, digest in sorted(sums.items())]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")


def main(build: str) -> int:
    """Make the release; return the exit status."""
    new = notes_of_release()
    if not browser.has_chinese_font():
        print(
            "Chinese pages would be printed in empty boxes: there is no font for them."
        )
        print("Install one, such as Debian's: apt-get install fonts-noto-cjk")
        return 1
    html, folder = Path(build, "html"), Path(build, "release")
    site = os.environ.get("MNIST_TUT_SITE", "").rstrip("/")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    print("Packing the site ...", flush=True)
    top = f"{NAME}-{version()}"
    pack(html, folder / f"{top}-html.tar.gz", top)
    for lang, path in downloads(html):
        shutil.copyfile(path, folder / f"{path.stem}-{lang}{path.suffix}")
    print("Printing the pages ...", flush=True)
    print_pdfs(html.resolve(), folder, f"{site}/" if site else "")
    (folder / "notes.md").write_text(new + "\n", encoding="utf-8")
    write_manifest(folder)
    print(f"{len(list(folder.iterdir()))} files are in {folder}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
