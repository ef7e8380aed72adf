-- Cost by day and by the vouchers that may pay for it. A voucher names categories, products, places or resources; one
-- that names none pays for everything. Free usage and contract lines are paid by none.
-- grain: charge_date, vouchers, billing_currency
-- partition: none
-- stored: view
with

vouchers as (

    select
        discount_id,
        applies_to,
        excludes,
        starts_at,
        ends_at
    from silver.vouchers
    where is_current and is_voucher

),

categories as (

    select
        sku,
        arg_max(category_name, billing_month) as category_name,
        arg_max(product_name, billing_month) as product_name
    from silver.consumptions
    group by sku

),

costs as (

    select
        labelled.charge_date,
        labelled.billing_currency,
        labelled.sku,
        [
            categories.category_name, categories.product_name, labelled.service_name, labelled.region_id,
            labelled.availability_zone, labelled.resource_name
        ] as names,
        sum(labelled.billed_cost) as billed_cost
    from silver.labelled_costs as labelled
    left join categories on labelled.sku = categories.sku
    where labelled.billed_cost is not null
    group by all

),

kinds as (

    select distinct names
    from costs

),

-- asked once for each kind of cost, not for each day of it
payers as (

    select
        kinds.names,
        (
            select string_agg(vouchers.discount_id, ' ' order by vouchers.discount_id)
            from vouchers
            where
                (len(vouchers.applies_to) = 0 or list_has_any(kinds.names, vouchers.applies_to))
                and not list_has_any(kinds.names, vouchers.excludes)
        ) as vouchers
    from kinds

),

paid as (

    select
        costs.charge_date,
        costs.billing_currency,
        costs.billed_cost,
        case when costs.billed_cost > 0 then payers.vouchers end as vouchers
    from costs
    inner join payers on costs.names = payers.names

)

select
    charge_date,
    coalesce(vouchers, '') as vouchers,
    billing_currency,
    cast(sum(billed_cost) as decimal(38, 12)) as billed_cost
from paid
group by all
