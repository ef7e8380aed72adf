"""A resource's recorded load: how high it stood, and how much of its window is known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from pipelines.errors import UsageError
from pipelines.recommendations.rightsizing.demand import Demand, demand
from pipelines.recommendations.rightsizing.summaries import NOTHING, Days, Summary

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Load:
    """All that is known about a resource's load in a window (UTC, half-open). None means not measured, never zero."""

    resource_id: str
    start: datetime
    end: datetime
    samples: int
    coverage: float  # samples there, of those that its step would give if it ran all the time
    days: int
    weekends: int
    cpu: Demand | None
    memory: Demand | None = None
    network: Demand | None = None
    disk: Demand | None = None
    volumes: int | None = None


def load(
    resource_id: str,
    end: datetime,
    observed_days: int,
    step: timedelta,
    measures: Mapping[str, Summary],
    off_days: Collection[int] = (),
    volumes: int | None = None,
    day_share: float = 0.25,
) -> Load:
    """A resource's load from its summaries: `cpu` and, where measured, `memory`, `network` and `disk`.

    `off_days` (days ago) are days on which the resource is known to have been stopped: they are known, not missing.
    Raises UsageError for a time without zone.
    """
    demands = {name: demand(summary) for name, summary in measures.items()}
    days = measures.get("cpu", NOTHING).days
    return measured(resource_id, end, observed_days, step, days, demands, off_days, volumes, day_share)


def measured(
    resource_id: str,
    end: datetime,
    observed_days: int,
    step: timedelta,
    days: Days,
    demands: Mapping[str, Demand | None],
    off_days: Collection[int] = (),
    volumes: int | None = None,
    day_share: float = 0.25,
) -> Load:
    """The same from how high each measure stood; `days` are those of the processors."""
    if end.utcoffset() is None:
        raise UsageError(f"{end}: the end of the window has no time zone; give it in UTC")
    per_day, samples = timedelta(days=1) / step, int(days.samples.sum())
    known = days.days_ago[days.samples >= day_share * per_day].tolist()
    off = set(off_days)
    running = max(observed_days - len(off), 1)
    return Load(
        resource_id,
        end - timedelta(days=observed_days),
        end,
        samples=samples,
        coverage=min(samples / (per_day * running), 1.0),
        days=len(off.union(known)),
        weekends=_weekends(end, frozenset(off.union(known))),
        cpu=demands.get("cpu"),
        memory=demands.get("memory"),
        network=demands.get("network"),
        disk=demands.get("disk"),
        volumes=volumes,
    )


@lru_cache(maxsize=1024)
def _weekends(end: datetime, days_ago: frozenset[int]) -> int:
    """In how many weeks at least one of the days is a Saturday or a Sunday; a day is named by its middle."""
    middles = [end - timedelta(days=day, hours=12) for day in days_ago]
    return len({tuple(middle.isocalendar())[:2] for middle in middles if middle.weekday() >= _SATURDAY})
