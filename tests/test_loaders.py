import pytest
import torch
from torch.utils.data import DataLoader, Dataset, TensorDataset

from mnist_tut.loaders import (
    WrappedDataLoader,
    batched_dl,
    get_data,
    loader_for,
    preprocess,
)


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
    assert (len(train_dl), len(valid_dl)) == (7, 3)


def test_training_data_come_in_a_new_order_every_epoch_and_each_example_once():
    train_dl, _ = get_data(numbered(100), numbered(5), 8)
    first, second = order(train_dl), order(train_dl)
    assert first != second
    assert list(range(100)) not in (first, second)
    assert sorted(first) == sorted(second) == list(range(100))


def test_the_order_of_the_training_data_hangs_on_the_seed():
    train_dl, _ = get_data(numbered(100), numbered(5), 8)
    torch.manual_seed(4)
    first = order(train_dl)
    torch.manual_seed(4)
    assert order(train_dl) == first


def test_without_shuffling_training_data_come_in_order():
    train_dl, _ = get_data(numbered(50), numbered(5), 8, shuffle=False)
    assert order(train_dl) == order(train_dl) == list(range(50))


@pytest.mark.parametrize("shuffle", [True, False])
def test_validation_data_always_come_in_order(shuffle):
    _, valid_dl = get_data(numbered(5), numbered(50), 8, shuffle=shuffle)
    assert order(valid_dl) == list(range(50))


@pytest.mark.parametrize(
    ("sizes", "name"), [((0, 5), "train_ds"), ((5, 0), "valid_ds")]
)
def test_an_empty_data_set_is_refused_by_name(sizes, name):
    with pytest.raises(ValueError, match=f"^{name} is empty"):
        get_data(*map(numbered, sizes), 8)


@pytest.mark.parametrize("bs", [0, -3, 8.0, True, None])
@pytest.mark.parametrize(
    "make",
    [
        lambda bs: get_data(numbered(5), numbered(5), bs),
        lambda bs: batched_dl(numbered(5), bs),
    ],
)
def test_a_batch_size_that_is_no_count_is_refused(make, bs):
    with pytest.raises(ValueError, match=f"^bs must be .* not {bs!r}$"):
        make(bs)


def test_get_data_hands_out_the_batches_of_plain_loaders_for_the_same_seed():
    torch.manual_seed(3)
    train_dl, valid_dl = get_data(numbered(50), numbered(35), 8)
    ours = order(train_dl) + order(valid_dl)
    torch.manual_seed(3)
    plain = DataLoader(numbered(50), batch_size=8, shuffle=True)
    assert ours == order(plain) + list(range(35))


# loader_for


class OneByOne(Dataset):
    """A data set that does not understand a list of positions."""

    def __len__(self):
        return 20

    def __getitem__(self, i):
        return torch.tensor([float(i)]), i % 10


