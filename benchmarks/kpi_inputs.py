"""What the lake of `unit_costs` is filled with: selects that say some columns of a table, the others being null.

Charges and what was measured of each machine grow with the rows asked for; what else a key figure is made of is told
by service, tenant, job or price and stays as it is. Every table of key figures gets rows from it.
"""

from __future__ import annotations

from collections.abc import Mapping

ROW = """
    select
        n,
        date '2025-09-01' + cast(n % 395 as integer) as charge_date,
        cast(hash(n // 395) % 25000 as bigint) as thing,
        [0, 1, 1, 1, 1, 1, 1, 2, 3, 4, 4, 0, 0, 0, 0, 0, 0, 0, 4, 4][1 + cast(hash(n // 395) % 20 as bigint)] as sort,
        cast((hash(n) % 1000000) * 0.000001 as decimal(38, 12)) as billed_cost
    from range({rows}) as numbers(n)
    where n % 395 between date '{month}-01' - date '2025-09-01' and last_day(date '{month}-01') - date '2025-09-01'
"""
_LABELS = """
    ['prod', 'prod', 'prod', 'staging', 'dev', 'shared', 'unknown'][1 + thing % 7] as environment,
    case when thing % 11 > 0 then 'product-' || (thing % 40) end as product,
    case when thing % 5 = 0 then 'tenant-' || (thing % 60) end as tenant,
    'project-' || (thing % 25) as project_id,
    'project-' || (thing % 25) as project_name,
    'team-' || (thing % 15) as owner,
    'team-' || (thing % 15) as team,
    'fr-par' as region_id,
    case when n % 50 = 0 then 'USD' else 'EUR' end as billing_currency,
    ['Instances', 'Block Storage', 'Object Storage', 'Container Registry', 'Managed Databases'][1 + sort]
        as service_name,
"""
_SKUS = """
    [
        '/compute/pro2_xs/run_par1', '/storage/block/volume-low-latency-5k/fr-par-1',
        '/storage/obj/storage/standard/fr-par', '/tools/registry/storage/fr', '/storage/rdb/node/db-dev-s/fr-par1'
    ][1 + sort] as sku,
"""
GROWING: Mapping[str, str] = {
    "silver.labelled_costs": f"""
        select 'key-' || n as charge_key, charge_date, cast(charge_date as timestamptz) as charge_start,
        cast(charge_date + 1 as timestamptz) as charge_end, 'resource-' || thing as resource_id, {_LABELS} {_SKUS}
        ['Compute', 'Storage', 'Storage', 'Developer Tools', 'Databases'][1 + sort] as service_category, billed_cost
        from ({{row}})
    """,
    "gold.allocated_costs": f"""
        select charge_date, {_LABELS}
        case when n % 4 = 0 then ['network', 'ci', 'observability'][1 + n % 3] end as pool, n % 4 > 0 as is_direct,
        case when n % 4 > 0 then 'direct' when n % 400 = 0 then 'unallocated' else 'cost' end as allocation_method,
        billed_cost from ({{row}})
    """,
    # every other machine has an exporter
    "silver.idle_hours": """
        select distinct 'resource-' || thing as resource_id, charge_date as usage_date, 'cpu' as measured_by,
        24 as measured_hours, hash(thing) % 25 as idle_hours
        from ({row}) where sort in (0, 4) and thing % 2 = 0
    """,
}
"""By table, a select of one month: `row` has a row for each charge of it."""

