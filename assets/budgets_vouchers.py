"""Vouchers out of gold: what is left of them day by day, and the bills with and without them.

Scaleway takes vouchers off when it invoices. So what is left of one counts from the first month without an invoice,
and is walked from there through the known costs and those to come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from assets.budgets_costs import Known, points_ahead
from assets.lens import Lens
from pipelines.budgets.amounts import less, total
from pipelines.budgets.vouchers import Bill, Spend, Voucher, VoucherBurn, burn_vouchers
from pipelines.forecast.days import Holidays

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Credits:
    """The walk of all vouchers of one currency; nothing where there is none."""

    burns: tuple[VoucherBurn, ...]
    bills: tuple[Bill, ...]
    named: Mapping[str, Mapping[str, Any]]
    known_until: date
    reason: str | None = None

    @cached_property
    def by_day(self) -> Mapping[date, Decimal]:
        """What all vouchers pay of each day."""
        paid: defaultdict[date, Decimal] = defaultdict(Decimal)
        for burn in self.burns:
            left = burn.voucher.remaining
            for day, remaining in burn.remaining.items():
                paid[day] = total((paid[day], less(left, remaining)))
                left = remaining
        return paid

    def of_month(self, month: str, until: date | None = None) -> Decimal:
        """What vouchers pay of a month, or of its days before `until`; nothing of a month that is not walked."""
        chosen = [
            amount for day, amount in self.by_day.items() if f"{day:%Y-%m}" == month and (until is None or day < until)
        ]
        return total(chosen)


def walked(lens: Lens, known: Known, currency: str, until: date, holidays: Holidays) -> Credits:
    """The vouchers that still hold, through the costs not invoiced yet and those forecast until `until`."""
    rows = lens.query(
        "select discount_id, coalesce(coupon, description) as name, granted_value, remaining_value, "
        "cast(starts_at as date) as starts_on, cast(ends_at as date) as ends_on, valid_from "
        "from silver.vouchers where is_voucher and is_current order by discount_id"
    ).to_pylist()
    first = _first_open_day(lens, known, [row["valid_from"] for row in rows])
    vouchers = [
        Voucher(row["discount_id"], max(row["remaining_value"], _ZERO), row["starts_on"] or first, row["ends_on"])
        for row in rows
        if row["remaining_value"] is not None
    ]
    spend, reason = _spend(lens, known, currency, first, until, holidays)
    burns, bills = burn_vouchers(vouchers, spend)
    named = {row["discount_id"]: row for row in rows}
    return Credits(burns, tuple(bills), named, known.until, reason)


def invoiced_discount(lens: Lens, month: str, currency: str) -> Decimal | None:
    """What the month's invoice took off, None before it is issued."""
    rows = lens.query(
        "select sum(discount) as discount from silver.invoices where invoice_type = 'periodic' "
        "and invoice_state not in ('draft', 'voided') "
        f"and billing_month = '{month}' and billing_currency = '{currency}'"
    )
    found: Decimal | None = rows["discount"][0].as_py()
    return None if found is None else max(-found, _ZERO)


def voucher_rows(credits: Credits, currency: str, today: date) -> list[dict[str, Any]]:
    """Rows of `gold.voucher_burn_down`."""
    rows = []
    for burn in credits.burns:
        told = credits.named[burn.voucher.name]
        for day, remaining in burn.remaining.items():
            if burn.voucher.ends_on is not None and day >= burn.voucher.ends_on:
                continue
            rows.append(
                {
                    "discount_id": burn.voucher.name,
                    "voucher_name": told["name"],
                    "charge_date": day,
                    "billing_currency": currency,
                    "is_known": day < credits.known_until,
                    "granted_value": told["granted_value"],
                    "remaining_value": remaining,
                    "cost_per_day": burn.per_day,
                    "expires_on": burn.voucher.ends_on,
                    "used_up_on": burn.used_up_on,
                    "unused_value": burn.unused,
                    "is_extrapolated": burn.is_extrapolated,
                    "as_of": today,
                    "reason": credits.reason,
                }
            )
    return rows


def bill_rows(credits: Credits, currency: str, today: date) -> list[dict[str, Any]]:
    """Rows of `gold.voucher_bills`."""
    return [
        {
            "billing_month": bill.month,
            "billing_currency": currency,
            "known_until": credits.known_until,
            "cost_without_credits": bill.without_credits,
            "credits": bill.credits,
            "cost_with_credits": bill.with_credits,
            "as_of": today,
        }
        for bill in credits.bills
    ]


def _first_open_day(lens: Lens, known: Known, seen: Sequence[date]) -> date:
    """The first day no voucher was taken off for: after the newest invoiced month, else of the month they were seen."""
    rows = lens.query(
        "select max(billing_month) as month from silver.invoices "
        "where invoice_type = 'periodic' and invoice_state not in ('draft', 'voided')"
    )
    month: str | None = rows["month"][0].as_py()
    if month is None:
        return min([*seen, known.until]).replace(day=1)
    return (date(int(month[:4]), int(month[5:]), 1) + timedelta(days=32)).replace(day=1)


def _spend(
    lens: Lens, known: Known, currency: str, first: date, until: date, holidays: Holidays
) -> tuple[list[Spend], str | None]:
    """The known days since `first`, and the forecast ones, by the vouchers that may pay for them."""
    rows = lens.query(
        "select charge_date, vouchers, billed_cost from gold.voucher_costs "
        f"where billing_currency = '{currency}' order by charge_date, vouchers"
    ).to_pylist()
    held: defaultdict[str, dict[date, Decimal]] = defaultdict(dict)
    for row in rows:
        held[row["vouchers"]][row["charge_date"]] = row["billed_cost"]
    held.setdefault("", {})
    spend, reasons = [], []
    whole = _told_days(lens, known, currency)
    for payers, costs in sorted(held.items(), reverse=True):  # those that no voucher pays for come last
        eligible = frozenset(payers.split())
        spend += [Spend(day, cost, eligible) for day, cost in costs.items() if first <= day < known.until]
        ahead, reason = whole, None
        if payers or not whole:
            ahead, reason = points_ahead(costs, known, until, holidays)
        reasons += [f"costs to come are not in it: {reason}"] if not ahead and reason else []
        for day, cost in ahead.items():
            spend += [Spend(day, cost, eligible)] if day >= first else []
            if payers and day in whole:
                whole[day] = less(whole[day], cost)
    return spend, "; ".join(dict.fromkeys(reasons)) or None


def _told_days(lens: Lens, known: Known, currency: str) -> dict[date, Decimal]:
    """Each day's cost of the organisation as `gold.forecast_days` tells it, so that all tables tell one figure."""
    rows = lens.query(
        "select charge_date, expected_cost from gold.forecast_days where level = 'organization' "
        "and made_on = (select max(made_on) from gold.forecasts) "
        f"and billing_currency = '{currency}' and known_until = date '{known.until}' order by charge_date"
    ).to_pylist()
    return {row["charge_date"]: row["expected_cost"] for row in rows}
