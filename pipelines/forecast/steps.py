"""Times of a series: how far its points lie apart, and what time the next ones have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median_low

from pipelines.errors import UsageError

DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USUAL = (1, 2, 5, 10, 15, 20, 30)
_USUAL_SECONDS = (
    *_USUAL,
    *(60 * each for each in _USUAL),
    *(3600 * each for each in (1, 2, 3, 4, 6, 8, 12)),
    DAY,
    7 * DAY,
)
_MONTHS = ((1, 27, 32), (3, 88, 93), (12, 364, 367))
_SNAP = 0.05
_COMMON_PHASE = 0.3


@dataclass(frozen=True)
class Step:
    """The distance of two points: so many seconds or, where `months` is not 0, so many calendar months."""

    seconds: int = DAY
    months: int = 0

    @property
    def is_day(self) -> bool:
        return not self.months and self.seconds == DAY

    @property
    def is_whole_days(self) -> bool:
        """Whether a point is a date rather than a moment."""
        return bool(self.months) or self.seconds % DAY == 0

    def times(self, count: int) -> str:
        """So many steps in words."""
        name = str(self)
        if name[0].isdigit():
            return f"{count} × {name}"
        return f"{count} {name}" + ("s" if count > 1 else "")

    def __str__(self) -> str:
        if self.months:
            return {1: "month", 3: "quarter", 12: "year"}.get(self.months, f"{self.months} months")
        for size, name in ((7 * DAY, "week"), (DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
            if self.seconds % size == 0:
                count = self.seconds // size
                return name if count == 1 else f"{count} {name}s"
        raise AssertionError(self.seconds)


@dataclass(frozen=True)
class Grid:
    """Equally spaced times: point `i` is `time(i)`; of a month it is the day `month_day`, or the month's last."""

    start: datetime
    step: Step
    month_day: int = 1

    def time(self, index: int) -> date | datetime:
        """A date for steps of whole days and months, else a moment in UTC."""
        if self.step.months:
            years, month = divmod(self.start.month - 1 + index * self.step.months, 12)
            year = self.start.year + years
            return date(year, month + 1, min(self.month_day, days_in_month(year, month + 1)))
        moment = self.start + timedelta(seconds=index * self.step.seconds)
        return moment.date() if self.step.is_whole_days else moment

    def moved(self, points: int) -> Grid:
        """The same grid, starting so many points later."""
        if self.step.months:
            years, month = divmod(self.start.month - 1 + points * self.step.months, 12)
            return replace(self, start=self.start.replace(year=self.start.year + years, month=month + 1, day=1))
        return replace(self, start=self.start + timedelta(seconds=points * self.step.seconds))

    def index(self, moment: datetime) -> int:
        """The point nearest to a moment; of a month, the month it lies in."""
        if self.step.months:
            apart = (moment.year - self.start.year) * 12 + moment.month - self.start.month
            return apart // self.step.months
        return round((moment - self.start).total_seconds() / self.step.seconds)


def grid_of(moments: Sequence[datetime]) -> Grid:
    """The grid that times in ascending order, each given once, lie on; gaps do not matter."""
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    typical = median_low(gaps)
    for months, least, most in _MONTHS:
        if least * DAY <= typical <= most * DAY:
            return _month_grid(moments, months)
    if typical < 1:
        raise UsageError(f"the times are {typical:g} s apart; forecasts start at one value a second")
    nearest = min(_USUAL_SECONDS, key=lambda usual: abs(usual - typical))
    seconds = nearest if abs(nearest - typical) <= _SNAP * nearest else round(typical)
    phases = Counter(_since_epoch(moment) % seconds for moment in moments)
    phase, seen = phases.most_common(1)[0]
    if seen < _COMMON_PHASE * len(moments):
        phase = seconds // 2  # times all over the step: the point is the middle, so that rounding is flooring
    offset = _since_epoch(moments[0]) - phase
    return Grid(_EPOCH + timedelta(seconds=phase + seconds * round(offset / seconds)), Step(seconds))


def _since_epoch(moment: datetime) -> int:
    return math.floor((moment - _EPOCH).total_seconds())


def _month_grid(moments: Sequence[datetime], months: int) -> Grid:
    last_days = all((moment + timedelta(days=1)).month != moment.month for moment in moments)
    usual_day = Counter(moment.day for moment in moments).most_common(1)[0][0]
    start = moments[0].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return Grid(start, Step(0, months), 31 if last_days else usual_day)


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return (following - timedelta(days=1)).day
