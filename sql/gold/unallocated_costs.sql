-- Cost that nobody is known to bear, each line with whoever answers for it until somebody does: direct cost without
-- owner, team, product and tenant, cost of pools that could not be split, and parts of pools that fell to the former.
-- grain: billing_month, kind, project_id, service_name, pool, billing_currency
-- partition: billing_month
with

lines as (

    select
        allocated.billing_month,
        case
            when allocated.allocation_method = 'unallocated' then 'pool not split'
            when allocated.is_direct then 'nobody known'
            else 'part of a pool'
        end as kind,
        allocated.project_id,
        max(allocated.project_name) as project_name,
        allocated.service_name,
        allocated.pool,
        allocated.billing_currency,
        sum(allocated.billed_cost) as billed_cost,
        min(allocated.charge_date) as first_date,
        max(allocated.charge_date) as last_date
    from gold.allocated_costs as allocated
    where
        allocated.allocation_method = 'unallocated'
        or coalesce(allocated.owner, allocated.team, allocated.product, allocated.tenant) is null
    group by all

)

select
    lines.kind,
    lines.project_id,
    lines.project_name,
    lines.service_name,
    lines.pool,
    terms.unallocated_owner as owner,
    lines.billing_currency,
    cast(lines.billed_cost as decimal(38, 12)) as billed_cost,
    lines.first_date,
    lines.last_date,
    lines.billing_month
from lines
cross join silver.label_terms as terms
