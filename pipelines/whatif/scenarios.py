"""The changes that can be asked about: price, traffic, size, retention, schedule. Each names the lines it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from types import MappingProxyType

from pipelines.errors import UsageError
from pipelines.whatif.baseline import HOURS_PER_WEEK, Line


@dataclass(frozen=True)
class Selector:
    """Lines whose SKU fits the pattern (`*` stands for anything) and that carry all the labels."""

    sku: str = "*"
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def fits(self, line: Line, sku: str | None = None) -> bool:
        """Whether the line is meant, as it is or with another SKU."""
        return fnmatchcase(line.sku if sku is None else sku, self.sku) and all(
            line.labels.get(key) == value for key, value in self.labels.items()
        )


ANY = Selector()


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One change, from `since` on (None: from the start) until before `until` (None: to the end)."""

    name: str
    lines: Selector = ANY
    since: date | None = None
    until: date | None = None

    def holds(self, since: date, until: date) -> bool:
        """Whether it holds over these days, which none of its dates cuts."""
        return (self.since is None or self.since <= since) and (self.until is None or until <= self.until)

    @property
    def dates(self) -> tuple[date, ...]:
        return tuple(each for each in (self.since, self.until) if each is not None)


@dataclass(frozen=True, kw_only=True)
class Price(Scenario):
    """Another unit price: by percent, or a new one. A line that is paid below its unit price keeps that share."""

    percent: Decimal | None = None
    unit_price: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.percent is None) == (self.unit_price is None):
            raise UsageError(f"scenario '{self.name}': give either percent or unit_price")
        _not_below(self.name, "percent", self.percent, -100)
        _not_below(self.name, "unit_price", self.unit_price, 0)


@dataclass(frozen=True, kw_only=True)
class Traffic(Scenario):
    """So many percent more or less of a driver; lines that are charged by use of it follow, the others do not.

    `lines` narrows which lines follow; the driver's own total, which KPIs divide by, always changes.
    """

    driver: str
    percent: Decimal

    def __post_init__(self) -> None:
        _not_below(self.name, "percent", self.percent, -100)


@dataclass(frozen=True, kw_only=True)
class Size(Scenario):
    """Another SKU in place of the lines': at its own unit price, `quantity_factor` of them for each one."""

    to_sku: str
    unit_price: Decimal
    quantity_factor: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        _not_below(self.name, "unit_price", self.unit_price, 0)
        _not_below(self.name, "quantity_factor", self.quantity_factor, 0)


@dataclass(frozen=True, kw_only=True)
class Retention(Scenario):
    """Data is kept for other days than now; only those beyond `free_days` are charged, as GB and days.

    What is written each day is taken as steady. Shortened, the older data goes at once; lengthened, one more day of
    it is there each day from `since` on. Without `since` it counts as if it had always been so.
    """

    days_before: int
    days_after: int
    free_days: int = 0

    def __post_init__(self) -> None:
        for key in ("days_before", "days_after", "free_days"):
            _not_below(self.name, key, getattr(self, key), 0)


@dataclass(frozen=True, kw_only=True)
class Schedule(Scenario):
    """Off for so many hours a week. Only what is charged by runtime ends; volumes and addresses go on.

    What is on for fewer hours than are left already is off in those hours as it is, and nothing is saved twice.
    """

    hours_off: Decimal

    def __post_init__(self) -> None:
        _not_below(self.name, "hours_off", self.hours_off, 0)
        if self.hours_off > HOURS_PER_WEEK:
            raise UsageError(
                f"scenario '{self.name}': hours_off {self.hours_off} is more than a week's {HOURS_PER_WEEK}"
            )


def hours_off(off_from: int, on_from: int, *, weekends: bool = False) -> Decimal:
    """Hours a week that are off when every day's hours from `off_from` until `on_from` are, and whole weekends too.

    The week is counted hour by hour, so an hour off for both reasons counts once. 20 and 7 is from eight in the
    evening until seven in the morning.
    """
    if not (0 <= off_from <= 24 and 0 <= on_from <= 24):
        raise UsageError(f"hours {off_from} and {on_from} are not between 0 and 24")
    off = 0
    for weekday in range(7):
        for hour in range(24):
            is_night = off_from <= hour < on_from if off_from <= on_from else hour >= off_from or hour < on_from
            off += is_night or (weekends and weekday >= 5)
    return Decimal(off)


def _not_below(name: str, key: str, value: Decimal | int | None, bound: int) -> None:
    if value is not None and not (Decimal(value).is_finite() and value >= bound):
        raise UsageError(f"scenario '{name}': {key} {value} is not a number of {bound} or more")
