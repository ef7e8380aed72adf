-- Shares of the cost on imported bills, by provider, day and month, as gold.environment_share and gold.tag_coverage
-- have them of Scaleway's: what each environment is charged ('environment'), loaded_value being its share once shared
-- pools are split, and how much of the cost has an owner, a team, an environment or a product ('label').
-- Cost whose environment nobody knows is in the denominator and in a row of its own.
-- grain: share, period, period_start, provider, label, billing_currency
-- partition: billing_month
with

costs as (

    select
        coalesce(providers.providers, 'unknown') as provider,
        lines.charge_date,
        lines.billing_currency,
        lines.billing_month,
        coalesce(lines.environment, 'unknown') as environment,
        lines.owner is not null as has_owner,
        lines.team is not null as has_team,
        coalesce(lines.environment, 'unknown') <> 'unknown' as has_environment,
        lines.product is not null as has_product,
        sum(lines.billed_cost) as billed_cost
    from silver.label_imported_costs as lines
    left join silver.unit_providers as providers
        on lines.project_id = providers.project_id and lines.billing_month = providers.billing_month
    where lines.billed_cost is not null
    group by all

),

allocated as (

    select
        coalesce(providers.providers, 'unknown') as provider,
        lines.charge_date,
        lines.billing_currency,
        lines.billing_month,
        coalesce(lines.environment, 'unknown') as environment,
        sum(lines.billed_cost) as loaded_cost
    from gold.allocated_imports as lines
    left join silver.unit_providers as providers
        on lines.project_id = providers.project_id and lines.billing_month = providers.billing_month
    group by all

),

told as (

    select
        'environment' as share,
        provider,
        charge_date,
        billing_currency,
        billing_month,
        environment as label,
        billed_cost as meant_cost,
        cast(null as decimal(38, 12)) as loaded_cost
    from costs
    union all by name
    -- an environment may bear shared cost only
    select
        'environment' as share,
        provider,
        charge_date,
        billing_currency,
        billing_month,
        environment as label,
        loaded_cost
    from allocated
    union all by name
    select
        'label' as share,
        provider,
        charge_date,
        billing_currency,
        billing_month,
        unnest(['owner', 'team', 'environment', 'product']) as label,
        billed_cost * unnest([
            cast(has_owner as integer), cast(has_team as integer), cast(has_environment as integer),
            cast(has_product as integer)
        ]) as meant_cost
    from costs

),

summed as (

    select
        told.share,
        periods.period,
        case
            when periods.period = 'day' then told.charge_date else cast(date_trunc('month', told.charge_date) as date)
        end as period_start,
        told.provider,
        told.label,
        told.billing_currency,
        told.billing_month,
        coalesce(sum(told.meant_cost), 0) as numerator,
        coalesce(sum(told.loaded_cost), 0) as loaded_numerator
    from told
    cross join (values ('day'), ('month')) as periods (period)
    group by all

),

totals as (

    select
        periods.period,
        case when periods.period = 'day' then charge_date else cast(date_trunc('month', charge_date) as date) end
            as period_start,
        costs.provider,
        costs.billing_currency,
        sum(costs.billed_cost) as denominator,
        coalesce(sum(costs.billed_cost) filter (where costs.has_environment), 0) as known_cost,
        max(costs.charge_date) = last_day(max(costs.charge_date)) as is_over
    from costs
    cross join (values ('day'), ('month')) as periods (period)
    group by all

),

loaded_totals as (

    select
        period,
        period_start,
        provider,
        billing_currency,
        sum(loaded_numerator) as loaded_denominator
    from summed
    where share = 'environment'
    group by all

),

judged as (

    select
        summed.*,
        totals.denominator,
        case when summed.share = 'environment' then nullif(loaded_totals.loaded_denominator, 0) end
            as loaded_denominator,
        totals.known_cost / nullif(totals.denominator, 0) as known_share,
        summed.period = 'day' or totals.is_over as is_complete
    from summed
    inner join totals
        on
            summed.period = totals.period
            and summed.period_start = totals.period_start
            and summed.provider = totals.provider
            and summed.billing_currency = totals.billing_currency
    inner join loaded_totals
        on
            summed.period = loaded_totals.period
            and summed.period_start = loaded_totals.period_start
            and summed.provider = loaded_totals.provider
            and summed.billing_currency = loaded_totals.billing_currency

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
    cast(case when loaded_denominator > 0 then loaded_numerator / loaded_denominator end as decimal(38, 12))
        as loaded_value,
    cast(case share when 'environment' then known_share else 1 end as decimal(38, 12)) as cost_coverage,
    'imported charges' as units_source,
    cast(1 as decimal(38, 12)) as units_coverage,
    is_complete,
    case share when 'environment' then coalesce(known_share < 0.95, true) else false end as is_marked,
    case when denominator <= 0 then 'nothing was charged, or no more than was credited' end as reason,
    billing_month
from judged