class Single(TensorDataset):
    """A data set of tensors that hands out pairs in its own way, one at a time."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        return torch.tensor([float(x)]), int(y)


def test_tensors_are_indexed_once_per_batch_by_both_loaders_of_get_data(monkeypatch):
    asked, getitem = [], TensorDataset.__getitem__

    def ask(ds, index):
        asked.append(index)
        return getitem(ds, index)

    monkeypatch.setattr(TensorDataset, "__getitem__", ask)
    for dl in get_data(numbered(20), numbered(12), 8, shuffle=False):
        order(dl)
    assert asked[:3] == [[*range(8)], [*range(8, 16)], [*range(16, 20)]]
    assert asked[3:] == [[*range(12)]]


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("ds", [OneByOne(), Single(*numbered(20).tensors)])
def test_any_other_data_set_is_asked_row_by_row(ds, shuffle):
    dl = loader_for(ds, 8, shuffle=shuffle)
    assert sorted(order(dl)) == list(range(20))
    assert (order(dl) == list(range(20))) == (not shuffle)
    assert lengths(dl) == [8, 8, 4]


def test_a_loader_for_a_data_set_that_is_empty_or_for_no_batch_size_is_refused():
    class Empty(OneByOne):
        def __len__(self):
            return 0

    with pytest.raises(ValueError, match=r"^ds is empty"):
        loader_for(Empty(), 8)
    with pytest.raises(ValueError, match=r"^bs must be .* not 0$"):
        loader_for(OneByOne(), 0)


@pytest.mark.parametrize("ds", [numbered(9), OneByOne()])
def test_batches_are_pinned_only_when_that_is_asked_for(ds):
    for pin in (True, False):
        asked = {"pin_memory": pin}
        loaders = [*get_data(ds, ds, 8, **asked), loader_for(ds, 8, **asked)]
        assert [dl.pin_memory for dl in loaders] == [pin] * 3
    loaders = [*get_data(ds, ds, 8), loader_for(ds, 8), batched_dl(numbered(9), 8)]
    assert not any(dl.pin_memory for dl in loaders)


# batched_dl


@pytest.mark.parametrize("n", [1, 8, 50])
def test_a_batched_loader_gives_the_batches_of_a_plain_one(n):
    ours, plain = batched_dl(numbered(n), 8), DataLoader(numbered(n), batch_size=8)
    assert len(ours) == len(plain)
    for got, wanted in zip(ours, plain, strict=True):
        assert len(got) == len(wanted) == 2
        assert all(torch.equal(*pair) for pair in zip(got, wanted, strict=True))


def test_a_shuffled_batched_loader_follows_the_seed_like_a_plain_one():
    orders = []
    for dl in (
        batched_dl(numbered(50), 8, shuffle=True),
        DataLoader(numbered(50), batch_size=8, shuffle=True),
    ):
        torch.manual_seed(7)
        orders.append(order(dl) + order(dl))
    assert orders[0] == orders[1]


def test_a_shuffled_batched_loader_covers_each_example_once_in_a_new_order_every_epoch():
    dl = batched_dl(numbered(50), 8, shuffle=True)
    first, second = order(dl), order(dl)
    assert first != second
    assert sorted(first) == sorted(second) == list(range(50))
    assert lengths(dl) == [8] * 6 + [2]


@pytest.mark.parametrize("shuffle", [True, False])
def test_a_batched_loader_asks_its_data_set_once_per_batch(shuffle):
    asked = []

    class Spy(TensorDataset):
        def __getitem__(self, index):
            asked.append(len(index))
            return super().__getitem__(index)

    list(batched_dl(Spy(*numbered(50).tensors), 20, shuffle=shuffle))
    assert asked == [20, 20, 10]


def test_a_batched_loader_of_an_empty_data_set_is_refused():
    with pytest.raises(ValueError, match=r"^ds is empty"):
        batched_dl(numbered(0), 8)


# preprocess


@pytest.mark.parametrize(("pixels", "side"), [(784, 28), (1024, 32), (1, 1)])
def test_the_side_of_the_pictures_is_worked_out_from_their_pixels(pixels, side):
    x = torch.arange(3 * pixels).view(3, pixels)
    y = torch.tensor([3, 1, 2])
    pictures, labels = preprocess(x, y)
    assert pictures.shape == (3, 1, side, side)
    assert pictures[2, 0, side - 1, 0] == x[2, (side - 1) * side]
    assert torch.equal(labels, y)


def test_without_a_device_the_batch_stays_where_it_is_uncopied():
    x, y = torch.zeros(2, 784), torch.zeros(2).long()
    pictures, labels = preprocess(x, y)
    assert pictures.data_ptr() == x.data_ptr()
    assert labels is y


@pytest.mark.parametrize("device", ["cpu", "meta", torch.device("meta")])
def test_pictures_and_labels_both_move_to_the_device(device):
    pictures, labels = preprocess(torch.zeros(2, 784), torch.zeros(2).long(), device)
    assert pictures.device == labels.device == torch.device(device)


@pytest.mark.parametrize("pinned", [True, False])
def test_the_move_to_a_device_is_not_waited_for_where_the_batch_is_pinned(
    monkeypatch, pinned
):
    asked = []

    def to(tensor, *args, **kwargs):
        asked.append((args, kwargs))
        return tensor

    monkeypatch.setattr(torch.Tensor, "to", to)
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda tensor: pinned)
    preprocess(torch.zeros(2, 784), torch.zeros(2).long(), "somewhere")
    assert asked == [(("somewhere",), {"non_blocking": pinned})] * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.uint8])
def test_pictures_and_labels_keep_their_types(dtype):
    pictures, labels = preprocess(
        torch.zeros(2, 784, dtype=dtype), torch.zeros(2).long(), "cpu"
    )
    assert (pictures.dtype, labels.dtype) == (dtype, torch.int64)


@pytest.mark.parametrize(
    "shape", [(3, 783), (3, 785), (3, 28, 28), (3, 1, 4), (3,), (3, 0)]
)
def test_rows_that_make_no_square_are_refused_with_their_shape(shape):
    with pytest.raises(
        ValueError, match=r"need rows of side \* side pixels"
    ) as refused:
        preprocess(torch.zeros(shape), torch.zeros(3).long())
    assert str(shape) in str(refused.value)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (torch.zeros(0, 784), torch.zeros(0).long(), ValueError, "the batch is empty"),
        (torch.zeros(2, 784), torch.zeros(1).long(), ValueError, "2 rows but 1 labels"),
        (
            torch.zeros(2, 784),
            torch.tensor([0, -1]),
            ValueError,
            "labels run from -1 to 0",
        ),
        (
            torch.zeros(2, 784),
            torch.tensor([0, 10]),
            ValueError,
            r"labels run from 0 to 10",
        ),
        (torch.zeros(2, 784), torch.zeros(2), TypeError, "labels are torch.float32"),
    ],
)
def test_a_bad_batch_is_refused_with_the_reason(x, y, error, message):
    with pytest.raises(error, match=message):
        preprocess(x, y)


# WrappedDataLoader


def test_a_wrapped_loader_passes_every_batch_through_its_function_in_order():
    plain = DataLoader(numbered(20), batch_size=8)
    wrapped = WrappedDataLoader(plain, lambda x, y: (x * 2, y + 100))
    batches = list(wrapped)
    assert len(batches) == 3
    for (xb, yb), (x, y) in zip(batches, plain, strict=True):
        assert torch.equal(xb, x * 2)
        assert torch.equal(yb, y + 100)


def test_a_wrapped_loader_has_the_length_of_its_loader_and_can_be_walked_again():
    wrapped = WrappedDataLoader(
        DataLoader(numbered(20), batch_size=8), lambda x, y: (x, y)
    )
    assert [len(wrapped), len(wrapped)] == [3, 3]
    assert order(wrapped) == order(wrapped) == list(range(20))


def test_a_wrapped_loader_asks_for_a_batch_only_when_it_is_wanted():
    seen = []
    wrapped = WrappedDataLoader(
        DataLoader(numbered(20), batch_size=8), lambda x, y: seen.append(len(x))
    )
    next(iter(wrapped))
    assert seen == [8]


def test_a_wrapped_loader_of_flat_rows_hands_out_pictures():
    ds = TensorDataset(torch.rand(5, 784), torch.arange(5))
    [(xb, yb)] = WrappedDataLoader(DataLoader(ds, batch_size=8), preprocess)
    assert torch.equal(xb, ds.tensors[0].view(5, 1, 28, 28))
    assert torch.equal(yb, ds.tensors[1])
