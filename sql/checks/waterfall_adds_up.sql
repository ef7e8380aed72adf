-- Every step of the waterfall leads to the next subtotal.
-- checks: gold.invoice_waterfall
-- severity: error
with

running as (

    select
        *,
        sum(case when not is_subtotal or step_number = 1 then amount else 0 end) over (
            partition by billing_month, billing_currency order by step_number
        ) as expected
    from gold.invoice_waterfall

)

select *
from running
where is_subtotal and amount <> expected
