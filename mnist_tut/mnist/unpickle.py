"""Take the numbers out of a pickle of arrays without unpickling it.

A pickle is a program: unpickling it may call any function, or take bytes of the file for objects in
memory. Here nothing is called and no object is made. We walk over the opcodes, refuse all that no
array needs, and hand out the long byte strings, which hold the numbers.
"""

import pickletools

import numpy as np

# Protocols 2 and 3, from Python 2 and 3: numbers, strings, tuples, lists, names, calls, states.
ADMITTED = (
    "PROTO STOP NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 MARK TUPLE EMPTY_TUPLE "
    "TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST APPEND APPENDS BINPUT BINGET GLOBAL REDUCE BUILD "
    "SHORT_BINSTRING BINSTRING BINUNICODE SHORT_BINBYTES BINBYTES"
)
OPCODES = {ord(o.code): o for o in pickletools.opcodes if o.name in ADMITTED.split()}
NAMES = (
    b"numpy.core.multiarray\n_reconstruct\n",  # up to NumPy 1
    b"numpy._core.multiarray\n_reconstruct\n",
    b"numpy\nndarray\n",
    b"numpy\ndtype\n",
    b"_codecs\nencode\n",  # how protocol 2 writes bytes: as text, a letter per byte
)
#: Bytes of the count before an argument, where pickletools gives its size as one of these.
COUNTS = {pickletools.TAKEN_FROM_ARGUMENT1: 1, -3: 4, -4: 4}  # ... 4 and 4U
MAX_OPCODES = 2_000  # MNIST takes 234
LONGEST_WORD = 32  # a longer string is numbers


def long_strings(raw: bytes) -> list[memoryview]:
    """Return the long byte strings of a pickle, in order; ValueError if no array needs it so."""
    strings = []
    at = 0
    for _ in range(MAX_OPCODES):
        opcode = OPCODES.get(raw[at])  # an IndexError where it ends too soon
        if opcode is None:
            raise ValueError(f"no array needs its pickle opcode {raw[at]:#04x}")
        start, at = _argument(raw, at + 1, opcode.arg.n if opcode.arg else 0)
        argument = memoryview(raw)[start:at]
        if opcode.name == "GLOBAL" and bytes(argument) not in NAMES:
            name = ".".join(bytes(argument[:80]).decode(errors="replace").split("\n"))
            raise ValueError(f"its pickle asks for {name}, which no array needs")
        if opcode.name != "GLOBAL" and len(argument) > LONGEST_WORD:
            is_text = opcode.name == "BINUNICODE"
            strings.append(_latin_1(argument) if is_text else argument)
        if opcode.name == "STOP":
            if at == len(raw):
                return strings
            break
    raise ValueError(f"its pickle does not end in {MAX_OPCODES:,} steps, or not there")


def _argument(raw: bytes, at: int, size: int) -> tuple[int, int]:
    """Return where an opcode's argument starts and ends; `size` is as pickletools gives it."""
    if size == pickletools.UP_TO_NEWLINE:  # a module and a name, a line each
        return at, raw.index(b"\n", raw.index(b"\n", at) + 1) + 1
    if size < 0:
        start = at + COUNTS[size]
        return start, start + int.from_bytes(raw[at:start], "little")
    return at, at + size


def _latin_1(text: memoryview) -> memoryview:
    """Turn UTF-8 into a byte per letter."""
    highest = np.frombuffer(text, np.uint8).max()
    if highest > 0xC3:  # where letters above U+00FF start, which would widen all
        raise ValueError("its pickle has text with letters that no array needs")
    return memoryview(str(text, "utf-8").encode("latin-1"))
