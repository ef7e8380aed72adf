-- What existed, as the dated snapshots of the inventory show it: a row holds until the resource changed or went.
-- The first row of a resource also answers for the days before it (counts_from); tags_as_of dates the tags.
-- parent_id is what it is part of or was taken from; billed_id the resource whose charges pay for it, mostly itself.
-- grain: resource_id, valid_from
-- partition: none
-- holds: greatest(counts_from, coalesce(cast(created_at as date), counts_from)) until counts_until, valid_to
with

annotation_days as (

    select
        resource_id,
        unnest([valid_from, valid_to]) as change_date
    from silver.resource_annotations

),

-- a period is cut where its annotations changed
pieces as (

    select
        resource_id,
        valid_from as period_from,
        valid_from
    from silver.resource_periods
    where resource_type <> 'annotations_binding'
    union
    select
        periods.resource_id,
        periods.valid_from as period_from,
        annotation_days.change_date as valid_from
    from silver.resource_periods as periods
    inner join annotation_days
        on
            periods.resource_id = annotation_days.resource_id
            and periods.valid_from < annotation_days.change_date
            and coalesce(periods.valid_to > annotation_days.change_date, true)

),

dated as (

    select
        periods.resource_id,
        periods.resource_type,
        periods.path,
        periods.item,
        pieces.valid_from,
        coalesce(
            lead(pieces.valid_from) over (
                partition by pieces.resource_id, pieces.period_from
                order by pieces.valid_from
            ),
            periods.valid_to
        ) as valid_to
    from pieces
    inner join silver.resource_periods as periods
        on pieces.resource_id = periods.resource_id and pieces.period_from = periods.valid_from
    qualify row_number() over (
        partition by pieces.resource_id, pieces.valid_from
        order by pieces.period_from desc
    ) = 1

),

annotated as (

    select
        dated.resource_id,
        dated.valid_from,
        '{' || string_agg(
            cast(to_json(annotations.annotation_key) as varchar)
            || ': ' || cast(to_json(annotations.annotation_value) as varchar),
            ', ' order by annotations.annotation_key
        ) || '}' as annotations
    from dated
    inner join silver.resource_annotations as annotations
        on
            dated.resource_id = annotations.resource_id
            and dated.valid_from >= annotations.valid_from
            and coalesce(dated.valid_from < annotations.valid_to, true)
    group by all

),

described as (

    select
        dated.*,
        -- a bucket's tags have a key and a value of their own, as annotations do
        case
            when json_type(dated.item, '$.tags') = 'OBJECT'
                then
                    nullif(cast(json_merge_patch(
                        json_extract(dated.item, '$.tags'), cast(coalesce(annotated.annotations, '{}') as json)
                    ) as varchar), '{}')
            else annotated.annotations
        end as annotations,
        coalesce(
            json_extract_string(dated.item, '$.zone'),
            -- a Kapsule node says where its machine is
            nullif(regexp_extract(
                json_extract_string(dated.item, '$.provider_id'), '/([a-z]+-[a-z]+-[0-9])/', 1
            ), ''),
            nullif(regexp_extract(dated.path, '/zones/([a-z]+-[a-z]+-[0-9])/', 1), '')
        ) as availability_zone,
        coalesce(
            json_extract_string(dated.item, '$.project_id'), json_extract_string(dated.item, '$.project')
        ) as own_project_id,
        coalesce(
            json_extract_string(dated.item, '$.cluster_id'),
            json_extract_string(dated.item, '$.namespace_id'),
            json_extract_string(dated.item, '$.instance_id'),
            json_extract_string(dated.item, '$.database_id'),
            json_extract_string(dated.item, '$.job_definition_id'),
            json_extract_string(dated.item, '$.lb.id'),
            json_extract_string(dated.item, '$.vpc_id')
        ) as parent_id
    from dated
    left join annotated on dated.resource_id = annotated.resource_id and dated.valid_from = annotated.valid_from

),

-- pools, nodes, containers, backups and the like belong to the project of their parent
projects_of_parents as (

    select
        resource_id,
        arg_max(own_project_id, valid_from) as project_id
    from described
    where own_project_id is not null
    group by resource_id

)

