-- Price, usage, new, gone and not separable add up to the change, exactly.
-- checks: gold.cost_movers
-- severity: error
select *
from gold.cost_movers
where
    delta_cost
    <> price_effect + usage_effect + new_effect + gone_effect + not_separable_effect
    or delta_cost <> billed_cost - previous_cost
