-- Every day has charges in one known currency each, of a size a bill can have, and most of them priced.
-- checks: silver.costs
select
    cast(charge_date as varchar) as charge_date,
    billing_currency,
    count(*) as charges,
    cast(sum(billed_cost) as double) as billed_cost,
    count(*) filter (where billed_cost is null) / count(*) as unpriced_share
from silver.costs
group by charge_date, billing_currency
