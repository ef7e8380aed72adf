-- Deploys of services. What the CI says holds for its service and month; else rollouts that the inventory or the Audit
-- Trail show; else images pushed to a registry, a proxy that says so. Each image counts once per service, environment
-- and outcome; a pool's new Kubernetes version is a rollout of its nodes.
-- grain: service, environment, deploy_key, status
-- partition: none
-- holds: on deploy_date
-- reads: silver.audit_events all
with

known as (

    select
        resources.resource_id,
        arg_max(resources.resource_name, resources.valid_from) as resource_name,
        arg_max(resources.resource_type, resources.valid_from) as resource_type,
        arg_max(resources.project_id, resources.valid_from) as project_id,
        arg_max(resource_labels.tagged_environment, resources.valid_from) as tagged_environment
    from silver.resources
    left join silver.resource_labels
        on
            resources.resource_id = resource_labels.resource_id
            and resources.valid_from = resource_labels.valid_from
    group by resources.resource_id

),

placed as (

    select
        known.resource_id,
        known.resource_name,
        known.resource_type,
        known.project_id,
        coalesce(tagged.environment, named.environment, 'unknown') as environment
    from known
    left join silver.projects on known.project_id = projects.project_id
    left join silver.environments as tagged on known.tagged_environment = tagged.spelling
    left join silver.environments as named on projects.named_environment = named.spelling

),

revisions as (

    select
        resource_id,
        resource_type,
        item,
        valid_from,
        case resource_type
            when 'containers_container'
                then coalesce(json_extract_string(item, '$.image'), json_extract_string(item, '$.registry_image'))
            when 'serverless_jobs_job_definition' then json_extract_string(item, '$.image_uri')
            when 'inference_deployment' then json_extract_string(item, '$.model_name')
            when 'k8s_pool' then json_extract_string(item, '$.version')
            -- a function's code has no name: it shows in when the function became ready
            when 'functions_function' then json_extract_string(item, '$.ready_at')
        end as revision
    from silver.resource_periods
    where
        resource_type in (
            'containers_container', 'serverless_jobs_job_definition', 'inference_deployment', 'k8s_pool',
            'functions_function'
        )

),

followed as (

    select
        *,
        lag(revision) over (
            partition by resource_id
            order by valid_from
        ) as revision_before
    from revisions
    where revision is not null

),

seen_in_inventory as (

    select
        resource_id,
        case when resource_type <> 'functions_function' then revision end as revision,
        coalesce(
            case when resource_type = 'functions_function' then try_cast(revision as timestamptz) end,
            try_cast(json_extract_string(item, '$.updated_at') as timestamptz),
            cast(valid_from as timestamptz)
        ) as deployed_at,
        case
            when json_extract_string(item, '$.status') = 'error' then 'failed' else 'successful'
        end as status
    from followed
    where revision <> revision_before

),

-- a refused call deployed nothing
seen_in_audit as (

    select
        resource_id,
        resource_name,
        coalesce(
            json_extract_string(request_body, '$.image'),
            json_extract_string(request_body, '$.registry_image'),
            json_extract_string(request_body, '$.image_uri')
        ) as revision,
        recorded_at as deployed_at,
        'successful' as status
    from silver.audit_events
    where
        resource_id <> ''
        and status_code between 200 and 299
        and (
            method_name in ('RedeployContainer', 'DeployContainer', 'DeployFunction', 'UpgradePool')
            or (
                method_name in ('UpdateContainer', 'UpdateJobDefinition')
                and regexp_matches(request_body, '"(image|registry_image|image_uri)":"[^"]')
            )
        )

),

rollouts as (

    select
        resource_id,
        resource_name as named,
        revision,
        deployed_at,
        status
    from seen_in_audit
    union all
    select
        resource_id,
        cast(null as varchar) as named,
        revision,
        deployed_at,
        status
    from seen_in_inventory
    -- the same rollout, which the Audit Trail dates better
    where
        not exists (
            select 1
            from seen_in_audit
            where
                seen_in_audit.resource_id = seen_in_inventory.resource_id
                and cast(seen_in_audit.deployed_at as date) = cast(seen_in_inventory.deployed_at as date)
        )

),

pushed as (

    select
        json_extract_string(item, '$.image_id') as image_id,
        json_extract_string(item, '$.digest') as digest,
        coalesce(
            try_cast(json_extract_string(item, '$.updated_at') as timestamptz),
            try_cast(json_extract_string(item, '$.created_at') as timestamptz),
            cast(valid_from as timestamptz)
        ) as pushed_at,
        json_extract_string(item, '$.name') as tag
    from silver.resource_periods
    where resource_type = 'registry_tag' and json_extract_string(item, '$.digest') like 'sha256:%'

),

told as (

    select
        1 as preference,
        'ci' as source,
        source as told_by,
        service,
        coalesce(environments.environment, lower(facts.environment)) as environment,
        facts.happened_at as deployed_at,
        status,
        digest,
        version,
        cast(null as varchar) as resource_id,
        cast(null as varchar) as resource_type,
        cast(null as varchar) as project_id
    from silver.imported_facts as facts
    left join silver.environments on lower(facts.environment) = environments.spelling
    where facts.kind = 'deploys'
    union all
    select
        2 as preference,
        'rollout' as source,
        case when rollouts.named is null then 'inventory' else 'audit_trail' end as told_by,
        coalesce(placed.resource_name, rollouts.named, rollouts.resource_id) as service,
        coalesce(placed.environment, 'unknown') as environment,
        rollouts.deployed_at,
        rollouts.status,
        nullif(regexp_extract(rollouts.revision, '@(sha256:[0-9a-f]+)$', 1), '') as digest,
        case
            when placed.resource_type in ('k8s_pool', 'inference_deployment') then rollouts.revision
            else nullif(regexp_extract(rollouts.revision, ':([^:/@]+)(@.*)?$', 1), '')
        end as version,
        rollouts.resource_id,
        placed.resource_type,
        placed.project_id
    from rollouts
    left join placed on rollouts.resource_id = placed.resource_id
    union all
    select
        3 as preference,
        'digest' as source,
        'registry' as told_by,
        coalesce(placed.resource_name, pushed.image_id) as service,
        coalesce(placed.environment, 'unknown') as environment,
        min(pushed.pushed_at) as deployed_at,
        'successful' as status,
        pushed.digest,
        arg_min(pushed.tag, row(pushed.pushed_at, pushed.tag)) as version,
        pushed.image_id as resource_id,
        'registry_image' as resource_type,
        placed.project_id
    from pushed
    left join placed on pushed.image_id = placed.resource_id
    group by all

),

preferred as (

    select
        *,
        coalesce(digest, strftime(deployed_at, '%Y-%m-%dT%H:%M:%S.%fZ')) as deploy_key
    from told
    qualify
        preference = min(preference) over (partition by lower(service), strftime(deployed_at, '%Y-%m'))
        -- what runs an image may have another name than the service the CI deployed
        and (digest is null or preference = min(preference) over (partition by digest))

)

select
    service,
    environment,
    deploy_key,
    status,
    deployed_at,
    cast(deployed_at as date) as deploy_date,
    digest,
    version,
    source,
    told_by,
    source = 'digest' as is_proxy,
    resource_id,
    resource_type,
    project_id,
    strftime(deployed_at, '%Y-%m') as billing_month
from preferred
qualify row_number() over (
    partition by service, environment, deploy_key, status
    order by preference, deployed_at, told_by, resource_id, version
) = 1
