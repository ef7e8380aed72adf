-- Compute savings plans as the settings tell of them; two plans of the same terms are one of twice the commitment.
-- grain: starts_on, ends_on, discount, billing_currency
-- partition: none
-- stored: view
select
    starts_on,
    ends_on,
    discount,
    billing_currency,
    cast(sum(monthly_commitment) as decimal(38, 12)) as monthly_commitment
from bronze.savings_plans
group by starts_on, ends_on, discount, billing_currency
