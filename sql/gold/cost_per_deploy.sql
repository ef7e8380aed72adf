-- What a successful production deploy costs, by service and in all: (runners + registry storage + artifact buckets +
-- ephemeral test environments) ÷ successful production deploys. Failed and rolled-back ones stay in the numerator and
-- are shown; long-lived staging is no part of it. What is CI cost is told by gold.cost_per_deploy_parts; a part that
-- nothing says is null, and without any the figure is null.
-- direct_cost of a service is what carries its name as product; loaded_cost adds its part, by deploys of all outcomes
-- in the period, of what services have in common. Of all services direct_cost is the CI's own charges, and loaded_cost
-- adds the shares of other pools. Days on which no source could tell every deploy (silver.unit_deploy_reach, the Audit
-- Trail) are in neither side of a month's ratio: their cost is in uncounted_direct_cost and uncounted_loaded_cost. If
-- all days are such the figure is null; where the inventory alone tells of a deploy the count is not complete.
-- grain: period, period_start, scope, service, billing_currency
-- partition: billing_month
-- reads: silver.deploys all
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
        count(*) filter (where is_known) / count(*) as known_share,
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

),

said as (

    select
        billing_currency,
        billing_month,
        bool_or(part = 'runners') as has_runners
    from gold.cost_per_deploy_parts
    group by all

),

judged as (

    select
        figures.*,
        days.known_share,
        days.is_over,
        days.billing_month,
        said.billing_month is not null as is_said,
        coalesce(said.has_runners, false) as has_runners,
        case when days.known_share > 0 then coalesce(figures.successful, 0) end as deploys
    from figures
    inner join period_days as days using (period, period_start, billing_currency)
    left join said
        on days.billing_month = said.billing_month and figures.billing_currency = said.billing_currency

),

reasoned as (

    select
        *,
        case
            when not is_said
                then
                    'nothing says which cost is that of the CI: label it with a product of units.ci_products, '
                    || 'or name its pool in units.ci_pools'
            when deploys is null
                then
                    'no source tells every deploy of that ' || period || ': import those of the CI, or let the '
                    || 'Audit Trail be read; the inventory shows the last rollout between two readings only'
            when deploys = 0 then 'no successful production deploy'
            when loaded_cost is null then 'no CI cost was charged'
        end as gap
    from judged

),

explained as (

    select
        *,
        coalesce(gap, case when direct_cost is null then 'no CI cost carries its name; see loaded_unit_cost' end)
            as reason
    from reasoned

)

select
    period,
    period_start,
    scope,
    service,
    billing_currency,
    cast(case when is_said then direct_cost end as decimal(38, 12)) as direct_cost,
    cast(case when is_said then loaded_cost end as decimal(38, 12)) as loaded_cost,
    cast(deploys as decimal(38, 12)) as units,
    'successful production deploy' as unit,
    cast(case when reason is null then direct_cost / deploys end as decimal(38, 12)) as unit_cost,
    cast(case when gap is null then loaded_cost / deploys end as decimal(38, 12)) as loaded_unit_cost,
    -- which of the parts are known: without runners the main one is not
    cast(case when is_said then case when has_runners then 1 else 0 end end as decimal(38, 12)) as cost_coverage,
    source as units_source,
    cast(known_share as decimal(38, 12)) as units_coverage,
    known_share = 1 and not coalesce(is_proxy or is_partial, false) and (period = 'day' or is_over) as is_complete,
    not has_runners as is_marked,
    reason,
    cast(coalesce(failed, 0) as bigint) as failed_deploys,
    cast(coalesce(rolled_back, 0) as bigint) as rolled_back_deploys,
    coalesce(is_proxy, false) as is_proxy,
    cast(runner_cost as decimal(38, 12)) as runner_cost,
    cast(registry_cost as decimal(38, 12)) as registry_cost,
    cast(artifact_cost as decimal(38, 12)) as artifact_cost,
    cast(ephemeral_cost as decimal(38, 12)) as ephemeral_cost,
    cast(coalesce(uncounted_direct_cost, 0) as decimal(38, 12)) as uncounted_direct_cost,
    cast(coalesce(uncounted_loaded_cost, 0) as decimal(38, 12)) as uncounted_loaded_cost,
    billing_month
from explained
