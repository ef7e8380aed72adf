-- The labels of each combination, and who decided each: a rule that overrides tags, the resource's tag, an annotation,
-- a rule, the project's default, or of the environment the project's name; null where nobody did.
-- The pool is the first whose patterns match and whose labels are those decided.
-- grain: source, subject_key
-- partition: none
-- stored: view
with

subjects as (

    select
        subjects.*,
        tagged.environment as spelled_environment,
        named.environment as project_environment
    from silver.label_subjects as subjects
    left join silver.environments as tagged on subjects.tagged_environment = tagged.spelling
    left join silver.environments as named on subjects.named_environment = named.spelling

),

-- what rules and defaults say, one row a label
ruled as (

    select
        source,
        subject_key,
        position,
        case when kind = 'project default' then 5 when overrides_tags then 1 else 4 end as stage,
        case when kind = 'project default' then 'project default' else 'rule ' || name end as decided_by,
        unnest(['owner', 'team', 'environment', 'tenant', 'product']) as dimension,
        unnest([owner, team, environment, tenant, product]) as label_value
    from silver.label_matches
    -- a namespace is not its cluster's project
    where kind = 'rule' or (kind = 'project default' and source <> 'kubernetes')

),

said as (

    select
        source,
        subject_key,
        unnest(['owner', 'team', 'environment', 'tenant', 'product']) as dimension,
        unnest([owner, team, spelled_environment, tenant, product]) as label_value,
        unnest([owner_said_by, team_said_by, environment_said_by, tenant_said_by, product_said_by]) as decided_by
    from subjects

),

candidates as (

    select
        source,
        subject_key,
        dimension,
        case
            when dimension = 'environment' then coalesce(environments.environment, lower(label_value))
            when dimension = 'tenant' then label_value
            else lower(label_value)
        end as label_value,
        decided_by,
        stage,
        position
    from ruled
    left join silver.environments as environments on lower(ruled.label_value) = environments.spelling
    where label_value is not null
    union all
    select
        source,
        subject_key,
        dimension,
        label_value,
        decided_by,
        case decided_by when 'tag' then 2 else 3 end as stage,
        0 as position
    from said
    where label_value is not null
    union all
    select
        source,
        subject_key,
        'environment' as dimension,
        project_environment as label_value,
        'project name' as decided_by,
        6 as stage,
        0 as position
    from subjects
    where project_environment is not null

),

ranked as (

    select
        *,
        row_number() over (
            partition by source, subject_key, dimension
            order by stage, position
        ) as choice
    from candidates

),

decided as (

    select
        source,
        subject_key,
        max(label_value) filter (where dimension = 'owner') as owner,
        max(decided_by) filter (where dimension = 'owner') as owner_decided_by,
        max(label_value) filter (where dimension = 'team') as team,
        max(decided_by) filter (where dimension = 'team') as team_decided_by,
        max(label_value) filter (where dimension = 'environment') as environment,
        max(decided_by) filter (where dimension = 'environment') as environment_decided_by,
        max(label_value) filter (where dimension = 'tenant') as tenant,
        max(decided_by) filter (where dimension = 'tenant') as tenant_decided_by,
        max(label_value) filter (where dimension = 'product') as product,
        max(decided_by) filter (where dimension = 'product') as product_decided_by
    from ranked
    where choice = 1
    group by source, subject_key

),

labelled as (

    select
        subjects.* exclude (owner, team, tenant, product, spelled_environment, project_environment),
        coalesce(subjects.spelled_environment is not null, false) as has_environment_tag,
        decided.* exclude (source, subject_key)
    from subjects
    left join decided on subjects.source = decided.source and subjects.subject_key = decided.subject_key

),

pooled as (

    select
        labelled.source,
        labelled.subject_key,
        arg_min(pools.name, pools.position) as pool
    from labelled
    inner join bronze.allocation_pools as pools on labelled.source <> 'kubernetes'
    left join silver.label_matches as matches
        on
            labelled.source = matches.source
            and labelled.subject_key = matches.subject_key
            and pools.position = matches.position
            and matches.kind = 'pool'
    where
        (matches.subject_key is not null or not pools.has_matchers)
        and (
            pools.with_owner is null
            or len(list_filter(pools.with_owner, lambda p: lower(coalesce(labelled.owner, '')) like p escape '~')) > 0
        )
        and (
            pools.with_team is null
            or len(list_filter(pools.with_team, lambda p: lower(coalesce(labelled.team, '')) like p escape '~')) > 0
        )
        and (
            pools.with_environment is null
            or len(list_filter(
                pools.with_environment, lambda p: lower(coalesce(labelled.environment, '')) like p escape '~'
            )) > 0
        )
        and (
            pools.with_tenant is null
            or len(list_filter(
                pools.with_tenant, lambda p: lower(coalesce(labelled.tenant, '')) like p escape '~'
            )) > 0
        )
        and (
            pools.with_product is null
            or len(list_filter(
                pools.with_product, lambda p: lower(coalesce(labelled.product, '')) like p escape '~'
            )) > 0
        )
    group by labelled.source, labelled.subject_key

)

select
    labelled.*,
    pooled.pool
from labelled
left join pooled on labelled.source = pooled.source and labelled.subject_key = pooled.subject_key
