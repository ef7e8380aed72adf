"""Time cut into windows that a server accepts. Time is UTC and half-open, counted in whole milliseconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pipelines.errors import UsageError

MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# what Prometheus answers at most for one series, whatever its settings
MOST_POINTS = 11_000


@dataclass(frozen=True)
class Window:
    """[since, until): the moments of a step that fall in it are asked for in one request."""

    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    def halves(self, unit: timedelta) -> "tuple[Window, Window] | None":
        """Two windows that meet at a multiple of `unit`; None when there is none inside."""
        middle = floored(self.since + self.span / 2, unit)
        if middle <= self.since:
            middle += unit
        if middle >= self.until:
            return None
        return Window(self.since, middle), Window(middle, self.until)


def windows(
    since: datetime,
    until: datetime,
    step: timedelta,
    *,
    most_points: int = MOST_POINTS,
    longest: timedelta = DAY,
    unit: timedelta | None = None,
) -> Iterator[Window]:
    """Windows that cover [since, until) once, none with more than `most_points` moments of the step or longer than
    `longest`, and that meet at multiples of `unit` (the step, unless given) since 1970."""
    unit = unit or step
    if step < MILLISECOND or unit % step:
        raise UsageError(f"a step of {step} does not divide {unit}; use one that does")
    widest = min(longest, step * most_points) // unit * unit
    if widest < unit:
        raise UsageError(f"a window of {unit} with a step of {step} exceeds {most_points} points or {longest}")
    if since >= until:
        return
    cuts = [since]
    while cuts[-1] < until:
        cuts.append(min(floored(cuts[-1], unit) + widest, until))
    yield from (Window(first, last) for first, last in pairwise(cuts))


def moments(window: Window, step: timedelta) -> tuple[datetime, datetime] | None:
    """The first and the last multiple of the step in a window; None when there is none."""
    before = timedelta.resolution
    first, last = floored(window.since - before, step) + step, floored(window.until - before, step)
    return (first, last) if first <= last else None


def floored(moment: datetime, unit: timedelta) -> datetime:
    """The last multiple of `unit` since 1970 that is not after the moment."""
    return moment - (moment - EPOCH) % unit


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - EPOCH) // MILLISECOND


def seconds_text(moment: datetime) -> str:
    """Seconds since 1970 with three decimals, as query parameters have it: no float in between."""
    whole, rest = divmod(milliseconds(moment), 1000)
    return f"{whole}.{rest:03d}"
