-- Charges with what people ask for: project, service, place, and who bears them as of the charge's day.
-- Of owner, team, environment, tenant and product, *_decided_by says who decided: tag, annotation, a rule by name, the
-- project's default or its name; null where nobody did. pool is the shared pool a charge belongs to.
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
    coalesce(labels.project_name, costs.project_id) as project_name,
    costs.sku,
    coalesce(labels.service_name, 'Other') as service_name,
    coalesce(labels.service_category, 'Other') as service_category,
    coalesce(labels.service_subcategory, 'Other (Other)') as service_subcategory,
    coalesce(labels.charge_description, costs.sku) as charge_description,
    coalesce(labels.region_id, 'unknown') as region_id,
    labels.availability_zone,
    costs.resource_id,
    coalesce(labels.known_name, costs.resource_name) as resource_name,
    labels.resource_type,
    coalesce(labels.environment, 'unknown') as environment,
    coalesce(labels.has_environment_tag, false) as has_environment_tag,
    labels.owner,
    labels.team,
    labels.tenant,
    labels.product,
    labels.owner_decided_by,
    labels.team_decided_by,
    labels.environment_decided_by,
    labels.tenant_decided_by,
    labels.product_decided_by,
    labels.pool,
    coalesce(labels.has_tags, false) as has_tags,
    labels.tags,
    labels.tags_json,
    labels.tags_as_of,
    costs.invoice_id,
    costs.billed_cost,
    costs.billing_currency,
    costs.updated_at,
    costs.answer_hash,
    costs.billing_month
from silver.costs
left join silver.charge_labels as labels
    on
        costs.billing_month = labels.billing_month
        and costs.project_id = labels.project_id
        and costs.sku = labels.sku
        and costs.resource_id is not distinct from labels.resource_id
        and costs.charge_date >= labels.counts_from
        and costs.charge_date < labels.counts_until
