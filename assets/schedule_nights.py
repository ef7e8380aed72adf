"""Judges the nights on which machines are meant to be off. No Dagster here.

The newest six weeks are judged anew in every run, since charges come late; what was said of older nights stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from assets.forecasts_tables import write_partition
from assets.lens import Lens
from assets.schedule_nights_read import Known, Machine, read_known
from assets.schedule_nights_tables import SCHEDULE_NIGHTS
from pipelines.forecast.days import Holidays, days_from
from pipelines.lake.engine import Catalog
from pipelines.recommendations.nights import Night, classify
from pipelines.recommendations.nights_calendar import Week, Window, habit_of
from pipelines.recommendations.nights_evidence import Excuse
from pipelines.settings_schedules import ScheduleSetting

AGAIN_DAYS = 42
_BEFORE_DAYS = 16
_MONTH = "billing_month"
Row = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """Rows written, and how many nights of the newest six weeks are of each class."""

    rows: int
    classes: Mapping[str, int]


@dataclass(frozen=True)
class Plan:
    """The week a machine should keep, who says so, and the setting where one does."""

    name: str
    week: Week
    setting: ScheduleSetting | None = None


def update_schedule_nights(
    catalog: Catalog, schedules: Sequence[ScheduleSetting], holidays: Holidays, today: date
) -> Judged:
    """Bring the table up to date; equal rows make no commit."""
    with Lens(catalog) as lens:
        known = read_known(lens, AGAIN_DAYS + _BEFORE_DAYS)
        if known is None:
            return Judged(0, {})
        since = max(known.since, known.until - timedelta(days=AGAIN_DAYS))
        rows = list(night_rows(known, since, schedules, holidays, today))
        # a window that ends within the six weeks may have begun up to two weeks before
        first = f"{min([since, *(row['night_of'] for row in rows)]):%Y-%m}"
        said = lens.query(f"select * from {SCHEDULE_NIGHTS.name} where {_MONTH} >= '{first}'").to_pylist()
    midnight = _midnight(since)
    merged = [*(row for row in said if row["ends_at"] <= midnight), *_first_said(rows, said)]
    stored = [month for month in catalog.state(SCHEDULE_NIGHTS.name).partitions if month >= first]
    written = 0
    for month in sorted({row[_MONTH] for row in merged} | set(stored)):
        of_month = [row for row in merged if row[_MONTH] == month]
        written += write_partition(catalog, SCHEDULE_NIGHTS, month, of_month)
    return Judged(written, Counter(row["night_class"] for row in rows))


def night_rows(
    known: Known, since: date, schedules: Sequence[ScheduleSetting], holidays: Holidays, today: date
) -> Iterator[Row]:
    """The nights of all machines that ended since a day, as far back as anything is known of them."""
    off = _days_off(known, holidays)
    for machine in known.machines.values():
        plan = _plan(machine, schedules, known)
        if plan is None:
            continue
        evidence = known.evidence(machine)
        free = off if plan.setting and plan.setting.holidays_off else frozenset()
        for window in plan.week.off_windows(since, known.until, free):
            if window.starts_at >= _midnight(known.since) and _was_there(machine, window):
                excuses = _excuses(plan, machine, window)
                yield _row(machine, plan, classify(window, evidence, excuses), today)


def _days_off(known: Known, holidays: Holidays) -> frozenset[date]:
    """Holidays near the days that are known."""
    first, count = known.since - timedelta(days=31), (known.until - known.since).days + 62
    found = days_from(first, count, holidays).holiday
    return frozenset(first + timedelta(days=number) for number in range(count) if found[number])


def _plan(machine: Machine, schedules: Sequence[ScheduleSetting], known: Known) -> Plan | None:
    """The first schedule of the settings that names it, else its habit."""
    tags = machine.tags_at(_midnight(known.until))
    for each in schedules:
        of_project = any(
            fnmatchcase(name, p) for p in each.projects for name in (machine.project_id, machine.project_name)
        )
        if of_project or _has(tags, each.tags):
            week = Week(each.weekdays, *each.minutes_on, each.time_zone)
            return Plan(each.name, week, each)
    week_kept = habit_of([(charge.starts_at, charge.ends_at) for charge in machine.charges])
    return Plan("habit", week_kept) if week_kept else None


def _excuses(plan: Plan, machine: Machine, window: Window) -> list[Excuse]:
    """Why it may run in a window."""
    setting = plan.setting or ScheduleSetting(name="habit", tags=("*",))
    found = [Excuse(_midnight(pause.starts_on), _midnight(pause.ends_on), pause.reason) for pause in setting.pauses]
    override = next((tag for tag in machine.tags_at(window.starts_at) if _has((tag,), setting.override_tags)), None)
    if override:
        found.append(Excuse(window.starts_at, window.ends_at, f"tagged {override}"))
    if setting.month_end_days:
        next_month = (window.starts_at.date().replace(day=1) + timedelta(days=32)).replace(day=1)
        first = _midnight(next_month - timedelta(days=setting.month_end_days))
        found.append(Excuse(first, _midnight(next_month), "end of the month"))
    return found


def _was_there(machine: Machine, window: Window) -> bool:
    if machine.created_at is not None and machine.created_at > window.starts_at:
        return False
    return machine.gone_at is None or machine.gone_at >= window.ends_at


def _row(machine: Machine, plan: Plan, night: Night, today: date) -> Row:
    window = night.window
    return {
        "resource_id": machine.resource_id,
        "resource_name": machine.resource_name,
        "project_id": machine.project_id,
        "environment": machine.environment,
        "owner": machine.owner,
        "schedule": plan.name,
        "schedule_from": "settings" if plan.setting else "charges",
        "schedule_hours": plan.week.told(),
        "night_kind": window.kind,
        "night_of": window.starts_at.date(),
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "night_class": night.night_class.value,
        "reason": night.reason,
        "window_hours": window.hours,
        "charged_hours": night.charged_hours,
        "sampled_hours": night.sampled_hours,
        "api_stops": night.stops,
        "api_starts": night.starts,
        "was_standby": night.was_standby,
        "cost": night.cost,
        "missed_cost": night.missed_cost,
        "is_estimated": night.is_estimated,
        "billing_currency": machine.currency,
        "judged_on": today,
        _MONTH: f"{window.starts_at:%Y-%m}",
    }


def _first_said(rows: Sequence[Row], said: Sequence[Row]) -> Iterator[Row]:
    """The rows; one that says what was said already keeps its day, so that nothing new writes nothing."""
    before = {(row["resource_id"], row["starts_at"]): row for row in said}
    for row in rows:
        same = before.get((row["resource_id"], row["starts_at"]))
        judged_on = same["judged_on"] if same is not None and _told(same) == _told(row) else row["judged_on"]
        yield {**row, "judged_on": judged_on}


def _told(row: Row) -> Row:
    """A row without its day; money to the decimals that are kept."""
    return {
        name: round(value, 9) if isinstance(value, Decimal) else value
        for name, value in row.items()
        if name != "judged_on"
    }


def _has(tags: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(tag.replace(":", "=", 1), pattern) for tag in tags for pattern in patterns)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
