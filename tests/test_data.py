"""MNIST is found, kept and loaded, or the reason is told, whatever is set and wherever it lies."""

import itertools
import logging
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from data_world import (
    FAKE,
    IDX,
    KEPT,
    PACKED,
    REAL,
    SIZES,
    Server,
    answer,
    assert_is_fake,
    cached,
    names,
    needs_real,
    no_settings,
    put,
    someone_else_writes,
    write,
    write_idx,
)
from filelock import FileLock

from mnist_tut import data, data_short, fetching, keeping, reading, strokes
from mnist_tut.errors import DataError
from mnist_tut.reading import FILE_NAME, KEPT_NAME

pytestmark = pytest.mark.usefixtures("small_world")


@pytest.fixture
def two_addresses(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(data, "URLS", (server.url("bad"), server.url("good")))
    return server


def assert_same(a: data.Mnist, b: data.Mnist) -> None:
    for one, other in zip(a, b, strict=True):
        assert one.dtype == other.dtype
        assert torch.equal(one, other)


def assert_is_stand_in(mnist: data.Mnist) -> None:
    tensors = itertools.chain(*strokes.make_strokes(sizes=SIZES))
    assert_same(mnist, data.Mnist(*tensors))
    assert data.data_source(mnist) == "stand-in"


@needs_real
def test_the_real_file_is_read_kept_and_known_as_mnist(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.undo()
    no_settings(monkeypatch)
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path))
    first = data.load_mnist([str(REAL)])
    assert [tuple(t.shape) for t in first] == [
        *((50_000, 784), (50_000,)),
        *((10_000, 784), (10_000,)),
        *((10_000, 784), (10_000,)),
    ]
    assert first.y_train[:3].tolist() == [5, 0, 4]
    assert first.x_train.max() == 255 / 256
    assert data.data_source(first) == "MNIST"
    monkeypatch.setattr(reading, "read_pickled", None)  # not needed any more
    assert_same(data.load_mnist(), first)


def test_mnist_comes_as_six_tensors_in_the_tutorials_order() -> None:
    write(cached())
    mnist = data.load_mnist()
    assert mnist._fields == reading.Arrays._fields
    assert_is_fake(mnist)
    x_train, y_train, *_ = mnist
    assert x_train.dtype == torch.float32
    assert y_train.dtype == torch.int64
    x_train.add_(1)  # ours to change
    assert data.data_source(mnist) == "MNIST"
    assert_is_fake(data.load_mnist())


# The folder of the reader's own -------------------------------------------------------


@pytest.mark.parametrize("form", ["published", "IDX"])
def test_the_folder_of_the_environment_comes_first_and_stays_as_it_is(
    two_addresses: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    own = tmp_path / "my own 数据"
    write_idx(own) if form == "IDX" else write(own / FILE_NAME)
    before = {path: path.read_bytes() for path in own.iterdir()}
    write(cached(), b"bad")
    monkeypatch.setenv("MNIST_TUT_DATA", str(own))
    assert_is_fake(data.load_mnist())
    assert {path: path.read_bytes() for path in own.iterdir()} == before
    assert cached().read_bytes() == b"bad"
    assert two_addresses.hits == []


@pytest.mark.parametrize("mode", ["", "allow"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "no regular file"), (b"bad", "header"), (PACKED[:-9], "cut off")],
)
def test_a_bad_folder_in_the_environment_is_an_error_whatever_else_there_is(
    two_addresses: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mode: str,
    content: bytes | None,
    reason: str,
) -> None:
    own = tmp_path / "own" / FILE_NAME
    if content is not None:
        write(own, content)
    write(cached())
    monkeypatch.setenv("MNIST_TUT_DATA", str(own.parent))
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    with pytest.raises(DataError, match=reason) as caught:
        data.load_mnist()
    assert str(own.parent) in str(caught.value)
    assert "unset it" in str(caught.value)
    assert names(own.parent) == ([] if content is None else [own.name])
    assert content is None or own.read_bytes() == content
    assert two_addresses.hits == []


