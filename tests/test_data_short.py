"""The short loader of the tutorial, against a local server and against the full loader."""

import gzip
import pickle
import runpy
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from data_world import (
    FAKE,
    PACKED,
    PICKLED,
    REAL,
    assert_is_fake,
    changed,
    needs_real,
    no_settings,
    put,
)

from mnist_tut import data, data_short, reading
from mnist_tut.data_short import ArrayUnpickler, check_content, download, read_arrays
from mnist_tut.errors import DataError


def splits(seed=0):
    """Make three small pairs of the right types."""
    rng = np.random.default_rng(seed)
    return tuple(
        (
            rng.integers(0, 256, (n, 784)).astype(np.float32) / 256,
            rng.integers(0, 10, n),
        )
        for n in (6, 3, 2)
    )


def packed(content, protocol=2):
    return gzip.compress(pickle.dumps(content, protocol=protocol), mtime=0)


def digest_of(content, monkeypatch):
    """Return the checksum that the module computes, as its own message tells it."""
    monkeypatch.setattr(data_short, "SHA256", "none")
    with pytest.raises(ValueError, match="checksum") as refused:
        check_content(content)
    return str(refused.value).split()[-1]


@pytest.fixture(autouse=True)
def own_settings(monkeypatch):
    no_settings(monkeypatch)


@pytest.fixture
def known(monkeypatch):
    """Three pairs that the module takes for MNIST."""
    content = splits()
    monkeypatch.setattr(data_short, "SHA256", digest_of(content, monkeypatch))
    return content


@pytest.fixture
def server():
    """Serve what the test puts into a dict of path to (status, body)."""
    answers, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            status, body = answers[self.path]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(
            target=running.serve_forever, args=(0.02,), daemon=True
        ).start()
        yield f"http://127.0.0.1:{running.server_port}", answers, asked
        running.shutdown()


def test_a_good_answer_is_kept_under_its_name_and_nothing_else(server, known, tmp_path):
    url, answers, _ = server
    answers["/a"] = 200, packed(known)
    path = tmp_path / "new folder" / "mnist.pkl.gz"
    download(path, [f"{url}/a"])
    assert path.read_bytes() == packed(known)
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_is_left_alone_and_no_one_is_asked(server, tmp_path):
    url, _, asked = server
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(b"mine")
    download(path, [f"{url}/a"])
    assert path.read_bytes() == b"mine"
    assert asked == []


@pytest.mark.parametrize(
    "bad",
    [
        (404, b"not here"),
        (500, b"sorry"),
        (200, b"<html>please log in</html>"),
        (200, b""),
    ],
    ids=["404", "500", "error page", "empty"],
)
def test_after_a_bad_answer_the_next_address_is_tried(server, known, tmp_path, bad):
    url, answers, asked = server
    answers.update({"/bad": bad, "/good": (200, packed(known))})
    download(tmp_path / "mnist.pkl.gz", [f"{url}/bad", f"{url}/good"])
    assert asked == ["/bad", "/good"]
    assert (tmp_path / "mnist.pkl.gz").read_bytes() == packed(known)


def test_without_a_good_address_the_message_tells_why_and_what_to_do(server, tmp_path):
    url, answers, _ = server
    answers["/a"] = 404, b""
    path = tmp_path / "mnist.pkl.gz"
    with pytest.raises(RuntimeError) as failed:
        download(path, [f"{url}/a", "http://127.0.0.1:9/refused"])
    message = str(failed.value)
    assert "404" in message
    assert "http://127.0.0.1:9/refused" in message
    assert f"Put your own copy of it into {tmp_path}" in message
    assert not path.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_arrays_come_out_as_they_went_in(known, tmp_path, protocol):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(packed(known, protocol))
    for (x, y), (x_in, y_in) in zip(read_arrays(path), known, strict=True):
        np.testing.assert_array_equal(x, x_in)
        np.testing.assert_array_equal(y, y_in)
        assert (x.dtype, y.dtype) == (np.float32, np.int64)


def test_the_old_name_of_numpys_core_is_understood():
    opcodes = b"cnumpy.core.multiarray\n_reconstruct\n."
    import io

    assert ArrayUnpickler(io.BytesIO(opcodes)).load().__name__ == "_reconstruct"


