"""MNIST is found, kept and loaded, or the reason is told, whatever is set and wherever it lies."""

import gzip
import hashlib
import logging
import pickle
import tracemalloc
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from support.data_world import (
    FAKE,
    IDX,
    OTHERWISE,
    PACKED,
    REAL,
    SIZES,
    answer,
    assert_is_fake,
    assert_same,
    cached,
    names,
    needs_real,
    no_settings,
    write,
    write_idx,
)

from mnist_tut import strokes
from mnist_tut.mnist import (
    DataError,
    cache,
    find,
    for_pages,
    get_mnist,
    load_mnist,
    read,
)
from mnist_tut.mnist.read import FILE_NAME

pytestmark = pytest.mark.usefixtures("small_world")
THESIS = b"three years of work"


@pytest.fixture
def two_addresses(server, monkeypatch):
    server.answers["/bad"] = answer(b"gone", 404)
    monkeypatch.setattr(find, "URLS", (server.url("bad"), server.url("good")))
    return server


def load_for_page():
    return get_mnist(Path("not/used"), "http://not/used", 1, "not used")


def digest(path):
    return hashlib.md5(path.read_bytes()).hexdigest()


def put(folder, form):
    """Put MNIST into a folder in a form; give what to ask for."""
    if form == "IDX":
        return write_idx(folder)
    file = write(folder / FILE_NAME)
    return file if form == "file" else folder


@needs_real
def test_the_real_file_is_mnist_and_takes_a_bounded_amount_of_memory(monkeypatch):
    monkeypatch.undo()
    no_settings(monkeypatch)
    monkeypatch.setenv("MNIST_TUT_DATA", str(REAL))
    tracemalloc.start()
    mnist = load_mnist()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [tuple(t.shape) for t in mnist[::2]] == [(n, 784) for n in read.SIZES]
    assert mnist.y_train[:3].tolist() == [5, 0, 4]
    assert mnist.x_train.max() == 255 / 256
    assert peak < 840e6
    content = REAL.read_bytes()
    assert len(content) < read.MAX_PACKED
    if len(content) == 16_168_813:  # the published file, which is kept as it came
        assert hashlib.md5(content).hexdigest() == find.MD5


def test_mnist_comes_as_six_tensors_ours_to_change_or_as_three_pairs():
    write(cached())
    mnist = load_mnist()
    assert mnist._fields == tuple(read.SHA256)
    mnist.x_train.add_(1)
    assert_is_fake(load_mnist())
    assert_is_fake(load_for_page())  # whatever a page names


# The folder of the reader's own


