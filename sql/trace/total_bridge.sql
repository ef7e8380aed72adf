-- Behind a change: the charges of the days compared, those of the month before with the opposite sign.
-- figure: delta_cost
select
    days.billing_month,
    costs.project_id,
    coalesce(costs.product, '') as product,
    costs.sku,
    costs.billing_currency,
    costs.charge_date,
    costs.project_name,
    costs.resource_name,
    case when days.is_previous then -costs.billed_cost else costs.billed_cost end as amount,
    case when days.is_previous then 'charge of the month before' else 'charge' end as evidence,
    costs.charge_key as evidence_key,
    costs.answer_hash
from gold.comparison_days as days
inner join silver.labelled_costs as costs on days.charge_date = costs.charge_date
