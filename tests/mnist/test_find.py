"""MNIST is found, kept and loaded, or the reason is told, whatever is set and wherever it lies."""

import gzip
import itertools
import logging
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from support.data_world import (
    FAKE,
    IDX,
    OTHERWISE,
    PACKED,
    REAL,
    answer,
    assert_is_fake,
    cached,
    names,
    needs_real,
    write,
    write_idx,
)

from mnist_tut.mnist import (
    DataError,
    cache,
    find,
    for_pages,
    get_mnist,
    load_mnist,
    read,
    strokes,
)
from mnist_tut.mnist.read import FILE_NAME

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def two_addresses(server, monkeypatch):
    server.answers["/bad"] = answer(b"gone", 404)
    monkeypatch.setattr(find, "URLS", (server.url("bad"), server.url("good")))
    return server


def load_for_page():
    return get_mnist(Path("not/used"), "http://not/used", 1, "not used")


def assert_is_stand_in(mnist):
    drawn = itertools.chain(*strokes.make_strokes(sizes=(12, 7, 5)))
    assert all(map(torch.equal, mnist, drawn))


@needs_real
def test_the_real_file_is_read_and_kept_for_next_time(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.delenv("MNIST_TUT_DATA")
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "never")
    first = load_mnist([str(REAL)])
    assert [tuple(t.shape) for t in first[::2]] == [(n, 784) for n in read.SIZES]
    assert first.y_train[:3].tolist() == [5, 0, 4]
    assert first.x_train.max() == 255 / 256
    assert for_pages() == (tmp_path / "mnist", "MNIST")
    pairs = load_for_page()
    for tensor, array in zip(first, itertools.chain(*pairs), strict=True):
        np.testing.assert_array_equal(tensor.numpy(), array)


def test_mnist_comes_as_six_tensors_in_the_tutorials_order_ours_to_change():
    write(cached())
    mnist = load_mnist()
    assert mnist._fields == tuple(read.SHA256)
    assert_is_fake(mnist)
    mnist.x_train.add_(1)
    assert_is_fake(load_mnist())


def test_pages_get_the_same_as_three_pairs_whatever_they_name():
    write(cached())
    assert_is_fake(load_for_page())


# The folder of the reader's own


@pytest.mark.parametrize("form", ["published", "IDX", "file"])
@pytest.mark.parametrize("mode", ["", "never", "allow"])
def test_the_folder_of_the_environment_comes_first_and_stays_as_it_is(
    two_addresses, tmp_path, monkeypatch, form, mode
):
    own = tmp_path / "my own 数据"
    write_idx(own) if form == "IDX" else write(own / FILE_NAME)
    before = {path: path.read_bytes() for path in own.iterdir()}
    write(cached(), b"bad")
    asked = own / FILE_NAME if form == "file" else own
    monkeypatch.setenv("MNIST_TUT_DATA", str(asked))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert_is_fake(load_mnist())
    assert for_pages() == (asked, "MNIST")
    assert {path: path.read_bytes() for path in own.iterdir()} == before
    assert cached().read_bytes() == b"bad"
    assert two_addresses.hits == []


