"""Serve the built site so that its cells run: ``make live``.

A Jupyter Server on this machine alone hands out ``build/html`` under ``/site/`` and adds one script
to the pages that have cells; everything else comes from the files as they are. Whoever has the
token, which is new at each start and part of the address printed, may run code here, so the server
listens on the loopback address and refuses other hosts and other origins.
"""

import json
import os
import secrets
import sys
import tempfile
from pathlib import Path

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from tornado import web
from tornado.ioloop import IOLoop
from traitlets.config import Config

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "html"
SCRIPT = Path(__file__).with_suffix(".js")
SETTINGS = {
    "Live": {
        "ip": "127.0.0.1",
        "port": int(os.environ.get("PORT", "8888")),
        "port_retries": 20,
        "open_browser": False,
        "allow_root": True,  # a container has nobody else
        "answer_yes": True,  # Ctrl-C stops at once
        "terminals_enabled": False,
        "log_level": "ERROR",
    },
    "KernelManager": {"transport": "ipc"},  # by files that nobody else may open
    # A kernel that no page is connected to ends within two minutes.
    "MappingKernelManager": {"cull_idle_timeout": 60, "cull_interval": 30},
}


def cells(language: str, page: str) -> list[str]:
    """Return the code of a page's cells, with what the page hides of it."""
    from sphinx_gallery.py_source_parser import split_code_and_text_blocks

    _, blocks = split_code_and_text_blocks(str(ROOT / f"gallery/{language}/{page}.py"))
    code = (block.content for block in blocks if block.type == "code")
    return [content for content in code if content.strip()]


class Site(JupyterHandler, web.StaticFileHandler):
    """A file of the built site; a page with cells comes with the script that runs them."""

    def compute_etag(self) -> None:
        """Leave it to the browser to ask again: the same file comes with and without a script."""

    @web.authenticated
    async def get(self, path: str, include_body: bool = True) -> None:
        """Hand it out to whoever has the token."""
        file = (SITE / path).resolve()
        language, _, page = path.partition("/tutorials/")
        script = ROOT / "gallery" / language / f"{page.removesuffix('.html')}.py"
        if not (file.is_file() and file.suffix == ".html" and script.is_file()):
            await web.StaticFileHandler.get(self, path, include_body)
            return
        given = {"language": language, "cells": cells(language, script.stem)}
        text = json.dumps(given).replace("<", "\\u003c")
        tag = f'<script id="live" type="application/json">{text}</script>'
        tag += f'<script type="module">{SCRIPT.read_text("utf-8")}</script></head>'
        self.xsrf_token  # noqa: B018  (sets the cookie that every call has to repeat)
        self.set_header("Cache-Control", "no-store")
        self.finish(file.read_text("utf-8").replace("</head>", tag, 1))


class Live(ServerApp):
    """The server, with our settings alone, whatever the reader's own Jupyter is told."""

    def load_config_file(self, suppress_errors: bool = True) -> None:
        """Read none of the reader's: they may open it to others."""

    def init_webapp(self) -> None:
        """Add the site to what the server answers."""
        super().init_webapp()
        given = {"path": str(SITE), "default_filename": "index.html"}
        self.web_app.add_handlers(".*$", [(r"/site/(.*)", Site, given)])


def announce(address: str) -> None:
    """Say where it is, once it listens."""
    wanted = str(SETTINGS["Live"]["port"])
    if f":{wanted}/" not in address:
        print(f"Port {wanted} is in use: it is the next one that is free.")
    print(f"The pages, with cells that run (Ctrl-C stops them):\n{address}", flush=True)


def main() -> int:
    """Serve until Ctrl-C; return the exit status."""
    if not (SITE / "index.html").exists():
        print("There is no site yet. Please build it first: make html")
        return 1
    sys.path[:0] = [str(ROOT)]
    os.environ["PYTHONPATH"] = str(ROOT)  # for the kernels, which start elsewhere
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["JUPYTER_RUNTIME_DIR"] = folder
        token = secrets.token_hex(24)
        own = {"IdentityProvider": {"token": token}, "ServerApp": {"root_dir": folder}}
        app = Live(config=Config(SETTINGS | own))
        app.initialize(argv=[], find_extensions=False)
        IOLoop.current().add_callback(
            announce, f"{app.connection_url}site/?token={token}"
        )
        app.start()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
