"""Counting objects without keeping them: a histogram by prefix, storage class, state, age and size.

Its memory does not grow with the number of objects or prefixes, and its totals are exact. A prefix is complete once
a listing has passed it, because S3 lists what shares a prefix in one piece; so only complete prefixes are ever folded
into the rest, and those that stay are exactly the ones that hold most bytes.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

CURRENT = "current"
NONCURRENT = "noncurrent"
DELETE_MARKER = "delete_marker"
NONCURRENT_DELETE_MARKER = "noncurrent_delete_marker"

REST = "(other)"
"""Stands for all folded prefixes; a real one is empty or ends with a slash."""

AGE_EDGES_DAYS = (0, 1, 7, 30, 60, 90, 180, 365, 730)
# 128 KiB is what infrequent classes usually bill at least, 1 MB the least that Scaleway advises for Glacier
SIZE_EDGES_BYTES = (0, 1, 131_072, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000)


@dataclass(frozen=True)
class Shape:
    """How fine a histogram is. Each edge begins a bucket that ends before the next; the last one has no end."""

    prefix_depth: int = 2
    most_prefixes: int = 200
    age_edges_days: tuple[int, ...] = AGE_EDGES_DAYS
    size_edges_bytes: tuple[int, ...] = SIZE_EDGES_BYTES

    def __post_init__(self) -> None:
        for name, edges in (("age", self.age_edges_days), ("size", self.size_edges_bytes)):
            if not edges or edges[0] != 0 or any(a >= b for a, b in pairwise(edges)):
                raise ValueError(f"{name} edges {edges} do not rise from 0")
        if self.prefix_depth < 0 or self.most_prefixes < 1:
            raise ValueError("a histogram has a depth of 0 or more and at least one prefix")


class Ages:
    """Sorts instants into age buckets as lifecycle rules count: a rule of N days has reached, by midnight UTC at the
    start of `today`, exactly what is N whole days old then. What is younger than that midnight has age 0."""

    def __init__(self, today: date, edges_days: tuple[int, ...]) -> None:
        midnight = datetime.combine(today, time(), UTC)
        self._edges = edges_days
        self._limits = [midnight - timedelta(days=days) for days in reversed(edges_days[1:])]

    def index(self, at: datetime) -> int:
        """The bucket's number, 0 being the youngest."""
        return len(self._limits) - bisect_left(self._limits, at)

    def bounds(self, index: int) -> tuple[int, int | None]:
        """First day of the bucket, and the first day after it."""
        return _bounds(self._edges, index)


class Entry(NamedTuple):
    """One object, version or delete marker. `since` is where its age counts from: when it was written, but for a
    version that is no longer current the moment another took its place, as lifecycle rules count."""

    key: str
    size: int
    since: datetime
    storage_class: str | None
    state: str


class Row(NamedTuple):
    """One cell of a histogram."""

    prefix: str
    storage_class: str | None
    state: str
    age_days_from: int
    age_days_to: int | None
    size_bytes_from: int
    size_bytes_to: int | None
    objects: int
    bytes: int
    oldest_at: datetime
    newest_at: datetime


_Place = tuple[str | None, str, int, int]  # class, state, age bucket, size bucket
_Cell = list[Any]  # objects, bytes, oldest, newest


class Histogram:
    """Objects of one bucket as of one day."""

    def __init__(self, today: date, shape: Shape) -> None:
        self.shape = shape
        self._ages = Ages(today, shape.age_edges_days)
        self._prefixes: dict[str, dict[_Place, _Cell]] = {}
        self._prefix: str | None = None
        self._cells: dict[_Place, _Cell] = {}
        # folding is work, so it waits until a good number of prefixes can go
        self._room = shape.most_prefixes + max(16, shape.most_prefixes // 4) + shape.prefix_depth

    def add(self, entry: Entry) -> None:
        """Count one entry."""
        key, size, since, storage_class, state = entry
        prefix = prefix_of(key, self.shape.prefix_depth)
        if prefix != self._prefix:
            self._prefix, self._cells = prefix, self._prefixes.setdefault(prefix, {})
        place = (
            storage_class,
            state,
            self._ages.index(since),
            bisect_right(self.shape.size_edges_bytes, size) - 1,
        )
        _count(self._cells, place, (1, size, since, since))

    def fold(self, passed: str) -> None:
        """Keep memory bounded; call after each page with the last key listed. No prefix that this key does not
        start with may come again."""
        if len(self._prefixes) > self._room:
            self._prefixes = self._folded({p for p in self._prefixes if p != REST and passed.startswith(p)})
            self._prefix = None

    def rows(self) -> list[Row]:
        """All cells: those of the `most_prefixes` prefixes with most bytes, and the rest as one."""
        kept = self._folded(set())
        return [
            Row(prefix, *place[:2], *self._ages.bounds(place[2]), *self._size(place[3]), *cell)
            for prefix, cells in sorted(kept.items())
            for place, cell in sorted(cells.items(), key=lambda item: (item[0][0] or "", *item[0][1:]))
        ]

    def dump(self) -> dict[str, Any]:
        """Everything counted, as JSON can hold it."""
        return {
            prefix: [[*place, *cell[:2], *(each.isoformat() for each in cell[2:])] for place, cell in cells.items()]
            for prefix, cells in self._prefixes.items()
        }

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Count what was dumped, in an empty histogram of the same day and shape."""
        for prefix, cells in dumped.items():
            self._prefixes[prefix] = {
                tuple(cell[:4]): [cell[4], cell[5], *map(datetime.fromisoformat, cell[6:])] for cell in cells
            }

    def _folded(self, going_on: set[str]) -> dict[str, dict[_Place, _Cell]]:
        """The prefixes that go on, and of the others those with most bytes; what remains lies under the rest."""
        over = sorted(
            (p for p in self._prefixes if p not in going_on and p != REST),
            key=lambda p: (-_bytes(self._prefixes[p]), p),
        )
        kept = {p: self._prefixes[p] for p in [*going_on, *over[: self.shape.most_prefixes]]}
        rest = {place: list(cell) for place, cell in self._prefixes.get(REST, {}).items()}
        for prefix in over[self.shape.most_prefixes :]:
            for place, cell in self._prefixes[prefix].items():
                _count(rest, place, cell)
        return {**kept, REST: rest} if rest else kept

    def _size(self, index: int) -> tuple[int, int | None]:
        return _bounds(self.shape.size_edges_bytes, index)


def prefix_of(key: str, depth: int) -> str:
    """The key's first `depth` folders, with the slash at the end; fewer where it lies higher."""
    folders = key.split("/", depth)
    folders[-1] = ""
    return "/".join(folders)


def _bounds(edges: tuple[int, ...], index: int) -> tuple[int, int | None]:
    return edges[index], edges[index + 1] if index + 1 < len(edges) else None


def _count(cells: dict[_Place, _Cell], place: _Place, added: "_Cell | tuple[int, int, datetime, datetime]") -> None:
    cell = cells.get(place)
    if cell is None:
        cells[place] = [*added]
        return
    cell[0] += added[0]
    cell[1] += added[1]
    if added[2] < cell[2]:
        cell[2] = added[2]
    if added[3] > cell[3]:
        cell[3] = added[3]


def _bytes(cells: Mapping[_Place, _Cell]) -> int:
    return sum(cell[1] for cell in cells.values())


def depth_of(prefix: str) -> int | None:
    """Number of folders in a prefix; none for the rest."""
    return None if prefix == REST else prefix.count("/")
