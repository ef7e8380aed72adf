-- What each tenant brings and costs in a month: price of its contract as imported − its cost in production, with its
-- share of what tenants have in common. The price is that of the tenant's contract in the currency of its cost. A
-- margin below the target (units.target_margin) is flagged; without a price, a cost or a target the reason says which.
-- grain: month_start, tenant, billing_currency
-- partition: billing_month
with

prices as (

    select
        cast(date_trunc('month', usage_date) as date) as month_start,
        tenant,
        billing_currency,
        case when count(*) = count(contract_value) then sum(contract_value) end as price_amount,
        string_agg(distinct source, ', ' order by source) as price_source,
        usage_month as billing_month
    from silver.business_numbers
    where kind = 'tenants' and tenant is not null and contract_value is not null
    group by all

),

costs as (

    select *
    from gold.cost_per_tenant
    where period = 'month' and scope = 'tenant'

),

-- months the lake knows the cost of; a contract goes on into months that are not there yet
months as (

    select distinct period_start
    from gold.cost_per_tenant
    where period = 'month'

),

paired as (

    select
        coalesce(costs.period_start, prices.month_start) as month_start,
        coalesce(costs.tenant, prices.tenant) as tenant,
        coalesce(costs.billing_currency, prices.billing_currency) as billing_currency,
        prices.price_amount,
        prices.price_source,
        costs.direct_cost,
        costs.loaded_cost,
        costs.cost_coverage,
        coalesce(costs.is_complete, false) as is_complete,
        coalesce(costs.is_marked, true) as is_marked,
        coalesce(costs.billing_month, prices.billing_month) as billing_month
    from costs
    full outer join prices
        on
            costs.period_start = prices.month_start
            and costs.tenant = prices.tenant
            and costs.billing_currency = prices.billing_currency

)

select
    paired.month_start,
    paired.tenant,
    paired.billing_currency,
    cast(paired.price_amount as decimal(38, 12)) as price_amount,
    paired.price_source,
    paired.direct_cost,
    paired.loaded_cost,
    cast(paired.price_amount - paired.loaded_cost as decimal(38, 12)) as margin_amount,
    cast((paired.price_amount - paired.loaded_cost) / nullif(paired.price_amount, 0) as decimal(38, 12))
        as margin_share,
    cast(settings.target_margin as decimal(38, 12)) as target_share,
    (paired.price_amount - paired.loaded_cost) / nullif(paired.price_amount, 0) < settings.target_margin
        as is_below_target,
    paired.cost_coverage,
    paired.is_complete,
    paired.is_marked,
    case
        when paired.price_amount is null then 'no price of it was imported in this currency'
        when paired.loaded_cost is null then 'no cost of it is known in this currency'
        when paired.price_amount = 0 then 'its contract brings nothing in'
        when settings.target_margin is null then 'no target is set'
    end as reason,
    paired.billing_month
from paired
inner join months on paired.month_start = months.period_start
cross join silver.unit_settings as settings
