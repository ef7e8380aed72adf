-- Imported business numbers by day: requests, tenants, inferences and queries, each kind in its own rows.
-- A number is null where a line of that day did not say it; a line about a whole month counts from its first day.
-- Health checks are counted apart and are no requests. A contract counts in each month it touches, as far as the lake
-- reaches.
-- number_key stands for all that a row speaks of: from source to billing_currency.
-- grain: number_key
-- partition: none
-- stored: view
with

-- a deployment may be named instead of identified; a name that two of them have identifies none
deployments as (

    select
        resource_name as named,
        min(resource_id) as resource_id
    from silver.inference_deployments
    where resource_name is not null
    group by resource_name
    having count(distinct resource_id) = 1
    union
    select
        resource_id as named,
        resource_id
    from silver.inference_deployments

),

reach as (

    select cast(date_trunc('month', max(asked_at)) as date) as newest_month
    from bronze.answers

),

dated as (

    select
        imported.*,
        case
            when imported.contract_start is null then [imported.day]
            else
                generate_series(
                    date_trunc('month', imported.contract_start),
                    greatest(
                        date_trunc('month', imported.contract_start),
                        least(
                            coalesce(imported.contract_end - interval 1 day, date '9999-12-31'),
                            coalesce(reach.newest_month, imported.contract_start)
                        )
                    ),
                    interval 1 month
                )
        end as usage_dates
    from silver.imported_facts as imported
    cross join reach
    where imported.kind in ('requests', 'tenants', 'inferences', 'queries')

),

told as (

    select
        *,
        cast(unnest(usage_dates) as date) as usage_date
    from dated

),

facts as (

    select
        imported.source,
        imported.kind,
        imported.usage_date,
        imported.month is not null or imported.contract_start is not null as is_whole_month,
        imported.service,
        coalesce(imported.resource_id, deployments.resource_id) as resource_id,
        imported.project_id,
        coalesce(environments.environment, lower(imported.environment)) as environment,
        imported.tenant,
        imported.route,
        imported.model,
        imported.version,
        imported.deployment,
        imported.currency as billing_currency,
        {
            is_health_check: coalesce(imported.is_health_check, false),
            requests: imported.requests,
            successful: coalesce(imported.successful, imported.requests - imported.failed),
            failed: coalesce(imported.failed, imported.requests - imported.successful),
            input_tokens: imported.input_tokens,
            cached_tokens: imported.cached_tokens,
            output_tokens: imported.output_tokens,
            queries: imported.queries,
            active: coalesce(imported.active, case when imported.contract_start is not null then true end),
            contract_value: imported.contract_value
        } as said
    from told as imported
    left join silver.environments on lower(imported.environment) = environments.spelling
    left join deployments on imported.deployment = deployments.named

),

counted as (

    select
        * exclude (said),
        cast(sum(case when said.is_health_check then 0 else said.requests end) as bigint) as requests,
        cast(sum(said.successful) filter (where not said.is_health_check) as bigint) as successful_requests,
        cast(sum(said.failed) filter (where not said.is_health_check) as bigint) as failed_requests,
        cast(sum(said.requests) filter (where said.is_health_check) as bigint) as health_check_requests,
        cast(sum(said.input_tokens) as bigint) as input_tokens,
        cast(sum(said.cached_tokens) as bigint) as cached_tokens,
        cast(sum(said.output_tokens) as bigint) as output_tokens,
        cast(sum(said.queries) as bigint) as queries,
        bool_or(said.active) as is_active,
        cast(sum(said.contract_value) as decimal(38, 12)) as contract_value,
        count(*) as imported_lines,
        -- lines that leave a number out, so that its sum would be too small
        {
            successful: count(*) filter (where not said.is_health_check and said.successful is null),
            failed: count(*) filter (where not said.is_health_check and said.failed is null),
            input_tokens: count(*) - count(said.input_tokens),
            cached_tokens: count(*) - count(said.cached_tokens),
            output_tokens: count(*) - count(said.output_tokens),
            contract_value: count(*) - count(said.contract_value)
        } as unsaid
    from facts
    group by all

),

summed as (

    select
        * exclude (unsaid) replace (
            case when unsaid.successful = 0 then successful_requests end as successful_requests,
            case when unsaid.failed = 0 then failed_requests end as failed_requests,
            case when unsaid.input_tokens = 0 then input_tokens end as input_tokens,
            case when unsaid.cached_tokens = 0 then cached_tokens end as cached_tokens,
            case when unsaid.output_tokens = 0 then output_tokens end as output_tokens,
            case when unsaid.contract_value = 0 then contract_value end as contract_value
        )
    from counted

)

select
    md5(
        cast(
            row(
                source, kind, usage_date, is_whole_month, service, resource_id, project_id, environment, tenant, route,
                model, version, deployment, billing_currency
            ) as varchar
        )
    ) as number_key,
    *,
    strftime(usage_date, '%Y-%m') as usage_month
from summed
