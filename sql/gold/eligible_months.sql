-- Complete months of the usage a savings plan covers, at public price after free tiers, month by month: what the advice
-- on savings plans looks back on.
-- grain: first_day, billing_currency
-- partition: none
-- stored: view
select
    period_start as first_day,
    billing_currency,
    denominator as eligible_cost,
    committed_cost,
    commitment_coverage,
    commitment_utilisation
from gold.effective_savings_rate
where is_complete and denominator > 0
