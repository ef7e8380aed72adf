-- Carbon (kg CO2e) and water (m3) by day and month, project, service and region: what Scaleway's footprint API reports
-- of the days asked for, and until it has answered an estimate, which the method names: quantity (charge over public
-- price) times the price list's own estimate of one unit. The price list has none for GPUs, and none is invented: there
-- they are null. The coverages are the share of the cost that has a figure. Days before the first price list take its.
-- grain: period, period_start, project_id, service_name, region_id, billing_currency
-- partition: billing_month
with

costs as (

    select
        charge_date,
        project_id,
        sku,
        service_name,
        region_id,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.labelled_costs
    group by all

),

factors as (

    select
        *,
        -- the first estimate of a SKU also answers for the days before it
        case
            when valid_from = min(valid_from) over (partition by sku) then date '1970-01-01' else valid_from
        end as counts_from
    from silver.footprint_factors

),

estimated as (

    select
        costs.*,
        cast(
            cast(costs.billed_cost as double) * cast(factors.kg_co2e as double) / cast(factors.list_price as double)
            as decimal(38, 12)
        ) as kg_co2e,
        cast(
            cast(costs.billed_cost as double) * cast(factors.m3_water as double) / cast(factors.list_price as double)
            as decimal(38, 12)
        ) as m3_water
    from costs
    left join factors
        on
            costs.sku = factors.sku
            and costs.billing_currency = factors.billing_currency
            and costs.charge_date >= factors.counts_from
            and costs.charge_date < coalesce(factors.valid_to, date '9999-12-31')

),

-- a month is reported by one answer, or by those of all its days
windows as (

    select
        windows.billing_month,
        windows.window_start,
        windows.window_end,
        case when windows.window_end = windows.window_start + 1 then 'day' else 'month' end as period
    from silver.footprint_windows as windows
    where
        windows.window_end = windows.window_start + 1
        or (
            windows.window_start = cast(windows.billing_month || '-01' as date)
            and windows.window_end > last_day(windows.window_start)
        )

),

answered_months as (

    select
        months.billing_month,
        count(*) filter (where windows.period = 'month') > 0 as is_whole,
        count(*) filter (where windows.period = 'day') >= max(months.days_read) as is_daily
    from silver.billing_months as months
    inner join windows on months.billing_month = windows.billing_month
    group by months.billing_month

),

answered as (

    select
        'day' as period,
        window_start as period_start,
        window_start,
        window_end,
        billing_month
    from windows
    where period = 'day'
    union all
    select
        'month' as period,
        cast(windows.billing_month || '-01' as date) as period_start,
        windows.window_start,
        windows.window_end,
        windows.billing_month
    from windows
    inner join answered_months on windows.billing_month = answered_months.billing_month
    where
        (windows.period = 'month' and answered_months.is_whole)
        or (windows.period = 'day' and answered_months.is_daily and not answered_months.is_whole)

),

periods as (

    select
        'day' as period,
        charge_date as period_start,
        * exclude (charge_date)
    from estimated
    union all
    select
        'month' as period,
        cast(billing_month || '-01' as date) as period_start,
        * exclude (charge_date)
    from estimated

),

-- an organisation pays in one currency; should a project be charged in two, the larger one takes its footprint
currencies as (

    select
        billing_month,
        project_id,
        arg_max(billing_currency, row(billed_cost, billing_currency)) as billing_currency
    from (
        select
            billing_month,
            project_id,
            billing_currency,
            sum(billed_cost) as billed_cost
        from costs
        group by all
    )
    group by billing_month, project_id

),

reported as (

    select
        answered.period,
        answered.period_start,
        told.project_id,
        told.sku,
        coalesce(skus.service_name, 'Other') as service_name,
        coalesce(told.region_id, 'unknown') as region_id,
        currencies.billing_currency,
        sum(told.kg_co2e) as kg_co2e,
        sum(told.m3_water) as m3_water,
        answered.billing_month
    from answered
    inner join silver.footprint_reported as told
        on answered.window_start = told.window_start and answered.window_end = told.window_end
    left join silver.skus on told.sku = skus.sku
    left join currencies
        on told.project_id = currencies.project_id and answered.billing_month = currencies.billing_month
    group by all

),

reported_skus as (

    select
        period,
        period_start,
        project_id,
        sku,
        count(kg_co2e) > 0 as has_carbon,
        count(m3_water) > 0 as has_water
    from reported
    group by all

),

