"""Known changes of cost: what they reach of the series that are forecast, and their effects there to the last decimal.

They come from finops.toml and from the price list, where a price differs from that of the last charges. Whoever knows
of more, such as schedules that were set or actions that were accepted, hands them to `update_forecasts` as `changes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from fractions import Fraction

from assets.forecasts_series import Costs, Leaf, grouped_leaf
from assets.lens import Lens
from pipelines.allocation.splitting import Proportions
from pipelines.forecast.changes import ChangeKind, KnownChange, amounts_of, effect_on, summed
from pipelines.settings_budgets import KnownChangeSetting

SKU_DAYS = 30
BEHAVIOUR = "known change"
"""Of a series that is a change by itself."""
_DECIMALS = 6
_ZERO = Decimal(0)
Points = Mapping[Leaf, Sequence[Decimal]]


@dataclass(frozen=True)
class SkuCosts:
    """What each SKU cost over the last days, by series: one holds several."""

    by_leaf: Mapping[Leaf, Mapping[str, Decimal]]

    def share(self, leaf: Leaf, pattern: str) -> Decimal:
        """Which part of a series is of the SKUs that a pattern names."""
        if pattern == "*":
            return Decimal(1)
        costs = self.by_leaf.get(leaf, {})
        whole = sum(costs.values(), _ZERO)
        named = sum((cost for sku, cost in costs.items() if fnmatchcase(sku, pattern)), _ZERO)
        return named / whole if whole > 0 and named > 0 else _ZERO


@dataclass(frozen=True)
class Applied:
    """One change with what it does on each day ahead to each series; `reason` says why that is nothing."""

    change: KnownChange
    effects: Mapping[Leaf, Sequence[Decimal]]
    days: int
    reason: str | None = None

    @property
    def total(self) -> list[Decimal]:
        """By day ahead."""
        return summed(self.effects, self.days)


def changes_of(settings: Sequence[KnownChangeSetting]) -> list[KnownChange]:
    """The changes that finops.toml names."""
    found = []
    for each in settings:
        scope = {"project": each.project, "service": each.service, "sku": each.sku, "currency": each.currency}
        amounts = {ChangeKind.factor: each.factor, ChangeKind.once: each.once, ChangeKind.monthly: each.monthly}
        kind, amount = next(
            ((kind, amount) for kind, amount in amounts.items() if amount is not None), (ChangeKind.ends, _ZERO)
        )
        found.append(KnownChange(each.name, each.on, kind, amount, each.until, **scope))
    return found


def price_changes(lens: Lens, known_until: date) -> list[KnownChange]:
    """Prices of the list that hold from the first unknown day on or later and differ from those before."""
    if any(lens.catalog.state(table).delta is None for table in ("silver.prices", "silver.labelled_costs")):
        return []
    rows = lens.query(
        "select prices.sku, prices.valid_from, prices.list_unit_price as price, prices.billing_currency as currency, "
        "lag(prices.list_unit_price) over (partition by prices.sku order by prices.valid_from) as before "
        "from silver.prices as prices where prices.sku in (select distinct costs.sku from silver.labelled_costs as "
        f"costs where costs.charge_date >= date '{known_until - timedelta(days=SKU_DAYS)}' and costs.sku is not null) "
        f"qualify prices.valid_from >= date '{known_until}' and before > 0 and price > 0 and price <> before "
        "order by prices.sku, prices.valid_from"
    ).to_pylist()
    return [
        KnownChange(
            f"price of {row['sku']} from {row['valid_from']}",
            row["valid_from"],
            ChangeKind.factor,
            (row["price"] / row["before"]).quantize(Decimal("0.000000001")),
            sku=_literal(row["sku"]),
            currency=row["currency"] or "EUR",
            source=f"price list, {row['before'].normalize():f} to {row['price'].normalize():f}",
        )
        for row in rows
    ]


def sku_costs(lens: Lens, changes: Sequence[KnownChange], costs: Costs) -> SkuCosts:
    """Read only where a change names SKUs."""
    if all(change.sku == "*" for change in changes):
        return SkuCosts({})
    since = costs.known_until - timedelta(days=SKU_DAYS)
    rows = lens.query(
        "select costs.project_id, costs.project_name, costs.service_name, costs.sku, "
        "coalesce(behaviours.behaviour, 'usage') as behaviour, "
        "cast(sum(costs.billed_cost) as decimal(38, 12)) as cost from silver.labelled_costs as costs "
        "left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku "
        f"where costs.charge_date >= date '{since}' and costs.charge_date < date '{costs.known_until}' "
        f"and costs.billing_currency = '{costs.currency}' and costs.sku is not null and costs.billed_cost is not null "
        "group by all"
    ).to_pylist()
    held: defaultdict[Leaf, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows:
        own = Leaf(row["project_id"] or "", row["project_name"] or "", row["service_name"], row["behaviour"])
        held[grouped_leaf(own, costs.by_leaf)][row["sku"]] += row["cost"]
    return SkuCosts(held)


def applied(changes: Sequence[KnownChange], costs: Costs, points: Points, skus: SkuCosts) -> list[Applied]:
    """Every change of the costs' currency, the earlier first: what is left by one is what the next one reaches."""
    left = {leaf: list(each) for leaf, each in points.items()}
    days = len(next(iter(left.values())))
    found = []
    for change in sorted(changes, key=lambda each: (each.on, each.name)):
        if change.currency != costs.currency:
            continue
        each = _amounts(change, costs, left, skus, days) if change.is_amount else _parts(change, costs, left, skus)
        for leaf, effect in each.effects.items():
            before = left.setdefault(leaf, [_ZERO] * days)
            left[leaf] = [point + moved for point, moved in zip(before, effect, strict=True)]
        found.append(replace(each, days=days))
    return found


