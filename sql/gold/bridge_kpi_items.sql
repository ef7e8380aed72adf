-- What bridges of key figures are made from, by month: the parts a figure's cost and units are the sum of. A figure of
-- many (production, tenants, services, a kind of storage) has its products, tenants, services or classes as parts, each
-- with its own units; that of a product has its SKUs, whose usage is the charge divided by the list price of its day.
-- Only what is known is here: a part without units is in no figure.
-- grain: billing_month, kpi, scope, item, billing_currency
-- partition: billing_month
with

parts as (

    select
        'cost_per_request' as kpi,
        'production' as scope,
        product as item,
        *
    from gold.cost_per_request
    where product is not null and environment = 'prod'
    union all by name
    select
        'cost_per_gb' as kpi,
        storage_kind as scope,
        coalesce(storage_class, '') as item,
        *
    from gold.cost_per_gb
    union all by name
    select
        'cost_per_deploy' as kpi,
        'services' as scope,
        service as item,
        * exclude (scope)
    from gold.cost_per_deploy
    where scope = 'service' and service is not null
    union all by name
    select
        'cost_per_tenant' as kpi,
        'tenants' as scope,
        tenant as item,
        * exclude (scope)
    from gold.cost_per_tenant
    where scope = 'tenant' and tenant is not null

),

figures as (

    select
        kpi,
        scope,
        item,
        billing_currency,
        direct_cost as cost,
        units as quantity,
        cast(null as decimal(38, 18)) as unit_price,
        '' as item_group,
        true as follows_units,
        units,
        unit,
        is_complete,
        billing_month
    from parts
    where period = 'month' and reason is null and units > 0 and direct_cost is not null

),

charges as (

    select
        costs.billing_month,
        costs.product,
        costs.sku,
        costs.billing_currency,
        nullif(prices.list_unit_price, 0) as unit_price,
        sum(costs.billed_cost) as cost
    from silver.labelled_costs as costs
    left join silver.prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')
    where
        costs.product is not null and costs.environment = 'prod' and costs.pool is null
        and costs.billed_cost is not null
    group by all

),

skus as (

    select
        billing_month,
        product,
        sku,
        billing_currency,
        sum(cost) as cost,
        case when count(*) = count(unit_price) then sum(cast(cost / unit_price as decimal(38, 12))) end as quantity,
        max(unit_price) as unit_price,
        count(distinct unit_price) as prices
    from charges
    group by all

)

select
    kpi,
    scope,
    item,
    billing_currency,
    cast(cost as decimal(38, 12)) as cost,
    cast(quantity as decimal(38, 12)) as quantity,
    unit_price,
    item_group,
    follows_units,
    cast(sum(units) over (partition by billing_month, kpi, scope, billing_currency) as decimal(38, 12)) as units,
    unit,
    bool_and(is_complete) over (partition by billing_month, kpi, scope, billing_currency) as is_complete,
    cast(sum(cost) over (partition by billing_month, kpi, scope, billing_currency) as decimal(38, 12)) as whole_cost,
    billing_month
from figures
union all
select
    'cost_per_request' as kpi,
    'product ' || requests.product as scope,
    skus.sku as item,
    skus.billing_currency,
    cast(skus.cost as decimal(38, 12)) as cost,
    -- at one price the cost divided by it is the quantity, to the last digit
    cast(case when skus.prices > 1 or skus.cost <= 0 then skus.quantity end as decimal(38, 12)) as quantity,
    cast(case when skus.quantity is not null then skus.unit_price end as decimal(38, 18)) as unit_price,
    concat_ws('|', behaviours.service_name, behaviours.behaviour, behaviours.pricing_unit) as item_group,
    coalesce(behaviours.driver = 'requests', false) as follows_units,
    requests.units,
    requests.unit,
    requests.is_complete,
    requests.direct_cost as whole_cost,
    skus.billing_month
from skus
inner join gold.cost_per_request as requests
    on
        skus.billing_month = requests.billing_month
        and skus.product = requests.product
        and skus.billing_currency = requests.billing_currency
left join gold.bridge_behaviours as behaviours on skus.sku = behaviours.sku
where
    requests.period = 'month' and requests.environment = 'prod' and requests.reason is null and requests.units > 0
    and requests.counted_days = requests.days
    -- an imported bill has no SKUs here
    and coalesce(requests.providers, 'Scaleway') = 'Scaleway'