@pytest.mark.parametrize(
    "name", ["os\nsystem", "builtins\neval", "numpy\nload", "mnist_tut\ndata"]
)
def test_a_pickle_that_asks_for_anything_else_is_refused_and_nothing_runs(
    tmp_path, name
):
    trace = tmp_path / "trace"
    program = f"c{name}\n(S'touch {trace}'\ntR.".encode()
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(gzip.compress(program))
    with pytest.raises(
        RuntimeError, match=name.replace("\n", r"\.") + "; no array does"
    ):
        read_arrays(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", gzip.compress(b"garbage"), packed([1, 2]), packed(splits())[:-20]],
    ids=["empty", "html", "no pickle", "no pairs", "cut short"],
)
def test_what_is_not_mnist_is_named_with_a_remedy_and_kept(tmp_path, content):
    path = tmp_path / "mnist.pkl.gz"
    path.write_bytes(content)
    with pytest.raises(
        RuntimeError, match=r"mnist\.pkl\.gz is not MNIST: .*\. Move it away"
    ):
        read_arrays(path)
    assert path.read_bytes() == content


def shifted(content):
    (x, y), *others = content
    return (x + 0.001, y), *others


def relabelled(content):
    (x, y), *others = content
    return (x, y + 256), *others


def swapped(content):
    return content[1], content[0], content[2]


def widened(content):
    (x, y), *others = content
    return (x.astype(np.float64), y), *others


@pytest.mark.parametrize("change", [shifted, relabelled, swapped, widened])
def test_any_change_of_the_content_is_noticed(known, change):
    assert check_content(known) is known
    with pytest.raises(ValueError, match="checksum"):
        check_content(change(known))


def test_other_digits_are_taken_only_if_the_stand_in_is_allowed(monkeypatch):
    other = splits(seed=1)
    with pytest.raises(ValueError, match="checksum"):
        check_content(other)
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    assert check_content(other) is other


def test_both_loaders_ask_the_same_addresses_the_readers_own_first(monkeypatch):
    monkeypatch.setenv("MNIST_TUT_URLS", " http://a/x  http://b/y ")
    fresh = runpy.run_path(data_short.__file__)
    assert fresh["URLS"] == ["http://a/x", "http://b/y", *data.URLS[:2]]
    assert data._addresses() == [*fresh["URLS"], *data.URLS[2:]]
    assert all(url.endswith("/") for url in data.URLS[2:])  # IDX: not for the page


def test_both_loaders_refuse_the_same_bad_content(
    server, known, tmp_path, monkeypatch, small_world
):
    monkeypatch.setattr(data_short, "SHA256", digest_of(FAKE, monkeypatch))
    url, answers, _ = server
    bad = [
        b"<html>",
        b"",
        PACKED[:-500],
        PICKLED,
        gzip.compress(b"x"),
        gzip.compress(PACKED),
    ]
    bad += [packed(changed(0, 0, put(v))) for v in (np.nan, 1 / 2, -1 / 256)]
    bad += [packed(changed(1, 1, put(v))) for v in (10, -1, 5)]
    bad += [packed(changed(0, 0, lambda x, t=t: x.astype(t))) for t in ("f8", "O")]
    bad += [packed(changed(2, 1, lambda y: y.astype("i4"))), packed(FAKE[:2])]
    bad += [packed((FAKE[1], FAKE[0], FAKE[2])), packed(changed(0, 0, lambda x: print))]
    for number, content in enumerate([PACKED, *bad]):
        answers["/x"] = 200, content
        path = tmp_path / f"{number}.gz"
        if number == 0:
            download(path, [f"{url}/x"])
            assert_is_fake(data.load_mnist([str(path)]))
            data.cache().joinpath(reading.KEPT_NAME).unlink()
        else:
            with pytest.raises(RuntimeError, match="is not MNIST"):
                download(path, [f"{url}/x"])
            path.write_bytes(content)
            with pytest.raises(DataError, match="is not MNIST"):
                data.load_mnist([str(path)])


@needs_real
def test_both_loaders_read_the_same_from_the_real_file(monkeypatch, tmp_path):
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path))
    short = (array for pair in read_arrays(REAL) for array in pair)
    for a, b in zip(short, data.load_mnist([str(REAL)]), strict=True):
        np.testing.assert_array_equal(a, b.numpy())
        assert a.dtype == b.numpy().dtype
