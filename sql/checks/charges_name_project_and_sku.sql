-- A charge without project or SKU could be allocated to nobody, an amount without a currency added to nothing.
-- checks: silver.costs
-- severity: error
select
    charge_key,
    project_id,
    sku,
    billed_cost
from silver.costs
where project_id = '' or sku = '' or (billing_currency is null and billed_cost is not null)
