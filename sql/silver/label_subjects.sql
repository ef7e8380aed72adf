-- What labels are decided for: each combination of project, SKU and resource that a month's charges speak of, for each
-- time the resource was described so; each kind of imported line; and each namespace of a cluster.
-- grain: source, subject_key
-- partition: none
-- stored: view
with

combinations as (

    select
        billing_month,
        project_id,
        sku,
        resource_id,
        max(resource_name) as charged_name,
        min(charge_date) as first_date,
        max(charge_date) as last_date
    from silver.costs
    group by all

),

charged as (

    select
        'scaleway' as source,
        combinations.billing_month,
        combinations.project_id,
        coalesce(projects.project_name, combinations.project_id) as project_name,
        projects.named_environment,
        combinations.sku,
        combinations.resource_id,
        coalesce(resources.counts_from, date '1970-01-01') as counts_from,
        coalesce(resources.counts_until, date '9999-12-31') as counts_until,
        coalesce(skus.service_name, 'Other') as service_name,
        coalesce(skus.service_category, 'Other') as service_category,
        coalesce(skus.service_subcategory, 'Other (Other)') as service_subcategory,
        coalesce(skus.charge_description, combinations.sku) as charge_description,
        coalesce(resources.region_id, skus.region_id, 'unknown') as region_id,
        coalesce(resources.availability_zone, skus.availability_zone) as availability_zone,
        resources.resource_name as known_name,
        combinations.charged_name,
        coalesce(resources.resource_name, combinations.charged_name) as resource_name,
        resources.resource_type,
        resources.tags,
        resources.tags_as_of,
        labels.* exclude (resource_id, valid_from, held_from, held_until)
    from combinations
    left join silver.projects as projects on combinations.project_id = projects.project_id
    left join silver.skus as skus on combinations.sku = skus.sku
    left join silver.resources as resources
        on
            combinations.resource_id = resources.resource_id
            and combinations.last_date >= resources.counts_from
            and combinations.first_date < resources.counts_until
    left join silver.resource_labels as labels
        on resources.resource_id = labels.resource_id and resources.valid_from = labels.valid_from

),

imported as (

    select
        'import' as source,
        kinds.line_key as holder_id,
        kinds.* exclude (line_key, tags),
        kinds.resource_name as known_name,
        nullif(
            regexp_extract(
                lower(kinds.project_name),
                '(^|[-_ ])(production|prod|prd|staging|stage|preprod|development|dev|sandbox|sbx|shared|test)([-_ ]|$)',
                2
            ),
            ''
        ) as named_environment,
        holders.* exclude (source, holder_id, valid_from)
    from silver.label_imported_kinds as kinds
    left join silver.label_holders as holders on kinds.line_key = holders.holder_id and holders.source = 'import'

),

namespaces as (

    select
        'kubernetes' as source,
        allocations.cluster_id as resource_id,
        allocations.namespace as holder_id,
        'k8s:' || allocations.namespace as resource_name,
        any_value(clusters.project_id) as project_id,
        coalesce(any_value(projects.project_name), any_value(clusters.project_id)) as project_name,
        any_value(projects.named_environment) as named_environment,
        any_value(clusters.region_id) as region_id,
        'Kubernetes' as service_name,
        ['namespace=' || lower(allocations.namespace)] as tag_texts
    from silver.cluster_allocations as allocations
    left join silver.resources as clusters
        on allocations.cluster_id = clusters.resource_id and clusters.counts_until = date '9999-12-31'
    left join silver.projects as projects on clusters.project_id = projects.project_id
    where allocations.namespace is not null and not allocations.is_idle
    group by allocations.cluster_id, allocations.namespace

)

select
    md5(
        concat_ws('|', source, billing_month, project_id, coalesce(sku, ''), coalesce(resource_id, ''), counts_from)
    ) as subject_key,
    *
from charged
union all by name
select
    holder_id as subject_key,
    * exclude (holder_id)
from imported
union all by name
select
    md5(concat_ws('|', resource_id, holder_id)) as subject_key,
    * exclude (holder_id)
from namespaces
