"""`gold.allocated_costs`: every charge's cost at those who bear it, shared pools split exactly. No Dagster here.

DuckDB sums the charges by day; `pipelines.allocation` splits each sum of a pool; the rows add up to the charges of
each day, currency, project, service and region, to the last decimal. Lines of imported bills go the same way into
`gold.allocated_imports`, by their direct cost where no driver speaks of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from assets import allocation_drivers, allocation_plans, allocation_weights
from assets.allocation_drivers import LABEL_COLUMNS, Labels, Measured
from assets.allocation_plans import Part, Plan, details
from assets.allocation_weights import NOBODY, Drivers, PoolTerms
from assets.made_tables import MONTH, MadeTable, build_months
from pipelines.allocation import graph, splitting
from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog, connect, reading
from pipelines.lake.tables import PythonTable
from pipelines.settings_allocation import DIMENSIONS

CODE = (allocation_drivers, allocation_plans, allocation_weights, graph, splitting)
_PLACE = ("project_id", "project_name", "service_name", "region_id")
_GRAIN = (
    *("charge_date", "project_id", "service_name", "region_id"),
    *(*DIMENSIONS, "pool", "allocation_method", "billing_currency"),
)


def _made(name: str, description: str, reads: tuple[str, ...], decimals: int) -> MadeTable:
    schema = pa.schema(
        [
            ("charge_date", pa.date32()),
            *((column, pa.string()) for column in (*_PLACE, *DIMENSIONS, "pool")),
            ("is_direct", pa.bool_()),
            *((column, pa.string()) for column in ("allocation_method", "allocation_detail", "billing_currency")),
            ("billed_cost", pa.decimal128(38, decimals)),
            (MONTH, pa.string()),
        ]
    )
    return MadeTable(PythonTable(name, description, schema, MONTH), _GRAIN, reads, CODE)


_DRIVEN_BY = {
    "requests": ("silver.requests_daily", "silver.charge_labels"),
    "telemetry": ("silver.telemetry_daily",),
    "kubernetes": ("silver.cluster_allocations", "silver.resource_links", "silver.label_decisions"),
}
"""Only what a pool asks for is opened."""

_SETTINGS = ("bronze.allocation_pools", "bronze.allocation_terms")
ALLOCATED_COSTS = _made(
    "gold.allocated_costs",
    "Cost by day at those who bear it: direct cost as labelled, shared pools split among their receivers. What nobody "
    "bears is 'unallocated', with whoever answers for it as owner. Labels are null where they are unknown.",
    (
        *("silver.labelled_costs", "silver.label_decisions", "silver.charge_labels"),
        *("silver.requests_daily", "silver.telemetry_daily", "silver.cluster_allocations", "silver.resource_links"),
        *_SETTINGS,
    ),
    12,
)
ALLOCATED_IMPORTS = _made(
    "gold.allocated_imports",
    "Lines of imported FOCUS bills by day at those who bear them, allocated as gold.allocated_costs is.",
    ("silver.label_imported_costs", *_SETTINGS),
    18,
)


def build_allocated_costs(catalog: Catalog, months: Sequence[str]) -> Built:
    """Bring the months up to date; one whose charges, labels, drivers and settings are the same is not looked at."""
    return build_months(catalog, ALLOCATED_COSTS, months, lambda month: allocated(catalog, ALLOCATED_COSTS, month))


def build_allocated_imports(catalog: Catalog, months: Sequence[str]) -> Built:
    """Every month that imports speak of: a bill of another provider may be older than the account's."""
    found = catalog.query("select distinct billing_month from bronze.focus_lines").to_pylist()
    every = sorted({*catalog.state(ALLOCATED_IMPORTS.name).partitions, *(row[MONTH] for row in found)})
    built = build_months(catalog, ALLOCATED_IMPORTS, every, lambda month: allocated(catalog, ALLOCATED_IMPORTS, month))
    return replace(built, asked=tuple(sorted(months)))


