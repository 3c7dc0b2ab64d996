"""Show the built site on this machine, and to nobody else: ``serve.py FOLDER PORT``."""

import functools
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


def main(folder: str, port: str) -> int:
    """Serve the folder until Ctrl-C; return the exit status."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    try:
        server = ThreadingHTTPServer(("127.0.0.1", int(port)), handler)
    except (OSError, OverflowError, ValueError) as fault:
        print(f"Port {port} cannot be had ({fault}). Try another: make serve PORT=8001")
        return 1
    print(f"Open http://localhost:{server.server_port} (Ctrl-C ends this)", flush=True)
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("\nStopped.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
