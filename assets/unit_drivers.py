"""Fixed and marginal cost of every key figure of work that is counted by the day."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from pipelines.lake.engine import Catalog
from pipelines.regression.line import Line, NoLine, fit_line

READS = (
    "gold.cost_per_deploy",
    "gold.cost_per_gb",
    "gold.cost_per_job",
    "gold.cost_per_query",
    "gold.cost_per_request",
)

WINDOW_DAYS = 90
"""Older days had other prices and other machines."""

_SCOPE = ("kpi", "scope", "product", "environment", "unit", "billing_currency")

_DAYS = """
with

days as (

    select
        'cost_per_request' as kpi,
        product || ' / ' || environment as scope,
        product,
        environment,
        unit,
        billing_currency,
        period_start,
        units,
        direct_cost,
        is_complete
    from gold.cost_per_request
    where period = 'day' and product is not null
    union all
    select
        'cost_per_gb', storage_kind || ' / ' || storage_class, null, null,
        unit, billing_currency, period_start, units, direct_cost, is_complete
    from gold.cost_per_gb
    where period = 'day' and storage_class is not null
    union all
    select
        'cost_per_deploy', coalesce('service ' || service, scope), service, 'prod',
        unit, billing_currency, period_start, units, direct_cost, is_complete
    from gold.cost_per_deploy
    where period = 'day'
    union all
    select
        'cost_per_job', scope || coalesce(' ' || job_name, '') || coalesce(' ' || batch_window, ''), null, null,
        unit, billing_currency, period_start, units, direct_cost, is_complete
    from gold.cost_per_job
    where period = 'day' and scope <> 'window'
    union all
    select
        'cost_per_query', service || coalesce(' / ' || resource_id, ''), null, null,
        unit, billing_currency, period_start, units, direct_cost, is_complete
    from gold.cost_per_query
    where period = 'day' and service is not null

),

recent as (

    select
        *,
        max(period_start) over (partition by kpi, scope, billing_currency) as last_date
    from days
    where billing_currency is not null

)

select
    kpi,
    scope,
    product,
    environment,
    unit,
    billing_currency,
    period_start,
    units,
    direct_cost,
    units is not null and direct_cost is not null and is_complete as is_usable
from recent
where period_start > last_date - {window}
order by kpi, scope, billing_currency, period_start
"""


def unit_cost_drivers(catalog: Catalog, least_days: int) -> list[dict[str, Any]]:
    """One row a key figure and scope, of the days there are."""
    days = catalog.query(_DAYS.format(window=WINDOW_DAYS)).to_pylist()
    grouped = groupby(days, key=lambda day: tuple(day[name] for name in _SCOPE))
    return [
        {**dict(zip(_SCOPE, scope, strict=True)), **_line_of([day for day in rows if day["is_usable"]], least_days)}
        for scope, rows in grouped
    ]


def _line_of(days: list[dict[str, Any]], least_days: int) -> Mapping[str, Any]:
    found = fit_line([day["units"] for day in days], [day["direct_cost"] for day in days], least_days)
    told = {
        "days": found.days,
        "first_date": days[0]["period_start"] if days else None,
        "last_date": days[-1]["period_start"] if days else None,
    }
    match found:
        case NoLine():
            return {**told, "reason": found.reason}
        case Line():
            return {
                **told,
                "fixed_cost_per_day": found.fixed_cost,
                "fixed_cost_per_day_error": found.fixed_error,
                "marginal_cost": found.marginal_cost,
                "marginal_cost_error": found.marginal_error,
                "r2": found.r2,
            }
