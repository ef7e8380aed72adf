"""Forecasts out of the series of gold, kept as they were made. No Dagster here.

Every series is forecast by itself, and so is the whole; where a forecast of the whole missed less so far, the series
are scaled to it. Services, projects, behaviours and the organisation are sums of those very figures, so that parts and
whole agree to the last decimal. What is known to change comes on top, each change as a line of its own. What all this
is worth is measured on what is shown (`gold.forecast_accuracy`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from assets.forecasts_changes import Applied, SkuCosts, applied, price_changes, sku_costs
from assets.forecasts_rows import Rows, Sum, Whose, accuracy_rows, change_rows, day_rows, period_rows
from assets.forecasts_series import Costs, Leaf, read_costs, read_days
from assets.forecasts_tables import (
    FORECAST_ACCURACY,
    FORECAST_DAYS,
    FORECASTS,
    KNOWN_CHANGE,
    MADE_MONTH,
    write_partition,
)
from assets.forecasts_told import told_leaves, with_effects
from assets.lens import Lens
from pipelines.forecast.changes import KnownChange
from pipelines.forecast.days import Holidays
from pipelines.forecast.parts import Told, added
from pipelines.forecast.series import LEAST_VALUES
from pipelines.lake.engine import Catalog


@dataclass(frozen=True)
class Made:
    """What an update did: rows written by table, and how many series were forecast."""

    rows: Mapping[str, int]
    series: int
    made_on: date
    known_until: date | None
    reason: str | None = None


def update_forecasts(catalog: Catalog, today: date, holidays: str, changes: Sequence[KnownChange] = ()) -> Made:
    """Say where costs are going, once a day; again on that day only where more days of the bill are known since, or
    other changes. Of `changes` the price list's own are known without being named."""
    with Lens(catalog) as lens:
        read = read_days(lens)
        found = read_costs(lens, read) if read else []
        usable = [costs for costs in found if costs.count >= LEAST_VALUES]
        if not usable:
            return Made({}, 0, today, None, f"fewer than {LEAST_VALUES} days of the bill are known")
        until = usable[0].known_until
        others, known = _by_currency([*changes, *price_changes(lens, until)], {costs.currency for costs in usable})
        if _was_made(lens, today, until, {change.words for change in known}):
            return Made({}, 0, today, until, "was made on this day already")
        kept = {made.name: _kept(lens, made.name, today) for made in (FORECASTS, FORECAST_DAYS)}
        skus = {costs.currency: sku_costs(lens, known, costs) for costs in usable}
    rows: dict[str, Rows] = {made.name: [] for made in (FORECASTS, FORECAST_DAYS, FORECAST_ACCURACY)}
    series = 0
    for costs in usable:
        all_sums, effects = forecast_sums(costs, Holidays(holidays), known, skus[costs.currency])
        series += len(costs.by_leaf)
        for each in all_sums:
            rows[FORECASTS.name] += period_rows(each, today)
            rows[FORECAST_DAYS.name] += day_rows(each, today)
            rows[FORECAST_ACCURACY.name] += accuracy_rows(each, today)
        for change in effects:
            rows[FORECASTS.name] += change_rows(change, costs, today)
    written = {
        made.name: write_partition(catalog, made, f"{today:%Y-%m}", kept.get(made.name, []) + rows[made.name])
        for made in (FORECASTS, FORECAST_DAYS, FORECAST_ACCURACY)
    }
    return Made(written, series, today, until, others)


def forecast_sums(
    costs: Costs, holidays: Holidays, changes: Sequence[KnownChange] = (), skus: SkuCosts | None = None
) -> tuple[list[Sum], list[Applied]]:
    """Every level's sums of one currency, the whole last, and what each known change does to them."""
    made = told_leaves(costs, holidays)
    effects = applied(changes, costs, made.points, skus or SkuCosts({}))
    made, moved, costs = with_effects(made, effects, costs)
    told, points = made.told, made.points

    def summed(whose: Whose, leaves: Sequence[Leaf]) -> Sum:
        return Sum(whose, tuple(leaves), added([told[leaf] for leaf in leaves]), costs, points, moved)

    sums = []
    for leaves in _by(told, lambda leaf: (leaf.project_id, leaf.service_name)).values():
        first = leaves[0]
        whose = Whose("project_service", first.project_id or None, first.project_name, first.service_name)
        sums.append(summed(whose, leaves))
    for leaves in _by(told, lambda leaf: leaf.project_id).values():
        sums.append(summed(Whose("project", leaves[0].project_id or None, leaves[0].project_name), leaves))
    for behaviour, leaves in _by(told, lambda leaf: leaf.behaviour).items():
        sums.append(summed(Whose("behaviour", behaviour=behaviour), leaves))
    return [*sums, summed(Whose("organization"), list(told))], effects


def _by_currency(changes: Sequence[KnownChange], currencies: set[str]) -> tuple[str | None, list[KnownChange]]:
    """The changes of a currency that costs are in, and a word about the others."""
    known = [change for change in changes if change.currency in currencies]
    others = [f"'{change.name}' in {change.currency}" for change in changes if change.currency not in currencies]
    told = f"no cost is in the currency of the known change {', '.join(others)}: left out" if others else None
    return told, known


def _by(told: Mapping[Leaf, Told], key: Any) -> dict[Any, list[Leaf]]:
    found: defaultdict[Any, list[Leaf]] = defaultdict(list)
    for leaf in told:
        found[key(leaf)].append(leaf)
    return dict(found)


def _was_made(lens: Lens, today: date, until: date, changes: set[str]) -> bool:
    """Whether the day has a forecast of as many days of the bill and with the same known changes."""
    rows = lens.query(f"select max(known_until) as until from gold.forecasts where made_on = date '{today}'")
    made: date | None = rows["until"][0].as_py()
    told = lens.query(
        f"select distinct method from gold.forecasts where made_on = date '{today}' and level = '{KNOWN_CHANGE}'"
    )["method"].to_pylist()
    return made is not None and made >= until and set(told) == changes


def _kept(lens: Lens, table: str, today: date) -> Rows:
    """What was said on other days of the month."""
    kept: Rows = lens.query(
        f"select * from {table} where {MADE_MONTH} = '{today:%Y-%m}' and made_on <> date '{today}'"
    ).to_pylist()
    return kept
