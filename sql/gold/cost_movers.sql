-- Why a month cost more or less than the one before, per project and SKU: price, usage, new, gone. Adds up exactly.
-- A charge has no quantity: usage is the charge divided by the list price of its day. Where no price is known the
-- change stands under "not separable". The price effect is this month's usage at the difference of prices: what the
-- new list prices cost in this month's bill. Why a month costs more, no order preferred, is told by gold.total_bridge.
-- grain: billing_month, project_id, sku, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
with charges as (

    select
        days.billing_month,
        days.is_previous,
        costs.charge_date,
        costs.project_id,
        costs.project_name,
        costs.sku,
        costs.service_name,
        costs.owner,
        costs.billing_currency,
        costs.billed_cost,
        nullif(prices.list_unit_price, 0) as unit_price
    from gold.comparison_days as days
    inner join silver.labelled_costs as costs on days.charge_date = costs.charge_date
    left join silver.prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')

),

sums as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        max(project_name) as project_name,
        max(service_name) as service_name,
        coalesce(sum(billed_cost) filter (where is_previous), 0) as previous_cost,
        coalesce(sum(billed_cost) filter (where not is_previous), 0) as billed_cost,
        -- used quantity of each month, at the price of each day
        sum(cast(billed_cost / unit_price as decimal(38, 12))) filter (where is_previous) as previous_quantity,
        sum(cast(billed_cost / unit_price as decimal(38, 12))) filter (where not is_previous) as quantity,
        count(*) filter (where unit_price is null and billed_cost is not null) as unpriced_charges,
        min(unit_price) as lowest_price,
        max(unit_price) as highest_price,
        count(billed_cost) filter (where is_previous) as previous_charges,
        count(billed_cost) filter (where not is_previous) as charges
    from charges
    group by all

),

owners as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        arg_max(owner, owned_cost) as owner
    from (
        select
            billing_month,
            project_id,
            sku,
            billing_currency,
            owner,
            sum(billed_cost) as owned_cost
        from charges
        where owner is not null
        group by all
    )
    group by all

),

known as (

    -- the month before must have been read at all, or everything would look new
    select
        billing_month,
        count(*) filter (where is_previous) as previous_rows
    from charges
    group by billing_month

),

judged as (

    select
        sums.*,
        sums.billed_cost - sums.previous_cost as delta_cost,
        case
            when sums.previous_charges = 0 then 'new'
            when sums.charges = 0 then 'gone'
            when sums.unpriced_charges > 0 or sums.previous_quantity = 0 then 'not separable'
            -- charges and credits that nearly cancel have no mean price; the last bound is that of the decimals
            when abs(sums.previous_cost / sums.previous_quantity) > 2 * sums.highest_price then 'not separable'
            when abs(sums.quantity * (sums.previous_cost / sums.previous_quantity)) > 50000000 then 'not separable'
            when sums.lowest_price = sums.highest_price then 'usage'
            else 'price and usage'
        end as kind
    from sums
    inner join known on sums.billing_month = known.billing_month
    where known.previous_rows > 0

),

split as (

    select
        *,
        case
            when kind = 'price and usage'
                then
                    cast(
                        billed_cost - cast(previous_cost / previous_quantity as decimal(38, 18)) * quantity
                        as decimal(38, 12)
                    )
            else 0
        end as price_effect
    from judged

),

lengths as (
    select
        billing_month,
        count(*) filter (where not is_previous) as days,
        count(*) filter (where is_previous) as previous_days
    from gold.comparison_days
    group by billing_month
)

select
    split.project_id,
    split.project_name,
    split.sku,
    split.service_name,
    owners.owner,
    split.billing_currency,
    cast(split.previous_cost as decimal(38, 12)) as previous_cost,
    cast(split.billed_cost as decimal(38, 12)) as billed_cost,
    cast(split.delta_cost as decimal(38, 12)) as delta_cost,
    cast(split.price_effect as decimal(38, 12)) as price_effect,
    cast(
        case when split.kind in ('usage', 'price and usage') then split.delta_cost - split.price_effect else 0 end
        as decimal(38, 12)
    ) as usage_effect,
    cast(case when split.kind = 'new' then split.delta_cost else 0 end as decimal(38, 12)) as new_effect,
    cast(case when split.kind = 'gone' then split.delta_cost else 0 end as decimal(38, 12)) as gone_effect,
    cast(case when split.kind = 'not separable' then split.delta_cost else 0 end as decimal(38, 12))
        as not_separable_effect,
    lengths.days,
    lengths.previous_days,
    split.billing_month
from split
inner join lengths on split.billing_month = lengths.billing_month
left join owners
    on
        split.billing_month = owners.billing_month
        and split.project_id = owners.project_id
        and split.sku = owners.sku
        and split.billing_currency = owners.billing_currency
