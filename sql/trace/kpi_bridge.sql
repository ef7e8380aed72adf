-- Behind the change of a key figure: what its cost is made of, each over the units of its month, those of the month
-- before with the opposite sign. Quotients are rounded one by one; the last decimals they leave over are a row, as far
-- as rounding explains them.
-- grain: billing_month, kpi, scope, item, billing_currency
-- figure: change
with

units as (

    select distinct
        kpi,
        scope,
        billing_currency,
        units,
        billing_month
    from gold.bridge_kpi_items

),

sides as (

    select
        chosen.kpi,
        chosen.scope,
        chosen.item,
        chosen.billing_currency,
        units.billing_month,
        units.units,
        case when units.billing_month = chosen.billing_month then 1 else -1 end as sign
    from chosen
    inner join units
        on
            chosen.kpi = units.kpi
            and chosen.scope = units.scope
            and chosen.billing_currency = units.billing_currency
            and units.billing_month in (
                chosen.billing_month,
                strftime(cast(chosen.billing_month || '-01' as date) - interval 1 month, '%Y-%m')
            )
    where chosen.change is not null

),

labelled as (

    select
        sides.sign,
        sides.units,
        costs.charge_date,
        costs.project_name,
        costs.sku,
        costs.resource_name,
        costs.billing_currency,
        costs.billed_cost,
        'charge' as evidence,
        costs.charge_key as evidence_key,
        costs.answer_hash
    from sides
    inner join silver.labelled_costs as costs
        on
            sides.billing_month = costs.billing_month
            and sides.billing_currency = costs.billing_currency
            and costs.pool is null
            and costs.environment = 'prod'
            and case
                when sides.kpi = 'cost_per_tenant' then sides.item = costs.tenant
                when sides.kpi <> 'cost_per_request' then false
                when sides.scope = 'production' then sides.item = costs.product
                else sides.scope = 'product ' || costs.product and sides.item = costs.sku
            end

),

imported as (

    select
        sides.sign,
        sides.units,
        lines.charge_date,
        lines.project_name,
        null as sku,
        lines.service_name as resource_name,
        lines.billing_currency,
        lines.billed_cost,
        'line of an imported bill' as evidence,
        lines.service_name as evidence_key,
        null as answer_hash
    from sides
    inner join gold.allocated_imports as lines
        on
            sides.kpi = 'cost_per_request'
            and sides.scope = 'production'
            and sides.item = lines.product
            and sides.billing_month = lines.billing_month
            and sides.billing_currency = lines.billing_currency
            and lines.is_direct
            and lines.environment = 'prod'

),

holders as (

    select
        sides.sign,
        sides.units,
        days.*
    from sides
    inner join silver.unit_storage as days
        on
            sides.kpi = 'cost_per_gb'
            and sides.scope = days.storage_kind
            and sides.item = coalesce(days.storage_class, '')
            and sides.billing_month = days.billing_month
            and sides.billing_currency = days.billing_currency
            and days.units_source is not null

),

volumes as (

    select
        holders.sign,
        holders.units,
        holders.usage_date as charge_date,
        costs.project_name,
        costs.sku,
        costs.resource_name,
        holders.billing_currency,
        holders.billed_cost,
        'charge' as evidence,
        holders.charge_key as evidence_key,
        costs.answer_hash
    from holders
    inner join silver.labelled_costs as costs
        on holders.billing_month = costs.billing_month and holders.charge_key = costs.charge_key

),

buckets as (

    select
        holders.sign,
        holders.units,
        costs.charge_date,
        costs.project_name,
        costs.sku,
        costs.resource_name,
        costs.billing_currency,
        costs.billed_cost,
        'charge' as evidence,
        costs.charge_key as evidence_key,
        costs.answer_hash
    from holders
    inner join silver.labelled_costs as costs
        on
            holders.charge_key is null
            and holders.billing_month = costs.billing_month
            and holders.usage_date = costs.charge_date
            and holders.resource_id = costs.resource_id
            and holders.project_id = costs.project_id
            and holders.billing_currency = costs.billing_currency
            and starts_with(costs.sku, '/storage/obj/storage/')
            and split_part(costs.sku, '/', 5) = holders.storage_class

),

deployed as (

    select
        sides.sign,
        sides.units,
        parts.charge_date,
        null as project_name,
        null as sku,
        parts.product as resource_name,
        parts.billing_currency,
        parts.billed_cost,
        'cost of the CI' as evidence,
        concat_ws(' ', parts.part, parts.product) as evidence_key,
        null as answer_hash
    from sides
    inner join gold.cost_per_deploy_parts as parts
        on
            sides.kpi = 'cost_per_deploy'
            and lower(sides.item) = parts.product
            and sides.billing_month = parts.billing_month
            and sides.billing_currency = parts.billing_currency

),

found as (

    select * from labelled
    union all
    select * from imported
    union all
    select * from volumes
    union all
    select * from buckets
    union all
    select * from deployed

),

divided as (

    select
        charge_date,
        project_name,
        sku,
        resource_name,
        billing_currency,
        cast(sign * billed_cost / units as decimal(38, 12)) as amount,
        case when sign > 0 then evidence else evidence || ' of the month before' end as evidence,
        evidence_key,
        answer_hash
    from found

),

left_over as (

    select
        cast((select sum(chosen.change) from chosen) - sum(amount) as decimal(38, 12)) as amount,
        any_value(billing_currency) as billing_currency,
        count(amount) + (select count(*) from chosen) as roundings
    from divided

)

select * from divided
union all
select
    null as charge_date,
    null as project_name,
    null as sku,
    null as resource_name,
    billing_currency,
    amount,
    'rounding' as evidence,
    'last decimals of ' || roundings || ' quotients' as evidence_key,
    null as answer_hash
from left_over
where amount <> 0 and abs(amount) <= roundings * cast(0.000000000001 as decimal(38, 12))
