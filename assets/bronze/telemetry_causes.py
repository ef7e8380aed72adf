"""Why a part was not read, told once for each cause and not once for each place."""

from collections.abc import Iterable

NAMED = 3
"""Places a line names; the others are counted."""


class Causes:
    """Gathers what is missing. What it concerns reads 'metrics of shop in fr-par', the cause 'HTTP 503; try later'."""

    def __init__(self, subject: str) -> None:
        self._subject = subject
        self._names: dict[str, dict[str, None]] = {}

    def add(self, name: str, cause: str) -> None:
        """One thing that is missing; the same again changes nothing."""
        self._names.setdefault(cause, {})[name] = None

    @property
    def lines(self) -> tuple[str, ...]:
        """One line for each cause, with how many it concerns and the first of them."""
        return tuple(f"{self._subject}: {_counted(names)}: {cause}" for cause, names in self._names.items())


def cause_of(error: Exception, addresses: Iterable[str] = ()) -> str:
    """An error's line without the question that was asked and the address that was asked, which differ by place."""
    told = str(error)
    if told.startswith("GET "):
        told = told.partition(": ")[2]
    for address in sorted(addresses, key=len, reverse=True):
        told = told.replace(f"the address {address}", "its address").replace(address, "its address")
    return told


def _counted(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) == 1:
        return listed[0]
    more = ", …" if len(listed) > NAMED else ""
    return f"{len(listed)} places ({'; '.join(listed[:NAMED])}{more})"