@pytest.mark.parametrize("form", ["published", "IDX", "file"])
@pytest.mark.parametrize("mode", ["", "never", "allow"])
@pytest.mark.parametrize("place", ["own", "cache"])
def test_what_is_there_is_used_without_asking_and_stays_as_it_is(
    two_addresses, tmp_path, monkeypatch, caplog, drawn, form, mode, place
):
    folder = tmp_path / "my own 数据" if place == "own" else cached().parent
    asked = put(folder, form)
    if place == "own":
        write(cached(), b"bad")
        monkeypatch.setenv("MNIST_TUT_DATA", str(asked))
    else:  # a file in it is no place to ask for
        asked = folder
        monkeypatch.setenv("MNIST_TUT_DATA", "")
    before = {path: digest(path) for path in tmp_path.rglob("*.*")}
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert_is_fake(load_mnist())
    assert for_pages() == (asked, "MNIST")
    after = {path: digest(path) for path in tmp_path.rglob("*.*")}
    assert after == before  # there is no lock either
    assert two_addresses.hits == drawn == caplog.records == []


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "is not there"), (PACKED[:-9], "cut off")]
)
def test_a_bad_folder_in_the_environment_is_an_error_whatever_else_there_is(
    two_addresses, tmp_path, monkeypatch, content, reason
):
    own = tmp_path / "own"
    if content is not None:
        write(own / FILE_NAME, content)
    write(cached())
    monkeypatch.setenv("MNIST_TUT_DATA", str(own))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    with pytest.raises(DataError, match=f"MNIST_TUT_DATA is {own}, .*{reason}") as it:
        load_mnist()
    assert "unset it" in it.value.remedy
    assert two_addresses.hits == []


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    write(tmp_path / "data" / FILE_NAME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUT_CACHE", "~/cache")
    assert find.cache_folder() == tmp_path / "cache"
    assert_is_fake(load_mnist(["~/data"]))
    monkeypatch.setenv("MNIST_TUT_DATA", "~/data")
    assert_is_fake(load_mnist())
    monkeypatch.setenv("MNIST_TUT_DATA", "~nobody-of-this-name/data")
    with pytest.raises(DataError, match="is not there"):
        load_mnist()


# The cache


def test_a_checkout_keeps_its_data_beside_the_package_and_an_installation_in_the_cwd(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("MNIST_TUT_CACHE", "")
    assert find.cache_folder() == Path(__file__).parents[2] / "data"
    monkeypatch.setattr(find, "__file__", str(tmp_path / "mnist_tut/mnist/find.py"))
    assert find.cache_folder() == Path("data")


@pytest.mark.parametrize("mode", ["never", "only"])
def test_what_arrived_while_waiting_for_the_lock_is_not_had_again(
    two_addresses, monkeypatch, drawn, mode
):
    lock = cache.lock

    def someone_else_writes(path):
        write(path)
        return lock(path)

    monkeypatch.setattr(cache, "lock", someone_else_writes)
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert_is_fake(load_mnist())
    assert two_addresses.hits == drawn == []


@pytest.mark.parametrize("mode", ["never", "only"])
@pytest.mark.parametrize(
    "spoilt", [b"<html>", b"", PACKED[:-1], PACKED[:3000] + b"x" + PACKED[3001:]]
)
def test_a_spoilt_file_in_the_cache_is_named_kept_aside_and_replaced(
    two_addresses, monkeypatch, caplog, drawn, mode, spoilt
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    folder, _ = for_pages()
    good = digest(folder / FILE_NAME)
    write(folder / FILE_NAME, spoilt)
    write(folder / f"{FILE_NAME}.rejected-1", THESIS)
    first = load_mnist()
    assert f"{folder / FILE_NAME} is not MNIST" in caplog.text
    assert digest(folder / FILE_NAME) == good
    assert (folder / f"{FILE_NAME}.rejected-1").read_bytes() == THESIS
    assert (folder / f"{FILE_NAME}.rejected-2").stat().st_size == len(spoilt)
    assert_same(load_mnist(), first)
    assert len(two_addresses.hits) == (0 if mode == "only" else 4)
    assert len(drawn) == (2 if mode == "only" else 0)


@pytest.mark.parametrize("mode", ["never", "only"])
@pytest.mark.parametrize("full", [True, False])
def test_where_nothing_can_be_kept_pages_cannot_be_built_but_the_data_can_be_had(
    two_addresses, monkeypatch, tmp_path, caplog, drawn, mode, full
):
    place = tmp_path / "the cache"
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    monkeypatch.setenv("MNIST_TUT_CACHE", str(place))
    if full:
        error = OSError(28, "No space left on device")
        monkeypatch.setattr(Path, "write_bytes", Mock(side_effect=error))
    else:
        write(place, THESIS)
    with pytest.raises(DataError, match=f"cannot be kept in {place}") as caught:
        for_pages()
    assert "MNIST_TUT_DATA" not in str(caught.value)
    assert "set MNIST_TUT_CACHE to another folder" in caught.value.remedy
    why = "No space left on device" if full else "Not a directory"
    assert f"{FILE_NAME} is not kept: " in caplog.text
    assert why in caplog.text
    assert len(load_mnist().y_train) == SIZES[0]
    assert full or place.read_bytes() == THESIS


def test_too_little_memory_is_no_reason_to_fetch_anew(two_addresses, monkeypatch):
    write(cached())
    monkeypatch.setattr(read, "from_pickle", Mock(side_effect=MemoryError))
    with pytest.raises(MemoryError, match=f"too little memory to read {cached()}"):
        load_mnist()
    assert two_addresses.hits == []


# Addresses


def test_addresses_are_asked_in_order_the_readers_own_first(two_addresses, monkeypatch):
    for name in "abc":
        two_addresses.answers[f"/{name}"] = answer(b"<html>Sign in</html>")
    own = f"  {two_addresses.url('b')}\n{two_addresses.url('c')} "
    monkeypatch.setenv("MNIST_TUT_URLS", own)
    assert_is_fake(load_mnist([two_addresses.url("a")]))
    assert two_addresses.hits == ["/a", "/b", "/c", "/bad", "/good"]
    assert names(cached().parent) == [FILE_NAME]
    assert digest(cached()) == find.MD5  # the published bytes, as they came


@pytest.mark.parametrize("form", ["another packing", "IDX"])
def test_what_a_stranger_packed_is_taken_for_its_content_and_packed_anew(server, form):
    server.answers["/x"] = answer(OTHERWISE)
    server.answers |= {f"/bad/{n}": answer(c) for n, c in IDX.items()}
    server.answers[f"/bad/{[*IDX][2]}"] = answer(b"<html>")
    addresses = ["bad/", "idx/"] if form == "IDX" else ["x"]
    assert_is_fake(load_mnist([server.url(name) for name in addresses]))
    hits = [f"/{folder}/{n}" for folder in ("bad", "idx") for n in IDX]
    assert server.hits == (hits if form == "IDX" else ["/x"])
    known = [hashlib.md5(content).hexdigest() for content in (OTHERWISE, PACKED)]
    assert digest(cached()) not in known
    assert cached().read_bytes()[4:8] == bytes(4)  # no time: the same each time
    assert_is_fake(pickle.loads(gzip.decompress(cached().read_bytes())))
    assert_is_fake(load_mnist())


@pytest.mark.parametrize("form", ["file", "published", "IDX"])
def test_a_path_is_an_address_too_and_what_is_there_stays(tmp_path, form):
    own = tmp_path / "own"
    path = put(own, form)
    missing, wrong = tmp_path / "none", write(tmp_path / "wrong.gz", THESIS)
    before = names(own)
    assert_is_fake(load_mnist([str(missing), str(wrong), str(path)]))
    assert wrong.read_bytes() == THESIS
    assert names(own) == before
    assert names(cached().parent) == [FILE_NAME]


def test_where_every_address_fails_the_error_says_all_and_nothing_changes(
    two_addresses, tmp_path, caplog, drawn
):
    two_addresses.answers["/good"] = answer(b"oops", 500)
    write(cached(), THESIS)
    missing = str(tmp_path / "no such file")
    with pytest.raises(DataError) as caught:
        load_mnist([missing, "a\0b"])
    for part in (*find.URLS, "404", "500", missing, "a?b is not", "MNIST_TUT_DATA"):
        assert part in str(caught.value)
    assert f"{cached()} is not MNIST" in caplog.text
    assert names(cached().parent) == [FILE_NAME]
    assert cached().read_bytes() == THESIS
    assert drawn == []


def test_the_published_addresses_are_asked_over_https_files_first(monkeypatch):
    monkeypatch.undo()
    assert all(url.startswith("https://") for url in find.URLS)
    assert [url.endswith("/") for url in find.URLS] == [False, False, True, True]


def test_a_machine_that_refuses_md5_for_security_reads_mnist_all_the_same(
    two_addresses, monkeypatch
):
    md5 = hashlib.md5

    def fips(content, usedforsecurity=True):
        assert not usedforsecurity
        return md5(content)

    monkeypatch.setattr(hashlib, "md5", fips)
    assert_is_fake(load_mnist())


# The stand-in


@pytest.mark.parametrize("mode", ["allow", "only"])
def test_the_stand_in_is_drawn_once_in_mnists_sizes_and_kept(
    two_addresses, monkeypatch, caplog, mode
):
    two_addresses.answers["/good"] = answer(b"", 404)
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    if mode == "only":
        monkeypatch.setenv("MNIST_TUT_DATA", "missing")
        write(cached())
    torch.set_default_dtype(torch.float64)
    try:
        first = load_mnist()
    finally:
        torch.set_default_dtype(torch.float32)
    assert_same(first, strokes.make_strokes(sizes=SIZES))
    monkeypatch.setattr(strokes, "make_strokes", None)
    folder, source = for_pages()
    assert source == "stand-in"
    program = hashlib.sha256(Path(strokes.__file__).read_bytes()).hexdigest()
    assert folder.name == f"strokes-{program[:12]}"  # another draws another
    assert names(folder) == [FILE_NAME]
    assert_same(load_for_page(), first)
    assert [array.dtype for array in load_for_page()[0]] == [a.dtype for a in FAKE[0]]
    warned = "Using the stand-in, as there is no MNIST here: MNIST could not be"
    assert (warned in caplog.text) == (mode == "allow")
    assert (two_addresses.hits == []) == (mode == "only")
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_in_earnest_the_stand_in_can_be_read_again():
    drawn = strokes.make_strokes(sizes=(0, 400, 0))
    packed = read.pack([(x.numpy(), y.numpy()) for x, y in drawn])
    assert 175 * len(packed) < 2**28  # 70,000 pictures, and what is read at most
    assert len(packed) > 10_000


@pytest.mark.parametrize("mode", ["yes", "ALLOW", " only", "1"])
def test_any_other_word_for_the_stand_in_is_an_error(monkeypatch, mode):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    write(cached())
    with pytest.raises(DataError, match=r"'allow'.*'only'.*'never'") as caught:
        load_mnist()
    assert repr(mode) in str(caught.value)
