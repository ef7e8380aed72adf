-- One minus the net cost of the usage a savings plan covers, unused commitment included, over the same usage at each
-- day's public price. Free tiers and vouchers are on neither side. The usage is the bill's own quantity, laid over the
-- days as the charges are. Null while nobody knows whether charges are net (setting billing.charges_are_net), and where
-- the bill contradicts that setting. Coverage is the committed part of the usage, utilisation the used part of the
-- commitment. By month, since a plan is a monthly pool.
-- grain: period, period_start, billing_currency
-- partition: billing_month
with

lengths as (

    select
        billing_month,
        cast(billing_month || '-01' as date) as first_day,
        date_diff(
            'day',
            cast(billing_month || '-01' as date),
            least(charges_until, last_day(cast(billing_month || '-01' as date)) + 1)
        ) as days_charged,
        day(last_day(cast(billing_month || '-01' as date))) as days,
        is_complete
    from silver.billing_months

),

charges as (

    select
        costs.billing_month,
        costs.project_id,
        costs.sku,
        costs.billing_currency,
        nullif(prices.list_unit_price, 0) as unit_price,
        max(prices.pricing_unit) as pricing_unit,
        sum(costs.billed_cost) as billed_cost
    from silver.costs
    inner join silver.savings_plan_skus as eligible on costs.sku = eligible.sku
    left join silver.prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')
    where costs.billed_cost is not null
    group by costs.billing_month, costs.project_id, costs.sku, costs.billing_currency, unit_price

),

charged as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        max(pricing_unit) as pricing_unit,
        sum(billed_cost) as charged_cost,
        sum(cast(billed_cost / unit_price as decimal(38, 12))) as price_quantity,
        bool_and(unit_price is not null) as is_priced
    from charges
    group by all

),

used as (

    select
        billing_month,
        project_id,
        sku,
        billing_currency,
        max(unit) as unit,
        sum(billed_quantity) as billed_quantity
    from silver.consumptions
    group by all
    having count(distinct unit) = 1

),

listed as (

    select
        charged.*,
        -- quantity on the bill, in the price's unit, at the mean price of the days it was charged on
        case
            when charged.is_priced and charged.price_quantity > 0
                then
                    cast(
                        case
                            when used.unit = charged.pricing_unit then used.billed_quantity
                            when used.unit = 'minute' and charged.pricing_unit = 'hour' then used.billed_quantity / 60
                            when used.unit = 'hour' and charged.pricing_unit = 'minute' then used.billed_quantity * 60
                        end * (charged.charged_cost / charged.price_quantity) as decimal(38, 12)
                    )
        end as list_cost,
        coalesce(reconciliation.is_alarm, false) as is_alarm
    from charged
    left join used
        on
            charged.billing_month = used.billing_month
            and charged.project_id = used.project_id
            and charged.sku = used.sku
            and charged.billing_currency = used.billing_currency
    left join gold.reconciliation
        on
            charged.billing_month = reconciliation.billing_month
            and charged.project_id = reconciliation.project_id
            and charged.sku = reconciliation.sku
            and charged.billing_currency = reconciliation.billing_currency

),

in_force as (

    select
        lengths.billing_month,
        plans.billing_currency,
        plans.discount,
        plans.monthly_commitment * greatest(
            0,
            date_diff(
                'day',
                greatest(plans.starts_on, lengths.first_day),
                least(plans.ends_on, lengths.first_day + cast(lengths.days_charged as integer))
            )
        ) / lengths.days as commitment
    from lengths
    cross join silver.savings_plans as plans

),

committed as (

    select
        billing_month,
        billing_currency,
        sum(cast(commitment as decimal(38, 12))) as commitment,
        sum(cast(commitment * (1 - discount) as decimal(38, 12))) as paid_for_commitment
    from in_force
    where commitment > 0
    group by all

),

sums as (

    select
        listed.billing_month,
        listed.billing_currency,
        sum(listed.charged_cost) as eligible_cost,
        coalesce(sum(listed.charged_cost) filter (where listed.list_cost is not null), 0) as known_cost,
        coalesce(sum(listed.list_cost), 0) as list_cost,
        count(*) filter (where listed.is_alarm) as alarms
    from listed
    group by all

),

