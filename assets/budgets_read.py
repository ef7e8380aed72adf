"""Budgets to be judged: those of `finops.toml` and those set at Scaleway, with what converts them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from assets.budgets_vouchers import Credits, invoiced_discount
from assets.lens import Lens
from pipelines.budgets.basis import Terms
from pipelines.budgets.budget import SCALEWAY, Basis, Budget, Scope, ScopeKind, refuse_same_names
from pipelines.settings import Settings

SCALEWAY_NAME = "Scaleway"
NO_TAX_RATE = "no tax rate is known; set billing_terms.tax_rate"


@dataclass(frozen=True)
class Wanted:
    """A budget of a month and where it was set."""

    budget: Budget
    source: str


def wanted_budgets(lens: Lens, settings: Settings, months: Sequence[str], currency: str) -> list[Wanted]:
    """Every budget that says something of these months. Two of one name are refused."""
    found = [
        Wanted(
            Budget(
                setting.name,
                Scope(ScopeKind(setting.scope.value), setting.value),
                amount,
                setting.currency,
                month,
                Basis(setting.basis.is_after_discounts, setting.basis.has_tax),
                setting.thresholds,
            ),
            "finops.toml",
        )
        for setting in settings.budgets
        for month in months
        if (amount := setting.amount_of(month)) is not None
    ]
    found += [wanted for month in months for wanted in _set_at_scaleway(lens, month, currency)]
    refuse_same_names(wanted.budget for wanted in found)
    return found


def _set_at_scaleway(lens: Lens, month: str, currency: str) -> list[Wanted]:
    rows = lens.query(
        "select budget_id, taxed_limit, coalesce(billing_currency, '" + currency + "') as currency, alert_thresholds "
        "from silver.budgets where coalesce(is_enabled, true) and taxed_limit > 0 order by budget_id"
    ).to_pylist()
    found = []
    for row in rows:
        name = SCALEWAY_NAME if len(rows) == 1 else f"{SCALEWAY_NAME} {row['budget_id'][:8]}"
        told = [Decimal(str(each)) for each in json.loads(row["alert_thresholds"] or "[]") if each is not None]
        thresholds = tuple(each for each in told if each > 0) or (Decimal(100),)
        scope = Scope(ScopeKind.organization, "")
        found.append(
            Wanted(Budget(name, scope, row["taxed_limit"], row["currency"], month, SCALEWAY, thresholds), "scaleway")
        )
    return found


def tax_rate(lens: Lens, settings: Settings, currency: str) -> Decimal | None:
    """VAT as set, else that of the newest tax on the bill."""
    if settings.billing_terms.tax_rate is not None:
        return settings.billing_terms.tax_rate
    rows = lens.query(
        "select max(tax_rate) as rate from silver.taxes where tax_rate is not null "
        f"and billing_currency = '{currency}' and billing_month = (select max(billing_month) from silver.taxes)"
    )
    rate: Decimal | None = rows["rate"][0].as_py()
    return rate


def terms_of(
    lens: Lens, settings: Settings, credits: Credits, budget: Budget, until: date | None = None
) -> tuple[Terms, bool]:
    """What lies between a month's cost and its invoice, and whether the tax rate is known; before `until` only.

    Vouchers pay for the organisation's bill as a whole: nothing says which part of one a project, team or tag got.
    """
    rate = tax_rate(lens, settings, budget.currency)
    vouchers = Decimal(0)
    if budget.scope.kind is ScopeKind.organization:
        invoiced = invoiced_discount(lens, budget.month, budget.currency)
        vouchers = credits.of_month(budget.month, until) if invoiced is None else invoiced
    return Terms(rate or Decimal(0), settings.billing_terms.discount_rate, vouchers), rate is not None


def months_of(known_until: date) -> tuple[str, str]:
    """The month before, whose bill may still change, and the running one."""
    first = known_until.replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}", f"{first:%Y-%m}"