def test_a_folder_that_cannot_even_be_looked_into_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MNIST_TUT_DATA", 5000 * "x")
    with pytest.raises(DataError, match="File name too long") as caught:
        data.load_mnist()
    assert "unset it" in caught.value.remedy


def test_a_tilde_in_the_environment_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "data" / FILE_NAME)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MNIST_TUT_DATA", "~/data")
    assert_is_fake(data.load_mnist())
    monkeypatch.setenv("MNIST_TUT_DATA", "~nobody-of-this-name/data")
    with pytest.raises(DataError, match="no regular file"):
        data.load_mnist()


# The cache ----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["published", "IDX", "kept"])
def test_the_cache_is_used_without_asking_and_kept_in_the_fast_form(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("MNIST_TUT_DATA", "")  # empty is as good as unset
    if form == "IDX":
        write_idx(data.cache())
    else:
        write(*((cached(),) if form == "published" else (cached(KEPT_NAME), KEPT)))
    before = names(data.cache())
    assert_is_fake(data.load_mnist())
    assert cached(KEPT_NAME).read_bytes() == KEPT
    assert names(data.cache()) == sorted({*before, KEPT_NAME})
    assert two_addresses.hits == []


def test_a_folder_for_the_cache_can_be_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MNIST_TUT_CACHE", str(tmp_path))
    assert data.cache() == tmp_path / "mnist"
    monkeypatch.setenv("MNIST_TUT_CACHE", "")
    assert data.cache() == data.DATA_PATH / "mnist"


def test_what_was_left_of_broken_downloads_is_cleared_up_in_the_end() -> None:
    for name in ("a.part", "a.etag", "thesis.txt"):
        write(cached(name), b"x")
    write(cached())
    data.load_mnist()
    assert names(data.cache()) == sorted([FILE_NAME, KEPT_NAME, "thesis.txt"])


def test_good_data_is_used_where_nothing_can_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(path: Path) -> None:
        raise PermissionError(f"no lock for {path}")

    write(cached())
    monkeypatch.setattr(keeping, "lock", forbidden)
    assert_is_fake(data.load_mnist())
    assert names(data.cache()) == [FILE_NAME]


def test_what_arrived_while_waiting_for_the_lock_is_not_fetched_again(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "lock", lambda path: someone_else_writes(KEPT, path))
    assert_is_fake(data.load_mnist())
    assert two_addresses.hits == []


def test_waiting_for_another_process_comes_to_an_end(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "LOCK_SECONDS", 0.05)
    data.cache().mkdir(parents=True)
    with (
        FileLock(f"{cached(KEPT_NAME)}.lock"),
        pytest.raises(DataError, match="lock") as caught,
    ):
        data.load_mnist()
    assert str(data.cache()) in str(caught.value)
    assert two_addresses.hits == []


# Addresses ----------------------------------------------------------------------------


def test_addresses_are_asked_in_order_the_readers_own_first(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        server.answers[f"/{name}"] = answer(b"no", 404)
    monkeypatch.setattr(data, "URLS", (server.url("d"), server.url("good")))
    own = f"  {server.url('b')}\n{server.url('c')} "
    monkeypatch.setenv("MNIST_TUT_URLS", own)
    assert_is_fake(data.load_mnist([server.url("a")]))
    assert server.hits == ["/a", "/b", "/c", "/d", "/good"]
    assert names(data.cache()) == [FILE_NAME, KEPT_NAME]


def test_the_four_original_files_are_a_source_without_any_pickle(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "read_pickled", None)
    assert_is_fake(data.load_mnist([server.url("idx/")]))
    assert server.hits == [f"/idx/{name}" for name in IDX]
    assert names(data.cache()) == sorted([KEPT_NAME, *IDX])


def test_of_the_four_files_only_those_that_are_missing_or_wrong_are_fetched(
    server: Server,
) -> None:
    first, second, third, fourth = IDX
    write(cached(second), IDX[second])
    write(cached(third), b"wrong")
    assert_is_fake(data.load_mnist([server.url("idx/")]))
    assert server.hits == [f"/idx/{name}" for name in (first, third, fourth)]
    assert cached(f"{third}.rejected-1").read_bytes() == b"wrong"


def test_where_one_of_the_four_files_is_wrong_the_next_address_is_asked(
    server: Server,
) -> None:
    name = [*IDX][2]
    server.answers[f"/bad/{name}"] = answer(b"<html>")
    server.answers |= {f"/bad/{n}": answer(c) for n, c in IDX.items() if n != name}
    assert_is_fake(data.load_mnist([server.url("bad/"), server.url("idx/")]))
    assert server.hits[-2:] == [f"/idx/{n}" for n in [*IDX][2:]]  # two were good
    assert cached(f"{name}.rejected-1").read_bytes() == b"<html>"


@pytest.mark.parametrize("form", ["published", "IDX"])
def test_a_path_is_an_address_too_and_what_is_there_stays(
    tmp_path: Path, form: str
) -> None:
    own = write_idx(tmp_path / "own") if form == "IDX" else write(tmp_path / "mine.gz")
    missing, wrong = tmp_path / "none", write(tmp_path / "wrong.gz", b"thesis")
    assert_is_fake(data.load_mnist([str(missing), str(wrong), str(own)]))
    assert wrong.read_bytes() == b"thesis"
    assert own.exists()
    assert names(data.cache()) == [KEPT_NAME]


def test_where_every_address_fails_the_error_says_all_and_nothing_is_left(
    two_addresses: Server, tmp_path: Path
) -> None:
    two_addresses.answers["/bad"] = answer(b"gone", 404)
    two_addresses.answers["/good"] = answer(b"oops", 500)
    missing = str(tmp_path / "no such file")
    with pytest.raises(DataError) as caught:
        data.load_mnist([missing])
    message = str(caught.value)
    for part in (*data.URLS, "404", "500", missing, str(cached()), "MNIST_TUT_DATA"):
        assert part in message
    assert names(data.cache()) == []


def test_after_all_its_time_no_further_address_is_tried(
    two_addresses: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "TOTAL_SECONDS", -1)
    with pytest.raises(DataError, match="No more was tried"):
        data.load_mnist()
    assert two_addresses.hits == []


# Without MNIST ------------------------------------------------------------------------


def test_without_mnist_there_is_an_error_and_no_stand_in(drawn: list[Any]) -> None:
    with pytest.raises(DataError, match="could not be downloaded"):
        data.load_mnist()
    assert drawn == []


def test_the_strokes_are_used_with_a_warning_where_they_are_allowed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    assert_is_stand_in(data.load_mnist())
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name == "mnist_tut.data"
    assert "stand-in" in record.getMessage()
    assert "could not be downloaded" in record.getMessage()


def test_mnist_is_preferred_where_the_stand_in_is_allowed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, drawn: list[Any]
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")
    write(cached())
    assert data.data_source(data.load_mnist()) == "MNIST"
    assert drawn == []
    assert caplog.records == []


@pytest.mark.only_names(objects=[strokes.make_strokes])
def test_only_the_stand_in_means_that_nothing_else_is_tried(
    two_addresses: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    drawn: list[Any],
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path / "missing"))
    write(cached())
    assert_is_stand_in(data.load_mnist())
    assert drawn
    assert two_addresses.hits == []
    assert caplog.records == []


@pytest.mark.parametrize("mode", ["yes", "ALLOW", " only"])
def test_any_other_word_for_the_stand_in_is_an_error(
    monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    write(cached())
    with pytest.raises(DataError, match=r"'allow'.*'only'") as caught:
        data.load_mnist()
    assert repr(mode) in str(caught.value)


# Saying which -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "change"),
    [("x_valid", put(1 / 2)), ("y_valid", put(5)), ("y_valid", put(-1))],
)
def test_changed_data_is_not_called_mnist(field: str, change: Any) -> None:
    write(cached())
    mnist = data.load_mnist()
    array = change(getattr(mnist, field).numpy().copy())
    assert data.data_source(mnist) == "MNIST"
    other = mnist._replace(**{field: torch.from_numpy(array)})
    assert data.data_source(other) == "stand-in"


def test_normalised_pictures_are_not_called_mnist() -> None:
    write(cached())
    mnist = data.load_mnist()
    assert data.data_source(mnist._replace(x_valid=mnist.x_valid - 0.13)) == "stand-in"


# For the pages ------------------------------------------------------------------------


def read_short(folder: Path) -> list[np.ndarray]:
    """Read as the page does."""
    pairs = data_short.read_arrays(folder / FILE_NAME)
    return [array for pair in pairs for array in pair]


def test_pages_get_the_folder_that_mnist_lies_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(tmp_path / FILE_NAME)
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path))
    assert data.for_pages() == (tmp_path, "MNIST")
    assert names(tmp_path) == [FILE_NAME]


