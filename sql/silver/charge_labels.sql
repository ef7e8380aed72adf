-- Labels and descriptions of each combination of project, SKU and resource that a month's charges speak of, for the
-- days from counts_from until counts_until: decided once here, then joined to the charges.
-- grain: billing_month, project_id, sku, resource_id, counts_from
-- partition: billing_month
select
    project_id,
    project_name,
    sku,
    resource_id,
    counts_from,
    counts_until,
    service_name,
    service_category,
    service_subcategory,
    charge_description,
    region_id,
    availability_zone,
    known_name,
    resource_type,
    has_environment_tag,
    owner,
    owner_decided_by,
    team,
    team_decided_by,
    environment,
    environment_decided_by,
    tenant,
    tenant_decided_by,
    product,
    product_decided_by,
    pool,
    coalesce(has_tags, false) as has_tags,
    tags,
    tags_json,
    tags_as_of,
    billing_month
from silver.label_decisions
where source = 'scaleway'
