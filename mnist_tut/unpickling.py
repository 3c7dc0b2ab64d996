"""Take arrays out of a pickle without running anything that the pickle names."""

import io
import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_tut.errors import DataError

__all__ = ["ArrayUnpickler", "build_array"]

# What a pickle of arrays is made of: the opcodes of protocols 2 and 3 for numbers, strings, tuples
# and lists, for names, calls and states. No dict or set (an object that is slow to hash would hang
# us), no memo slot above 255, nothing that calls in another way. See pickletools for each.
_OPCODES_PLAIN = {  # opcode: bytes of its argument
    **dict.fromkeys(b"N\x88\x89", 0),  # None, True, False
    **dict.fromkeys(b"()t\x85\x86\x87", 0),  # mark, tuples
    **dict.fromkeys(b"]ae", 0),  # lists
    **dict.fromkeys(b"Rb.", 0),  # call, set state, stop
    **dict.fromkeys(
        b"\x80Kqh", 1
    ),  # protocol, small integer, put in memo, get from memo
    **dict.fromkeys(b"M", 2),  # integer
    **dict.fromkeys(b"J", 4),  # integer
}
_OPCODES_COUNTED = {  # opcode: bytes of the count before its argument
    **dict.fromkeys(b"U\x8aC", 1),  # short Python 2 string, long integer, short bytes
    **dict.fromkeys(b"TXB", 4),  # Python 2 string, text, bytes
}
_OPCODE_NAME = ord("c")  # module and name, a line each
_OPCODE_TEXT = ord("X")
_OPCODE_STOP = ord(".")
_MAX_OPCODES = 2_000  # MNIST takes 234


def _check_text(raw: bytes, start: int, end: int) -> None:
    """Refuse text with a letter above U+00FF: one makes Python widen all of it fourfold."""
    text = np.frombuffer(raw, np.uint8)[start:end]
    if text.size and text.max() > 0xC3:  # how UTF-8 begins the letters U+00C0 to U+00FF
        raise DataError(f"the text at byte {start:,} has letters that no array needs")


def _check_opcodes(raw: bytes) -> None:
    """Walk through a pickle without running it, and refuse what arrays have no use for."""
    at = 0
    for _ in range(_MAX_OPCODES):
        opcode = raw[at]
        at += 1
        if opcode in _OPCODES_PLAIN:
            at += _OPCODES_PLAIN[opcode]
        elif opcode in _OPCODES_COUNTED:
            width = _OPCODES_COUNTED[opcode]
            start = at + width
            at = start + int.from_bytes(raw[at:start], "little")
            if opcode == _OPCODE_TEXT:
                _check_text(raw, start, at)
        elif opcode == _OPCODE_NAME:
            at = raw.index(b"\n", raw.index(b"\n", at) + 1) + 1
        else:
            raise DataError(
                f"no array needs its pickle opcode {opcode:#04x} (byte {at - 1:,})"
            )
        if opcode == _OPCODE_STOP:
            break
    if opcode != _OPCODE_STOP or at != len(raw):
        raise DataError(
            f"its pickle does not end after {_MAX_OPCODES:,} opcodes or with its bytes"
        )


class _Note:
    """One call that a pickle asks for, noted and never made."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments
        self.state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _ArrayNote(_Note):
    """Its state is version, shape, dtype, whether in Fortran order, bytes."""


class _DtypeNote(_Note):
    """Its first argument is kind and size ("f4"), item 1 of its state the byte order ("<")."""


class _BytesNote(_Note):
    """Protocol 2 knows no bytes: the first argument is text with one letter per byte."""


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickled NumPy arrays and runs nothing that the pickle names.

    A pickle is a program: it may name any function of any module and have it called with any
    arguments. This reader knows the few names that arrays need. Even those are not called: each
    call is noted, for :func:`build_array` to look at and to make the arrays itself.

    Parameters
    ----------
    raw : bytes
        The pickle, of protocol 2 or 3, from Python 2 or 3.

    Raises
    ------
    DataError
        If the pickle uses an operation or (while loading) a name that arrays do not need.

    See Also
    --------
    pickle.Unpickler.find_class : "Restricting Globals" in Python's reference.
    """

    admitted = {  # noqa: RUF012 - a constant
        ("numpy.core.multiarray", "_reconstruct"): _ArrayNote,  # up to NumPy 1
        ("numpy._core.multiarray", "_reconstruct"): _ArrayNote,  # from NumPy 2
        ("numpy", "ndarray"): _Note,
        ("numpy", "dtype"): _DtypeNote,
        ("_codecs", "encode"): _BytesNote,
    }

    def __init__(self, raw: bytes) -> None:
        _check_opcodes(raw)
        super().__init__(io.BytesIO(raw), encoding="latin1")

    def find_class(self, module: str, name: str) -> type[_Note]:
        """Return what stands for a name in the pickle, if it is one that arrays need."""
        if (module, name) not in self.admitted:
            asked = f"{module}.{name}"[:80]
            raise DataError(f"its pickle asks for {asked!r}, which no array needs")
        return self.admitted[module, name]


def build_array(note: Any, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Make the array that a note describes, if it is of the dtype and shape we expect.

    Parameters
    ----------
    note : object
        What :class:`ArrayUnpickler` gives in the place of an array.
    dtype : str
        The only dtype to accept, such as ``"<f4"``.
    shape : tuple of int
        The only shape to accept.

    Returns
    -------
    ndarray
        Of that dtype and shape, read-only, over the bytes of the pickle.

    Raises
    ------
    DataError
        If the note describes another array, or something else.
    """
    wanted = f"{np.dtype(dtype).name} of shape {shape}"
    if not isinstance(note, _ArrayNote):
        raise DataError(f"there is something else in the place of an array, {wanted}")
    _, found, kind, in_fortran_order, content = note.state
    if (found, kind.state[1] + kind.arguments[0]) != (shape, dtype) or in_fortran_order:
        raise DataError(f"an array is not as expected, {wanted}")
    if isinstance(content, _BytesNote):
        content = content.arguments[0]
    if isinstance(content, str):  # Python 2's strings arrive as text, a letter per byte
        content = content.encode("latin1")
    return np.frombuffer(content, dtype).reshape(shape)
