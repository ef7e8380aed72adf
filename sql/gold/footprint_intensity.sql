-- Carbon and water per unit of currency spent, by project and of all in the row of is_sum, and per thousand requests of
-- production, of all. Only cost that has a figure is divided by; requests are divided into all there is a figure for,
-- and cost_coverage says how much of the cost that is. Reported where the whole of it is, else estimated or mixed.
-- grain: period, period_start, impact, per, project_id, is_sum, billing_currency
-- partition: billing_month
with

emitted as (

    select
        period,
        period_start,
        project_id,
        billing_currency,
        billing_month,
        unnest(
            [
                {
                    'impact': 'kg CO2e',
                    'amount': kg_co2e,
                    'covered': carbon_cost,
                    'billed': billed_cost,
                    'method': case when kg_co2e is not null then method end
                },
                {
                    'impact': 'm3 of water',
                    'amount': m3_water,
                    'covered': water_cost,
                    'billed': billed_cost,
                    'method': case when m3_water is not null then method end
                }
            ]
        ) as told
    from gold.footprint

),

projects as (

    select
        period,
        period_start,
        told.impact as impact,
        project_id,
        billing_currency,
        billing_month,
        sum(told.amount) as amount,
        sum(told.covered) as covered_cost,
        sum(told.billed) as billed_cost,
        min(told.method) as first_method,
        max(told.method) as last_method
    from emitted
    group by all

),

organizations as (

    select
        period,
        period_start,
        impact,
        billing_currency,
        billing_month,
        sum(amount) as amount,
        sum(covered_cost) as covered_cost,
        sum(billed_cost) as billed_cost,
        min(first_method) as first_method,
        max(last_method) as last_method
    from projects
    group by all

),

requests as (

    select
        period,
        period_start,
        billing_currency,
        sum(units) as units,
        min(units_coverage) as units_coverage,
        string_agg(distinct units_source, ', ' order by units_source) as units_source
    from gold.cost_per_request
    where environment = 'prod' and units > 0
    group by period, period_start, billing_currency

),

ratios as (

    select
        period,
        period_start,
        impact,
        'currency' as per,
        project_id,
        false as is_sum,
        billing_currency,
        billing_month,
        amount,
        covered_cost as units,
        covered_cost,
        billed_cost,
        first_method,
        last_method,
        'charges' as units_source,
        cast(1 as decimal(38, 12)) as units_coverage,
        case when covered_cost <= 0 then 'no cost has a figure for it' end as reason
    from projects
    union all
    select
        period,
        period_start,
        impact,
        'currency' as per,
        'all' as project_id,
        true as is_sum,
        billing_currency,
        billing_month,
        amount,
        covered_cost as units,
        covered_cost,
        billed_cost,
        first_method,
        last_method,
        'charges' as units_source,
        cast(1 as decimal(38, 12)) as units_coverage,
        case when covered_cost <= 0 then 'no cost has a figure for it' end as reason
    from organizations
    union all
    select
        organizations.period,
        organizations.period_start,
        organizations.impact,
        'thousand requests' as per,
        'all' as project_id,
        true as is_sum,
        organizations.billing_currency,
        organizations.billing_month,
        organizations.amount,
        requests.units,
        organizations.covered_cost,
        organizations.billed_cost,
        organizations.first_method,
        organizations.last_method,
        requests.units_source,
        requests.units_coverage,
        case
            when organizations.amount is null then 'no cost has a figure for it'
            when requests.units is null then 'no requests of production were counted where they enter'
        end as reason
    from organizations
    left join requests
        on
            organizations.period = requests.period
            and organizations.period_start = requests.period_start
            and organizations.billing_currency = requests.billing_currency

)

select
    ratios.period,
    ratios.period_start,
    ratios.impact,
    ratios.per,
    ratios.project_id,
    ratios.is_sum,
    ratios.billing_currency,
    cast(ratios.amount as decimal(38, 12)) as numerator,
    cast(ratios.units as decimal(38, 12)) as denominator,
    ratios.impact || ' per '
    || case when ratios.per = 'currency' then ratios.billing_currency else ratios.per end as unit,
    cast(case when ratios.reason is null then ratios.amount / ratios.units end as decimal(38, 12)) as value,
    case when ratios.first_method = ratios.last_method then ratios.first_method else 'mixed' end as method,
    -- a credit that has no figure makes what has one more than the whole
    cast(
        case when ratios.billed_cost > 0 then least(ratios.covered_cost / ratios.billed_cost, 1) end as decimal(38, 12)
    ) as cost_coverage,
    ratios.units_source,
    cast(ratios.units_coverage as decimal(38, 12)) as units_coverage,
    ratios.period = 'day' or months.is_complete as is_complete,
    case when ratios.billed_cost > 0 then ratios.covered_cost / ratios.billed_cost < 0.95 else false end as is_marked,
    ratios.reason,
    ratios.billing_month
from ratios
inner join silver.billing_months as months on ratios.billing_month = months.billing_month