def allocated(catalog: Catalog, made: MadeTable, month: str) -> pa.Table:
    """The rows of a month."""
    with connect(catalog.lake.address) as connection, reading():
        source = _Source(catalog, connection, made, month)
        shared = _shared(source)
        return pa.concat_tables([source.direct_rows(), pa.Table.from_pylist(shared, schema=made.table.schema)])


@dataclass(frozen=True)
class _Cell:
    """What a pool's charges of one day, currency, project, service and region cost."""

    day: date
    currency: str
    pool: str
    place: tuple[str | None, ...]
    cluster: str | None
    environment: str | None
    cost: Decimal


class _Source:
    """The month's charges, and what is known to split them by."""

    def __init__(self, catalog: Catalog, connection: duckdb.DuckDBPyConnection, made: MadeTable, month: str) -> None:
        self.connection, self.made, self.month = connection, made, month
        self.is_ours = made is ALLOCATED_COSTS
        catalog.register(connection, [made.reads[0], *_SETTINGS])
        self.terms = [
            PoolTerms.of(row) for row in self._rows("select * from bronze.allocation_pools order by position")
        ]
        owner = self._rows("select unallocated_owner from bronze.allocation_terms")
        self.unallocated_owner: str = owner[0]["unallocated_owner"] if owner else "finops"
        self.splits = {term.split for term in self.terms} if self.is_ours else set()
        catalog.register(connection, sorted({table for split in self.splits for table in _DRIVEN_BY.get(split, ())}))
        self.by_cluster = [term.name for term in self.terms if term.split == "kubernetes"] if self.is_ours else []
        connection.execute(_SUMMED.format(costs=made.reads[0]), {"month": month, "by_cluster": self.by_cluster})

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.connection.execute(sql, values).to_arrow_table().to_pylist()
        return found

    @property
    def decimals(self) -> int:
        """Decimals of the bill's money."""
        return int(self.made.table.schema.field("billed_cost").type.scale)

    def direct_rows(self) -> pa.Table:
        """Charges that are no pool's, as they are."""
        schema = self.made.table.schema
        table = self.connection.execute(
            f"""
            select
                charge_date, project_id, max(project_name) as project_name, service_name, region_id,
                {", ".join(DIMENSIONS)},
                cast(null as varchar) as pool, true as is_direct, 'direct' as allocation_method,
                cast(null as varchar) as allocation_detail, billing_currency,
                cast(coalesce(sum(billed_cost), 0) as decimal(38, {self.decimals})) as billed_cost, billing_month
            from summed
            where pool is null
            group by all
            """
        ).to_arrow_table()
        return table.select(schema.names).cast(schema)

    def cells(self) -> list[_Cell]:
        """Charges of pools, summed; for a pool of clusters also by cluster and environment."""
        rows = self.connection.execute(
            f"""
            {_CLUSTERS if self.by_cluster else _NO_CLUSTERS}
            select
                costs.charge_date, costs.billing_currency, costs.pool,
                costs.project_id, max(costs.project_name), costs.service_name, costs.region_id,
                clusters.cluster_id,
                case when list_contains($by_cluster, costs.pool) then costs.environment end as environment,
                cast(coalesce(sum(costs.billed_cost), 0) as decimal(38, {self.decimals})) as billed_cost
            from summed as costs
            left join clusters on costs.resource_id = clusters.resource_id
            where costs.pool is not null
            group by all
            order by all
            """,
            {"by_cluster": self.by_cluster},
        ).fetchall()
        return [_Cell(row[0], row[1], row[2], tuple(row[3:7]), row[7], row[8], row[9]) for row in rows]

    def drivers(self, cells: Sequence[_Cell]) -> dict[str, Drivers]:
        """By currency; only drivers that a pool asks for are read."""
        direct = allocation_drivers.direct_costs(self.connection)
        splits = self.splits
        asked = self.connection, self.month
        requests = allocation_drivers.requests(*asked) if "requests" in splits else []
        telemetry = allocation_drivers.telemetry(*asked) if "telemetry" in splits else {}
        clusters = allocation_drivers.cluster_use(*asked) if "kubernetes" in splits else []
        pooled: dict[str, list[Measured]] = {}
        for cell in cells:
            pooled.setdefault(cell.currency, []).append(Measured(cell.day, NOBODY, cell.cost, cell.pool))
        return {
            currency: Drivers(direct.get(currency, []), pooled[currency], requests, telemetry, clusters)
            for currency in pooled
        }


