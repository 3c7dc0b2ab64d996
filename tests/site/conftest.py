"""The built site, as text and in a browser."""

import functools
import os
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import browser
import pytest
from gallery_scripts import NAMES
from pages import parse
from playwright.sync_api import Error, sync_playwright

HTML = Path(__file__).parents[2] / "build" / "html"


@pytest.fixture(scope="session")
def site():
    """The folder of the built site."""
    if not (HTML / "index.html").exists():
        pytest.fail(
            "there is no built site to look at: run 'make html' first, or 'make test'"
        )
    return HTML


@pytest.fixture(scope="session")
def gallery(site):
    """Map each script's name to its parsed page in each language."""
    return {
        name: {
            lang: parse(site / lang / "tutorials" / f"{Path(name).stem}.html")
            for lang in ("en", "zh")
        }
        for name in NAMES
    }


@pytest.fixture(scope="session")
def tutorial(gallery):
    """Map each language to its parsed tutorial page."""
    return gallery["nn_tutorial.py"]


class Quiet(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself, and answers as a web host would with our 404."""

    def log_message(self, *args):
        pass

    def send_error(self, code, message=None, explain=None):
        folder = self.path.split("/")[1]
        name = f"{folder}/404.html" if folder in ("en", "zh") else "404.html"
        body = (Path(self.directory) / name).read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="session")
def address(site):
    """Address of a local server that serves the site."""
    handler = functools.partial(Quiet, directory=str(site))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def missing(what):
    """Skip for want of a browser, but not where a missing one would hide a failure."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def playwright():
    """Playwright, started once; where it cannot be, the tests in browsers are skipped."""
    if not browser.starts():
        missing("Playwright does not start here (on Debian it needs libatomic1)")
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright):
    """A headless browser."""
    path = browser.find()
    if path is None:
        missing("no Chromium: run 'python tools/browser.py', or 'make test'")
    running = playwright.chromium.launch(executable_path=path, args=browser.FLAGS)
    if folder := os.environ.get("MNIST_TUT_SCRIPTS_RUN"):  # as make coverage sets it
        import script_coverage

        with script_coverage.gathered(folder):
            yield running
    else:
        yield running
    running.close()


@pytest.fixture(scope="session")
def tab(chromium):
    """One tab for all tests of a worker: a new one costs as much as three pages in an old one."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def page(tab):
    """The tab as if it were new: as wide as a desk's screen, nothing kept, nothing asked for."""

    def ask_for_nothing():
        tab.set_viewport_size({"width": 1440, "height": 900})
        still = {"reduced_motion": "no-preference", "forced_colors": "null"}
        tab.emulate_media(media="null", color_scheme="light", **still)

    ask_for_nothing()
    yield tab
    tab.wait_for_load_state()  # a link may just have been followed
    tab.evaluate("try { localStorage.clear(); sessionStorage.clear(); } catch {}")
    tab.goto("about:blank")
    tab.unroute_all()
    ask_for_nothing()


@pytest.fixture
def opener(chromium):
    """Open pages that need what a tab cannot become: another locale, a finger, no script."""
    contexts = []

    def open_page(place, engine=chromium, **options):
        contexts.append(engine.new_context(**options))
        opened = contexts[-1].new_page()
        opened.goto(place)
        return opened

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def firefox(playwright):
    """Another one, of another make: Debian's; where it cannot be had, its tests are skipped."""
    path = browser.firefox()
    if path is None:
        pytest.skip("no Firefox: run 'apt-get install firefox-esr', or 'make test'")
    try:
        running = playwright.firefox.launch(
            executable_path=path,
            channel="moz-firefox",  # as browsers of others are driven: over WebDriver BiDi
            firefox_user_prefs={
                "ui.prefersReducedMotion": 1
            },  # BiDi cannot ask a page for it
        )
    except Error as error:
        missing(f"{path} cannot be driven, perhaps it is too old: {error.message}")
    yield running
    running.close()
