"""Files that people write by hand: settings, scenarios, a series to look at. None of them is large."""

import errno
import zlib
from pathlib import Path

LARGEST_TEXT = 16 * 1024**2
"""Bytes of a settings file or of scenarios."""


def read_small(path: Path, largest: int = LARGEST_TEXT) -> bytes:
    """The bytes of a file. Raises OSError when there are more than `largest`."""
    with path.open("rb") as stream:
        content = stream.read(largest + 1)
    _check(len(content), largest)
    return content


def unpacked(content: bytes, largest: int) -> bytes:
    """What gzip packed, every member of it. Raises OSError beyond `largest`, EOFError when it was cut off, zlib.error
    when it is damaged."""
    pieces: list[bytes] = []
    size = 0
    while content:
        unpacker = zlib.decompressobj(wbits=31)
        piece = unpacker.decompress(content, largest + 1 - size)
        pieces.append(piece)
        size += len(piece)
        _check(size, largest)
        if not unpacker.eof:
            raise EOFError("it ends before its end marker")
        content = unpacker.unused_data.lstrip(b"\0")
    return b"".join(pieces)


def _check(size: int, largest: int) -> None:
    if size > largest:
        raise OSError(errno.EFBIG, f"it is larger than the {largest // 1024**2} MiB that are read; take a smaller one")
