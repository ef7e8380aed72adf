-- Behind a difference: the bill's line, and the charges with the opposite sign.
-- figure: residual
select
    consumptions.billing_month,
    consumptions.project_id,
    consumptions.sku,
    consumptions.billing_currency,
    null as charge_date,
    consumptions.project_id as project_name,
    consumptions.resource_label as resource_name,
    consumptions.consumed_cost as amount,
    'consumption line' as evidence,
    concat_ws(' ', consumptions.billing_month, consumptions.unit) as evidence_key,
    consumptions.answer_hash
from silver.consumptions
union all
select
    costs.billing_month,
    costs.project_id,
    costs.sku,
    costs.billing_currency,
    costs.charge_date,
    costs.project_id as project_name,
    costs.resource_name,
    -costs.billed_cost as amount,
    'charge' as evidence,
    costs.charge_key as evidence_key,
    costs.answer_hash
from silver.costs