answered_periods as (

    select distinct
        period,
        period_start
    from answered

),

-- cost of each place with what covers it, and the estimate where the API has not answered
charged as (

    select
        periods.period,
        periods.period_start,
        periods.project_id,
        periods.service_name,
        periods.region_id,
        periods.billing_currency,
        periods.billing_month,
        answered_periods.period is not null as is_answered,
        sum(periods.billed_cost) as billed_cost,
        sum(periods.billed_cost) filter (
            where
            case
                when answered_periods.period is not null then coalesce(reported_skus.has_carbon, false)
                else periods.kg_co2e is not null
            end
        ) as carbon_cost,
        sum(periods.billed_cost) filter (
            where
            case
                when answered_periods.period is not null then coalesce(reported_skus.has_water, false)
                else periods.m3_water is not null
            end
        ) as water_cost,
        sum(periods.kg_co2e) as estimated_kg_co2e,
        sum(periods.m3_water) as estimated_m3_water
    from periods
    left join answered_periods
        on periods.period = answered_periods.period and periods.period_start = answered_periods.period_start
    left join reported_skus
        on
            periods.period = reported_skus.period
            and periods.period_start = reported_skus.period_start
            and periods.project_id = reported_skus.project_id
            and periods.sku = reported_skus.sku
    group by all

),

emitted as (

    select
        period,
        period_start,
        project_id,
        service_name,
        region_id,
        billing_currency,
        billing_month,
        sum(kg_co2e) as kg_co2e,
        sum(m3_water) as m3_water
    from reported
    group by all

),

joined as (

    select
        coalesce(charged.period, emitted.period) as period,
        coalesce(charged.period_start, emitted.period_start) as period_start,
        coalesce(charged.project_id, emitted.project_id) as project_id,
        coalesce(charged.service_name, emitted.service_name) as service_name,
        coalesce(charged.region_id, emitted.region_id) as region_id,
        coalesce(charged.billing_currency, emitted.billing_currency) as billing_currency,
        coalesce(charged.billing_month, emitted.billing_month) as billing_month,
        coalesce(charged.is_answered, true) as is_answered,
        coalesce(charged.billed_cost, 0) as billed_cost,
        coalesce(charged.carbon_cost, 0) as carbon_cost,
        coalesce(charged.water_cost, 0) as water_cost,
        charged.estimated_kg_co2e,
        charged.estimated_m3_water,
        emitted.kg_co2e as reported_kg_co2e,
        emitted.m3_water as reported_m3_water
    from charged
    full outer join emitted
        on
            charged.period = emitted.period
            and charged.period_start = emitted.period_start
            and charged.project_id = emitted.project_id
            and charged.service_name = emitted.service_name
            and charged.region_id = emitted.region_id
            and charged.billing_currency is not distinct from emitted.billing_currency

)

select
    joined.period,
    joined.period_start,
    joined.project_id,
    joined.service_name,
    joined.region_id,
    joined.billing_currency,
    case when joined.is_answered then 'reported' else 'estimated' end as method,
    cast(
        case when joined.is_answered then joined.reported_kg_co2e else joined.estimated_kg_co2e end as decimal(38, 12)
    ) as kg_co2e,
    cast(
        case when joined.is_answered then joined.reported_m3_water else joined.estimated_m3_water end as decimal(38, 12)
    ) as m3_water,
    cast(joined.estimated_kg_co2e as decimal(38, 12)) as estimated_kg_co2e,
    cast(joined.estimated_m3_water as decimal(38, 12)) as estimated_m3_water,
    cast(joined.billed_cost as decimal(38, 12)) as billed_cost,
    cast(joined.carbon_cost as decimal(38, 12)) as carbon_cost,
    cast(joined.water_cost as decimal(38, 12)) as water_cost,
    cast(
        case when joined.billed_cost > 0 then least(joined.carbon_cost / joined.billed_cost, 1) end as decimal(38, 12)
    ) as carbon_coverage,
    cast(
        case when joined.billed_cost > 0 then least(joined.water_cost / joined.billed_cost, 1) end as decimal(38, 12)
    ) as water_coverage,
    joined.period = 'day' or months.is_complete as is_complete,
    joined.billing_month
from joined
inner join silver.billing_months as months on joined.billing_month = months.billing_month