@pytest.mark.parametrize("there", [None, PACKED, b"spoilt"])
def test_pages_get_the_published_form_of_whatever_is_in_the_cache(
    monkeypatch: pytest.MonkeyPatch, there: bytes | None
) -> None:
    write(cached(KEPT_NAME), KEPT)
    if there is not None:
        write(cached(), there)
    assert data.for_pages() == (data.cache(), "MNIST")
    assert (cached().read_bytes() == PACKED) == (there == PACKED)
    assert cached(f"{FILE_NAME}.rejected-1").exists() == (there == b"spoilt")
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "allow")  # for it knows no small MNIST
    for array, true in zip(
        read_short(data.cache()), (a for pair in FAKE for a in pair), strict=True
    ):
        np.testing.assert_array_equal(array, true)
        assert array.dtype == true.dtype


@pytest.mark.usefixtures("drawn")
def test_pages_get_the_stand_in_in_the_published_form_written_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "only")
    folder, source = data.for_pages()
    assert source == "stand-in"
    assert names(folder) == [FILE_NAME]
    for array, tensor in zip(read_short(folder), data.load_mnist(), strict=True):
        np.testing.assert_array_equal(array, tensor.numpy())
        assert array.dtype == tensor.numpy().dtype
    file = write(folder / FILE_NAME, b"as it was left")
    assert data.for_pages() == (folder, source)
    assert file.read_bytes() == b"as it was left"


