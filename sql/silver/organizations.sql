-- The organisations that are billed, by their newest name.
-- grain: organization_id
-- partition: none
with

named as (

    select
        json_extract_string(item, '$.organization_id') as organization_id,
        json_extract_string(item, '$.organization_name') as organization_name,
        billing_month
    from bronze.invoices
    union all
    select
        json_extract_string(item, '$.consumer_id') as organization_id,
        json_extract_string(item, '$.organization_name') as organization_name,
        billing_month
    from bronze.consumptions

)

select
    organization_id,
    arg_max(organization_name, billing_month) as organization_name
from named
where organization_id is not null
group by organization_id
