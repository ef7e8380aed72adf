-- A charge cut to a UTC day lies in that day, and the day in its billing month.
-- checks: silver.costs
-- severity: error
select
    charge_key,
    charge_start,
    charge_end,
    billing_month
from silver.costs
where
    strftime(charge_date, '%Y-%m') <> billing_month
    or charge_end < charge_start
    or charge_end > cast(charge_date as timestamptz) + interval 1 day
