-- Charges with what people ask for: project, service, place, environment and owner as of the charge's day.
-- grain: charge_key
-- partition: billing_month
-- stored: view
select
    costs.charge_key,
    costs.charge_date,
    costs.charge_start,
    costs.charge_end,
    costs.organization_id,
    costs.project_id,
    coalesce(projects.project_name, costs.project_id) as project_name,
    costs.sku,
    coalesce(skus.service_name, 'Other') as service_name,
    coalesce(skus.service_category, 'Other') as service_category,
    coalesce(skus.service_subcategory, 'Other (Other)') as service_subcategory,
    coalesce(skus.charge_description, costs.sku) as charge_description,
    coalesce(resources.region_id, skus.region_id, 'unknown') as region_id,
    coalesce(resources.availability_zone, skus.availability_zone) as availability_zone,
    costs.resource_id,
    coalesce(resources.resource_name, costs.resource_name) as resource_name,
    resources.resource_type,
    coalesce(tagged.environment, named.environment, 'unknown') as environment,
    tagged.environment is not null as has_environment_tag,
    resource_labels.owner,
    coalesce(resource_labels.has_tags, false) as has_tags,
    resources.tags,
    resource_labels.tags_json,
    resources.tags_as_of,
    costs.invoice_id,
    costs.billed_cost,
    costs.billing_currency,
    costs.updated_at,
    costs.answer_hash,
    costs.billing_month
from silver.costs
left join silver.projects on costs.project_id = projects.project_id
left join silver.skus on costs.sku = skus.sku
left join silver.resources
    on
        costs.resource_id = resources.resource_id
        and costs.charge_date >= resources.counts_from
        and costs.charge_date < resources.counts_until
left join silver.resource_labels
    on
        resources.resource_id = resource_labels.resource_id
        and resources.valid_from = resource_labels.valid_from
left join silver.environments as tagged on resource_labels.tagged_environment = tagged.spelling
left join silver.environments as named on projects.named_environment = named.spelling