select
    described.resource_id,
    described.resource_type,
    coalesce(
        json_extract_string(described.item, '$.name'),
        json_extract_string(described.item, '$.hostname'),
        json_extract_string(described.item, '$.address'),
        json_extract_string(described.item, '$.ip_address')
    ) as resource_name,
    coalesce(described.own_project_id, projects_of_parents.project_id) as project_id,
    coalesce(
        json_extract_string(described.item, '$.region'),
        regexp_extract(described.availability_zone, '^[a-z]+-[a-z]+'),
        nullif(regexp_extract(described.path, '/regions/([a-z]+-[a-z]+)/', 1), '')
    ) as region_id,
    described.availability_zone,
    coalesce(
        json_extract_string(described.item, '$.state'), json_extract_string(described.item, '$.status')
    ) as resource_state,
    coalesce(
        json_extract_string(described.item, '$.commercial_type'),
        json_extract_string(described.item, '$.offer_name'),
        json_extract_string(described.item, '$.node_type_name'),
        -- a text for most, an object for snapshots of databases
        json_extract_string(described.item, '$.volume_type.type'),
        json_extract_string(described.item, '$.volume_type'),
        json_extract_string(described.item, '$.node_type'),
        json_extract_string(described.item, '$.main.node_type'),
        json_extract_string(described.item, '$.type'),
        json_extract_string(described.item, '$.class')
    ) as resource_class,
    try_cast(
        coalesce(
            -- what a pool or a deployment calls its size is a number of machines
            case
                when described.resource_type not in ('k8s_pool', 'inference_deployment')
                    then json_extract_string(described.item, '$.size')
            end,
            json_extract_string(described.item, '$.size_bytes'),
            json_extract_string(described.item, '$.volume.size'),
            json_extract_string(described.item, '$.volume.size_bytes'),
            json_extract_string(described.item, '$.total_storage.size')
        ) as bigint
    ) as size_bytes,
    try_cast(
        coalesce(
            case
                when described.resource_type in ('k8s_pool', 'inference_deployment')
                    then json_extract_string(described.item, '$.size')
            end,
            json_extract_string(described.item, '$.cluster_size'),
            json_extract_string(described.item, '$.node_amount'),
            json_extract_string(described.item, '$.node_number'),
            json_extract_string(described.item, '$.node_count'),
            json_extract_string(described.item, '$.worker.node_count'),
            json_extract_string(described.item, '$.current_size')
        ) as bigint
    ) as node_count,
    coalesce(
        case
            -- an image's are Docker tags
            when
                json_type(described.item, '$.tags') = 'ARRAY' and described.resource_type <> 'registry_image'
                then from_json(json_extract(described.item, '$.tags'), '["VARCHAR"]')
            when json_type(described.item, '$.tags') = 'OBJECT'
                then list_transform(
                    map_entries(json_transform(json_extract(described.item, '$.tags'), '"MAP(VARCHAR, VARCHAR)"')),
                    lambda tag: tag['key'] || '=' || tag['value']
                )
        end,
        []
    ) as tags,
    described.annotations,
    try_cast(
        coalesce(
            json_extract_string(described.item, '$.creation_date'),
            json_extract_string(described.item, '$.created_at')
        ) as timestamptz
    ) as created_at,
    described.parent_id,
    case described.resource_type
        when 'k8s_node'
            then
                coalesce(
                    nullif(regexp_extract(
                        json_extract_string(described.item, '$.provider_id'), '/([^/]+)$', 1
                    ), ''),
                    described.resource_id
                )
        when 'registry_image' then described.parent_id
        else described.resource_id
    end as billed_id,
    described.valid_from,
    described.valid_to,
    coalesce(
        try_cast(json_extract_string(described.item, '$.tags_as_of') as date), described.valid_from
    ) as tags_as_of,
    case
        when row_number() over (
            partition by described.resource_id
            order by described.valid_from
        ) = 1 then date '1970-01-01'
        else described.valid_from
    end as counts_from,
    -- a charge may follow the last snapshot that shows its resource
    case
        when row_number() over (
            partition by described.resource_id
            order by described.valid_from desc
        ) = 1 then date '9999-12-31'
        else lead(described.valid_from) over (
            partition by described.resource_id
            order by described.valid_from
        )
    end as counts_until
from described
left join projects_of_parents on described.parent_id = projects_of_parents.resource_id
