"""Which version of the product wrote a table, and whether this one may read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version

from pipelines.errors import LakeUnavailable

WRITER = "finops.version"
"""What a commit calls the version of the product that made it; those of 0.1.0 do not tell."""


@cache
def this_version() -> str:
    """The version of this product, such as `0.2.0`."""
    return version("scaleway-finops")


def refuse_newer(table: str, told: Mapping[str, str], known: str | None = None) -> None:
    """LakeUnavailable where a commit was made by a later release than `known`, this one unless told.

    Only the first two numbers count: a release that differs in the third changes no table's contract.
    """
    known = known or this_version()
    writer = str(told.get(WRITER, "0"))
    if _release(writer) > _release(known):
        raise LakeUnavailable(
            f"{table} was written by version {writer}, and this is {known}; use that version, or another lake"
        )


def _release(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
