-- The bridge's effects add up to the change, in the month and per day, and the change is that of the costs.
-- checks: gold.total_bridge
-- severity: error
select
    billing_month,
    project_id,
    product,
    sku,
    billing_currency,
    delta_cost
from gold.total_bridge
where
    delta_cost <> billed_cost - previous_cost
    or delta_cost
    <> price_effect + volume_effect + mix_effect + efficiency_effect + new_effect + gone_effect + not_separable_effect
    or delta_cost_per_day
    <> price_effect_per_day + volume_effect_per_day + mix_effect_per_day + efficiency_effect_per_day
    + new_effect_per_day + gone_effect_per_day + not_separable_effect_per_day