def _parts(change: KnownChange, costs: Costs, left: Points, skus: SkuCosts) -> Applied:
    """What a price or an end does to the series in its scope."""
    shares = {leaf: skus.share(leaf, change.sku) for leaf in left if _reaches(change, leaf)}
    effects = {leaf: effect_on(change, left[leaf], share, costs.known_until) for leaf, share in shares.items() if share}
    return Applied(change, effects, 0, None if effects else f"nothing that is forecast is in its scope: {change.words}")


def _amounts(change: KnownChange, costs: Costs, left: Points, skus: SkuCosts, days: int) -> Applied:
    """An amount of a service is shared out among its series by their own points; any other is a series by itself."""
    amounts = amounts_of(change, costs.known_until, days)
    shares: dict[Leaf, Decimal] = {}
    if change.service != "*" or change.sku != "*":
        shares = {leaf: skus.share(leaf, change.sku) for leaf in left if _reaches(change, leaf)}
    reached = sorted(leaf for leaf, share in shares.items() if share)
    if not reached:
        return Applied(change, {_own(change, left): amounts}, days)
    effects: dict[Leaf, list[Decimal]] = {leaf: [] for leaf in reached}
    for number, amount in enumerate(amounts):
        weights = {f"{at:06}": abs(left[leaf][number]) * shares[leaf] for at, leaf in enumerate(reached)}
        told = split_by(amount.quantize(Decimal("0.000001")), weights)
        for at, leaf in enumerate(reached):
            effects[leaf].append(told.get(f"{at:06}", _ZERO))
    return Applied(change, effects, days)


def split_by(amount: Decimal, weights: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    """The amount by weights, evenly where none is above zero; the parts add up to it."""
    if not any(weights.values()):
        weights = dict.fromkeys(weights, Decimal(1))
    return Proportions({name: Fraction(weight) for name, weight in weights.items()}).split(amount, _DECIMALS)


def _own(change: KnownChange, leaves: Points) -> Leaf:
    """A series for the change alone, of the project it names where that is one."""
    projects = sorted({(leaf.project_id, leaf.project_name) for leaf in leaves if _in_project(change, leaf)})
    project = projects[0] if len(projects) == 1 and change.project != "*" else ("", "")
    return Leaf(*project, change.name, BEHAVIOUR)


def _reaches(change: KnownChange, leaf: Leaf) -> bool:
    return leaf.behaviour != BEHAVIOUR and _in_project(change, leaf) and fnmatchcase(leaf.service_name, change.service)


def _in_project(change: KnownChange, leaf: Leaf) -> bool:
    return fnmatchcase(leaf.project_name, change.project) or fnmatchcase(leaf.project_id, change.project)


def _literal(text: str) -> str:
    """A pattern for this very text."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)
