-- What a query costs, by the dashboard or service that asks, where numbers of queries are imported: the cost of what is
-- asked, shared among all who ask it that day by their queries, ÷ queries. Where the numbers name no resource the
-- service is a product, and its production cost is meant. direct_cost is that of the resource's charges or of the
-- product's own; loaded_cost, a product's with its share of pools, is null for a resource, whose shares are not known.
-- What a resource costs on days nobody asked it has a row without a service; parts add up to the last decimal. Of two
-- sources that count the same one is taken. units_coverage is the share of the days with cost on which queries were
-- told.
-- grain: period, period_start, service, resource_id, billing_currency
-- partition: billing_month
with

told as (

    select
        usage_date,
        service,
        resource_id,
        source,
        sum(queries) as queries,
        usage_month as billing_month
    from silver.business_numbers
    where kind = 'queries' and queries is not null
    group by all

),

asked as (

    select *
    from told
    qualify row_number() over (partition by usage_date, service, resource_id order by source) = 1

),

resource_costs as (

    select
        charge_date,
        resource_id,
        billing_currency,
        sum(billed_cost) as billed_cost,
        cast(cast(sum(billed_cost) as decimal(26, 12)) * 1000000000000 as hugeint) as amount,
        billing_month
    from silver.labelled_costs
    where resource_id in (select asked.resource_id from asked)
    group by all

),

product_names as (

    select distinct lower(service) as spelled
    from asked
    where resource_id is null

),

product_costs as (

    select
        charge_date,
        lower(product) as spelled,
        billing_currency,
        sum(billed_cost) filter (where is_direct) as direct_cost,
        sum(billed_cost) as loaded_cost
    from gold.allocated_costs
    where
        environment = 'prod'
        and allocation_method <> 'unallocated'
        and lower(product) in (select product_names.spelled from product_names)
    group by all

),

running as (

    select
        *,
        cast(queries as hugeint) as weight,
        cast(sum(queries) over (partition by usage_date, resource_id order by service) as hugeint) as weight_until,
        cast(sum(queries) over (partition by usage_date, resource_id) as hugeint) as whole_weight
    from asked
    where resource_id is not null and queries > 0

),

days as (

    select
        coalesce(running.usage_date, costs.charge_date) as usage_date,
        running.service,
        coalesce(running.resource_id, costs.resource_id) as resource_id,
        costs.billing_currency,
        case
            when running.service is null then costs.billed_cost
            else
                cast(cast(
                    costs.amount * running.weight_until // running.whole_weight
                    - costs.amount * (running.weight_until - running.weight) // running.whole_weight as decimal(38, 0)
                ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12))
        end as direct_cost,
        cast(null as decimal(38, 12)) as loaded_cost,
        running.queries,
        running.source,
        coalesce(running.billing_month, costs.billing_month) as billing_month
    from running
    full outer join resource_costs as costs
        on running.usage_date = costs.charge_date and running.resource_id = costs.resource_id
    union all
    select
        asked.usage_date,
        asked.service,
        cast(null as varchar) as resource_id,
        product_costs.billing_currency,
        product_costs.direct_cost,
        product_costs.loaded_cost,
        asked.queries,
        asked.source,
        asked.billing_month
    from asked
    left join product_costs
        on asked.usage_date = product_costs.charge_date and lower(asked.service) = product_costs.spelled
    where asked.resource_id is null

),

-- of what a resource cost, the part on days on which somebody asked
coverage as (

    select
        spans.period,
        case
            when spans.period = 'day' then days.usage_date else cast(date_trunc('month', days.usage_date) as date)
        end as period_start,
        days.resource_id,
        days.billing_currency,
        coalesce(sum(days.direct_cost) filter (where days.service is not null), 0)
        / nullif(sum(days.direct_cost), 0) as cost_coverage,
        count(distinct case when days.service is not null then days.usage_date end) / count(distinct days.usage_date)
            as units_coverage,
        min(spans.period) = 'day' or max(days.usage_date) = last_day(max(days.usage_date)) as is_over
    from days
    cross join (values ('day'), ('month')) as spans (period)
    group by all

),

summed as (

    select
        spans.period,
        case
            when spans.period = 'day' then days.usage_date else cast(date_trunc('month', days.usage_date) as date)
        end as period_start,
        days.service,
        days.resource_id,
        days.billing_currency,
        days.billing_month,
        sum(days.direct_cost) as direct_cost,
        case when count(*) = count(days.loaded_cost) then sum(days.loaded_cost) end as loaded_cost,
        sum(days.queries) as queries,
        string_agg(distinct days.source, ', ' order by days.source) as source
    from days
    cross join (values ('day'), ('month')) as spans (period)
    group by all

),

judged as (

    select
        summed.*,
        coverage.cost_coverage,
        coverage.units_coverage,
        coverage.is_over,
        case
            when summed.service is null then 'nobody asked it then, or nobody said so'
            when coalesce(summed.queries, 0) = 0 then 'no query was counted'
            when summed.direct_cost is null and summed.resource_id is not null
                then 'no cost is known of what was asked'
            when summed.direct_cost is null and summed.loaded_cost is null
                then 'no resource is named, and no production cost is known of a product called so'
            when summed.direct_cost is null then 'no charge carries its label; see loaded_unit_cost'
        end as reason
    from summed
    inner join coverage
        on
            summed.period = coverage.period
            and summed.period_start = coverage.period_start
            and summed.resource_id is not distinct from coverage.resource_id
            and summed.billing_currency is not distinct from coverage.billing_currency

)

select
    period,
    period_start,
    service,
    resource_id,
    billing_currency,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(loaded_cost as decimal(38, 12)) as loaded_cost,
    cast(queries as decimal(38, 12)) as units,
    'query' as unit,
    cast(case when reason is null then direct_cost / queries end as decimal(38, 12)) as unit_cost,
    cast(loaded_cost / nullif(queries, 0) as decimal(38, 12)) as loaded_unit_cost,
    cast(cost_coverage as decimal(38, 12)) as cost_coverage,
    source as units_source,
    cast(units_coverage as decimal(38, 12)) as units_coverage,
    units_coverage = 1 and is_over as is_complete,
    coalesce(cost_coverage < 0.95, true) as is_marked,
    reason,
    billing_month
from judged
