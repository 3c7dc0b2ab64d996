"""What PyTorch will do for you later, written with tensors alone."""

import torch

__all__ = ["accuracy", "log_softmax", "nll"]


def log_softmax(x):
    """Logarithm of the softmax of every row, straight from its definition.

    Parameters
    ----------
    x : (n, classes) float Tensor
        Logits.

    Returns
    -------
    (n, classes) float Tensor
        Log-probabilities: the exponentials of a row sum to one.

    Notes
    -----
    For moderate logits only: ``exp`` of a float32 overflows beyond 88.7, and then a row holds
    infinities. :func:`torch.nn.functional.log_softmax` first takes the largest logit out of the
    row, a trick known as log-sum-exp (Blanchard, Higham and Higham, 2021, for its accuracy).
    """
    return x - x.exp().sum(dim=1, keepdim=True).log()


def nll(log_probs, target):
    """Mean negative log-likelihood of the true classes.

    Parameters
    ----------
    log_probs : (n, classes) float Tensor
        Log-probabilities, as :func:`log_softmax` returns them.
    target : (n,) int64 Tensor
        The true class of each row. A label of -1 would count as the last class; of fewer labels
        than rows nothing is said, and the first rows count.

    Returns
    -------
    () float Tensor
        In nats. A uniform guess over ten classes gives ln 10 = 2.303.

    Raises
    ------
    IndexError
        If there are more labels than rows, or one is not a column of `log_probs` or no integer.
    """
    return -log_probs[torch.arange(len(target)), target].mean()


def accuracy(out, yb):
    """Share of the rows whose largest output is at the true class.

    Parameters
    ----------
    out : (n, classes) float Tensor
        Logits, probabilities or log-probabilities: only their order counts.
    yb : (n,) int64 Tensor
        The true class of each row.

    Returns
    -------
    () float32 Tensor
        Between 0 and 1; NaN for an empty batch.

    Raises
    ------
    RuntimeError
        If the lengths differ. (A single label is compared with every row.)
    """
    return (out.argmax(dim=1) == yb).float().mean()
