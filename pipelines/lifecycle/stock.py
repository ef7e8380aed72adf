"""What lies in a bucket as cohorts that grow older, and for how many byte-days they lie at which ages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CURRENT, NONCURRENT, MARKER, UPLOAD = "current", "noncurrent", "delete_marker", "incomplete_upload"
_PIECES = 4
"""Into how many ages a cell of a histogram is spread, evenly."""
_RECENT_DAYS = 30
_MARGIN_DAYS = 90


@dataclass(frozen=True)
class Cell:
    """Objects of one class and state whose age in whole days is from `age_from` until below `age_to` (None: any older).

    `prefix` is the first part of their keys, None where it is not known.
    """

    prefix: str | None
    storage_class: str
    state: str
    age_from: int
    age_to: int | None
    is_small: bool
    objects: int
    size: int


@dataclass(frozen=True)
class Cohort:
    """Bytes of one class and age."""

    storage_class: str
    age: int
    size: int
    objects: int


@dataclass(frozen=True)
class Stock:
    """What lies there today, and how much of which class comes in a day."""

    cohorts: tuple[Cohort, ...]
    inflow_size: int
    inflow_objects: int
    inflow_class: str

    @property
    def size(self) -> int:
        """Bytes that lie there today."""
        return sum(each.size for each in self.cohorts)


def stock_of(cells: Sequence[Cell], bucket_days: int | None) -> Stock:
    """Cells of one state as a stock; what came in over the last month comes in for ever.

    A bucket that is younger than a month is as old as `bucket_days` says.
    """
    days = max(1, min(_RECENT_DAYS, _RECENT_DAYS if bucket_days is None else bucket_days))
    recent = [each for each in cells if each.age_to is not None and each.age_to <= _RECENT_DAYS]
    classes = sorted({each.storage_class for each in recent}, key=lambda name: (-_sum(recent, name), name))
    return Stock(
        cohorts=tuple(cohort for cell in cells for cohort in _spread(cell)),
        inflow_size=sum(each.size for each in recent) // days,
        inflow_objects=sum(each.objects for each in recent) // days,
        inflow_class=classes[0] if classes else "STANDARD",
    )


def lifetime(cells: Iterable[Cell], bucket_days: int | None) -> int | None:
    """After how many days those who write to the bucket delete or replace what is in it; None if never, or not known.

    The bucket has stood much longer than its oldest object: nothing grows older than the cell that is in.
    """
    ages = [each.age_to for each in cells if each.size > 0]
    if not ages or bucket_days is None or any(age is None for age in ages):
        return None
    oldest = max(age for age in ages if age is not None)
    return oldest if bucket_days >= oldest + _MARGIN_DAYS else None


def byte_days(cohort: Cohort, since: int, until: int | None, horizon: int) -> int:
    """Bytes times the days of the coming `horizon` on which the cohort is `since` days old or older, below `until`."""
    last = cohort.age + horizon if until is None else min(until, cohort.age + horizon)
    return cohort.size * max(0, last - max(since, cohort.age))


def inflow_days(since: int, until: int | None, horizon: int) -> int:
    """Days at these ages, summed over all that comes in on each of the coming `horizon` days."""
    until = horizon if until is None else until
    return max(0, _lived(until, horizon) - _lived(since, horizon))


def _lived(age: int, horizon: int) -> int:
    """Days below this age that a thing a day has lived by the horizon: the sum of min(age, n) for n from 1 on."""
    whole = min(age, horizon)
    return whole * (whole + 1) // 2 + (horizon - whole) * whole


def _spread(cell: Cell) -> Iterable[Cohort]:
    if cell.age_to is None:
        yield Cohort(cell.storage_class, cell.age_from, cell.size, cell.objects)
        return
    width = cell.age_to - cell.age_from
    pieces = min(_PIECES, width)
    for number in range(pieces):
        age = cell.age_from + width * (2 * number + 1) // (2 * pieces)
        yield Cohort(cell.storage_class, age, _piece(cell.size, number, pieces), _piece(cell.objects, number, pieces))


def _piece(whole: int, number: int, pieces: int) -> int:
    """Parts that add up to the whole exactly."""
    return whole * (number + 1) // pieces - whole * number // pieces


def _sum(cells: Iterable[Cell], storage_class: str) -> int:
    return sum(each.size for each in cells if each.storage_class == storage_class)
