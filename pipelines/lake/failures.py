"""What storage and engines complain of, as one line each that names the table or file and the remedy."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from deltalake.exceptions import CommitFailedError, DeltaError

from pipelines.errors import LakeUnavailable

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_WRITABLE = "check that the lake's address is right and can be written, then run again"
_REMEDIES = (
    ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "no space left|disk quota|file too large", "free space there"),
    ((errno.EROFS,), "read-only file system", "make it writable, or name another lake"),
)


class Overtaken(LakeUnavailable):
    """Another writer changed a partition after the version a replacement was made from; nothing was written."""


@contextmanager
def lake_errors(place: str) -> Iterator[None]:
    """Turn errors about a table or a file of it into LakeUnavailable; a commit that lost a race stays what it is."""
    try:
        yield
    except CommitFailedError:
        raise
    except (DeltaError, OSError) as error:
        raise LakeUnavailable(f"{place}: {reason(error)}; {_remedy(error)}") from error


def reason(error: Exception) -> str:
    """An engine's message in one line; some come as a coloured tree."""
    lines = (line.strip(" \t↳") for line in _COLOUR.sub("", str(error)).splitlines())
    return " ".join(line for line in lines if line)[:200]


def _remedy(error: Exception) -> str:
    told = _COLOUR.sub("", str(error)).lower()
    for numbers, words, remedy in _REMEDIES:
        if getattr(error, "errno", None) in numbers or re.search(words, told):
            return f"{remedy}, then run again"
    return _WRITABLE
