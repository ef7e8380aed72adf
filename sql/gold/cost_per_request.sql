-- What a thousand requests cost, by product and environment: production cost of the product ÷ requests at its first
-- entry point, all statuses counted, health checks apart. Other environments have rows of their own. A day is counted
-- in its best way, a month in one way for all its days. Lines of imported bills are cost like any other, and providers
-- says whose bills a product is on.
-- direct_cost is what carries the product's label, loaded_cost adds its share of shared pools. Days that were not
-- counted are in neither side of a month's ratio: their cost is in uncounted_direct_cost and uncounted_loaded_cost.
-- units_coverage is the share of samples and days that were counted, cost_coverage the share of the environment's
-- spend, that of no known environment included, that some product bears. Cost of no known product has rows without one.
-- Which counts are taken is told by silver.unit_requests; what was not counted is null, never zero.
-- grain: period, period_start, product, environment, billing_currency
-- partition: billing_month
with

costs as (

    select * from gold.cost_per_request_costs

),

-- until which day costs are known
months as (

    select
        billing_month,
        max(charge_date) = last_day(max(charge_date)) as is_over
    from costs
    group by billing_month

),

spans as (

    select unnest(['day', 'month']) as period

),

period_costs as (

    select
        spans.period,
        costs.*
    from costs
    cross join spans

),

requests as (

    select
        spans.period,
        counts.usage_date,
        counts.product,
        counts.environment,
        any_value(counts.source) as source,
        sum(counts.requests) as requests,
        case when count(*) = count(counts.successful_requests) then sum(counts.successful_requests) end
            as successful_requests,
        sum(counts.health_check_requests) as health_check_requests,
        min(counts.coverage) as coverage,
        bool_and(counts.is_complete) as is_complete,
        min(counts.gap) as gap,
        counts.billing_month
    from silver.unit_requests as counts
    inner join spans on case when spans.period = 'day' then counts.is_entry else counts.is_month_entry end
    group by all

),

days as (

    select
        coalesce(costs.period, requests.period) as period,
        coalesce(costs.charge_date, requests.usage_date) as charge_date,
        coalesce(costs.product, requests.product) as product,
        coalesce(costs.environment, requests.environment) as environment,
        costs.billing_currency,
        coalesce(costs.billing_month, requests.billing_month) as billing_month,
        costs.direct_cost,
        costs.loaded_cost,
        coalesce(costs.has_direct, false) as has_direct,
        costs.charge_date is not null as has_cost,
        costs.is_scaleway,
        costs.providers,
        requests.requests,
        requests.successful_requests,
        requests.health_check_requests,
        case when requests.requests is not null then coalesce(requests.coverage, 0) else 0 end as coverage,
        requests.requests is not null and requests.is_complete as is_complete,
        requests.source,
        requests.gap
    from period_costs as costs
    full outer join requests
        on
            costs.period = requests.period
            and costs.charge_date = requests.usage_date
            and costs.product is not distinct from requests.product
            and costs.environment = requests.environment

),

periods as (

    select
        *,
        case when period = 'day' then charge_date else cast(date_trunc('month', charge_date) as date) end
            as period_start
    from days

),

summed as (

    select
        period,
        period_start,
        product,
        environment,
        billing_currency,
        billing_month,
        case
            when count(requests) = 0 then sum(direct_cost) else sum(direct_cost) filter (where requests is not null)
        end as direct_cost,
        case
            when count(requests) = 0 then sum(loaded_cost) else sum(loaded_cost) filter (where requests is not null)
        end as loaded_cost,
        case
            when count(requests) = 0 then 0 else coalesce(sum(direct_cost) filter (where requests is null), 0)
        end as uncounted_direct_cost,
        case
            when count(requests) = 0 then 0 else coalesce(sum(loaded_cost) filter (where requests is null), 0)
        end as uncounted_loaded_cost,
        sum(requests) as requests,
        case when count(requests) = count(successful_requests) then sum(successful_requests) end
            as successful_requests,
        sum(health_check_requests) as health_check_requests,
        sum(coverage) / count(*) as units_coverage,
        bool_and(is_complete) as is_complete,
        bool_or(has_cost) as has_cost,
        bool_or(has_direct) as has_direct,
        bool_or(is_scaleway) as is_scaleway,
        string_agg(distinct providers, ', ' order by providers) as providers,
        string_agg(distinct source, ', ' order by source) as units_source,
        min(gap) as gap,
        count(*) as days,
        count(requests) as counted_days
    from periods
    group by all

),

