-- What is judged for anomalies: one value by day of each cost, unit cost, volume of telemetry and number of requests.
-- A day without a row cost nothing where its bill was read; of everything else it is not known. Of days that were
-- measured in part nothing is said. Ways of measuring that overlap are series of their own.
-- grain: subject, level, project_id, service_name, region_id, sku, resource_id, label_key, label_value, kpi, unit, day
-- partition: none
-- stored: view
with

telemetry as (

    select
        project_id,
        'Cockpit' as service_name,
        signal || ' (' || origin || '), ' || source as kpi,
        case when signal = 'metrics' then 'samples' else 'bytes' end as unit,
        usage_date as day,
        usage_month as billing_month,
        cast(sum(case when signal = 'metrics' then samples else bytes end) as decimal(38, 12)) as value
    from silver.telemetry_daily
    where is_complete and source in ('ingested samples', 'stored logs')
    group by all

),

requests as (

    select
        project_id,
        service_type,
        source as kpi,
        'requests' as unit,
        usage_date as day,
        usage_month as billing_month,
        cast(sum(requests) as decimal(38, 12)) as value
    from silver.requests_daily
    where is_complete and requests is not null
    group by all

)

select
    'cost' as subject,
    level,
    project_id,
    service_name,
    region_id,
    sku,
    resource_id,
    label_key,
    label_value,
    cast(null as varchar) as kpi,
    billing_currency as unit,
    day,
    billed_cost as value,
    billing_month
from gold.judged_series_costs
union all
select
    'kpi' as subject,
    'kpi' as level,
    cast(null as varchar) as project_id,
    cast(null as varchar) as service_name,
    cast(null as varchar) as region_id,
    cast(null as varchar) as sku,
    cast(null as varchar) as resource_id,
    cast(null as varchar) as label_key,
    cast(null as varchar) as label_value,
    kpi || ' of ' || scope as kpi,
    unit || coalesce(' (' || billing_currency || ')', '') as unit,
    period_start as day,
    value,
    billing_month
from gold.kpis
-- footprints are costs times a factor and say nothing of their own
where period = 'day' and is_complete and value is not null and kpi not like 'carbon%' and kpi not like 'water%'
union all
select
    'telemetry' as subject,
    'service' as level,
    project_id,
    service_name,
    cast(null as varchar) as region_id,
    cast(null as varchar) as sku,
    cast(null as varchar) as resource_id,
    cast(null as varchar) as label_key,
    cast(null as varchar) as label_value,
    kpi,
    unit,
    day,
    value,
    billing_month
from telemetry
where value is not null
union all
select
    'requests' as subject,
    'service' as level,
    project_id,
    service_type as service_name,
    cast(null as varchar) as region_id,
    cast(null as varchar) as sku,
    cast(null as varchar) as resource_id,
    cast(null as varchar) as label_key,
    cast(null as varchar) as label_value,
    kpi,
    unit,
    day,
    value,
    billing_month
from requests