_DAYS = "select unnest(generate_series(date '2025-09-01', date '2026-09-30', interval 1 day)) as day"
FIXED: Mapping[str, str] = {
    "silver.business_numbers": f"""
        select 'requests' || day || tenant as number_key, 'logs' as source, 'requests' as kind,
        cast(day as date) as usage_date, 'product-' || (tenant % 40) as service, null as resource_id,
        'prod' as environment, 'tenant-' || tenant as tenant, 1000 + tenant as requests, null as queries,
        strftime(day, '%Y-%m') as usage_month
        from ({_DAYS}) cross join range(200) as tenants(tenant)
        union all
        select 'queries' || day || '-' || asked || '-' || asker, 'bi', 'queries', cast(day as date),
        case when asked < 100 then 'dashboard-' || asker else 'product-' || (asked - 100) end,
        case when asked < 100 then 'resource-' || (hash(asked) % 25000) end, 'prod', null, null, 10 + asked + asker,
        strftime(day, '%Y-%m')
        from ({_DAYS}) cross join range(140) as things(asked) cross join range(4) as askers(asker)
        where asked < 100 or asker = 0
    """,
    "silver.deploys": f"""
        select 'product-' || deploy as service, 'prod' as environment, 'd' || day || deploy as deploy_key,
        'successful' as status, cast(day as date) as deploy_date, 'ci' as source, false as is_proxy
        from ({_DAYS}) cross join range(20) as deploys(deploy)
    """,
    "silver.resources": """
        select 'resource-' || thing as resource_id, 'block_volume' as resource_type, 50000000000 as size_bytes,
        date '2025-01-01' as valid_from, date '1970-01-01' as counts_from, date '9999-12-31' as counts_until
        from range(25000) as things(thing)
    """,
    "silver.skus": """
        select sku, service_name, 'fr-par' as region_id, true as is_listed
        from (values
            ('/compute/pro2_xs/run_par1', 'Instances'),
            ('/storage/block/volume-low-latency-5k/fr-par-1', 'Block Storage'),
            ('/storage/obj/storage/standard/fr-par', 'Object Storage'),
            ('/tools/registry/storage/fr', 'Container Registry'),
            ('/storage/rdb/node/db-dev-s/fr-par1', 'Managed Databases')
        ) as skus(sku, service_name)
    """,
    # the registry's price has no estimate of a footprint
    "silver.prices": """
        select sku, date '2025-01-01' as valid_from, price as list_price, price as list_unit_price, pricing_unit,
        'EUR' as billing_currency, kg_co2e, kg_co2e / 1000 as m3_water
        from (values
            ('/compute/pro2_xs/run_par1', 0.055, 'hour', 0.0021),
            ('/storage/block/volume-low-latency-5k/fr-par-1', 0.000118, 'gigabyte', 0.0000021),
            ('/storage/obj/storage/standard/fr-par', 0.00002, 'gigabyte', 0.0000004),
            ('/tools/registry/storage/fr', 0.000034, 'gigabyte', null),
            ('/storage/rdb/node/db-dev-s/fr-par1', 0.0154, 'hour', 0.0018),
            ('/paas/jobs/vcpu/fr-par', 0.00001, 'second', null),
            ('/paas/jobs/memory/fr-par', 0.000001, 'second', null)
        ) as prices(sku, price, pricing_unit, kg_co2e)
    """,
    # charges were asked for by the day; the footprint by the month, and not yet of the last three
    "bronze.answers": f"""
        select 'charges-' || day as answer_hash, answer_hash as question_hash, 'billing.charges' as source, 1 as page,
        now() as asked_at, strftime(day, '%Y-%m') as billing_month,
        '{{"end_date_before": "' || strftime(day + interval 1 day, '%Y-%m-%dT00:00:00Z') || '"}}' as parameters
        from ({_DAYS})
        union all
        select 'footprint-' || day, 'footprint-' || day, 'environmental_footprint.projects', 1, now(),
        strftime(day, '%Y-%m'),
        '{{"start_date": "' || strftime(day, '%Y-%m-%d') || '", "end_date": "'
        || strftime(day + interval 1 month, '%Y-%m-%d') || '"}}'
        from ({_DAYS}) where day(day) = 1 and day < date '2026-07-01'
    """,
    "silver.footprint_reported": f"""
        select cast(day as date) as window_start, cast(day + interval 1 month as date) as window_end,
        'project-' || project as project_id, 'fr-par' as region_id, sku, 1.5 + project as kg_co2e, 0.01 as m3_water,
        strftime(day, '%Y-%m') as billing_month
        from ({_DAYS}) cross join range(25) as projects(project)
        cross join (values
            ('/compute/pro2_xs/run_par1'), ('/storage/block/volume-low-latency-5k/fr-par-1'),
            ('/storage/obj/storage/standard/fr-par'), ('/storage/rdb/node/db-dev-s/fr-par1')
        ) as skus(sku)
        where day(day) = 1 and day < date '2026-07-01'
    """,
    # every other job runs on a host, which two share; every fiftieth run fails
    "silver.job_runs": f"""
        select case when job % 2 = 0 then 'serverless_jobs' else 'import' end as source,
        strftime(day, '%Y%m%d') || '-' || job || '-' || attempt as run_id, 'job-' || job as job_id,
        'job-' || job as job_name, 'fr-par' as region_id,
        case when job % 2 = 1 then 'resource-' || (hash(job // 4) % 25000) end as resource_id,
        case when (job + attempt + day(day)) % 50 = 0 then 'failed' else 'succeeded' end as status,
        cast(day as timestamptz) + to_hours(attempt * 12 + job % 11) as created_at, created_at as started_at,
        created_at + interval 2 hour as ended_at, 7200 as duration_seconds, 2 as vcpus, 4 as memory_gb,
        14400 as vcpu_seconds, 28800 as gb_seconds, cast(created_at as date) as run_date,
        strftime(created_at, '%Y-%m') as billing_month
        from ({_DAYS}) cross join range(200) as jobs(job) cross join range(2) as attempts(attempt)
    """,
    # a tenth of the recommendations comes in pairs of which only one can be followed
    "gold.recommendations": """
        select 'recommendation-' || made as recommendation_id, 'resource-' || made as resource_id, 'EUR' as currency,
        5 + made % 90 as monthly_saving, ['open', 'open', 'accepted', 'suppressed', 'done'][1 + made % 5] as status,
        case when made % 20 = 0 then ['recommendation-' || (made + 1)]
        when made % 20 = 1 then ['recommendation-' || (made - 1)] else [] end as conflicts_with,
        made % 20 <> 0 as is_counted,
        date '2025-09-03' + cast(made % 300 as integer) as first_seen,
        date '2025-12-03' + cast(made % 300 as integer) as last_seen
        from range(2000) as recommendations(made)
    """,
    "bronze.savings_plans": """
        select 1000 as monthly_commitment, 0.25 as discount, 'EUR' as billing_currency, date '2026-01-15' as starts_on,
        date '2027-01-15' as ends_on
    """,
    "bronze.unit_settings": """
        select 0.6 as target_margin, ['product-7'] as ci_products, ['ci'] as ci_pools, ['dev'] as ephemeral_environments
    """,
}
"""By table, a select of all it holds."""
