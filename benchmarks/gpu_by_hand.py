"""What somebody writes by hand in DuckDB to price the requests of one log, for `benchmarks.gpu_speed` to compare with.

One query reads the lines once and gives the figures of `gold.cost_per_inference` for machines whose requests were
imported with their tokens: by day and by month, by tenant and in sum. It knows its data, as somebody who writes for one
log does: no two files speak of the same day, a deployment is named after its machine, and there are no metrics of vLLM,
no training and no APIs. Like the table it leaves a sum null to which a line gives no number. `differing` holds its
figures against the table's, row by row, so that it cannot get cheaper by working out less.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

KEYS = ("period", "period_start", "resource_id", "model", "version", "tenant", "is_sum", "billing_currency")
FIGURES = (
    *("completed_requests", "failed_requests", "input_tokens", "cached_tokens", "output_tokens"),
    *("allocation_cost", "busy_cost", "idle_cost", "failed_cost", "input_cost", "output_cost"),
    *("thousand_requests_cost", "busy_thousand_requests_cost", "million_input_tokens_cost"),
    *("busy_million_input_tokens_cost", "million_output_tokens_cost", "busy_million_output_tokens_cost"),
    *("million_tokens_cost", "cached_saved_cost"),
)
TOLERANCE = 1e-9
"""Relative: ratios are worked out in floating point on both sides, and added up in another order."""

BY_HAND = """
    with sums as (
        select
            day, model, version, deployment, resource_id as told_id, tenant,
            sum(requests) as requests,
            case when count(failed) = count(*) then sum(failed) end as failed_requests,
            case when count(input_tokens) = count(*) then sum(input_tokens) end as input_tokens,
            case when count(cached_tokens) = count(*) then sum(cached_tokens) end as cached_tokens,
            case when count(output_tokens) = count(*) then sum(output_tokens) end as output_tokens
        from bronze.business_numbers where kind = 'inferences' group by all
    ),
    weighed as (
        select
            *, coalesce(told_id, deployment) as resource_id,
            requests - coalesce(failed_requests, 0) as completed_requests,
            input_tokens - coalesce(cached_tokens, 0) as computed_tokens,
            computed_tokens + 2.5 * output_tokens as weight, computed_tokens / nullif(weight, 0) as input_ratio,
            weight / sum(weight) over (partition by coalesce(told_id, deployment), day) as share
        from sums
    ),
    priced as (
        select
            weighed.*, costs.billing_currency, costs.allocation_cost * share as allocation_cost,
            costs.busy_cost * share as busy_cost,
        from weighed
        inner join gold.gpu_days as costs on costs.resource_id = weighed.resource_id and costs.charge_date = day
    ),
    summed as (
        select
            period, case period when 'day' then day else date_trunc('month', day) end as period_start, resource_id,
            model, version, case when not is_sum then tenant end as of_tenant, is_sum, billing_currency,
            sum(allocation_cost) as allocation, sum(busy_cost) as busy,
            sum(completed_requests) as completed, sum(failed_requests) as failed,
            sum(allocation_cost * failed_requests / nullif(requests, 0)) as failed_cost,
            sum(input_tokens) as input_tokens, sum(cached_tokens) as cached_tokens,
            sum(output_tokens) as output_tokens, sum(computed_tokens) as computed_tokens,
            sum(allocation_cost * input_ratio) as input_cost, sum(allocation_cost * (1 - input_ratio)) as output_cost,
            sum(busy_cost * input_ratio) as busy_input_cost, sum(busy_cost * (1 - input_ratio)) as busy_output_cost
        from priced
        cross join (values ('day'), ('month')) as spans (period)
        cross join (values (true), (false)) as scopes (is_sum)
        where is_sum or tenant is not null
        group by all
    )
    select
        period, cast(period_start as date) as period_start, resource_id, model, version, of_tenant as tenant, is_sum,
        billing_currency, completed as completed_requests, failed as failed_requests, input_tokens, cached_tokens,
        output_tokens, allocation as allocation_cost, busy as busy_cost, allocation - busy as idle_cost, failed_cost,
        input_cost, output_cost, 1000 * allocation / nullif(completed, 0) as thousand_requests_cost,
        1000 * busy / nullif(completed, 0) as busy_thousand_requests_cost,
        1000000 * input_cost / nullif(computed_tokens, 0) as million_input_tokens_cost,
        1000000 * busy_input_cost / nullif(computed_tokens, 0) as busy_million_input_tokens_cost,
        1000000 * output_cost / nullif(output_tokens, 0) as million_output_tokens_cost,
        1000000 * busy_output_cost / nullif(output_tokens, 0) as busy_million_output_tokens_cost,
        1000000 * allocation / nullif(input_tokens + coalesce(output_tokens, 0), 0) as million_tokens_cost,
        input_cost * cached_tokens / nullif(computed_tokens, 0) as cached_saved_cost
    from summed
"""


def write(connection: duckdb.DuckDBPyConnection, file: Path) -> None:
    """Write the table of `BY_HAND` as Parquet."""
    connection.execute(f"copy ({BY_HAND}) to '{file}' (format parquet)")


def priced(file: Path) -> float:
    """The requests that a written table prices, failed ones included."""
    with duckdb.connect() as connection:
        (requests,) = connection.execute(
            f"""
            select sum(completed_requests + coalesce(failed_requests, 0))
            from '{file}' where is_sum and period = 'month'
            """
        ).fetchone() or (0,)
    return float(requests or 0)


def differing(gold: pa.Table, file: Path) -> int:
    """Rows that one side alone has, or in which a figure of the two is another or is null on one side alone."""
    differs = " or ".join(
        f"((gold.{figure} is null) <> (hand.{figure} is null)"
        f" or abs(gold.{figure} - hand.{figure}) > {TOLERANCE} * greatest(1, abs(hand.{figure})))"
        for figure in FIGURES
    )
    same = " and ".join(f"gold.{key} is not distinct from hand.{key}" for key in KEYS)
    with duckdb.connect() as connection:
        connection.register("gold", gold)
        (rows,) = connection.execute(
            f"""
            select count(*) from gold full join '{file}' as hand on {same}
            where gold.period is null or hand.period is null or {differs}
            """
        ).fetchone() or (0,)
    return int(rows)
