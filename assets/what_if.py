"""Asks the lake what other prices, traffic, sizes, retention and hours would change. No Dagster here.

The baseline is what was used in the newest complete month, laid over the days asked about; `pipelines.whatif` changes
it. What is already spent of a running month stays: only the days to come of it change, and of a budget the part of
them that it bounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from assets.what_if_words import LABELS
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.whatif.amounts import precise, rounded
from pipelines.whatif.asking import what_if
from pipelines.whatif.baseline import Behaviour, Line, Units
from pipelines.whatif.forecast import BudgetEffect, Range, budget_effect, shifted
from pipelines.whatif.kpis import Kpi
from pipelines.whatif.outcome import KpiEffect, Outcome
from pipelines.whatif.scenarios import Scenario, Selector, Traffic

REQUESTS = "requests"
PRODUCTION = "prod"
_BOUNDED_BY_LABEL = frozenset({"project", "team", "owner", "environment", "product", "tenant"})


@dataclass(frozen=True)
class Baseline:
    """The newest complete month of one currency, and the first day that is not known yet."""

    month: str
    since: date
    until: date
    known_until: date
    currency: str
    lines: tuple[Line, ...]

    def over(self, since: date, until: date) -> list[Line]:
        """The same use of each day, over other days."""
        share = Fraction((until - since).days, (self.until - self.since).days)
        return [
            replace(
                line,
                since=since,
                until=until,
                cost=rounded(Fraction(line.cost) * share),
                quantity=None if line.quantity is None else precise(Fraction(line.quantity) * share),
            )
            for line in self.lines
        ]


@dataclass(frozen=True)
class ForecastEffect:
    """A forecast as it is and as it would be."""

    period: str
    since: date
    until: date
    before: Range
    after: Range


@dataclass(frozen=True)
class NamedBudget:
    """A budget of the running month and what the scenarios do to it; None with the reason where that is not known."""

    name: str
    effect: BudgetEffect | None
    reason: str | None = None


@dataclass(frozen=True)
class Asked:
    """The answer in one currency: the month asked about, key figures, forecasts, budgets, and what is not known."""

    baseline: Baseline
    since: date
    until: date
    outcome: Outcome
    kpis: tuple[KpiEffect, ...]
    forecasts: tuple[ForecastEffect, ...]
    budgets: tuple[NamedBudget, ...]
    missing: tuple[str, ...]


def ask(catalog: Catalog, scenarios: Sequence[Scenario], currency: str | None = None) -> Asked:
    """What the scenarios change in the month after the days that are known, in forecasts and in budgets."""
    if not scenarios:
        raise UsageError("no scenario is given; write one such as --price '/compute/*=+5%', or --file FILE")
    baseline = baseline_of(catalog, currency)
    known_until = baseline.known_until
    since = known_until if known_until.day == 1 else _next_month(known_until)
    until = _next_month(since)
    outcome = what_if(baseline.over(since, until), scenarios)
    missing: list[str] = []
    kpis = _kpis(catalog, baseline, (since, until), scenarios, missing)
    forecasts = _forecasts(catalog, baseline, scenarios, missing)
    budgets = _budgets(catalog, baseline, scenarios, missing)
    return Asked(baseline, since, until, outcome, kpis, forecasts, budgets, tuple(missing))


def list_prices(catalog: Catalog) -> dict[str, Decimal]:
    """Unit prices by SKU as they hold now."""
    rows = catalog.query(
        "select sku, list_unit_price from silver.prices where valid_to is null and list_unit_price is not null"
    ).to_pylist()
    return {row["sku"]: row["list_unit_price"] for row in rows}


def baseline_of(catalog: Catalog, currency: str | None = None) -> Baseline:
    """The newest month that is complete, in this currency or in the one that costs most."""
    months = catalog.query("select * from silver.billing_months order by billing_month").to_pylist()
    complete = [row["billing_month"] for row in months if row["is_complete"]]
    if not complete:
        raise UsageError("the lake holds no complete month to ask about; run `finops demo`, or `finops run` first")
    month = complete[-1]
    since = date.fromisoformat(f"{month}-01")
    until = _next_month(since)
    rows = catalog.query(_LINES.format(month=month)).to_pylist()
    held: dict[str, Decimal] = {}
    for row in rows:
        held[row["billing_currency"]] = held.get(row["billing_currency"], Decimal(0)) + row["billed_cost"]
    if currency is not None and currency not in held:
        raise UsageError(f"currency {currency!r} has no charges in {month}; it has {', '.join(sorted(held))}")
    chosen = currency or max(held, key=lambda each: (held[each], each))
    lines = tuple(_line(row, since, until) for row in rows if row["billing_currency"] == chosen)
    return Baseline(month, since, until, months[-1]["charges_until"], chosen, lines)


_LINES = """
    with charges as (
        select
            costs.project_name as project, costs.sku, costs.service_name as service, costs.environment, costs.owner,
            costs.team, costs.tenant, costs.product, costs.billing_currency, nullif(prices.list_unit_price, 0) as price,
            sum(costs.billed_cost) as cost
        from silver.labelled_costs as costs
        left join silver.prices
            on costs.sku = prices.sku and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')
        where costs.billing_month = '{month}' and costs.billed_cost is not null
        group by all
    )
    select
        charges.* exclude (price, cost), behaviours.behaviour, behaviours.driver, behaviours.can_stop,
        cast(sum(cost) as decimal(38, 12)) as billed_cost,
        cast(case when count(*) = count(price) then sum(cast(cost / price as decimal(38, 12))) end as decimal(38, 12))
            as quantity,
        cast(max(price) as decimal(38, 18)) as unit_price
    from charges left join gold.bridge_behaviours as behaviours using (sku)
    group by all
