-- Taxes of a month, for the whole organisation: Scaleway gives no split by project.
-- grain: billing_month, description, billing_currency, tax_rate
-- partition: billing_month
select
    json_extract_string(taxes.item, '$.description') as description,
    json_extract_string(taxes.item, '$.currency') as billing_currency,
    cast(json_extract_string(taxes.item, '$.rate') as decimal(38, 18)) as tax_rate,
    sum(cast(json_extract_string(taxes.item, '$.total_tax_value') as decimal(38, 12))) as tax,
    taxes.billing_month
from bronze.taxes
inner join silver.latest_answers on taxes.answer_hash = latest_answers.answer_hash
where latest_answers.source = 'billing.taxes'
group by all
