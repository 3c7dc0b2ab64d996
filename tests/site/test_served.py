"""The site works when somebody else serves it, who may read what everyone may and nothing more."""

import multiprocessing
import os
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

NOBODY = 65534


class Quiet(SimpleHTTPRequestHandler):
    """A file server that keeps its log to itself."""

    def log_message(self, *args):
        pass


def serve(folder, answer):
    """Go into a folder, become somebody else, and serve it until ended."""
    os.chdir(folder)
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    handler = partial(Quiet, directory=".")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        answer.send((server.server_port, os.geteuid()))
        server.serve_forever()


@pytest.fixture
def port(site):
    """Where another user serves the site."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root can let another user serve the site")
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    server = context.Process(target=serve, args=(site, there), daemon=True)
    server.start()
    number, user = here.recv()
    assert user == NOBODY
    yield number
    server.terminate()
    server.join()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_pad_reads_what_is_drawn_where_another_user_serves_the_site(page, port):
    refused = []
    page.on("response", lambda r: r.status >= 400 and refused.append(r.url))
    page.goto(f"http://127.0.0.1:{port}/zh/tutorials/nn_tutorial.html")
    figure = page.locator("[data-alive=draw]")
    figure.scroll_into_view_if_needed()
    page.locator("[data-alive=draw][data-awake]").wait_for(timeout=60_000)
    box = page.locator(".alive-pad").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.8 * box["height"])
    page.mouse.up()
    bars = figure.locator(".alive-bars tr.alive-best th")
    bars.first.wait_for(timeout=60_000)
    assert bars.first.inner_text().isdigit()
    assert refused == []