@pytest.mark.parametrize("mode", ["", "allow"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "is not there"), (b"bad", "header"), (PACKED[:-9], "cut off")],
)
def test_a_bad_folder_in_the_environment_is_an_error_whatever_else_there_is(
    two_addresses, tmp_path, monkeypatch, mode, content, reason
):
    own = tmp_path / "own" / FILE_NAME
    if content is not None:
        write(own, content)
    write(cached())
    monkeypatch.setenv("MNIST_TUT_DATA", str(own.parent))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    with pytest.raises(DataError, match=reason) as caught:
        load_mnist()
    assert str(own.parent) in str(caught.value)
    assert "unset it" in caught.value.remedy
    assert content is None or own.read_bytes() == content
    assert two_addresses.hits == []


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    write(tmp_path / "data" / FILE_NAME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUT_DATA", "~/data")
    assert_is_fake(load_mnist())
    monkeypatch.setenv("MNIST_TUT_DATA", "~nobody-of-this-name/data")
    with pytest.raises(DataError, match="is not there"):
        load_mnist()
    monkeypatch.setenv("MNIST_TUT_CACHE", "~/cache")
    assert find.cache_folder() == tmp_path / "cache"
    monkeypatch.setenv("MNIST_TUT_DATA", "")
    assert_is_fake(load_mnist(["~/data"]))


# The cache


@pytest.mark.parametrize("form", ["published", "IDX"])
def test_the_cache_is_used_without_asking(two_addresses, monkeypatch, form):
    monkeypatch.setenv("MNIST_TUT_DATA", "")  # empty is as good as unset
    write_idx(cached().parent) if form == "IDX" else write(cached())
    before = names(cached().parent)
    assert_is_fake(load_mnist())
    assert names(cached().parent) == before
    assert two_addresses.hits == []
    assert for_pages() == (cached().parent, "MNIST")


def test_a_checkout_keeps_its_data_beside_the_package_and_an_installation_in_the_cwd(
    monkeypatch, tmp_path
):
    monkeypatch.setenv("MNIST_TUT_CACHE", "")
    assert find.cache_folder() == Path(__file__).parents[2] / "data"
    monkeypatch.setattr(find, "__file__", str(tmp_path / "mnist_tut/mnist/find.py"))
    assert find.cache_folder() == Path("data")


def test_what_arrived_while_waiting_for_the_lock_is_not_fetched_again(
    two_addresses, monkeypatch
):
    lock = cache.lock

    def someone_else_writes(path):
        write(path)
        return lock(path)

    monkeypatch.setattr(cache, "lock", someone_else_writes)
    assert_is_fake(load_mnist())
    assert two_addresses.hits == []


# Addresses


def test_addresses_are_asked_in_order_the_readers_own_first(two_addresses, monkeypatch):
    for name in "abc":
        two_addresses.answers[f"/{name}"] = answer(b"no", 404)
    own = f"  {two_addresses.url('b')}\n{two_addresses.url('c')} "
    monkeypatch.setenv("MNIST_TUT_URLS", own)
    assert_is_fake(load_mnist([two_addresses.url("a")]))
    assert two_addresses.hits == ["/a", "/b", "/c", "/bad", "/good"]
    assert names(cached().parent) == [FILE_NAME]
    assert cached().read_bytes() == PACKED  # the published bytes, as they came


def test_after_bad_content_the_next_address_is_asked_and_nothing_of_it_is_kept(
    two_addresses,
):
    two_addresses.answers["/bad"] = answer(b"<html>Sign in</html>")
    assert_is_fake(load_mnist())
    assert names(cached().parent) == [FILE_NAME]


@pytest.mark.parametrize("form", ["another packing", "IDX"])
def test_what_a_stranger_packed_is_taken_for_its_content_and_packed_anew(server, form):
    server.answers["/x"] = answer(OTHERWISE)
    assert_is_fake(load_mnist([server.url("x" if form != "IDX" else "idx/")]))
    hits = [f"/idx/{name}" for name in IDX] if form == "IDX" else ["/x"]
    assert server.hits == hits
    assert cached().read_bytes() not in (OTHERWISE, PACKED)
    assert_is_fake(pickle.loads(gzip.decompress(cached().read_bytes())))
    assert_is_fake(load_mnist())


def test_where_one_of_the_four_files_is_wrong_the_next_address_is_asked(server):
    server.answers |= {f"/bad/{n}": answer(c) for n, c in IDX.items()}
    server.answers[f"/bad/{[*IDX][2]}"] = answer(b"<html>")
    assert_is_fake(load_mnist([server.url("bad/"), server.url("idx/")]))


@pytest.mark.parametrize("form", ["file", "folder", "IDX"])
def test_a_path_is_an_address_too_and_what_is_there_stays(tmp_path, form):
    own = tmp_path / "own"
    write_idx(own) if form == "IDX" else write(own / FILE_NAME)
    path = own / FILE_NAME if form == "file" else own
    missing, wrong = tmp_path / "none", write(tmp_path / "wrong.gz", b"thesis")
    before = names(own)
    assert_is_fake(load_mnist([str(missing), str(wrong), str(path)]))
    assert wrong.read_bytes() == b"thesis"
    assert names(own) == before
    assert names(cached().parent) == [FILE_NAME]


def test_where_every_address_fails_the_error_says_all_and_nothing_is_left(
    two_addresses, tmp_path
):
    two_addresses.answers["/good"] = answer(b"oops", 500)
    missing = str(tmp_path / "no such file")
    with pytest.raises(DataError) as caught:
        load_mnist([missing])
    for part in (*find.URLS, "404", "500", missing, "MNIST_TUT_DATA"):
        assert part in str(caught.value)
    assert names(cached().parent) == []


def test_the_published_addresses_are_asked_over_https_in_order(monkeypatch):
    monkeypatch.undo()
    github, figshare, *folders = find.URLS
    assert github.startswith("https://github.com/pytorch/tutorials/")
    assert github.endswith("/_static/mnist.pkl.gz")
    assert figshare == "https://figshare.com/ndownloader/files/25635053"
    assert len(folders) == 2
    assert all(f.startswith("https://") and f.endswith("/") for f in folders)
    assert find.MD5 == "a02cd19f81d51c426d7ca14024243ce9"


# Without MNIST


def test_without_mnist_there_is_an_error_and_no_stand_in(drawn):
    with pytest.raises(DataError, match="could not be downloaded"):
        load_mnist()
    assert drawn == []


def test_the_strokes_are_used_with_a_warning_where_they_are_allowed(
    monkeypatch, caplog
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    assert_is_stand_in(load_mnist())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "stand-in" in record.getMessage()
    assert "could not be downloaded" in record.getMessage()


def test_mnist_is_preferred_where_the_stand_in_is_allowed(monkeypatch, caplog, drawn):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    write(cached())
    assert_is_fake(load_mnist())
    assert drawn == []
    assert caplog.records == []


def test_only_the_stand_in_means_that_nothing_else_is_tried(
    two_addresses, monkeypatch, tmp_path, drawn
):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path / "missing"))
    write(cached())
    assert_is_stand_in(load_mnist())
    assert drawn[0] == (12, 7, 5)
    assert two_addresses.hits == []
    folder, source = for_pages()
    assert source == "stand-in"
    assert names(folder) == [FILE_NAME]
    for array, tensor in zip(
        itertools.chain(*load_for_page()), load_mnist(), strict=True
    ):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert array.dtype == tensor.numpy().dtype == FAKE[0][array.ndim == 1].dtype


@pytest.mark.parametrize("mode", ["yes", "ALLOW", " only", "1"])
def test_any_other_word_for_the_stand_in_is_an_error(monkeypatch, mode):
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    write(cached())
    with pytest.raises(DataError, match=r"'allow'.*'only'.*'never'") as caught:
        load_mnist()
    assert repr(mode) in str(caught.value)
