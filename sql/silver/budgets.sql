-- The organisation's budgets at Scaleway; they count after discounts and with tax, unlike any cost here.
-- grain: budget_id
-- partition: none
select
    json_extract_string(budgets.item, '$.id') as budget_id,
    json_extract_string(budgets.item, '$.organization_id') as organization_id,
    cast(json_extract_string(budgets.item, '$.enabled') as boolean) as is_enabled,
    cast(
        cast(json_extract_string(budgets.item, '$.consumption_limit.units') as decimal(38, 9))
        + cast(coalesce(json_extract_string(budgets.item, '$.consumption_limit.nanos'), '0') as decimal(18, 0))
        * cast(0.000000001 as decimal(10, 9))
        as decimal(38, 12)
    ) as taxed_limit,
    -- budgets come without a currency
    nullif(json_extract_string(budgets.item, '$.consumption_limit.currency_code'), '') as billing_currency,
    cast(json_extract(budgets.item, '$.alerts[*].threshold') as varchar) as alert_thresholds,
    budgets.answer_hash
from bronze.budgets
inner join silver.latest_answers on budgets.answer_hash = latest_answers.answer_hash
where latest_answers.source = 'billing.budgets'
