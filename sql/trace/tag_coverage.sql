-- Behind a coverage: the charges of the resources that carried the label in the month.
-- figure: labelled_cost
with

charges as (

    select
        *,
        bool_or(owner is not null) over resource_month as has_owner,
        bool_or(has_environment_tag) over resource_month as has_environment,
        bool_or(has_tags) over resource_month as has_any
    from silver.labelled_costs
    window resource_month as (partition by billing_month, billing_currency, resource_id)

),

labelled as (

    select
        *,
        'owner' as label
    from charges
    where has_owner
    union all
    select
        *,
        'environment' as label
    from charges
    where has_environment
    union all
    select
        *,
        'any tag' as label
    from charges
    where has_any

)

select
    billing_month,
    label,
    billing_currency,
    charge_date,
    project_name,
    sku,
    resource_name,
    billed_cost as amount,
    'charge' as evidence,
    charge_key as evidence_key,
    answer_hash
from labelled
