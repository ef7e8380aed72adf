-- Discounts and vouchers, with what is left of them and when they end.
-- grain: discount_id
-- partition: none
select
    json_extract_string(discounts.item, '$.id') as discount_id,
    json_extract_string(discounts.item, '$.organization_id') as organization_id,
    json_extract_string(discounts.item, '$.description') as description,
    json_extract_string(discounts.item, '$.mode') as discount_mode,
    cast(json_extract_string(discounts.item, '$.value') as decimal(38, 12)) as granted_value,
    cast(json_extract_string(discounts.item, '$.value_used') as decimal(38, 12)) as used_value,
    cast(json_extract_string(discounts.item, '$.value_remaining') as decimal(38, 12)) as remaining_value,
    cast(json_extract_string(discounts.item, '$.start_date') as timestamptz) as starts_at,
    cast(json_extract_string(discounts.item, '$.stop_date') as timestamptz) as ends_at,
    json_extract_string(discounts.item, '$.coupon.description') as coupon,
    discounts.answer_hash
from bronze.discounts
inner join silver.latest_answers on discounts.answer_hash = latest_answers.answer_hash
where latest_answers.source = 'billing.discounts'
