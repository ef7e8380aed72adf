"""What shared cost can be split by: direct cost, requests, telemetry, use of clusters. No Dagster here.

Each driver answers, by day and label, a quantity. Which receivers a pool has and which driver applies is decided in
`assets.allocation_weights`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from pipelines.settings_allocation import DIMENSIONS

Labels = tuple[str | None, ...]
"""Owner, team, environment, tenant and product; None is unknown."""

LABEL_COLUMNS = "owner, team, nullif(environment, 'unknown') as environment, tenant, product"


@dataclass(frozen=True)
class Measured:
    """A quantity of one day, of those with these labels; `place` is a cluster or a project where that matters."""

    day: date
    labels: Labels
    quantity: Decimal
    place: str = ""


def direct_costs(connection: duckdb.DuckDBPyConnection) -> dict[str, list[Measured]]:
    """What each currency's charges outside of pools cost, by project; credits can make it negative."""
    rows = connection.execute(
        f"""
        select billing_currency, charge_date, {", ".join(DIMENSIONS)}, sum(billed_cost) as quantity, project_id
        from summed
        where pool is null and billed_cost is not null
        group by all
        order by all
        """
    ).fetchall()
    found: dict[str, list[Measured]] = {}
    for currency, day, *labels, quantity, project in rows:
        found.setdefault(currency, []).append(Measured(day, tuple(labels), quantity, project))
    return found


REQUESTS = f"""
    with

    labels as (

        select
            resource_id,
            counts_from,
            counts_until,
            {LABEL_COLUMNS}
        from silver.charge_labels
        where billing_month = $month and resource_id is not null
        qualify row_number() over (partition by resource_id, counts_from order by sku) = 1

    ),

    counted as (

        select
            requests.usage_date,
            labels.owner,
            labels.team,
            labels.environment,
            coalesce(requests.tenant, labels.tenant) as tenant,
            labels.product,
            -- whose way through several hops it is: that of a product in an environment
            [
                labels.product, labels.environment, case when labels.product is null then labels.owner end,
                case when labels.product is null then labels.team end
            ] as way,
            requests.requests,
            -- the first entry point counts, and no request twice on its way through several
            case
                when requests.source = 'edge services' then 1
                when requests.service_type = 'load_balancer' then 2
                when requests.service_type = 'object_storage_bucket' then 4
                else 3
            end as hop
        from silver.requests_daily as requests
        left join labels
            on
                requests.resource_id = labels.resource_id
                and requests.usage_date >= labels.counts_from
                and requests.usage_date < labels.counts_until
        where
            requests.usage_month = $month
            and requests.requests is not null
            and (labels.resource_id is not null or requests.tenant is not null)

    ),

    hops as (

        select
            *,
            min(hop) over (partition by usage_date, way) as entry_hop,
            min(hop) filter (where tenant is not null) over (partition by usage_date, way) as telling_hop
        from counted
        where requests > 0

    ),

    entries as (

        select usage_date, way, owner, team, environment, tenant, product, sum(requests) as requests
        from hops
        where hop = entry_hop
        group by all

    ),

    -- where requests come in without a tenant, the first later hop that tells tenants divides them
    tenants as (

        select
            usage_date, way, tenant,
            sum(requests) as requests,
            sum(sum(requests)) over (partition by usage_date, way) as whole
        from hops
        where hop = telling_hop and telling_hop > entry_hop
        group by usage_date, way, tenant

    )

    select
        entries.usage_date,
        entries.owner,
        entries.team,
        entries.environment,
        coalesce(entries.tenant, tenants.tenant) as tenant,
        entries.product,
        cast(
            sum(
                case
                    when tenants.whole is null then entries.requests
                    else entries.requests * tenants.requests / tenants.whole
                end
            ) as decimal(38, 12)
        ) as quantity
    from entries
    left join tenants on entries.usage_date = tenants.usage_date and entries.way = tenants.way
    group by entries.usage_date, entries.owner, entries.team, entries.environment, 5, entries.product
    order by all
"""


def requests(connection: duckdb.DuckDBPyConnection, month: str) -> list[Measured]:
    """Requests of each product where they first come in, and by the tenant that asked where any hop tells that."""
    return _measured(connection, REQUESTS, month)


