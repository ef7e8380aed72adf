-- Projects by their newest name; one that was deleted keeps the name it had.
-- grain: project_id
-- partition: none
with

seen as (

    select
        answers.asked_at,
        json_extract_string(projects.item, '$.id') as project_id,
        json_extract_string(projects.item, '$.name') as project_name,
        json_extract_string(projects.item, '$.description') as description,
        json_extract_string(projects.item, '$.organization_id') as organization_id,
        cast(json_extract_string(projects.item, '$.created_at') as timestamptz) as created_at
    from bronze.projects
    inner join bronze.answers on projects.answer_hash = answers.answer_hash and answers.page = 1

)

select
    project_id,
    arg_max(project_name, asked_at) as project_name,
    arg_max(description, asked_at) as description,
    arg_max(organization_id, asked_at) as organization_id,
    min(created_at) as created_at,
    cast(min(asked_at) as date) as first_seen,
    cast(max(asked_at) as date) as last_changed,
    -- a project's name often says its environment
    nullif(
        regexp_extract(
            lower(arg_max(project_name, asked_at)),
            '(^|[-_ ])(production|prod|prd|staging|stage|preprod|development|dev|sandbox|sbx|shared|test)([-_ ]|$)',
            2
        ),
        ''
    ) as named_environment
from seen
group by project_id
