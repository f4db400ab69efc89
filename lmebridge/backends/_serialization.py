"""Crossing values as R itself writes them: R's binary serialization, format version 2, in the machine's byte order.

R reads and writes it in C (``unserialize``, ``serialize(xdr = FALSE, version = 2)``), so that numbers cross as their
bytes, bit for bit, and text as UTF-8. The format is that of "R Internals", section 1.8 "Serialization Formats", whose
constants are those of R's src/main/serialize.c. What is written and read here is the part that crossing values need:
NULL, vectors without attributes, and lists with or without names.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lmebridge.backends._wire import Doubles, Integers, Logicals, Strings
from lmebridge.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Two letters for "binary, native byte order"; the format's version, the version of R that wrote, and the first that
#: reads it.
HEADER = b"B\n" + struct.pack("=3i", 2, 0x00030500, 0x00020300)
#: R's codes of types (Rinternals.h), and those that the format adds (serialize.c).
SYMBOL, PAIRLIST, CHARACTER, LOGICAL, INTEGER, DOUBLE, STRING, LIST, RAW = 1, 2, 9, 10, 13, 14, 16, 19, 24
NULL, REFERENCE = 254, 255
#: Bits of an item's flags: it has attributes, a pairlist's entry has a tag.
HAS_ATTRIBUTES, HAS_TAG = 1 << 9, 1 << 10
#: Flags of a string, shifted past the type: how it is encoded.
BYTES, LATIN_1, UTF_8, ASCII = (1 << bit for bit in (13, 14, 15, 18))
#: A vector with more items than int32 counts has -1 as its length and two words after it.
LONGEST = 2**31 - 1
#: From this many bytes on, a buffer is passed on as it is; smaller ones are copied together.
LARGE = 1 << 16


class Unreadable(ValueError):
    """Bytes that are not the serialization of crossing values."""


# --- writing ----------------------------------------------------------------------------------------------------------


@dataclass
class Writer:
    """Pieces of bytes, the small ones gathered."""

    pieces: list[Any] = field(default_factory=list)
    small: bytearray = field(default_factory=bytearray)

    def add(self, piece: Any) -> None:
        """Append bytes, or a contiguous buffer, which must not change until it is sent."""
        if len(piece) < LARGE:
            self.small += piece
            return
        self.pieces += [self.small, piece]
        self.small = bytearray()


def dump(value: Any) -> list[Any]:
    """Bytes of a crossing value, as pieces to be sent one after the other.

    Parameters
    ----------
    value : object
        None, bytes, `Doubles`, `Integers`, `Logicals`, `Strings`, and lists and dicts of them.

    Returns
    -------
    list of buffers
        Large vectors are there as their own memory, not copied.

    Raises
    ------
    DataError
        If a string holds what R's strings cannot.
    TypeError
        If an object of another type is among them.

    Examples
    --------
    >>> load(b"".join(dump({"x": Strings(("a", None))})))
    {'x': Strings(values=('a', None))}
    """
    writer = Writer()
    writer.add(HEADER)
    _write(writer, value)
    return [*writer.pieces, writer.small]


def _write(writer: Writer, value: Any) -> None:
    maker = WRITERS.get(type(value))
    if maker is None:
        raise TypeError(f"an object of type {type(value).__name__} cannot cross to R")
    maker(writer, value)


def _head(kind: int, count: int) -> bytes:
    if count <= LONGEST:
        return struct.pack("=2i", kind, count)
    return struct.pack("=2i2I", kind, -1, count >> 32, count & 0xFFFFFFFF)


def _numbers(kind: int) -> Callable[[Writer, Any], None]:
    def write(writer: Writer, vector: Any) -> None:
        writer.add(_head(kind, len(vector.values)))
        if len(vector.values):
            writer.add(np.ascontiguousarray(vector.values).view(np.uint8).data)

    return write


def _write_bytes(writer: Writer, value: bytes) -> None:
    writer.add(_head(RAW, len(value)))
    writer.add(value)


def _write_strings(writer: Writer, vector: Strings) -> None:
    writer.add(_head(STRING, len(vector.values)))
    for text in vector.values:
        writer.add(_string(text))


def _string(text: str | None) -> bytes:
    if text is None:
        return struct.pack("=2i", CHARACTER, -1)
    if "\0" in text:
        raise DataError(f"{text!r} holds a null character, which R's text cannot hold. Remove it.")
    try:
        encoded = text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{text!r} is not valid Unicode: {error.reason}.") from None
    return struct.pack("=2i", CHARACTER | (ASCII if text.isascii() else UTF_8), len(encoded)) + encoded


def _write_list(writer: Writer, items: list[Any]) -> None:
    writer.add(_head(LIST, len(items)))
    for item in items:
        _write(writer, item)


def _write_named(writer: Writer, items: dict[str, Any]) -> None:
    writer.add(_head(LIST | HAS_ATTRIBUTES, len(items)))
    for item in items.values():
        _write(writer, item)
    writer.add(struct.pack("=2i", PAIRLIST | HAS_TAG, SYMBOL) + _string("names"))
    _write_strings(writer, Strings(tuple(items)))
    writer.add(struct.pack("=i", NULL))


WRITERS: dict[type, Callable[[Writer, Any], None]] = {
    type(None): lambda writer, _: writer.add(struct.pack("=i", NULL)),
    bytes: _write_bytes,
    Doubles: _numbers(DOUBLE),
    Integers: _numbers(INTEGER),
    Logicals: _numbers(LOGICAL),
    Strings: _write_strings,
    list: _write_list,
    dict: _write_named,
}


# --- reading ----------------------------------------------------------------------------------------------------------


def load(content: bytes | bytearray | memoryview) -> Any:
    """Crossing value of bytes that R wrote.

    Parameters
    ----------
    content : bytes-like
        What R's ``serialize(value, NULL, xdr = FALSE, version = 2)`` gave.

    Returns
    -------
    object
        None, bytes, `Doubles`, `Integers`, `Logicals`, `Strings`, lists and dicts. Its arrays may be written to.

    Raises
    ------
    Unreadable
        If the bytes are something else, or not all of it.
    """
    reader = Reader(memoryview(content).cast("B"))
    if bytes(reader.take(2)) != HEADER[:2] or reader.integer() != 2:
        raise Unreadable("it does not begin as R's binary serialization")
    reader.take(8)
    value = _read(reader)
    if reader.position != len(reader.content):
        raise Unreadable(f"{len(reader.content) - reader.position} bytes follow the value")
    return value


@dataclass
class Reader:
    """A place in the bytes, and the symbols seen so far, which the format writes once."""

    content: memoryview
    position: int = 0
    symbols: list[str] = field(default_factory=list)

    def take(self, count: int) -> memoryview:
        """The next bytes."""
        end = self.position + count
        if count < 0 or end > len(self.content):
            raise Unreadable(f"it ends at byte {len(self.content)}, within a value")
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def integer(self) -> int:
        """The next int32."""
        number: int = struct.unpack("=i", self.take(4))[0]
        return number

    def length(self) -> int:
        """The length of a vector."""
        short = self.integer()
        if short >= 0:
            return short
        high, low = struct.unpack("=2I", self.take(8))
        return int((high << 32) + low)


def _read(reader: Reader) -> Any:
    flags = reader.integer()
    kind = flags & 0xFF
    taker = READERS.get(kind)
    if taker is None:
        raise Unreadable(f"there is an object of R's type {kind}, which is no plain value")
    value = taker(reader)
    return _with_attributes(value, _attributes(reader)) if flags & HAS_ATTRIBUTES else value


def _with_attributes(value: Any, attributes: dict[str, Any]) -> Any:
    names = attributes.get("names")
    if not isinstance(value, list) or names is None:
        return value
    return dict(zip(names.values, value, strict=True))


def _attributes(reader: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while (flags := reader.integer()) & 0xFF != NULL:
        if flags & 0xFF != PAIRLIST or not flags & HAS_TAG:
            raise Unreadable("the attributes are no list of names and values")
        tag = _symbol(reader)
        found[tag] = _read(reader)
    return found


def _symbol(reader: Reader) -> str:
    flags = reader.integer()
    if flags & 0xFF == REFERENCE:
        return reader.symbols[(flags >> 8 or reader.integer()) - 1]
    reader.symbols.append(_read_string(reader) or "")
    return reader.symbols[-1]


def _read_string(reader: Reader) -> str | None:
    flags, length = struct.unpack("=2i", reader.take(8))
    if flags & 0xFF != CHARACTER:
        raise Unreadable("a string was expected")
    if length == -1:
        return None
    encoding = "latin-1" if flags & LATIN_1 else "utf-8"
    return bytes(reader.take(length)).decode(encoding, "replace")


def _array(dtype: Any) -> Callable[[Reader], np.ndarray]:
    size = np.dtype(dtype).itemsize

    def read(reader: Reader) -> np.ndarray:
        return np.frombuffer(reader.take(reader.length() * size), dtype=dtype).copy()

    return read


_doubles, _integers = _array(np.float64), _array(np.int32)

READERS: dict[int, Callable[[Reader], Any]] = {
    NULL: lambda _: None,
    LOGICAL: lambda reader: Logicals(_integers(reader)),
    INTEGER: lambda reader: Integers(_integers(reader)),
    DOUBLE: lambda reader: Doubles(_doubles(reader)),
    STRING: lambda reader: Strings(tuple(_read_string(reader) for _ in range(reader.length()))),
    RAW: lambda reader: bytes(reader.take(reader.length())),
    LIST: lambda reader: [_read(reader) for _ in range(reader.length())],
}
