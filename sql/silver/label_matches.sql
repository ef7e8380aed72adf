-- Which rules, defaults of projects and pools match which combination. Patterns are lower case, % and _ as in `like`.
-- Of several patterns of one kind one must match, and of each kind that is given one. A resource is matched by the name
-- the inventory has for it, by the name on its charge, which may differ, and by its identifier.
-- grain: subject_key, kind, position
-- partition: none
-- stored: view
with

subjects as (

    select
        source,
        subject_key,
        lower(project_id) as project_id,
        lower(project_name) as project_name,
        lower(service_name) as service_name,
        lower(sku) as sku,
        lower(region_id) as region_id,
        lower(resource_id) as resource_id,
        lower(resource_name) as resource_name,
        lower(charged_name) as charged_name,
        tag_texts
    from silver.label_subjects

)

select
    subjects.source,
    subjects.subject_key,
    rules.kind,
    rules.position,
    rules.name,
    rules.overrides_tags,
    rules.owner,
    rules.team,
    rules.environment,
    rules.tenant,
    rules.product
from subjects
inner join bronze.allocation_rules as rules
    on
        (
            rules.project is null
            or len(list_filter(
                rules.project,
                lambda p: subjects.project_name like p escape '~' or subjects.project_id like p escape '~'
            )) > 0
        )
        and (
            rules.service is null
            or len(list_filter(rules.service, lambda p: subjects.service_name like p escape '~')) > 0
        )
        and (rules.sku is null or len(list_filter(rules.sku, lambda p: subjects.sku like p escape '~')) > 0)
        and (
            rules.region is null
            or len(list_filter(rules.region, lambda p: subjects.region_id like p escape '~')) > 0
        )
        and (
            rules.resource is null
            or len(list_filter(
                rules.resource,
                lambda p:
                subjects.resource_name like p escape '~'
                or subjects.charged_name like p escape '~'
                or subjects.resource_id like p escape '~'
            )) > 0
        )
        and (
            rules.tag is null
            or len(list_filter(
                rules.tag,
                lambda p: len(list_filter(subjects.tag_texts, lambda t: t like p escape '~')) > 0
            )) > 0
        )
