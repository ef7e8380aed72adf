-- Both sides of gold.cost_per_deploy: what building and deploying cost and the production deploys made, by service and
-- of all. direct_cost of a service is what carries its name as product; loaded_cost adds its part, by deploys of all
-- outcomes in the period, of what services have in common. Of all services direct_cost is the CI's own charges, and
-- loaded_cost adds the shares of other pools. Days on which no source could tell every deploy
-- (silver.unit_deploy_reach, the Audit Trail) are in neither side of a month, unless all are: their cost is in
-- uncounted_direct_cost and uncounted_loaded_cost, and known_share is that of the other days.
-- grain: period, period_start, scope, service, billing_currency
-- partition: billing_month
-- stored: view
with

-- days of the lake: of any cost at all, so that a day without CI cost counts as looked at
lake_days as (

    select
        costs.charge_date,
        costs.billing_currency,
        costs.billing_month,
        max(costs.charge_date) over (partition by costs.billing_month) = last_day(costs.charge_date) as is_over,
        audited.audited_date is not null
        or exists (
            select 1
            from silver.unit_deploy_reach as reach
            where costs.charge_date >= reach.known_from and costs.charge_date < reach.known_until
        ) as is_known
    from (
        select distinct
            charge_date,
            billing_currency,
            billing_month
        from gold.allocated_costs
    ) as costs
    left join silver.unit_audited_days as audited on costs.charge_date = audited.audited_date

),

spans as (

    select
        lake_days.*,
        periods.period,
        case when periods.period = 'day' then charge_date else cast(date_trunc('month', charge_date) as date) end
            as period_start,
        -- where nothing is known the cost is shown all the same
        is_known
        or not bool_or(is_known) over (
            partition by periods.period, case when periods.period = 'day' then charge_date end, billing_month
        ) as is_taken
    from lake_days
    cross join (values ('day'), ('month')) as periods (period)

),

period_days as (

    select
        period,
        period_start,
        billing_currency,
        billing_month,
        cast(count(*) filter (where is_known) / count(*) as decimal(38, 12)) as known_share,
        bool_and(is_over) as is_over
    from spans
    group by all

),

attempts as (

    select
        spans.period,
        spans.period_start,
        spans.billing_currency,
        deploy_days.service,
        sum(deploy_days.successful) as successful,
        sum(deploy_days.failed) as failed,
        sum(deploy_days.rolled_back) as rolled_back,
        sum(deploy_days.successful + deploy_days.failed + deploy_days.rolled_back) as attempts,
        bool_or(deploy_days.is_proxy) as is_proxy,
        bool_or(deploy_days.is_partial) as is_partial,
        string_agg(distinct deploy_days.source, ', ' order by deploy_days.source) as source
    from spans
    inner join silver.unit_deploys as deploy_days on spans.charge_date = deploy_days.deploy_date
    where spans.is_known
    group by all

),

services as (

    select distinct
        service,
        lower(service) as spelled,
        cast(date_trunc('month', deploy_date) as date) as month_start
    from silver.unit_deploys

),

parts as (

    select
        spans.period,
        spans.period_start,
        spans.billing_currency,
        services.service,
        sum(costs.billed_cost) filter (where spans.is_taken) as loaded_cost,
        sum(costs.billed_cost) filter (where spans.is_taken and costs.is_own) as own_cost,
        sum(costs.billed_cost) filter (where not spans.is_taken) as uncounted_cost,
        sum(costs.billed_cost) filter (where not spans.is_taken and costs.is_own) as uncounted_own_cost,
        sum(costs.billed_cost) filter (where spans.is_taken and costs.part = 'runners') as runner_cost,
        sum(costs.billed_cost) filter (where spans.is_taken and costs.part = 'registry') as registry_cost,
        sum(costs.billed_cost) filter (where spans.is_taken and costs.part = 'artifacts') as artifact_cost,
        sum(costs.billed_cost) filter (where spans.is_taken and costs.part = 'ephemeral') as ephemeral_cost
    from spans
    inner join gold.cost_per_deploy_parts as costs
        on spans.charge_date = costs.charge_date and spans.billing_currency = costs.billing_currency
    left join services
        on
            costs.product = services.spelled
            and cast(date_trunc('month', costs.charge_date) as date) = services.month_start
    group by all

),

