-- What a successful production deploy costs, by service and in all: (runners + registry storage + artifact buckets +
-- ephemeral test environments) ÷ successful production deploys. Failed and rolled-back ones stay in the numerator and
-- are shown; long-lived staging is no part of it. What is CI cost is told by gold.cost_per_deploy_parts; a part that
-- nothing says is null, and without any the figure is null. gold.cost_per_deploy_sides says whose cost is direct or
-- loaded, and which days are in neither side of a month's ratio: their cost is in uncounted_direct_cost and
-- uncounted_loaded_cost. If all days are such the figure is null; where the inventory alone tells of a deploy the count
-- is not complete.
-- grain: period, period_start, scope, service, billing_currency
-- partition: billing_month
-- reads: silver.deploys all
with

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
        sides.*,
        said.billing_month is not null as is_said,
        coalesce(said.has_runners, false) as has_runners,
        case when sides.known_share > 0 then coalesce(sides.successful, 0) end as deploys
    from gold.cost_per_deploy_sides as sides
    left join said
        on sides.billing_month = said.billing_month and sides.billing_currency = said.billing_currency

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
    known_share as units_coverage,
    known_share = 1 and not coalesce(is_proxy or is_partial, false) and (period = 'day' or is_over) as is_complete,
    not has_runners as is_marked,
    reason,
    coalesce(failed, 0) as failed_deploys,
    coalesce(rolled_back, 0) as rolled_back_deploys,
    coalesce(is_proxy, false) as is_proxy,
    cast(runner_cost as decimal(38, 12)) as runner_cost,
    cast(registry_cost as decimal(38, 12)) as registry_cost,
    cast(artifact_cost as decimal(38, 12)) as artifact_cost,
    cast(ephemeral_cost as decimal(38, 12)) as ephemeral_cost,
    cast(coalesce(uncounted_direct_cost, 0) as decimal(38, 12)) as uncounted_direct_cost,
    cast(coalesce(uncounted_loaded_cost, 0) as decimal(38, 12)) as uncounted_loaded_cost,
    billing_month
from explained