_SUMMED = f"""
    create temp table summed as
    select
        charge_date, project_id, project_name, service_name, region_id, {LABEL_COLUMNS}, pool,
        case when list_contains($by_cluster, pool) then resource_id end as resource_id,
        billing_currency, sum(billed_cost) as billed_cost, billing_month
    from {{costs}}
    where billing_month = $month
    group by all
"""
"""The charges are read and joined to their labels once."""

_NO_CLUSTERS = "with clusters as (select null::varchar as resource_id, null::varchar as cluster_id where false)"
_CLUSTERS = """
    with

    measured as (select distinct cluster_id from silver.cluster_allocations),

    linked as (
        select links.resource_id, links.linked_id as cluster_id
        from silver.resource_links as links
        inner join measured on links.linked_id = measured.cluster_id
    ),

    -- itself, what belongs to it, and what is attached to what belongs to it
    clusters as (
        select resource_id, min_by(cluster_id, (hops, cluster_id)) as cluster_id
        from (
            select cluster_id as resource_id, cluster_id, 0 as hops from measured
            union all
            select resource_id, cluster_id, 1 from linked
            union all
            select links.resource_id, linked.cluster_id, 2
            from silver.resource_links as links
            inner join linked on links.linked_id = linked.resource_id
        )
        group by resource_id
    )
"""


def _shared(source: _Source) -> list[dict[str, Any]]:
    """The rows of all pools; what one bearer gets of a pool by one method is one row."""
    cells = source.cells()
    drivers = source.drivers(cells)
    terms = {term.name: term for term in source.terms}
    plans: dict[tuple[Any, ...], Plan] = {}
    rows: dict[tuple[Any, ...], _Row] = {}
    for cell in cells:
        where = (cell.pool, cell.day, cell.currency, cell.cluster, cell.environment)
        if where not in plans:
            plans[where] = _plan(cell, terms, drivers[cell.currency])
        for part in plans[where].parts(cell.cost, source.decimals):
            labels = part.labels or (source.unallocated_owner, *NOBODY[1:])
            key = (cell.day, cell.currency, cell.pool, cell.place[0], *cell.place[2:], labels, part.method)
            rows.setdefault(key, _Row(cell, labels, part)).add(part)
    return [row.told(source.month) for row in rows.values()]


def _plan(cell: _Cell, terms: Mapping[str, PoolTerms], drivers: Drivers) -> Plan:
    return Plan(terms[cell.pool], terms, lambda pool: drivers.weights(pool, cell.day, cell.cluster, cell.environment))


class _Row:
    """A row in the making."""

    def __init__(self, cell: _Cell, labels: Labels, part: Part) -> None:
        self._cell, self._labels, self._method = cell, labels, part.method
        self._amount = Decimal(0)
        self._parts: list[Part] = []

    def add(self, part: Part) -> None:
        """One more part of the same bearer."""
        self._amount = allocation_plans.added(self._amount, part.amount) if self._parts else part.amount
        if all(part.element != known.element or part.reason != known.reason for known in self._parts):
            self._parts.append(part)

    def told(self, month: str) -> dict[str, Any]:
        """As a row of the table."""
        elements = [part.element for part in self._parts if part.element is not None]
        reason = "; ".join(dict.fromkeys(part.reason for part in self._parts if part.reason))
        return {
            "charge_date": self._cell.day,
            **dict(zip(_PLACE, self._cell.place, strict=True)),
            **dict(zip(DIMENSIONS, self._labels, strict=True)),
            "pool": self._cell.pool,
            "is_direct": False,
            "allocation_method": self._method,
            "allocation_detail": details(elements, reason),
            "billing_currency": self._cell.currency,
            "billed_cost": self._amount,
            MONTH: month,
        }
