"""From data sets to mini-batches."""

from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler

__all__ = ["WrappedDataLoader", "batched_dl", "get_data", "preprocess"]


def get_data(train_ds, valid_ds, bs):
    """Make the two loaders that :func:`mnist_tut.training.fit` wants.

    Parameters
    ----------
    train_ds, valid_ds : Dataset
        Map-style data sets of (input, label) pairs.
    bs : int
        Examples per training batch. Validation batches are twice as large: without gradients
        there is memory for more.

    Returns
    -------
    train_dl, valid_dl : DataLoader
        Mini-batches of inputs and labels; the training data come in a new random order every
        epoch, the validation data in theirs.

    Raises
    ------
    ValueError
        If `bs` is not positive or the training data set is empty.
    """
    train_dl = DataLoader(train_ds, batch_size=bs, shuffle=True)
    return train_dl, DataLoader(valid_ds, batch_size=bs * 2)


def preprocess(x, y):
    """View the flat rows of a mini-batch as pictures of one channel.

    Parameters
    ----------
    x : (n, 784) Tensor
        One row per picture.
    y : (n,) Tensor
        Their labels.

    Returns
    -------
    x : (n, 1, 28, 28) Tensor
        A view: no pixel is copied.
    y : (n,) Tensor
        As it came.

    Raises
    ------
    RuntimeError
        If the rows do not have 784 pixels. ``view(-1, 1, 28, 28)`` would make 64 pictures of
        nonsense out of 49 pictures of 32 x 32, and say nothing.
    """
    return x.view(len(x), 1, 28, 28), y


class WrappedDataLoader:
    """A loader whose every batch goes through a function.

    Parameters
    ----------
    dl : DataLoader
        Or anything else with a length that hands out tuples.
    func : callable
        Called as ``func(*batch)``; returns the batch to hand out.
    """

    def __init__(self, dl, func):
        self.dl = dl
        self.func = func

    def __len__(self):
        """Count the mini-batches."""
        return len(self.dl)

    def __iter__(self):
        """Hand out the mini-batches, each passed through the function."""
        for batch in self.dl:
            yield self.func(*batch)


def batched_dl(ds, bs, shuffle=False):
    """Make a loader that indexes a data set once per mini-batch instead of once per row.

    A plain loader asks for one row after another and stacks them. Tensors in memory can be
    indexed with a whole list of positions, which is several times faster.

    Parameters
    ----------
    ds : Dataset
        One that accepts a list of positions, such as :class:`torch.utils.data.TensorDataset`.
    bs : int
        Examples per batch.
    shuffle : bool, default False
        Whether to draw a new random order every epoch.

    Returns
    -------
    DataLoader
        Gives the same batches as ``DataLoader(ds, batch_size=bs, shuffle=shuffle)``.

    Raises
    ------
    ValueError
        If `bs` is not positive, or an empty data set is to be shuffled.
    """
    order = RandomSampler(ds) if shuffle else SequentialSampler(ds)
    batches = BatchSampler(order, bs, drop_last=False)
    return DataLoader(ds, sampler=batches, batch_size=None)
