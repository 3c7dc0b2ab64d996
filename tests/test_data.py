"""The loader that the page shows: whatever lies there or arrives, it ends well."""

import gzip
import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
import tracemalloc
from types import SimpleNamespace

import pytest
import requests
from support.data_world import (
    FAKE,
    HEAVY_REDIRECTS,
    MD5,
    PACKED,
    REAL,
    answer,
    assert_is_fake,
    endless,
    needs_real,
    no_settings,
    packing,
    serving,
    slowly,
    trickle,
    write,
)

from mnist_tut import data, mnist
from mnist_tut.data import download, get_mnist, keep

SIZE = len(PACKED)
POINTERS = (  # numpy.ndarray((1,), dtype("O"), made-up pointers)
    b"\x80\3cnumpy\nndarray\nK\1\x85cnumpy\ndtype\nX\1\0\0\0O\x85RC\x08AAAAAAAA\x87R."
)


@pytest.fixture
def server(monkeypatch):
    no_settings(monkeypatch)
    with serving() as server:
        yield server


@pytest.fixture
def path(tmp_path):
    return tmp_path / "数据" / "new" / "mnist.pkl.gz"


def test_the_file_is_downloaded_once_and_nothing_else_is_left(server, path, capsys):
    for _ in range(2):
        assert_is_fake(get_mnist(path, server.url("good"), SIZE, MD5))
    assert server.hits == ["/good"]
    assert [*path.parent.iterdir()] == [path]
    assert path.read_bytes() == PACKED
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("how", [packing, answer(Content_Encoding="gzip")])
def test_the_file_comes_as_it_is_whatever_the_server_does_on_the_way(server, path, how):
    server.answers["/x"] = how
    assert_is_fake(get_mnist(path, server.url("x"), SIZE, MD5))


def message(problem, path, url):
    """What is wrong, and what to do by hand."""
    return (
        f"No MNIST: {problem}.\nThe published file has {SIZE:,} bytes with the MD5 checksum "
        f"{MD5}, lies at {url} and belongs at {path}. If another file is there, delete it: "
        "then the published one is downloaded."
    )


@pytest.mark.parametrize("mode", ["never", "allow", "only"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        PACKED[:-1],
        PACKED[:-1] + b"x",
        gzip.compress(POINTERS),
        gzip.compress(b"cos\nx\n."),
    ],
    ids=["empty", "HTML", "cut off", "as long", "pointers", "os"],
)
def test_bytes_of_another_checksum_are_never_unpickled(
    server, path, monkeypatch, content, mode
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    monkeypatch.setattr(pickle, "loads", None)
    monkeypatch.setattr(gzip, "decompress", None)
    server.answers["/x"] = answer(content)
    found = hashlib.md5(content).hexdigest()
    has = f"has {len(content):,} bytes with the MD5 checksum {found}"
    with pytest.raises(RuntimeError) as told:
        get_mnist(path, server.url("x"), SIZE, MD5)
    assert str(told.value) == message(f"{server.url('x')} {has}", path, server.url("x"))
    assert not path.parent.exists()
    write(path, content)
    with pytest.raises(RuntimeError) as told:
        get_mnist(path, server.url("good"), SIZE, MD5)
    assert str(told.value) == message(f"{path} {has}", path, server.url("good"))
    assert path.read_bytes() == content
    assert server.hits == ["/x"]


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (answer(b"gone", 404), "404"),
        (answer(b"oops", 500), "500"),
        (answer(PACKED[:-9], length=SIZE), "IncompleteRead"),
        (endless, f"/x has more than {SIZE:,} bytes"),
        (answer(gzip.compress(bytes(10**8)), Content_Encoding="gzip"), "checksum"),
    ],
    ids=["404", "500", "broken line", "endless", "gzip bomb"],
)
def test_a_bad_answer_is_told_with_address_and_remedy(server, path, how, reason):
    server.answers["/x"] = how
    with pytest.raises(RuntimeError, match=reason) as told:
        get_mnist(path, server.url("x"), SIZE, MD5)
    assert f"lies at {server.url('x')} and belongs at {path}." in str(told.value)
    assert not path.parent.exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://", "file:///x", "x"])
def test_an_address_where_nobody_is_is_told_with_the_remedy(path, url):
    with pytest.raises(RuntimeError, match=r"No MNIST: .{10}") as told:
        get_mnist(path, url, SIZE, MD5)
    assert f"lies at {url} and belongs at {path}." in str(told.value)


def test_hardly_more_than_the_size_is_taken(server):
    server.answers["/x"] = endless
    assert SIZE < len(download(server.url("x"), SIZE)) <= SIZE + 2**16


def test_a_byte_at_a_time_ends_after_five_minutes(server, monkeypatch):
    times = iter([0, 1, 300, 300.5, 301])
    monkeypatch.setattr(data, "time", SimpleNamespace(monotonic=lambda: next(times)))
    server.answers["/x"] = trickle
    assert 0 < len(download(server.url("x"), SIZE)) < 99
    assert list(times) == [301]


