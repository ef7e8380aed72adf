-- Lines of imported FOCUS bills with who bears them, as their tags, the rules and the defaults of projects decide.
-- The sub account counts as the project; a line lasts from its start, whose UTC day is the charge date.
-- grain: source_file, line_number
-- partition: none
-- stored: view
select
    lines.source_file,
    lines.line_number,
    lines.provider_name,
    cast(lines.charge_period_start as date) as charge_date,
    coalesce(lines.sub_account_id, lines.billing_account_id) as project_id,
    coalesce(labels.project_name, lines.sub_account_id, lines.billing_account_id) as project_name,
    lines.sku_id as sku,
    lines.service_name,
    coalesce(lines.region_id, 'unknown') as region_id,
    lines.resource_id,
    lines.resource_name,
    lines.resource_type,
    coalesce(labels.environment, 'unknown') as environment,
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
    lines.billed_cost,
    lines.billing_currency,
    lines.billing_month
from bronze.focus_lines as lines
left join silver.label_decisions as labels
    on
        labels.source = 'import'
        and labels.subject_key = md5(
            concat_ws(
                '|', coalesce(lines.sub_account_id, lines.billing_account_id), coalesce(lines.sub_account_name, ''),
                lines.service_name, coalesce(lines.sku_id, ''), coalesce(lines.region_id, ''),
                coalesce(lines.resource_id, ''), coalesce(lines.tags, '')
            )
        )
