-- Behind an environment's share: its charges of the day or month, or of all that is not production.
-- figure: numerator
with

charges as (

    select
        *,
        coalesce(environment, 'unknown') as known_environment
    from silver.labelled_costs

),

scoped as (

    select
        *,
        known_environment as scope,
        false as is_sum
    from charges
    union all
    select
        *,
        'non-production' as scope,
        true as is_sum
    from charges
    where known_environment not in ('prod', 'shared', 'unknown')

),

periods as (

    select
        *,
        'day' as period,
        charge_date as period_start
    from scoped
    union all
    select
        *,
        'month' as period,
        cast(billing_month || '-01' as date) as period_start
    from scoped

)

select
    period,
    period_start,
    scope as environment,
    is_sum,
    billing_currency,
    charge_date,
    project_name,
    sku,
    resource_name,
    billed_cost as amount,
    'charge' as evidence,
    charge_key as evidence_key,
    answer_hash
from periods
