"""What ends, out of silver and the settings; contracts with a minimum are told with the shortfall to come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from assets.budgets_costs import Known, costs_of, forecast_ahead, total
from assets.budgets_vouchers import Credits
from assets.lens import Lens
from pipelines.budgets.budget import Scope, ScopeKind
from pipelines.budgets.commitments import Commitment, Shortfall, shortfall
from pipelines.budgets.due_dates import DueDate, calendar
from pipelines.forecast.days import Holidays
from pipelines.settings import Settings
from pipelines.settings_budgets import CommitmentSetting

FARTHEST_DAYS = 400
"""A forecast so far ahead is worth saying; of commitments that end later only what is spent is told."""

Row = dict[str, Any]


def calendar_rows(
    lens: Lens, settings: Settings, known: Known | None, credits: Credits | None, today: date, holidays: Holidays
) -> list[Row]:
    """Rows of `gold.commitment_calendar`, what has passed left out."""
    found = [*_told_by_scaleway(lens, credits), *_set(settings)]
    for setting in settings.commitments:
        held = _standing(lens, setting, known, today, holidays)
        found.append((_due(setting), held))
    by_entry = {id(entry): row for entry, row in found}
    rows: dict[tuple[object, ...], Row] = {}
    for due in calendar([entry for entry, _ in found], today):
        entry, row = due.entry, by_entry[id(due.entry)]
        key = (entry.kind, entry.subject, row.get("resource_id"), entry.on)
        rows.setdefault(
            key,
            {
                "due_on": entry.on,
                "days_left": due.days_left,
                "kind": entry.kind,
                "subject": entry.subject,
                "amount": entry.amount,
                "note": entry.note,
                "as_of": today,
                **row,
            },
        )
    return list(rows.values())


def _told_by_scaleway(lens: Lens, credits: Credits | None) -> Iterable[tuple[DueDate, Row]]:
    unused = {burn.voucher.name: burn.unused for burn in credits.burns} if credits else {}
    rows = lens.query(
        "select resource_id, resource_name, project_id, date_kind, subject, cast(ends_at as date) as due_on, note "
        "from silver.calendar order by resource_id, date_kind, subject"
    ).to_pylist()
    for row in rows:
        is_voucher = row["date_kind"] == "voucher_end"
        amount = unused.get(row["resource_id"]) if is_voucher else None
        note = row["note"] or ("the amount expires unused" if amount else None)
        entry = DueDate(row["date_kind"], row["subject"] or row["resource_id"], row["due_on"], amount, note)
        whose = {name: row[name] for name in ("resource_id", "resource_name", "project_id")}
        yield entry, {**whose, "source": "scaleway"}


def _set(settings: Settings) -> Iterable[tuple[DueDate, Row]]:
    for each in settings.end_dates:
        entry = DueDate(each.kind, each.subject, each.on, each.amount, each.note)
        yield entry, {"source": "finops.toml", "billing_currency": each.currency if each.amount is not None else None}


def _due(setting: CommitmentSetting) -> DueDate:
    return DueDate("contract_end", setting.name, setting.ends_on, setting.minimum, "the day after its last")


def _standing(lens: Lens, setting: CommitmentSetting, known: Known | None, today: date, holidays: Holidays) -> Row:
    """Spent, planned and to come of one contract; unknown costs leave all of it unknown."""
    row: Row = {
        "source": "finops.toml",
        "billing_currency": setting.currency,
        "minimum_cost": setting.minimum,
    }
    scope = Scope(ScopeKind.project if setting.project else ScopeKind.organization, setting.project or "")
    costs = costs_of(lens, scope, setting.currency) if known else "no day of the bill is known"
    if known is None or isinstance(costs, str):
        return {**row, "note": f"what is spent is not known: {costs}"}
    days = [setting.starts_on + timedelta(days=n) for n in range((known.until - setting.starts_on).days)]
    days = [day for day in days if day < setting.ends_on]
    if unread := [day for day in days if day not in known.read]:
        note = f"what is spent is not known: {len(unread)} days from {unread[0]} on were not read"
        return {**row, "note": f"{note}; `finops backfill --since {unread[0]}` reads them"}
    commitment = Commitment(setting.name, setting.minimum, setting.currency, setting.starts_on, setting.ends_on)
    spent = total(costs, days)
    ahead = None
    if known.until < setting.ends_on and (setting.ends_on - known.until).days <= FARTHEST_DAYS:
        found = forecast_ahead(costs, known, setting.ends_on, holidays)
        ahead = found.outlooks[-1].cost if found.outlooks else None
    return {**row, **_columns(shortfall(commitment, spent, known.until, ahead))}


def _columns(found: Shortfall) -> Row:
    expected = found.expected
    note = "the day after its last"
    if expected is None:
        note = f"{note}; what is still to be spent is not forecast"
    elif expected.expected > Decimal(0):
        note = f"{note}; the minimum will not be reached as things go"
    return {
        "spent_cost": found.spent,
        "planned_cost": found.planned,
        "behind_cost": found.behind,
        "to_spend_cost": found.to_spend,
        "needed_per_day": found.per_day_needed,
        "expected_shortfall": expected.expected if expected else None,
        "low_shortfall": expected.low if expected else None,
        "high_shortfall": expected.high if expected else None,
        "chance_of_shortfall": found.chance if found.to_spend else 0.0,  # what is spent stays spent
        "note": note,
    }
