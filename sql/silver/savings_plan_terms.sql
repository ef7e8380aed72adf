-- What is offered on new Compute savings plans, as the settings tell it: of each length and range the newest holds.
-- grain: months, least, most, billing_currency, valid_from
-- partition: none
-- stored: view
select
    months,
    least,
    most,
    billing_currency,
    valid_from,
    max(discount) as discount
from bronze.savings_plan_terms
group by months, least, most, billing_currency, valid_from
