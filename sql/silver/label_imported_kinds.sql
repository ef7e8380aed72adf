-- What tells lines of imported FOCUS bills apart when they are labelled: account, service, SKU, place, resource, tags.
-- line_key is the hash of all that, so that rules are tried once for many lines.
-- grain: line_key
-- partition: none
-- stored: view
select
    md5(
        concat_ws(
            '|', coalesce(sub_account_id, billing_account_id), coalesce(sub_account_name, ''), service_name,
            coalesce(sku_id, ''), coalesce(region_id, ''), coalesce(resource_id, ''), coalesce(tags, '')
        )
    ) as line_key,
    coalesce(sub_account_id, billing_account_id) as project_id,
    coalesce(max(sub_account_name), max(sub_account_id), max(billing_account_name), max(billing_account_id))
        as project_name,
    max(sku_id) as sku,
    max(service_name) as service_name,
    max(service_category) as service_category,
    max(region_id) as region_id,
    max(resource_id) as resource_id,
    max(resource_name) as resource_name,
    max(resource_type) as resource_type,
    max(tags) as tags
from bronze.focus_lines
group by all
