"""The site is shown on this machine, and to nobody else."""

import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

TOOL = Path(__file__).parents[2] / "tools" / "serve.py"


def start(folder, port):
    command = [sys.executable, str(TOOL), str(folder), str(port)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def test_it_listens_on_this_machine_alone_and_ends_with_a_word(tmp_path):
    (tmp_path / "index.html").write_text("hello")
    with start(tmp_path, 0) as server:
        try:
            address = server.stdout.readline().split()[1]
            port = int(address.rpartition(":")[2])
            assert urlopen(f"http://127.0.0.1:{port}").read() == b"hello"
            with socket.socket() as other:  # whoever listens everywhere has this, too
                other.bind(("127.0.0.2", port))
            server.send_signal(signal.SIGINT)
            assert server.communicate(timeout=30)[0].strip() == "Stopped."
        finally:
            server.kill()  # or who waits for its end would wait for ever
    assert server.returncode == 0


def test_a_port_in_use_is_named_with_the_remedy(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with start(tmp_path, port) as server:
            said = server.stdout.read()
    assert server.returncode == 1
    assert str(port) in said
    assert "make serve PORT=" in said
    assert len(said.splitlines()) == 1
