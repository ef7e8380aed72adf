-- What one unit of a SKU emits by the price list's own estimate, beside the price of that unit.
-- A charge has no quantity: it is the charge divided by the price. A SKU without an estimate has no row, as GPUs.
-- grain: sku, valid_from
-- partition: none
-- stored: view
select
    sku,
    valid_from,
    valid_to,
    list_price,
    billing_currency,
    kg_co2e,
    m3_water
from silver.prices
where list_price > 0 and (kg_co2e is not null or m3_water is not null)
