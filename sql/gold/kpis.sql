-- Every key figure in one list, by day and month: what it is over what, its value, and null with the reason where that
-- is not known. kpi is the table it comes from, or the figure of a table that holds several; scope says what of.
-- loaded_value adds the share of shared cost. Two currencies are never one figure. What stands on other providers'
-- bills says whose in its scope. Nothing counted is a source of its own, so that scope and units_source are never null.
-- grain: kpi, period, period_start, scope, billing_currency
-- partition: billing_month
-- stored: view
with

figures as (

    select
        'cost_per_request' as kpi,
        period,
        period_start,
        coalesce(product, '(none)') || ' / ' || environment
        || coalesce(' / ' || nullif(nullif(providers, 'Scaleway'), ''), '') as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_request
    union all
    select
        'cost_per_tenant' as kpi,
        period,
        period_start,
        case when scope = 'tenant' then 'tenant ' || tenant else scope end as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_tenant
    union all
    select
        'cost_per_gb' as kpi,
        period,
        period_start,
        storage_kind || coalesce(' / ' || storage_class, '') as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_gb
    union all
    select
        'cost_per_deploy' as kpi,
        period,
        period_start,
        case when scope = 'service' then 'service ' || service else scope end as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_deploy
    union all
    select
        'cost_per_job' as kpi,
        period,
        period_start,
        scope || coalesce(' ' || job_name, '') || coalesce(' / ' || batch_window, '') as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_job
    union all
    select
        'cost_per_query' as kpi,
        period,
        period_start,
        coalesce(service, '(none)') || coalesce(' / ' || resource_id, '') as scope,
        billing_currency,
        direct_cost as numerator,
        units as denominator,
        unit,
        unit_cost as value,
        loaded_unit_cost as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_per_query
    union all
    select
        case when is_sum then 'non_production_share' else 'environment_share' end as kpi,
        period,
        period_start,
        environment as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.environment_share
    union all
    select
        'effective_savings_rate' as kpi,
        period,
        period_start,
        'all' as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.effective_savings_rate
    union all
    select
        'commitment_coverage' as kpi,
        period,
        period_start,
        'all' as scope,
        billing_currency,
        cast(least(denominator, committed_cost) as decimal(38, 12)) as numerator,
        denominator,
        'share of eligible usage' as unit,
        commitment_coverage as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        case
            when committed_cost = 0 then 'billing.savings_plans names none'
            when commitment_coverage is null then reason
        end as reason,
        billing_month
    from gold.effective_savings_rate
    union all
    select
        'commitment_utilisation' as kpi,
        period,
        period_start,
        'all' as scope,
        billing_currency,
        cast(least(denominator, committed_cost) as decimal(38, 12)) as numerator,
        committed_cost as denominator,
        'share of the commitment' as unit,
        commitment_utilisation as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        case
            when committed_cost = 0 then 'billing.savings_plans names none'
            when commitment_utilisation is null then reason
        end as reason,
        billing_month
    from gold.effective_savings_rate
    union all
    select
        'cost_efficiency' as kpi,
        period,
        period_start,
        'all' as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.cost_efficiency
    union all
    select
        'idle_share' as kpi,
        period,
        period_start,
        service_name as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.idle_share
    union all
    select
        'tag_coverage_by_cost' as kpi,
        'month' as period,
        cast(tag_coverage.billing_month || '-01' as date) as period_start,
        label as scope,
        billing_currency,
        labelled_cost as numerator,
        total_cost as denominator,
        'share of cost' as unit,
        cost_coverage as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cast(1 as decimal(38, 12)) as cost_coverage,
        'inventory and charges' as units_source,
        cast(1 as decimal(38, 12)) as units_coverage,
        months.is_complete as is_complete,
        false as is_marked,
        case when cost_coverage is null then 'nothing was charged that could carry a label' end as reason,
        tag_coverage.billing_month
    from gold.tag_coverage
    inner join silver.billing_months as months on tag_coverage.billing_month = months.billing_month
    union all
    select
        'tag_coverage_by_count' as kpi,
        'month' as period,
        cast(tag_coverage.billing_month || '-01' as date) as period_start,
        label as scope,
        billing_currency,
        cast(labelled_resources as decimal(38, 12)) as numerator,
        cast(total_resources as decimal(38, 12)) as denominator,
        'share of resources' as unit,
        resource_coverage as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cast(1 as decimal(38, 12)) as cost_coverage,
        'inventory and charges' as units_source,
        cast(1 as decimal(38, 12)) as units_coverage,
        months.is_complete as is_complete,
        false as is_marked,
        case when resource_coverage is null then 'nothing was charged that could carry a label' end as reason,
        tag_coverage.billing_month
    from gold.tag_coverage
    inner join silver.billing_months as months on tag_coverage.billing_month = months.billing_month
    union all
    select
        'carbon' as kpi,
        period,
        period_start,
        project_id as scope,
        billing_currency,
        numerator,
        cast(null as decimal(38, 12)) as denominator,
        'kg CO2e' as unit,
        numerator as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        method as units_source,
        cost_coverage as units_coverage,
        is_complete,
        is_marked,
        case when numerator is null then 'no cost has a figure for it' end as reason,
        billing_month
    from gold.footprint_intensity
    where impact = 'kg CO2e' and per = 'currency'
    union all
    select
        'water' as kpi,
        period,
        period_start,
        project_id as scope,
        billing_currency,
        numerator,
        cast(null as decimal(38, 12)) as denominator,
        'm3 of water' as unit,
        numerator as value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        method as units_source,
        cost_coverage as units_coverage,
        is_complete,
        is_marked,
        case when numerator is null then 'no cost has a figure for it' end as reason,
        billing_month
    from gold.footprint_intensity
    where impact = 'm3 of water' and per = 'currency'
    union all
    select
        case impact when 'kg CO2e' then 'carbon' else 'water' end
        || case per when 'currency' then '_per_currency' else '_per_1k_requests' end as kpi,
        period,
        period_start,
        project_id as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        cast(null as decimal(38, 12)) as loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.footprint_intensity
    union all
    select
        case share when 'environment' then 'environment_share' else 'tag_coverage_by_cost' end as kpi,
        period,
        period_start,
        provider || ' / ' || label as scope,
        billing_currency,
        numerator,
        denominator,
        unit,
        value,
        loaded_value,
        cost_coverage,
        units_source,
        units_coverage,
        is_complete,
        is_marked,
        reason,
        billing_month
    from gold.imported_shares

)

select
    figures.* replace (
        coalesce(figures.scope, '(none)') as scope,
        coalesce(figures.units_source, 'nothing counted') as units_source
    )
from figures
