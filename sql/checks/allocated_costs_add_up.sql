-- What is allocated adds up to the charges of each day, currency, project and service, to the last decimal.
-- checks: gold.unallocated_costs
-- severity: error
with

charged as (

    select
        billing_month,
        charge_date,
        billing_currency,
        project_id,
        service_name,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.labelled_costs
    where billing_month in (select allocated.billing_month from gold.allocated_costs as allocated)
    group by all

),

allocated as (

    select
        billing_month,
        charge_date,
        billing_currency,
        project_id,
        service_name,
        sum(billed_cost) as billed_cost
    from gold.allocated_costs
    group by all

)

select
    coalesce(charged.billing_month, allocated.billing_month) as billing_month,
    coalesce(charged.charge_date, allocated.charge_date) as charge_date,
    coalesce(charged.project_id, allocated.project_id) as project_id,
    charged.billed_cost as charged_cost,
    allocated.billed_cost as allocated_cost
from charged
full outer join allocated
    on
        charged.charge_date = allocated.charge_date
        and charged.billing_currency is not distinct from allocated.billing_currency
        and charged.project_id = allocated.project_id
        and charged.service_name = allocated.service_name
where coalesce(charged.billed_cost, 0) <> coalesce(allocated.billed_cost, 0)