# The command --------------------------------------------------------------------------


def test_the_command_says_in_one_line_what_is_there_and_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(cached())
    assert data.main([]) == 0
    assert capsys.readouterr() == (f"MNIST: 24 pictures, {cached()}\n", "")
    assert data.main([]) == 0
    assert capsys.readouterr() == (f"MNIST: 24 pictures, {cached(KEPT_NAME)}\n", "")


@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("mode", ["allow", "only"])
def test_the_command_has_a_status_of_its_own_for_the_stand_in(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", mode)
    assert data.main([]) == 3
    said = capsys.readouterr().out
    assert said.startswith(f"stand-in: 24 pictures, {data.cache().parent}")


def test_the_command_fails_with_the_message_on_standard_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert data.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "could not be downloaded" in said.err
    assert "MNIST_TUT_DATA" in said.err


def test_the_command_asks_the_sources_it_is_given(
    two_addresses: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    two_addresses.answers["/own"] = answer(b"no", 404)
    own = [two_addresses.url("own"), two_addresses.url("idx/")]
    assert data.main(["--source", own[0], "--source", own[1]]) == 0
    assert two_addresses.hits == ["/own", *(f"/idx/{name}" for name in IDX)]
    assert capsys.readouterr().out == f"MNIST: 24 pictures, {data.cache()}\n"


def test_the_command_shows_where_it_looks_and_touches_nothing(
    two_addresses: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MNIST_TUT_URLS", "https://me:secret@mirror/mnist.pkl.gz")
    assert data.main(["--where"]) == 1
    said = capsys.readouterr().out
    places = ["not set", str(data.cache()), "https://mirror/", *data.URLS]
    assert sorted(places, key=said.index) == places
    assert "secret" not in said
    assert not data.cache().exists()
    write(cached(), b"whatever")
    assert data.main(["--where"]) == 0
    assert f"{cached()}: 8 bytes" in capsys.readouterr().out
    monkeypatch.setenv("MNIST_TUT_DATA", str(tmp_path / "own"))
    assert data.main(["--where"]) == 1
    assert str(tmp_path / "own") in capsys.readouterr().out
    assert two_addresses.hits == []


def test_the_command_verifies_every_file_and_touches_nothing(
    two_addresses: Server,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert data.main(["--verify"]) == 1
    assert "holds neither" in capsys.readouterr().err
    write(cached())
    write_idx(data.cache())
    write(cached(KEPT_NAME), KEPT)
    assert data.main(["--verify"]) == 0
    good = [cached(KEPT_NAME), cached(), data.cache()]
    assert capsys.readouterr().out == "".join(f"MNIST: {path}\n" for path in good)
    write(cached(KEPT_NAME), KEPT[:-1])
    before = names(data.cache())
    assert data.main(["--verify"]) == 1
    assert str(cached(KEPT_NAME)) in capsys.readouterr().err
    assert names(data.cache()) == before
    monkeypatch.setenv("MNIST_TUT_DATA", str(write(tmp_path / FILE_NAME).parent))
    assert data.main(["--verify"]) == 0
    assert capsys.readouterr().out == f"MNIST: {tmp_path / FILE_NAME}\n"
    assert two_addresses.hits == []


@pytest.mark.parametrize("wrong", [["--nonsense"], ["--where", "--verify"]])
def test_the_command_knows_no_other_arguments(
    capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        data.main(wrong)
    assert caught.value.code == 2
    assert wrong[-1] in capsys.readouterr().err


def test_the_command_explains_its_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        data.main(["--help"])
    said = capsys.readouterr().out
    for status in range(4):
        assert f"\n  {status}  " in said


def test_the_module_runs_as_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MNIST_TUT_STAND_IN", "nonsense")
    monkeypatch.setattr(sys, "argv", ["data"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(data.__file__), run_name="__main__")
    assert caught.value.code == 1
    assert "nonsense" in capsys.readouterr().err


# Constants ----------------------------------------------------------------------------


def test_a_checkout_keeps_its_data_beside_the_package_and_an_installation_in_the_cwd(
    tmp_path: Path,
) -> None:
    package = tmp_path / "mnist_tut"
    assert data._data_path(package) == Path("data")
    (tmp_path / "pyproject.toml").touch()
    assert data._data_path(package) == tmp_path / "data"


def test_the_published_addresses_are_asked_over_https_in_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    github, figshare, *folders = data.URLS
    assert github.startswith("https://github.com/pytorch/tutorials/")
    assert github.endswith("/_static/mnist.pkl.gz")
    assert figshare == "https://figshare.com/ndownloader/files/25635053"
    assert len(folders) == 2
    assert all(f.startswith("https://") and f.endswith("/") for f in folders)
    assert reading.MAX_PACKED > 16_168_813
    assert reading.MAX_UNPACKED > 222_134_543
    assert len(reading.IDX_FILES) == 4
    # whoever waits for another process waits until that has tried everything
    assert keeping.LOCK_SECONDS >= data.TOTAL_SECONDS + fetching.FILE_SECONDS
