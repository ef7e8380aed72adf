"""What is frozen of a month: its figures, and all they are made from. No Dagster here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from assets.allocations import ALLOCATED_COSTS, ALLOCATED_IMPORTS
from assets.bridges import BRIDGE_PARTS
from assets.kpi_bridges import KPI_BRIDGE
from assets.lens import Lens
from assets.made_tables import MadeTable
from pipelines.closing.manifest import Answer, Figure, Input, Manifest
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings

_CAUSES = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")

FIGURES = {
    "gold.monthly_summary": """
        select 'billed cost' as figure, '' as scope, billing_currency, '' as unit, billed_cost as value
        from gold.monthly_summary where billing_month = '{month}'
        union all
        select 'cost per day', '', billing_currency, 'day', cost_per_day
        from gold.monthly_summary where billing_month = '{month}'
    """,
    "gold.daily_costs": """
        select 'cost of a project' as figure, coalesce(project_id, '') as scope, billing_currency, '' as unit,
            sum(billed_cost) as value
        from gold.daily_costs where billing_month = '{month}' group by all
        union all
        select 'cost of a service', service_name, billing_currency, '', sum(billed_cost)
        from gold.daily_costs where billing_month = '{month}' group by all
    """,
    "gold.invoice_reconciliation": """
        select 'consumption' as figure, '' as scope, billing_currency, '' as unit, consumed_cost as value
        from gold.invoice_reconciliation where billing_month = '{month}'
        union all
        select 'invoice before discounts', '', billing_currency, '', invoiced_cost
        from gold.invoice_reconciliation where billing_month = '{month}'
    """,
    "gold.invoice_waterfall": """
        select 'step of the invoice' as figure, step as scope, billing_currency, '' as unit, sum(amount) as value
        from gold.invoice_waterfall where billing_month = '{month}' group by all
    """,
    "gold.total_bridge": " union all ".join(
        f"select 'change by {cause.replace('_', ' ')}' as figure, '' as scope, billing_currency, '' as unit, "
        f"sum({cause}_effect) as value from gold.total_bridge where billing_month = '{{month}}' group by all"
        for cause in _CAUSES
    ),
    "gold.kpis": """
        select kpi as figure, coalesce(scope, '') as scope, coalesce(billing_currency, '') as billing_currency,
            coalesce(unit, '') as unit, value
        from gold.kpis where billing_month = '{month}' and period = 'month'
        union all
        select kpi || ', fully loaded', coalesce(scope, ''), coalesce(billing_currency, ''), coalesce(unit, ''),
            loaded_value
        from gold.kpis where billing_month = '{month}' and period = 'month' and loaded_value is not null
    """,
}
"""Questions for the figures, by the table they are asked of."""

OPTIONAL = frozenset({"gold.kpis"})
"""Tables a lake may lack; the others are part of every run."""

MADE: tuple[MadeTable, ...] = (BRIDGE_PARTS, KPI_BRIDGE, ALLOCATED_COSTS, ALLOCATED_IMPORTS)
"""Tables made by Python whose inputs are known here."""

MONTHLY = frozenset({"billing_month", "usage_month"})
ANSWERED_BY_MONTH = ("billing.charges", "billing.consumptions", "billing.taxes")


def present_figures(catalog: Catalog, month: str) -> tuple[Figure, ...]:
    """The month's figures as the tables say them now."""
    found: list[Figure] = []
    with Lens(catalog) as lens:
        for table in asked_tables(catalog):
            for row in lens.query(FIGURES[table].format(month=month)).to_pylist():
                currency = row["billing_currency"] or ""
                found.append(Figure(row["figure"], row["scope"], currency, row["unit"] or currency, row["value"]))
    keys = [figure.key for figure in found]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise UsageError(f"figure '{twice[0]}' of '{twice[1]}' stands twice in {month}; run `finops report quality`")
    return tuple(sorted(found, key=lambda figure: figure.key))


