"""The error that every way to the data may end in, and how its text is made safe to show."""

import logging
import re

logger = logging.getLogger("mnist_tut.mnist")


class DataError(RuntimeError):
    """Data that cannot be had or cannot be trusted: what is wrong, and what to do about it."""

    def __init__(
        self,
        problem: str,
        remedy: str = "To use your own copy, put mnist.pkl.gz or the four IDX files into a "
        "folder, and set MNIST_TUT_DATA to that folder.",
    ) -> None:
        self.problem, self.remedy = printable(problem), printable(remedy)
        super().__init__(self.problem, self.remedy)

    def __str__(self) -> str:
        """Return the problem, then the remedy."""
        return f"{self.problem}\n{self.remedy}"


def printable(text: str) -> str:
    """Return text as any terminal may show it: no escapes, no secret, no very long line."""
    text = re.sub(r"//[^/@\s]*@", "//", text)  # user and password
    text = re.sub(r"(//[^\s?#]*|url: [^\s?#]*)[?#]\S+", r"\1?...", text)  # tokens
    text = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
    text = re.sub(r"(\S{250})\S{60,}(\S{100})", r"\1...\2", text)
    return re.sub(r"(.{420}).{60,}(.{420})", r"\1 ... \2", text)


def warn(text: str) -> None:
    """Log a warning."""
    logger.warning("%s", printable(text))