settled as (

    select
        sums.*,
        lengths.first_day,
        lengths.is_complete,
        kpi_settings.charges_are_net,
        coalesce(committed.commitment, 0) as commitment,
        coalesce(committed.paid_for_commitment, 0) as paid_for_commitment,
        least(sums.list_cost, coalesce(committed.commitment, 0)) as covered_cost,
        case
            when kpi_settings.charges_are_net
                then
                    sums.known_cost
                    + coalesce(
                        cast(
                            committed.paid_for_commitment
                            * (greatest(committed.commitment - sums.list_cost, 0) / committed.commitment)
                            as decimal(38, 12)
                        ),
                        0
                    )
            else
                coalesce(committed.paid_for_commitment, 0)
                + greatest(sums.list_cost - coalesce(committed.commitment, 0), 0)
        end as net_cost
    from sums
    inner join lengths on sums.billing_month = lengths.billing_month
    cross join silver.kpi_settings
    left join committed
        on sums.billing_month = committed.billing_month and sums.billing_currency = committed.billing_currency

),

judged as (

    select
        *,
        -- what the plan should have taken off the charges, were they net
        cast(
            coalesce((commitment - paid_for_commitment) * (covered_cost / nullif(commitment, 0)), 0) as decimal(38, 12)
        ) as planned_saving,
        -- quantities on the bill are rounded down to whole units
        cast(list_cost * 0.01 as decimal(38, 12)) as tolerance
    from settled

),

reasoned as (

    select
        *,
        case
            when eligible_cost <= 0 then 'no usage was charged that a savings plan covers'
            when charges_are_net is null
                then
                    'billing.charges_are_net is not set: nobody has verified whether charges are net'
                    || case
                        when list_cost > 0
                            then
                                '; they come to '
                                || cast(cast(100 * known_cost / list_cost as decimal(38, 1)) as varchar)
                                || ' % of the public price'
                        else ''
                    end
            when not is_complete then 'the month is not over: charges and bill are read at different times'
            when list_cost <= 0 then 'no public price and quantity is known of the usage a savings plan covers'
            when alarms > 0
                then 'charges and bill differ on ' || alarms || ' lines of this usage, which is unexplained'
            when not charges_are_net and abs(known_cost - list_cost) > tolerance
                then
                    'billing.charges_are_net is false, yet charges come to '
                    || cast(cast(100 * known_cost / list_cost as decimal(38, 1)) as varchar)
                    || ' % of the public price'
            when charges_are_net and abs(list_cost - known_cost - planned_saving) > tolerance and commitment > 0
                then
                    'billing.charges_are_net is true and the plan takes '
                    || cast(cast(100 * planned_saving / list_cost as decimal(38, 1)) as varchar)
                    || ' % off, yet charges come to '
                    || cast(cast(100 * known_cost / list_cost as decimal(38, 1)) as varchar)
                    || ' % of the public price'
        end as reason
    from judged

)

select
    'month' as period,
    first_day as period_start,
    billing_currency,
    case when reason is null then cast(list_cost - net_cost as decimal(38, 12)) end as numerator,
    cast(list_cost as decimal(38, 12)) as denominator,
    'share of the public price' as unit,
    case when reason is null then cast((list_cost - net_cost) / list_cost as decimal(38, 12)) end as value,
    cast(eligible_cost as decimal(38, 12)) as eligible_cost,
    cast(known_cost as decimal(38, 12)) as charged_cost,
    case when reason is null then cast(net_cost as decimal(38, 12)) end as net_cost,
    cast(commitment as decimal(38, 12)) as committed_cost,
    cast(case when commitment > 0 then covered_cost / nullif(list_cost, 0) end as decimal(38, 12))
        as commitment_coverage,
    cast(covered_cost / nullif(commitment, 0) as decimal(38, 12)) as commitment_utilisation,
    cast(case when eligible_cost > 0 then known_cost / eligible_cost end as decimal(38, 12)) as cost_coverage,
    'quantities of the bill' as units_source,
    cast(case when eligible_cost > 0 then known_cost / eligible_cost end as decimal(38, 12)) as units_coverage,
    is_complete,
    case when eligible_cost > 0 then known_cost / eligible_cost < 0.95 else false end as is_marked,
    reason,
    billing_month
from reasoned
