-- How far labels and names are as the policy wants them: by month, project, team, product type and requirement, counted
-- in resources and in money. A label counts when the resource's own tag or an annotation says it; products that carry
-- no tags are judged by the name and the project, so whoever decided the label counts there. Cost without a resource
-- is one item for each SKU of a project, and has no name to judge.
-- grain: billing_month, project_id, team, product_type, requirement, billing_currency
-- partition: billing_month
with

items as (

    select
        billing_month,
        billing_currency,
        project_id,
        max(project_name) as project_name,
        coalesce(resource_type, service_name) as product_type,
        coalesce(resource_id, sku) as item_id,
        resource_id is not null as is_resource,
        arg_max(resource_name, charge_date) as resource_name,
        -- the inventory lists the tags of what can carry some
        coalesce(bool_or(tags is not null), false) as can_carry_tags,
        arg_max(team, charge_date) as team,
        arg_max(coalesce(owner_decided_by, ''), charge_date) as owner_decided_by,
        arg_max(coalesce(team_decided_by, ''), charge_date) as team_decided_by,
        arg_max(coalesce(environment_decided_by, ''), charge_date) as environment_decided_by,
        arg_max(coalesce(tenant_decided_by, ''), charge_date) as tenant_decided_by,
        arg_max(coalesce(product_decided_by, ''), charge_date) as product_decided_by,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.labelled_costs
    where billing_currency is not null
    group by
        billing_month, billing_currency, project_id, resource_type, service_name, resource_id, sku

),

-- a resource with several SKUs is one item
resources as (

    select
        billing_month,
        billing_currency,
        project_id,
        max(project_name) as project_name,
        min(product_type) as product_type,
        item_id,
        is_resource,
        max(resource_name) as resource_name,
        bool_or(can_carry_tags) as can_carry_tags,
        max(team) as team,
        max(owner_decided_by) as owner_decided_by,
        max(team_decided_by) as team_decided_by,
        max(environment_decided_by) as environment_decided_by,
        max(tenant_decided_by) as tenant_decided_by,
        max(product_decided_by) as product_decided_by,
        sum(billed_cost) as billed_cost
    from items
    group by billing_month, billing_currency, project_id, item_id, is_resource

),

-- of each kind the first policy that speaks of the type
demands as (

    select
        types.product_type,
        policy.kind,
        policy.demand
    from (select distinct product_type from resources) as types
    inner join silver.label_policy as policy
        on
            policy.types is null
            or len(list_filter(policy.types, lambda p: lower(types.product_type) like p escape '~')) > 0
    qualify
        policy.position = min(policy.position) over (partition by types.product_type, policy.kind)

),

demanded as (

    select
        resources.*,
        demands.kind,
        demands.demand,
        case demands.demand
            when 'owner' then resources.owner_decided_by
            when 'team' then resources.team_decided_by
            when 'environment' then resources.environment_decided_by
            when 'tenant' then resources.tenant_decided_by
            when 'product' then resources.product_decided_by
        end as decided_by
    from resources
    inner join demands on resources.product_type = demands.product_type
    where
        demands.demand <> ''
        and (demands.kind = 'label' or (resources.is_resource and resources.resource_name is not null))

),

judged as (

    select
        *,
        case when kind = 'name' then 'name' else demand end as requirement,
        case when kind = 'name' then 'name' when can_carry_tags then 'tag' else 'name or project' end as judged_by,
        case
            when kind = 'name' then regexp_full_match(resource_name, demand)
            when can_carry_tags then decided_by in ('tag', 'annotation')
            else decided_by <> ''
        end as is_compliant
    from demanded

)

select
    project_id,
    max(project_name) as project_name,
    team,
    product_type,
    requirement,
    case when count(distinct judged_by) = 1 then max(judged_by) else 'tag, else name or project' end as judged_by,
    billing_currency,
    count(*) filter (where is_compliant) as compliant_items,
    count(*) as total_items,
    cast(count(*) filter (where is_compliant) / count(*) as decimal(38, 12)) as item_coverage,
    cast(coalesce(sum(billed_cost) filter (where is_compliant), 0) as decimal(38, 12)) as compliant_cost,
    cast(sum(billed_cost) as decimal(38, 12)) as total_cost,
    -- credits apart, since a share of a sum of both signs says nothing
    cast(
        coalesce(sum(billed_cost) filter (where is_compliant and billed_cost > 0), 0)
        / nullif(sum(billed_cost) filter (where billed_cost > 0), 0) as decimal(38, 12)
    ) as cost_coverage,
    billing_month
from judged
group by billing_month, project_id, team, product_type, requirement, billing_currency
