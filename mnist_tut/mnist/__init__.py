"""You do not need this to read or change the tutorial.

It gets MNIST for builds, tests and benchmarks, from wherever it can be had. Each file is a thing:

- ``find``: where to look, in which order, and what to do without MNIST; start reading here
- ``download``: fetch bytes from servers and lines that may do anything
- ``read``: what MNIST is, how we know, and its file forms
- ``cache``: keep files as a whole, one process at a time
- ``errors``: the one error, with its remedy; ``__main__``: the command ``mnist-tut-data``
"""

from mnist_tut.mnist.errors import DataError
from mnist_tut.mnist.find import Mnist, for_pages, get_mnist, load_mnist

__all__ = ["DataError", "Mnist", "for_pages", "get_mnist", "load_mnist"]
