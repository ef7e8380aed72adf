"""What could not be read of Object Storage, told once for each cause and not once for each bucket."""

from collections.abc import Sequence

_NAMED = 3


class Gaps:
    """Gathers what is missing. A gap reads 'what: what was asked: cause', as the source tells it."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str, str, str], list[str]] = {}

    def add(self, table: str, of: str, name: str, region: str, gap: str) -> None:
        """`name` is one of many `of` a kind, such as buckets."""
        what, _, cause = gap.split(": ", 2)
        # an address differs by region, and its trouble is the same
        names = self._names.setdefault((table, what, of, cause.replace(region, "{region}")), [])
        if name not in names:
            names.append(name)

    def lines(self, table: str) -> Sequence[str]:
        """One line for each cause, with how many it concerns and the first of them."""
        return [
            f"Object Storage: {what} of {_counted(of, names)}: {cause}"
            for (into, what, of, cause), names in self._names.items()
            if into == table
        ]


def _counted(of: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    more = ", …" if len(names) > _NAMED else ""
    return f"{len(names)} {of} ({', '.join(names[:_NAMED])}{more})"