TELEMETRY = """
    with

    volumes as (

        select
            usage_date,
            project_id,
            case source when 'ingested samples' then 1 when 'cockpit usage' then 2 else 3 end as way,
            -- only custom telemetry is billed; where there is none, all of it tells the share
            case when is_billed then 1 else 2 end as origin,
            signal = 'metrics' as is_metrics,
            sum(coalesce(samples, bytes)) as volume
        from silver.telemetry_daily
        where usage_month = $month and source in ('ingested samples', 'cockpit usage')
        group by all

    )

    select
        usage_date,
        project_id,
        cast(volume as decimal(38, 12)) as volume
    from volumes
    where volume > 0
    -- ways of measuring overlap and are never added up, nor are samples and bytes
    qualify
        (origin, way, not is_metrics) = min((origin, way, not is_metrics)) over (partition by usage_date)
    order by all
"""


def telemetry(connection: duckdb.DuckDBPyConnection, month: str) -> dict[date, dict[str, Decimal]]:
    """Volume of telemetry by day and project, measured in one way on each day."""
    found: dict[date, dict[str, Decimal]] = {}
    for day, project, volume in connection.execute(TELEMETRY, {"month": month}).fetchall():
        found.setdefault(day, {})[project] = volume
    return found


CLUSTERS = """
    with

    hours as (

        select
            cluster_id,
            usage_date,
            namespace,
            is_idle,
            case
                when is_idle then coalesce(cpu_core_hours, 0)
                else greatest(coalesce(cpu_cores_requested, 0), coalesce(cpu_cores_used, 0)) * minutes / 60
            end as cpu_hours,
            case
                when is_idle then coalesce(ram_byte_hours, 0)
                else greatest(coalesce(ram_bytes_requested, 0), coalesce(ram_bytes_used, 0)) * minutes / 60
            end as ram_hours,
            cpu_core_hours,
            ram_byte_hours,
            estimated_cpu_cost,
            estimated_ram_cost
        from silver.cluster_allocations
        where usage_month = $month and minutes > 0

    ),

    -- what a core and a byte are worth against each other, as OpenCost was told; the bill's euros are split by it
    prices as (

        select
            cluster_id,
            sum(estimated_cpu_cost) filter (where not is_idle)
            / nullif(sum(cpu_core_hours) filter (where not is_idle), 0) as cpu_price,
            sum(estimated_ram_cost) filter (where not is_idle)
            / nullif(sum(ram_byte_hours) filter (where not is_idle), 0) as ram_price,
            sum(cpu_hours) as cpu_hours,
            sum(ram_hours) as ram_hours
        from hours
        group by cluster_id

    ),

    worth as (

        select
            hours.*,
            coalesce(prices.cpu_price, 1 / nullif(prices.cpu_hours, 0), 0) as cpu_price,
            coalesce(prices.ram_price, 1 / nullif(prices.ram_hours, 0), 0) as ram_price
        from hours
        inner join prices on hours.cluster_id = prices.cluster_id

    )

    select
        worth.usage_date,
        labels.owner,
        labels.team,
        labels.environment,
        labels.tenant,
        case when worth.is_idle then 'k8s:idle' else coalesce(labels.product, 'k8s:' || worth.namespace) end as product,
        cast(
            sum(
                greatest(
                    worth.cpu_hours * worth.cpu_price + worth.ram_hours * worth.ram_price,
                    case
                        when worth.is_idle
                            then coalesce(worth.estimated_cpu_cost, 0) + coalesce(worth.estimated_ram_cost, 0)
                        else 0
                    end
                )
            ) as decimal(38, 12)
        ) as quantity,
        worth.cluster_id
    from worth
    left join silver.label_decisions as labels
        on
            labels.source = 'kubernetes'
            and not worth.is_idle
            and worth.cluster_id = labels.resource_id
            and 'k8s:' || worth.namespace = labels.resource_name
    where worth.is_idle or worth.namespace is not null
    group by all
    having sum(worth.cpu_hours + worth.ram_hours) > 0 or any_value(worth.is_idle)
    order by all
"""


def cluster_use(connection: duckdb.DuckDBPyConnection, month: str) -> list[Measured]:
    """What namespaces asked for or used of a cluster, whichever is more, and its idle rest; `place` is the cluster."""
    return _measured(connection, CLUSTERS, month)


def _measured(connection: duckdb.DuckDBPyConnection, sql: str, month: str) -> list[Measured]:
    rows: Sequence[Any] = connection.execute(sql, {"month": month}).fetchall()
    return [Measured(row[0], tuple(row[1:6]), row[6], *(row[7:8] or ("",))) for row in rows]
