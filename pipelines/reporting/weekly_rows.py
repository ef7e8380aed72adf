"""What the weekly review is made from: one ISO week and one currency, rows of gold tables."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from pipelines.reporting.advice_rows import Advice
from pipelines.reporting.anomaly_rows import Anomalies, AnomalyRow
from pipelines.reporting.money import total
from pipelines.reporting.monthly_rows import FailedCheck, FreshnessRow, GoldRow
from pipelines.reporting.outlook_rows import Outlook
from pipelines.reporting.weeks import DAYS, Week

JUDGED_AFTER = timedelta(days=2)
"""A Sunday's charges are judged on Tuesday, in time for the review of the week it ends."""

_BY_ITSELF = ("explained", "suppressed")
"""States that come of what is known, without a word of a person."""


@dataclass(frozen=True)
class WeekCostRow(GoldRow):
    """What a project's service cost in the days of a week that are known, and in the same days of the week before."""

    TABLE = "gold.daily_costs"
    KEYS = ("project_id", "service_name", "billing_currency")

    project_id: str | None
    project_name: str | None
    service_name: str | None
    owner: str | None
    billing_currency: str
    billed_cost: Decimal
    previous_cost: Decimal
    delta_cost: Decimal


@dataclass(frozen=True)
class WeeklyInput:
    """All that one currency's part of the page shows. `charges_until` is the first day without charges."""

    organization_name: str
    week: Week
    currency: str
    as_of: datetime
    product_version: str
    charges_until: date
    costs: tuple[WeekCostRow, ...]
    anomalies: Anomalies | None
    outlook: Outlook
    freshness: tuple[FreshnessRow, ...]
    checks_failed: tuple[FailedCheck, ...] = ()
    advice: Advice | None = None

    @property
    def known_days(self) -> int:
        """How many of its days have charges."""
        return known_days(self.week, self.charges_until)

    @property
    def is_complete(self) -> bool:
        """Whether all of them have."""
        return self.known_days == DAYS

    @property
    def cost(self) -> Decimal:
        """The sum of the week's rows."""
        return total(row.billed_cost for row in self.costs)

    @property
    def previous_cost(self) -> Decimal:
        """The sum of the same days of the week before."""
        return total(row.previous_cost for row in self.costs)

    @property
    def delta_cost(self) -> Decimal:
        """The sum of the changes."""
        return total(row.delta_cost for row in self.costs)


def known_days(week: Week, until: date) -> int:
    """Days of the week before `until`, the first day without charges."""
    return min(max((until - week.monday).days, 0), DAYS)


@dataclass(frozen=True)
class WeekAnomalies:
    """The anomalies a week's review speaks of; each stands once."""

    new: tuple[AnomalyRow, ...]
    still_open: tuple[AnomalyRow, ...]
    answered: tuple[AnomalyRow, ...]
    quiet: tuple[AnomalyRow, ...]


def week_anomalies(found: Anomalies, week: Week) -> WeekAnomalies:
    """New ones began in the week, or were first found in it and are not older than the week before.

    Answered ones are new and were explained, expected, closed or suppressed since; or it was said in the week of older
    ones, of those that explain themselves only while they are fresh. What is new, asks for no action and was not
    answered is only counted.
    """
    known = [row for row in found.rows if row.first_day <= week.sunday]
    to_act = [row for row in known if row.is_actionable]
    answered = [row for row in known if not row.is_open and not row.is_actionable and _is_answered(row, week)]
    return WeekAnomalies(
        new=tuple(row for row in to_act if _is_new(row, week)),
        still_open=tuple(row for row in to_act if not _is_new(row, week)),
        answered=tuple(answered),
        quiet=tuple(row for row in known if _is_new(row, week) and row not in answered and row not in to_act),
    )


def _is_new(row: AnomalyRow, week: Week) -> bool:
    if row.first_day >= week.monday:
        return True
    found = row.first_judged_on - JUDGED_AFTER if row.first_judged_on else None
    return _within(found, week) and _is_fresh(row, week)


def _is_answered(row: AnomalyRow, week: Week) -> bool:
    if _is_new(row, week):
        return True
    return _within(row.state_since, week) and (row.state not in _BY_ITSELF or _is_fresh(row, week))


def _is_fresh(row: AnomalyRow, week: Week) -> bool:
    """Whether it has a day in the week or the one before."""
    return row.last_day >= week.monday - timedelta(days=DAYS)


def _within(day: date | None, week: Week) -> bool:
    return day is not None and week.monday <= day <= week.sunday
