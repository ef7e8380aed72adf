-- How much of the money, and how many of the resources, carry a label. Cost without a resource can carry none.
-- grain: billing_month, label, billing_currency
-- partition: billing_month
with

charges as (

    select
        billing_month,
        billing_currency,
        resource_id,
        sum(billed_cost) as billed_cost,
        bool_or(owner is not null) as has_owner,
        bool_or(has_environment_tag) as has_environment,
        bool_or(has_tags) as has_any
    from silver.labelled_costs
    group by all

),

labels as (

    select
        billing_month,
        billing_currency,
        resource_id,
        billed_cost,
        'owner' as label,
        has_owner as is_labelled
    from charges
    union all
    select
        billing_month,
        billing_currency,
        resource_id,
        billed_cost,
        'environment' as label,
        has_environment as is_labelled
    from charges
    union all
    select
        billing_month,
        billing_currency,
        resource_id,
        billed_cost,
        'any tag' as label,
        has_any as is_labelled
    from charges

)

select
    label,
    billing_currency,
    cast(coalesce(sum(billed_cost) filter (where is_labelled), 0) as decimal(38, 12)) as labelled_cost,
    cast(coalesce(sum(billed_cost), 0) as decimal(38, 12)) as total_cost,
    cast(
        coalesce(sum(billed_cost) filter (where is_labelled), 0) / nullif(sum(billed_cost), 0) as decimal(38, 12)
    ) as cost_coverage,
    count(distinct resource_id) filter (where is_labelled) as labelled_resources,
    count(distinct resource_id) as total_resources,
    cast(
        count(distinct resource_id) filter (where is_labelled) / nullif(count(distinct resource_id), 0)
        as decimal(38, 12)
    ) as resource_coverage,
    billing_month
from labels
group by billing_month, label, billing_currency