@pytest.mark.parametrize("kind", HEAVY_REDIRECTS)
def test_the_body_of_a_redirect_is_not_read(server, path, kind):
    server.answers["/x"] = HEAVY_REDIRECTS[kind]
    tracemalloc.start()
    assert_is_fake(get_mnist(path, server.url("x"), SIZE, MD5))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_huge_file_is_not_read_whole(path):
    os.truncate(write(path, b""), 40 * 2**30)  # takes no room on the disk
    tracemalloc.start()
    with pytest.raises(RuntimeError, match=f"{path} has more than {SIZE:,} bytes"):
        get_mnist(path, "http://127.0.0.1:9/x", SIZE, MD5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (MemoryError(), "MemoryError"),
        (PermissionError(13, "Permission denied"), "Perm"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_the_reason(
    path, monkeypatch, fault, said
):
    def refuse(self):
        raise fault

    monkeypatch.setattr(type(path), "is_file", refuse)
    with pytest.raises(RuntimeError, match=f"No MNIST: .*{said}"):
        get_mnist(path, "http://127.0.0.1:9/x", SIZE, MD5)


def test_a_machine_that_refuses_md5_for_security_reads_mnist_all_the_same(
    server, path, monkeypatch
):
    md5 = hashlib.md5

    def fips(content, usedforsecurity=True):
        if usedforsecurity:
            raise ValueError("[digital envelope routines] unsupported")
        return md5(content)

    monkeypatch.setattr(hashlib, "md5", fips)
    assert_is_fake(get_mnist(path, server.url("good"), SIZE, MD5))


def test_a_server_that_says_nothing_is_given_up(server, monkeypatch):
    def get(url, timeout, **options):
        assert timeout == 10
        raise requests.Timeout("it says nothing")

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(requests.Timeout):
        download(server.url("x"), SIZE)


def test_a_file_that_goes_on_after_the_size_is_not_taken_for_the_published_one(
    server, path
):
    def more(handler):
        handler.start(Content_Length=SIZE + 1)
        handler.wfile.write(PACKED)
        handler.server.closing.wait(0.3)
        handler.wfile.write(b"!")

    server.answers["/x"] = more
    with pytest.raises(RuntimeError, match="has more than"):
        get_mnist(path, server.url("x"), SIZE, MD5)


def test_strings_of_python_2_in_the_file_are_read_as_bytes(server, path):
    packed = gzip.compress(b"U\x02\xff\x80.")
    server.answers["/x"] = answer(packed)
    md5 = hashlib.md5(packed).hexdigest()
    assert get_mnist(path, server.url("x"), len(packed), md5) == "\xff\x80"


def test_a_file_is_written_beside_its_place_and_not_where_temporary_files_lie(
    path, monkeypatch, capsys
):
    monkeypatch.setattr(tempfile, "tempdir", str(path / "nowhere"))
    keep(path, b"digits")
    assert path.read_bytes() == b"digits"
    assert capsys.readouterr().out == ""


def test_processes_at_once_all_get_the_data(server, path):
    server.answers["/x"] = slowly()
    call = f"data.get_mnist(Path({str(path)!r}), {server.url('x')!r}, {SIZE}, {MD5!r})"
    code = f"from pathlib import Path; from mnist_tut import data; print(len({call}))"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    three = [
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdout=-1, stderr=-1, text=True
        )
        for _ in range(3)
    ]
    assert [p.communicate() for p in three] == 3 * [("3\n", "")]
    assert [*path.parent.iterdir()] == [path]
    assert path.read_bytes() == PACKED


@pytest.mark.parametrize("trouble", ["file for a folder", "folder", "full", "pipe"])
def test_where_it_cannot_be_kept_a_line_says_so_and_the_data_comes_all_the_same(
    server, path, monkeypatch, capsys, trouble
):
    def full(self, content):
        raise OSError(28, "No space left on device")

    path.parent.parent.mkdir()
    if trouble == "file for a folder":
        write(path.parent, b"thesis")
    elif trouble == "folder":
        write(path / "thesis", b"thesis")
    elif trouble == "full":
        monkeypatch.setattr(type(path), "write_bytes", full)
    else:
        path.parent.mkdir()
        os.mkfifo(path)
    before = sorted(path.parent.parent.rglob("*"))
    assert_is_fake(get_mnist(path, server.url("good"), SIZE, MD5))
    said = capsys.readouterr().out
    if trouble == "pipe":  # it holds nobody, and is no data to lose
        assert path.read_bytes() == PACKED
    else:
        assert said.startswith(f"{path} is not kept: [Errno ")
        assert said.count("\n") == 1
        assert {*sorted(path.parent.parent.rglob("*"))} <= {*before, path.parent}


@needs_real
def test_builds_of_the_pages_get_the_same_arrays(server, path, monkeypatch):
    real = REAL.read_bytes()
    server.answers["/x"] = answer(real)
    md5 = hashlib.md5(real).hexdigest()  # another packing of the content
    monkeypatch.setenv("MNIST_TUT_DATA", str(REAL.parent.absolute()))
    shown = get_mnist(path, server.url("x"), len(real), md5)
    built = mnist.get_mnist(path, server.url("x"), len(real), md5)
    for pair, other in zip(shown, built, strict=True):
        for array, same in zip(pair, other, strict=True):
            assert array.dtype == same.dtype
            assert (array == same).all()
    assert len(shown) == len(FAKE)


def test_a_file_is_kept_in_the_place_of_an_older_one_with_nothing_beside_it(path):
    for packed in (b"first", b"second"):
        keep(path, packed)
        assert path.read_bytes() == packed
        assert [*path.parent.iterdir()] == [path]