spend as (

    select
        period,
        period_start,
        billing_currency,
        environment,
        sum(loaded_cost) as environment_cost,
        sum(loaded_cost) filter (where product is not null) as attributed_cost
    from periods
    group by all

),

-- of all spend in an environment and of none, what a product bears
coverage as (

    select
        period,
        period_start,
        billing_currency,
        environment,
        coalesce(attributed_cost, 0) / nullif(
            environment_cost + case
                when environment = 'unknown' then 0
                else
                    coalesce(sum(environment_cost) filter (where environment = 'unknown') over (
                        partition by period, period_start, billing_currency
                    ), 0)
            end, 0
        ) as cost_coverage
    from spend

),

judged as (

    select
        summed.* replace (
            summed.is_complete and (summed.period = 'day' or coalesce(months.is_over, false)) as is_complete
        ),
        cast(summed.requests * 0.001 as decimal(38, 12)) as units,
        cast(summed.successful_requests * 0.001 as decimal(38, 12)) as successful_units,
        case
            when summed.product is null then 'it belongs to no known product: label what it is'
            when not summed.has_cost then 'no cost is known of a product called so'
            when summed.requests is null
                then coalesce(summed.gap, 'no requests were counted where they enter it')
            when summed.requests = 0 then 'no request was counted, though it was looked at'
            when summed.loaded_cost is null then 'no price was told for its charges'
        end as gap_reason,
        coverage.cost_coverage
    from summed
    left join months on summed.billing_month = months.billing_month
    left join coverage
        on
            summed.period = coverage.period
            and summed.period_start = coverage.period_start
            and summed.environment = coverage.environment
            and summed.billing_currency = coverage.billing_currency

),

explained as (

    select
        *,
        coalesce(
            gap_reason,
            case when not has_direct or direct_cost is null then 'no charge carries its label; see loaded_unit_cost' end
        ) as reason
    from judged

)

select
    period,
    period_start,
    product,
    environment,
    billing_currency,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(loaded_cost as decimal(38, 12)) as loaded_cost,
    units,
    'thousand requests' as unit,
    cast(case when reason is null then direct_cost / units end as decimal(38, 12)) as unit_cost,
    cast(case when gap_reason is null then loaded_cost / units end as decimal(38, 12)) as loaded_unit_cost,
    cast(cost_coverage as decimal(38, 12)) as cost_coverage,
    units_source,
    cast(units_coverage as decimal(38, 12)) as units_coverage,
    is_complete,
    coalesce(cost_coverage < 0.95, true) as is_marked,
    reason,
    successful_units,
    cast(
        case when reason is null then direct_cost / nullif(successful_units, 0) end as decimal(38, 12)
    ) as cost_per_successful_unit,
    cast(
        case when gap_reason is null then loaded_cost / nullif(successful_units, 0) end as decimal(38, 12)
    ) as loaded_cost_per_successful_unit,
    cast(health_check_requests * 0.001 as decimal(38, 12)) as health_check_units,
    cast(uncounted_direct_cost as decimal(38, 12)) as uncounted_direct_cost,
    cast(uncounted_loaded_cost as decimal(38, 12)) as uncounted_loaded_cost,
    days,
    counted_days,
    nullif(array_to_string(list_sort(list_distinct(
        string_split(concat_ws(', ', case when is_scaleway then 'Scaleway' end, providers), ', ')
    )), ', '), '') as providers,
    billing_month
from explained
