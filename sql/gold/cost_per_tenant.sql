-- What each tenant costs: its tagged production cost, plus its share of the cost that the tenants of a product have in
-- common, as gold.cost_per_tenant_days gives them.
-- scope 'tenant' is one tenant; 'all tenants' is all of them over the active ones (at least one billable request or a
-- contract that month), the average; 'unattributed' is what no tenant bears, and cost of no known environment.
-- Non-production is in no row. direct_cost is what carries the tenant's tag, loaded_cost adds the shares.
-- units_coverage is the share of the days on which requests by tenant were counted; where none were and no contract is
-- known, nobody can say who was active.
-- grain: period, period_start, scope, tenant, billing_currency
-- partition: billing_month
with

-- who was active: told for a day, or by a contract for a month
activity as (

    select
        usage_date,
        tenant,
        false as is_whole_month
    from silver.unit_requests
    where tenant is not null and environment = 'prod' and requests > 0
    union
    select
        usage_date,
        tenant,
        is_whole_month
    from silver.business_numbers
    where kind = 'tenants' and tenant is not null and is_active

),

charge_days as (

    select distinct
        charge_date,
        cast(date_trunc('month', charge_date) as date) as month_start
    from gold.cost_per_tenant_days

),

active as (

    select
        'day' as period,
        usage_date as period_start,
        tenant
    from activity
    where not is_whole_month
    union
    select
        'day' as period,
        charge_days.charge_date as period_start,
        activity.tenant
    from activity
    inner join charge_days on cast(date_trunc('month', activity.usage_date) as date) = charge_days.month_start
    where activity.is_whole_month
    union
    select distinct
        'month' as period,
        cast(date_trunc('month', usage_date) as date) as period_start,
        tenant
    from activity

),

active_counts as (

    select
        period,
        period_start,
        count(*) as active_tenants
    from active
    group by period, period_start

),

-- on which days requests by tenant were counted
counted as (

    select
        usage_date,
        bool_and(is_complete) as is_complete,
        string_agg(distinct source, ', ' order by source) as source
    from silver.unit_requests
    where is_tenant_driver and environment = 'prod'
    group by usage_date

),

month_days as (

    select
        tenant_days.charge_date,
        tenant_days.billing_month,
        any_value(counted.is_complete) as is_complete,
        any_value(counted.source) as source
    from gold.cost_per_tenant_days as tenant_days
    left join counted on tenant_days.charge_date = counted.usage_date
    group by tenant_days.charge_date, tenant_days.billing_month

),

coverage as (

    select
        spans.period,
        case
            when spans.period = 'day' then month_days.charge_date
            else cast(date_trunc('month', month_days.charge_date) as date)
        end as period_start,
        count(month_days.source) / count(*) as units_coverage,
        bool_and(coalesce(month_days.is_complete, false))
        and (min(spans.period) = 'day' or max(month_days.charge_date) = last_day(max(month_days.charge_date)))
            as is_complete,
        string_agg(distinct month_days.source, ', ' order by month_days.source) as units_source
    from month_days
    cross join (values ('day'), ('month')) as spans (period)
    group by all

),

scopes as (

    select
        spans.period,
        case
            when spans.period = 'day' then tenant_days.charge_date
            else cast(date_trunc('month', tenant_days.charge_date) as date)
        end as period_start,
        case
            when kinds.kind = 'average' then 'all tenants'
            when tenant_days.tenant is null then 'unattributed'
            else 'tenant'
        end as scope,
        case when kinds.kind = 'each' then tenant_days.tenant end as tenant,
        tenant_days.billing_currency,
        sum(tenant_days.direct_cost) as direct_cost,
        sum(tenant_days.loaded_cost) as loaded_cost,
        bool_or(tenant_days.has_direct) as has_direct,
        tenant_days.billing_month
    from gold.cost_per_tenant_days as tenant_days
    cross join (values ('day'), ('month')) as spans (period)
    cross join (values ('each'), ('average')) as kinds (kind)
    where kinds.kind = 'each' or tenant_days.tenant is not null
    group by all

),

spend as (

    select
        period,
        period_start,
        billing_currency,
        sum(loaded_cost) filter (where scope = 'tenant') as attributed_cost,
        sum(loaded_cost) as total_cost
    from scopes
    where scope <> 'all tenants'
    group by all

),

judged as (

    select
        scopes.*,
        active.tenant is not null as is_active,
        case scopes.scope
            when 'tenant' then cast(1 as decimal(38, 12))
            when 'all tenants' then cast(active_counts.active_tenants as decimal(38, 12))
        end as units,
        case
            when scopes.scope = 'unattributed' then 'no tenant is known to bear it'
            when scopes.scope = 'all tenants' and active_counts.active_tenants is null
                then 'neither requests nor contracts of tenants are known'
            when scopes.loaded_cost is null then 'no price was told for its charges'
        end as gap,
        coalesce(spend.attributed_cost, 0) / nullif(spend.total_cost, 0) as cost_coverage,
        case when active_counts.active_tenants is not null then coalesce(coverage.units_source, 'contracts') end
            as units_source,
        coverage.units_coverage,
        coverage.is_complete
    from scopes
    left join spend
        on
            scopes.period = spend.period
            and scopes.period_start = spend.period_start
            and scopes.billing_currency = spend.billing_currency
    left join active
        on
            scopes.period = active.period
            and scopes.period_start = active.period_start
            and scopes.tenant = active.tenant
    left join active_counts
        on scopes.period = active_counts.period and scopes.period_start = active_counts.period_start
    left join coverage on scopes.period = coverage.period and scopes.period_start = coverage.period_start

),

explained as (

    select
        *,
        coalesce(
            gap,
            case when not has_direct or direct_cost is null then 'no charge carries its tag; see loaded_unit_cost' end
        ) as reason
    from judged

)

select
    period,
    period_start,
    scope,
    tenant,
    billing_currency,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(loaded_cost as decimal(38, 12)) as loaded_cost,
    units,
    case when scope = 'all tenants' then 'active tenant' else 'tenant' end as unit,
    cast(case when reason is null then direct_cost / units end as decimal(38, 12)) as unit_cost,
    cast(case when gap is null then loaded_cost / units end as decimal(38, 12)) as loaded_unit_cost,
    cast(cost_coverage as decimal(38, 12)) as cost_coverage,
    units_source,
    cast(units_coverage as decimal(38, 12)) as units_coverage,
    is_complete,
    coalesce(cost_coverage < 0.95, true) as is_marked,
    reason,
    case when scope = 'tenant' then is_active end as is_active,
    billing_month
from explained
