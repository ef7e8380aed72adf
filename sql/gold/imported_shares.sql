-- Shares of the cost on imported bills, by provider, day and month: what each environment bears once shared pools are
-- split ('environment'), and how much of the direct cost has an owner, a team, an environment or a product ('label').
-- Cost whose environment nobody knows is in the denominator and in a row of its own.
-- grain: share, period, period_start, provider, label, billing_currency
-- partition: billing_month
with

borne as (

    select
        coalesce(providers.providers, 'unknown') as provider,
        lines.charge_date,
        lines.billing_currency,
        lines.billing_month,
        lines.is_direct,
        coalesce(lines.environment, 'unknown') as environment,
        lines.owner is not null as has_owner,
        lines.team is not null as has_team,
        lines.environment is not null as has_environment,
        lines.product is not null as has_product,
        sum(lines.billed_cost) as billed_cost
    from gold.allocated_imports as lines
    left join silver.unit_providers as providers
        on lines.project_id = providers.project_id and lines.billing_month = providers.billing_month
    group by all

),

told as (

    select
        'environment' as share,
        environment as label,
        true as is_meant,
        *
    from borne
    union all by name
    select
        'label' as share,
        unnest(['owner', 'team', 'environment', 'product']) as label,
        unnest([has_owner, has_team, has_environment, has_product]) as is_meant,
        *
    from borne
    where is_direct

),

spans as (

    select
        told.*,
        periods.period,
        case when periods.period = 'day' then charge_date else cast(date_trunc('month', charge_date) as date) end
            as period_start
    from told
    cross join (values ('day'), ('month')) as periods (period)

),

summed as (

    select
        share,
        period,
        period_start,
        provider,
        label,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost) filter (where is_meant), 0) as numerator,
        sum(billed_cost) as own_cost
    from spans
    group by all

),

totals as (

    select
        periods.period,
        case when periods.period = 'day' then charge_date else cast(date_trunc('month', charge_date) as date) end
            as period_start,
        borne.provider,
        borne.billing_currency,
        sum(borne.billed_cost) as whole_cost,
        coalesce(sum(borne.billed_cost) filter (where borne.has_environment), 0) as known_cost,
        max(borne.charge_date) = last_day(max(borne.charge_date)) as is_over
    from borne
    cross join (values ('day'), ('month')) as periods (period)
    group by all

),

judged as (

    select
        summed.*,
        case summed.share when 'environment' then totals.whole_cost else summed.own_cost end as denominator,
        totals.known_cost / nullif(totals.whole_cost, 0) as known_share,
        summed.period = 'day' or totals.is_over as is_complete
    from summed
    inner join totals
        on
            summed.period = totals.period
            and summed.period_start = totals.period_start
            and summed.provider = totals.provider
            and summed.billing_currency = totals.billing_currency

)

select
    share,
    period,
    period_start,
    provider,
    label,
    billing_currency,
    cast(numerator as decimal(38, 12)) as numerator,
    cast(denominator as decimal(38, 12)) as denominator,
    'share of cost' as unit,
    cast(case when denominator > 0 then numerator / denominator end as decimal(38, 12)) as value,
    cast(case share when 'environment' then known_share else 1 end as decimal(38, 12)) as cost_coverage,
    'imported charges' as units_source,
    cast(1 as decimal(38, 12)) as units_coverage,
    is_complete,
    case share when 'environment' then coalesce(known_share < 0.95, true) else false end as is_marked,
    case when denominator <= 0 then 'nothing was charged, or no more than was credited' end as reason,
    billing_month
from judged
