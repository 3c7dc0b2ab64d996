import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from mnist_tut.loaders import WrappedDataLoader, batched_dl, get_data, preprocess


def numbered(n):
    """Make a data set whose inputs and labels say where they stand."""
    return TensorDataset(torch.arange(n).float().view(n, 1), torch.arange(n) % 10)


def order(dl):
    """Give the positions that a loader hands out; check that labels stay with their inputs."""
    xs, ys = zip(*dl, strict=True)
    positions = torch.cat(xs).view(-1).long()
    assert torch.equal(torch.cat(ys), positions % 10)
    return positions.tolist()


def lengths(dl):
    return [len(xb) for xb, _ in dl]


# get_data


def test_validation_batches_are_twice_as_large_as_training_batches():
    train_dl, valid_dl = get_data(numbered(50), numbered(35), 8)
    assert lengths(train_dl) == [8] * 6 + [2]
    assert lengths(valid_dl) == [16, 16, 3]


def test_training_data_come_in_a_new_order_every_epoch_and_each_example_once():
    train_dl, _ = get_data(numbered(100), numbered(5), 8)
    first, second = order(train_dl), order(train_dl)
    assert first != second
    assert list(range(100)) not in (first, second)
    assert sorted(first) == sorted(second) == list(range(100))


def test_validation_data_come_in_order():
    _, valid_dl = get_data(numbered(5), numbered(50), 8)
    assert order(valid_dl) == list(range(50))


# preprocess


def test_rows_become_pictures_row_by_row_and_labels_stay():
    x, y = torch.arange(3 * 784).view(3, 784), torch.tensor([4, 5, 6])
    pictures, labels = preprocess(x, y)
    assert pictures.shape == (3, 1, 28, 28)
    assert pictures[2, 0, 5, 7] == x[2, 5 * 28 + 7]
    assert pictures.data_ptr() == x.data_ptr()
    assert labels is y


def test_rows_of_another_size_are_an_error_and_no_nonsense():
    x = torch.zeros(49, 32 * 32)
    assert len(x.view(-1, 1, 28, 28)) == 64  # what -1 would do, as the page warns
    with pytest.raises(RuntimeError, match=r"shape '\[49, 1, 28, 28\]' is invalid"):
        preprocess(x, torch.zeros(49))


# WrappedDataLoader


def test_every_batch_of_a_wrapped_loader_goes_through_the_function():
    dl = DataLoader(numbered(20), batch_size=8)
    wrapped = WrappedDataLoader(dl, lambda x, y: (x + 100, y))
    assert len(wrapped) == len(dl) == 3
    for _ in range(2):  # as often as you like
        shifted, plain = list(wrapped), list(dl)
        assert len(shifted) == len(plain)
        for (x, y), (x0, y0) in zip(shifted, plain, strict=True):
            assert torch.equal(x, x0 + 100)
            assert torch.equal(y, y0)


def test_wrapped_loaders_can_be_wrapped_again_the_inner_function_first():
    dl = DataLoader(numbered(4), batch_size=4)
    twice = WrappedDataLoader(dl, lambda x, y: (x + 1, y))
    twice = WrappedDataLoader(twice, lambda x, y: (x * 10, y))
    [(x, _)] = twice
    assert x.view(-1).tolist() == [10, 20, 30, 40]


# batched_dl


@pytest.mark.parametrize("shuffle", [False, True])
def test_batched_dl_gives_the_batches_of_a_plain_loader_for_the_same_seed(shuffle):
    torch.manual_seed(3)
    ours = list(batched_dl(numbered(50), 8, shuffle=shuffle))
    torch.manual_seed(3)
    plain = list(DataLoader(numbered(50), batch_size=8, shuffle=shuffle))
    assert len(ours) == len(plain) == 7
    for (x, y), (x0, y0) in zip(ours, plain, strict=True):
        assert torch.equal(x, x0)
        assert torch.equal(y, y0)


def test_batched_dl_does_not_shuffle_unless_asked():
    assert order(batched_dl(numbered(50), 8)) == list(range(50))


def test_batched_dl_indexes_once_per_batch(monkeypatch):
    asked, getitem = [], TensorDataset.__getitem__

    def ask(ds, index):
        asked.append(index)
        return getitem(ds, index)

    monkeypatch.setattr(TensorDataset, "__getitem__", ask)
    order(batched_dl(numbered(20), 8))
    assert asked == [[*range(8)], [*range(8, 16)], [*range(16, 20)]]
