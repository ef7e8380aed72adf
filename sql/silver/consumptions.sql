-- The bill's own lines: cost of a project and SKU in a month, rounded to the cent by Scaleway, before vouchers and tax.
-- grain: billing_month, project_id, sku, resource_label, unit, billing_currency
-- partition: billing_month
with

items as (

    select
        consumptions.answer_hash,
        consumptions.billing_month,
        cast(json_extract_string(latest_answers.extra, '$.updated_at') as timestamptz) as updated_at,
        json_transform(
            consumptions.item,
            '{
                "project_id": "VARCHAR", "sku": "VARCHAR", "product_name": "VARCHAR", "resource_name": "VARCHAR",
                "category_name": "VARCHAR", "unit": "VARCHAR", "billed_quantity": "VARCHAR",
                "value": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
            }'
        ) as line
    from bronze.consumptions
    inner join silver.latest_answers on consumptions.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'billing.consumptions'

)

select
    line.project_id,
    coalesce(line.sku, '') as sku,
    line.product_name,
    coalesce(line.resource_name, '') as resource_label,
    line.category_name,
    coalesce(line.unit, '') as unit,
    sum(cast(line.billed_quantity as decimal(38, 9))) as billed_quantity,
    sum(
        cast(
            cast(coalesce(line.value.units, case when line.value.nanos is not null then 0 end) as decimal(38, 9))
            + cast(coalesce(line.value.nanos, 0) as decimal(18, 0)) * cast(0.000000001 as decimal(10, 9))
            as decimal(38, 12)
        )
    ) as consumed_cost,
    line.value.currency_code as billing_currency,
    max(updated_at) as updated_at,
    min(answer_hash) as answer_hash,
    billing_month
from items
group by all
