-- No price is negative, and no SKU has two prices on one day.
-- checks: silver.prices
with

followed as (

    select
        list_unit_price,
        valid_to,
        lead(valid_from) over (partition by sku order by valid_from) as next_from
    from silver.prices

)

select
    cast(coalesce(min(list_unit_price), 0) as double) as lowest_price,
    count(*) filter (where next_from < valid_to) as overlapping
from followed
