"""The errors of the loader: each says what is wrong, where, and what to do about it."""

from pathlib import Path

__all__ = ["REMEDY", "DataError", "WrongContent"]

#: What helps against most troubles.
REMEDY = (
    "To use your own copy, put mnist.pkl.gz or the four IDX files into a folder, "
    "and set MNIST_TUT_DATA to that folder."
)


class DataError(RuntimeError):
    """Data that cannot be had or cannot be trusted.

    Parameters
    ----------
    problem : str
        What is wrong, naming the path or the address.
    remedy : str
        What to do about it.
    """

    def __init__(self, problem: str, remedy: str = REMEDY) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the problem, then the remedy."""
        return f"{self.problem}\n{self.remedy}"


class WrongContent(DataError):  # noqa: N818 - it is a DataError, said more exactly
    """A file that could be read, and holds something other than MNIST."""

    #: The file itself; of four IDX files, the one that is wrong.
    path: Path