def asked_tables(catalog: Catalog) -> list[str]:
    """Tables the figures are asked of; an optional one only where it is built."""
    return [table for table in FIGURES if table not in OPTIONAL or _is_built(catalog, table)]


def manifest_of(catalog: Catalog, month: str, settings: Settings, *, is_preliminary: bool) -> Manifest:
    """The month as it is now."""
    behind = _behind(catalog, asked_tables(catalog))
    return Manifest(
        month=month,
        is_preliminary=is_preliminary,
        inputs=tuple(_inputs(catalog, behind, month)),
        answers=tuple(_answers(catalog, month)),
        models={name: catalog.models.by_name[name].fingerprint for name in behind if name in catalog.models.by_name},
        code="|".join(f"{made.name}={made.code_fingerprint}" for made in MADE if made.name in behind),
        settings=settings_that_matter(settings),
        product_version=version("scaleway-finops"),
        figures=present_figures(catalog, month),
        versions={name: catalog.state(name).version for name in _stored_names(catalog)},
    )


def is_untouched(catalog: Catalog, closed: Manifest) -> bool:
    """Whether every table that figures are asked of holds the month as it was closed: then no figure is another."""
    known = {(each.table, each.partition): each.content for each in closed.inputs}
    for table in {name for asked in asked_tables(catalog) for name in catalog.physical(asked)}:
        state = catalog.state(table)
        near = [closed.month] if state.partition_by in MONTHLY else sorted(state.partitions)
        for partition in near:
            content = state.partitions[partition].content if partition in state.partitions else None
            if known.get((table, partition)) != content:
                return False
    return True


def settings_that_matter(settings: Settings) -> dict[str, Any]:
    """Settings that change figures: how bills are compared, who bears what, what key figures assume."""
    told: dict[str, Any] = {"billing.reconciliation_tolerance": str(settings.billing.reconciliation_tolerance)}
    for name in ("allocation", "kpis"):
        section = getattr(settings, name, None)
        if section is not None:
            told[name] = section.model_dump(mode="json")
    return told


def _behind(catalog: Catalog, tables: Iterable[str]) -> list[str]:
    """These tables and all of silver and gold they are made from."""
    made = {each.name: each.reads for each in MADE}
    found: set[str] = set()
    waiting = list(tables)
    while waiting:
        name = waiting.pop()
        if name in found or name.startswith("bronze."):
            continue
        found.add(name)
        model = catalog.models.by_name.get(name)
        waiting += sorted(model.reads) if model is not None else made.get(name, ())
    return sorted(found)


def _inputs(catalog: Catalog, tables: Iterable[str], month: str) -> Iterator[Input]:
    """Contents of the month and the one before it, which comparisons read, or of a whole table."""
    near = (_month_before(month), month)
    for table in tables:
        model = catalog.models.by_name.get(table)
        if model is not None and not model.is_stored:
            continue
        state = catalog.state(table)
        for partition, known in sorted(state.partitions.items()):
            if state.partition_by not in MONTHLY or partition in near:
                yield Input(table, partition, known.content)


def _answers(catalog: Catalog, month: str) -> Iterator[Answer]:
    listed = ", ".join(f"'{source}'" for source in ANSWERED_BY_MONTH)
    rows = catalog.query(
        "select source, question_hash, answer_hash, asked_at from silver.latest_answers "
        f"where billing_month = '{month}' and source in ({listed})"
    )
    for row in rows.to_pylist():
        yield Answer(row["source"], row["question_hash"], row["answer_hash"], row["asked_at"].isoformat())


def _stored_names(catalog: Catalog) -> list[str]:
    models = catalog.models.by_name
    stored = (name for name in catalog.names() if name not in models or models[name].is_stored)
    return [name for name in stored if catalog.state(name).delta is not None]


def _is_built(catalog: Catalog, table: str) -> bool:
    """Whether the table, or all a view is made of, was ever written."""
    if table not in catalog.models.by_name and table not in catalog.declared:
        return False
    return all(catalog.state(name).delta is not None or name in catalog.declared for name in catalog.physical(table))


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"