-- what services have in common, by attempts: parts of a running total, so that they add up
shares as (

    select
        attempts.* exclude (attempts),
        cast(cast(parts.loaded_cost as decimal(26, 12)) * 1000000000000 as hugeint) as amount,
        cast(attempts.attempts as hugeint) as weight,
        cast(sum(attempts.attempts) over in_order as hugeint) as weight_until,
        cast(sum(attempts.attempts) over in_all as hugeint) as whole_weight
    from attempts
    left join parts
        on
            attempts.period = parts.period
            and attempts.period_start = parts.period_start
            and attempts.billing_currency = parts.billing_currency
            and parts.service is null
    window
        in_order as (
            partition by attempts.period, attempts.period_start, attempts.billing_currency
            order by attempts.service
        ),
        in_all as (partition by attempts.period, attempts.period_start, attempts.billing_currency)

),

own_parts as (

    select *
    from parts
    where service is not null

),

by_service as (

    select
        'service' as scope,
        period,
        period_start,
        billing_currency,
        service,
        parts.loaded_cost as direct_cost,
        coalesce(parts.loaded_cost, 0)
        + coalesce(cast(
            cast(
                shares.amount * shares.weight_until // shares.whole_weight
                - shares.amount * (shares.weight_until - shares.weight) // shares.whole_weight as decimal(38, 0)
            ) * cast(0.000000000001 as decimal(12, 12)) as decimal(38, 12)
        ), 0) as loaded_cost,
        parts.uncounted_cost as uncounted_direct_cost,
        parts.uncounted_cost as uncounted_loaded_cost,
        parts.runner_cost,
        parts.registry_cost,
        parts.artifact_cost,
        parts.ephemeral_cost,
        shares.successful,
        shares.failed,
        shares.rolled_back,
        shares.is_proxy,
        shares.is_partial,
        shares.source
    from shares
    full outer join own_parts as parts
        using (period, period_start, billing_currency, service)

),

all_attempts as (

    select
        period,
        period_start,
        billing_currency,
        sum(successful) as successful,
        sum(failed) as failed,
        sum(rolled_back) as rolled_back,
        bool_or(is_proxy) as is_proxy,
        bool_or(is_partial) as is_partial,
        array_to_string(list_sort(list_distinct(flatten(list(string_split(source, ', '))))), ', ') as source
    from attempts
    group by all

),

in_all as (

    select
        'all services' as scope,
        period,
        period_start,
        billing_currency,
        cast(null as varchar) as service,
        sum(parts.own_cost) as direct_cost,
        sum(parts.loaded_cost) as loaded_cost,
        sum(parts.uncounted_own_cost) as uncounted_direct_cost,
        sum(parts.uncounted_cost) as uncounted_loaded_cost,
        sum(parts.runner_cost) as runner_cost,
        sum(parts.registry_cost) as registry_cost,
        sum(parts.artifact_cost) as artifact_cost,
        sum(parts.ephemeral_cost) as ephemeral_cost
    from period_days
    left join parts using (period, period_start, billing_currency)
    group by all

),

figures as (

    select * from by_service
    union all by name
    select *
    from in_all
    left join all_attempts using (period, period_start, billing_currency)

)

select
    figures.period,
    figures.period_start,
    figures.scope,
    figures.service,
    figures.billing_currency,
    figures.direct_cost,
    figures.loaded_cost,
    figures.uncounted_direct_cost,
    figures.uncounted_loaded_cost,
    figures.runner_cost,
    figures.registry_cost,
    figures.artifact_cost,
    figures.ephemeral_cost,
    cast(figures.successful as bigint) as successful,
    cast(figures.failed as bigint) as failed,
    cast(figures.rolled_back as bigint) as rolled_back,
    figures.is_proxy,
    figures.is_partial,
    figures.source,
    days.known_share,
    days.is_over,
    days.billing_month
from figures
inner join period_days as days using (period, period_start, billing_currency)