"""
"""What was used in a month, by SKU and by what a scenario may select."""


def _line(row: Mapping[str, Any], since: date, until: date) -> Line:
    """A credit is left as it is; what runs and cannot be stopped is set aside. A negative quantity is not known."""
    behaviour = Behaviour(str(row["behaviour"] or "usage").replace("credits", "credit"))
    if behaviour is Behaviour.runtime and not row["can_stop"]:
        behaviour = Behaviour.capacity
    quantity = row["quantity"]
    labels = {label: row[label] for label in LABELS if row[label] is not None}
    return Line(
        item=" · ".join([row["project"], *(labels[name] for name in ("product", "environment") if name in labels)]),
        sku=row["sku"],
        since=since,
        until=until,
        cost=row["billed_cost"],
        quantity=quantity if quantity is not None and quantity >= 0 else None,
        unit_price=row["unit_price"],
        behaviour=behaviour,
        driver=row["driver"],
        labels=labels,
    )


def _kpis(
    catalog: Catalog,
    baseline: Baseline,
    days: tuple[date, date],
    scenarios: Sequence[Scenario],
    missing: list[str],
) -> tuple[KpiEffect, ...]:
    """Direct production cost of a thousand requests, by product; each is asked with the requests of its own."""
    counted = _rows(
        catalog,
        "gold.cost_per_request",
        f"period = 'month' and billing_month = '{baseline.month}' and environment = '{PRODUCTION}' "
        f"and billing_currency = '{baseline.currency}' and product is not null",
    )
    known = [row for row in counted if row["units"] is not None and row["reason"] is None]
    if not known:
        missing.append(f"no key figure: gold.cost_per_request knows no requests of {baseline.month}")
    found: list[KpiEffect] = []
    for row in sorted(known, key=lambda row: str(row["product"])):
        product = str(row["product"])
        share = Fraction((days[1] - days[0]).days, (baseline.until - baseline.since).days)
        units = Units(REQUESTS, *days, precise(Fraction(row["units"]) * 1000 * share))
        lines = Selector(labels={"product": product, "environment": PRODUCTION})
        kpi = Kpi(f"cost per 1k requests of {product}", REQUESTS, 1000, lines)
        own = [each for each in scenarios if _concerns(each, product)]
        found += what_if(baseline.over(*days), own, [kpi], [units]).kpis
    return tuple(found)


def _concerns(scenario: Scenario, product: str) -> bool:
    """Another product's traffic is not this one's."""
    return not isinstance(scenario, Traffic) or scenario.lines.labels.get("product") in (None, product)


def _forecasts(
    catalog: Catalog, baseline: Baseline, scenarios: Sequence[Scenario], missing: list[str]
) -> tuple[ForecastEffect, ...]:
    rows = _rows(
        catalog,
        "gold.forecasts",
        "made_on = (select max(made_on) from gold.forecasts) and level = 'organization' "
        f"and billing_currency = '{baseline.currency}' and expected_cost is not null",
    )
    found = []
    for row in sorted(rows, key=lambda row: (row["period_start"], row["period_end"])):
        since, until = max(row["known_until"], row["period_start"]), row["period_end"]
        if since < until:
            before = Range(row["expected_cost"], row["low_cost"], row["high_cost"])
            ahead = what_if(baseline.over(since, until), scenarios)
            after = shifted(before, ahead.before, ahead.after)
            found.append(ForecastEffect(row["period"], row["period_start"], until, before, after))
    if not found:
        missing.append(f"no forecast is in the lake: the effect is on what {baseline.month} used")
    return tuple(found)


def _budgets(
    catalog: Catalog, baseline: Baseline, scenarios: Sequence[Scenario], missing: list[str]
) -> tuple[NamedBudget, ...]:
    month = f"{baseline.known_until:%Y-%m}"
    rows = _rows(
        catalog,
        "gold.budgets",
        f"billing_month = '{month}' and billing_currency = '{baseline.currency}'",
    )
    newest = max((row["as_of"] for row in rows), default=None)
    if newest is None:
        missing.append(f"no budget of {month} is in the lake")
    end = _next_month(baseline.known_until)
    lines = baseline.over(baseline.known_until, end)
    return tuple(
        _budget(row, lines, scenarios)
        for row in sorted(rows, key=lambda row: str(row["budget_name"]))
        if row["as_of"] == newest
    )


def _budget(row: Mapping[str, Any], lines: Iterable[Line], scenarios: Sequence[Scenario]) -> NamedBudget:
    name, kind = str(row["budget_name"]), row["scope_kind"]
    if row["amount_as_cost"] is None or row["expected_cost"] is None:
        return NamedBudget(name, None, row["reason"] or "its amount or its forecast is not known")
    if kind == "organization":
        bounded = list(lines)
    elif kind in _BOUNDED_BY_LABEL:
        bounded = [line for line in lines if line.labels.get(kind) == row["scope"]]
    else:
        return NamedBudget(name, None, f"a budget by {kind} is not changed by scenarios on lines of the bill")
    outcome = what_if(bounded, scenarios)
    before = Range(row["expected_cost"], row["low_cost"], row["high_cost"])
    return NamedBudget(name, budget_effect(row["amount_as_cost"], before, outcome.before, outcome.after))


def _rows(catalog: Catalog, table: str, chosen: str) -> list[dict[str, Any]]:
    """Rows of a table that an older lake may lack."""
    if table not in catalog.models.by_name and table not in catalog.declared:
        return []
    if any(catalog.state(name).delta is None for name in catalog.physical(table)):
        return []
    rows: list[dict[str, Any]] = catalog.query(f"select * from {table} where {chosen}").to_pylist()
    return rows


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
