"""Made-up daily series of the kinds a cloud bill is made of, each a pure function of its seed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from pipelines.forecast.days import Days, Holidays, days_from
from pipelines.forecast.series import Floats, Series, series_of
from pipelines.forecast.steps import Grid, Step

Chance = np.random.Generator
Kind = Callable[[Chance, Days], Floats]


def _weekly(chance: Chance, days: Days) -> Floats:
    usual = 1 + chance.normal(0, 0.03, 7)
    return np.asarray(usual[days.weekday] * np.where(days.weekday >= 5, chance.uniform(0.3, 0.95), 1.0))


def _noise(chance: Chance, days: Days, size: float) -> Floats:
    return np.asarray(np.exp(chance.normal(0, size, len(days.number))))


def _steps(chance: Chance, days: Days) -> Floats:
    level = np.ones(len(days.number))
    for start in chance.integers(20, len(level), max(1, len(level) // 100)):
        level[start:] *= chance.choice([0.5, 0.7, 1.2, 1.5, 2.0])
    return level * _noise(chance, days, 0.01)


def _walk(chance: Chance, days: Days) -> Floats:
    return np.asarray(np.exp(np.cumsum(chance.normal(0, chance.uniform(0.005, 0.03), len(days.number)))))


def _growth(chance: Chance, days: Days) -> Floats:
    slope = chance.uniform(0.0005, 0.004)
    grown = np.exp(slope * (days.number - days.number[0]))
    return np.asarray(grown * _weekly(chance, days) * _noise(chance, days, 0.04))


def _monthly_fee(chance: Chance, days: Days) -> Floats:
    return _weekly(chance, days) * _noise(chance, days, 0.05) + np.where(days.day == 1, chance.uniform(3, 20), 0)


def _month_long(chance: Chance, days: Days) -> Floats:
    return (0.7 + 0.6 * (days.day - 1) / 30) * _weekly(chance, days) * _noise(chance, days, 0.04)


def _month_end(chance: Chance, days: Days) -> Floats:
    return _weekly(chance, days) * _noise(chance, days, 0.05) * np.where(days.left <= 1, chance.uniform(1.3, 2.5), 1)


def _spikes(chance: Chance, days: Days) -> Floats:
    values = _weekly(chance, days) * _noise(chance, days, 0.06)
    hit = chance.random(len(values)) < 0.02
    return np.where(hit, values * chance.uniform(2, 10, len(values)), values)


def _now_and_then(chance: Chance, days: Days) -> Floats:
    share = chance.uniform(0.1, 0.6)
    return np.where(chance.random(len(days.number)) < share, chance.gamma(2, 1, len(days.number)), 0.0)


def _jobs(chance: Chance, days: Days) -> Floats:
    return 0.5 + np.where(chance.random(len(days.number)) < 0.25, chance.gamma(3, 0.5, len(days.number)), 0.0)


def _new_service(chance: Chance, days: Days) -> Floats:
    age = np.arange(len(days.number)) - 0.3 * len(days.number)
    return np.where(age < 0, 0.0, 1 - np.exp(-np.maximum(age, 0) / 60)) * _noise(chance, days, 0.04)


def _storage(chance: Chance, days: Days) -> Floats:
    stored = 1 + np.cumsum(np.maximum(chance.normal(0.003, 0.003, len(days.number)), 0))
    stored[int(chance.integers(30, len(stored))) :] *= 0.7
    return stored


def _free_tier(chance: Chance, days: Days) -> Floats:
    """Nothing until the month's free allowance is used up."""
    used = _weekly(chance, days) * _noise(chance, days, 0.2)
    free = chance.uniform(3, 20)
    charged, left = np.zeros(len(used)), free / 2
    for now, day in enumerate(days.day):
        left = free if day == 1 else left
        charged[now] = max(used[now] - left, 0.0)
        left = max(left - used[now], 0.0)
    return charged


def _returning(chance: Chance, days: Days) -> Floats:
    level = np.zeros(len(days.number))
    for now in range(1, len(level)):
        level[now] = 0.9 * level[now - 1] + chance.normal(0, 0.1)
    return np.maximum(1 + level, 0.02)


def _credits(chance: Chance, days: Days) -> Floats:
    return -_weekly(chance, days) * _noise(chance, days, 0.08)


def _holes(chance: Chance, days: Days) -> Floats:
    values = _walk(chance, days) * _weekly(chance, days)
    return np.where(chance.random(len(values)) < 0.1, np.nan, values)


def _yearly(chance: Chance, days: Days) -> Floats:
    wave = 1 + 0.4 * np.sin(2 * np.pi * days.number / 365.25 + chance.uniform(0, 6))
    return np.asarray(wave * _weekly(chance, days) * _noise(chance, days, 0.05))


KINDS: Final[dict[str, Kind]] = {
    "flat": lambda chance, days: _noise(chance, days, 0.02),
    "level shifts": _steps,
    "random walk": _walk,
    "weekly": lambda chance, days: _weekly(chance, days) * _noise(chance, days, 0.05),
    "weekly walk": lambda chance, days: _walk(chance, days) * _weekly(chance, days) * _noise(chance, days, 0.03),
    "growth": _growth,
    "monthly fee": _monthly_fee,
    "ramp in the month": _month_long,
    "month end": _month_end,
    "spikes": _spikes,
    "now and then": _now_and_then,
    "jobs": _jobs,
    "new service": _new_service,
    "storage": _storage,
    "free tier": _free_tier,
    "returning": _returning,
    "credits": _credits,
    "holes": _holes,
    "yearly": _yearly,
}


def made_up(kind: str, seed: int, count: int | None = None, make: Kind | None = None) -> Series:
    """A series of one kind: its length, start, size and chance follow from the seed. `make` is one not named here."""
    chance = np.random.default_rng([*kind.encode(), seed])
    length = count or int(chance.integers(1000, 1200) if kind == "yearly" else chance.integers(150, 600))
    start = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=int(chance.integers(0, 700)))
    days = days_from(start.date(), length, Holidays.none)
    values = (make or KINDS[kind])(chance, days) * 10 ** chance.uniform(-1, 4)
    return series_of(values, Grid(start, Step()))
