-- Why a month cost more or less than the one before, per project, product and SKU: price, volume, mix, efficiency, new,
-- gone.
-- Each effect is the mean over all orders in which price and usage can have changed, so none is preferred. Effects add
-- up to the change to the last decimal, and so do sums by project, product or service; beside euros stand euros a day.
-- A running month is compared with the same first days of the month before.
-- grain: billing_month, project_id, product, sku, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
with

owners as (

    select
        billing_month,
        project_id,
        product,
        sku,
        billing_currency,
        arg_max(owner, row(owned_cost, owner)) as owner
    from (
        select
            days.billing_month,
            costs.project_id,
            coalesce(costs.product, '') as product,
            costs.sku,
            costs.billing_currency,
            costs.owner,
            sum(costs.billed_cost) as owned_cost
        from gold.comparison_days as days
        inner join silver.labelled_costs as costs on days.charge_date = costs.charge_date
        where costs.owner is not null
        group by all
    )
    group by all

)

select
    items.project_id,
    items.project_name,
    items.product,
    items.sku,
    items.service_name,
    owners.owner,
    items.billing_currency,
    cast(coalesce(items.previous_cost, 0) as decimal(38, 12)) as previous_cost,
    cast(coalesce(items.billed_cost, 0) as decimal(38, 12)) as billed_cost,
    parts.delta_cost,
    parts.price_effect,
    parts.volume_effect,
    parts.mix_effect,
    parts.efficiency_effect,
    parts.new_effect,
    parts.gone_effect,
    parts.not_separable_effect,
    parts.delta_cost_per_day,
    parts.price_effect_per_day,
    parts.volume_effect_per_day,
    parts.mix_effect_per_day,
    parts.efficiency_effect_per_day,
    parts.new_effect_per_day,
    parts.gone_effect_per_day,
    parts.not_separable_effect_per_day,
    parts.reason,
    items.days,
    items.previous_days,
    items.billing_month
from gold.bridge_items as items
inner join gold.bridge_parts as parts
    on
        items.billing_month = parts.billing_month
        and items.project_id = parts.project_id
        and items.product = parts.product
        and items.sku = parts.sku
        and items.billing_currency is not distinct from parts.billing_currency
left join owners
    on
        items.billing_month = owners.billing_month
        and items.project_id = owners.project_id
        and items.product = owners.product
        and items.sku = owners.sku
        and items.billing_currency = owners.billing_currency
