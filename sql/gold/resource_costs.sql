-- What each thing that exists costs by the month, SKU by SKU, as charged in the last four whole weeks that are known of
-- the month: billed cost of its days, brought to 730 hours. What exists and was not charged by itself has one row
-- without SKU and cost, so that nothing takes it for free. Carbon and water are the price list's estimates of the same
-- quantities. Labels are those of its newest charge, else what its tags and its project say.
-- grain: billing_month, resource_id, sku, billing_currency
-- partition: billing_month
-- reads: silver.labelled_costs 1 month back
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from
    from silver.billing_months
    where charges_until is not null

),

existing as (

    select
        months.billing_month,
        months.known_from,
        months.known_until,
        resources.*
    from months
    cross join silver.resources as resources
    where
        resources.counts_from < months.known_until
        and coalesce(resources.valid_to >= months.known_until, true)
        and coalesce(cast(resources.created_at as date) < months.known_until, true)
    qualify row_number() over (
        partition by months.billing_month, resources.resource_id
        order by resources.valid_from desc
    ) = 1

),

charged as (

    select
        months.billing_month,
        costs.resource_id,
        costs.sku,
        costs.billing_currency,
        coalesce(sum(costs.billed_cost), 0) as window_cost,
        min(costs.charge_date) as first_charged,
        max(costs.charge_date) as last_charged,
        count(distinct costs.charge_date) as days_charged,
        arg_max(costs.environment, costs.charge_start) as environment,
        arg_max(costs.owner, costs.charge_start) as owner,
        arg_max(costs.team, costs.charge_start) as team
    from silver.labelled_costs as costs
    inner join months
        on costs.charge_date >= months.known_from and costs.charge_date < months.known_until
    where costs.resource_id is not null
    group by all

),

-- what was made within the four weeks is brought to a month by the days since
spans as (

    select
        existing.billing_month,
        existing.resource_id,
        greatest(
            1,
            date_diff(
                'day',
                least(
                    greatest(
                        existing.known_from,
                        coalesce(cast(existing.created_at as date), existing.known_from)
                    ),
                    existing.known_until - 1
                ),
                existing.known_until
            )
        ) as days
    from existing

),

factors as (

    select
        sku,
        billing_currency,
        arg_max(kg_co2e / list_price, valid_from) as kg_co2e_per_cost,
        arg_max(m3_water / list_price, valid_from) as m3_water_per_cost
    from silver.footprint_factors
    group by all

),

labels as (

    select
        resource_id,
        arg_max(tagged_environment, valid_from) as environment,
        arg_max(owner, valid_from) as owner,
        arg_max(team, valid_from) as team
    from silver.resource_labels
    group by all

)

select
    existing.resource_id,
    existing.resource_name,
    existing.resource_type,
    existing.resource_class,
    existing.resource_state,
    existing.project_id,
    projects.project_name,
    existing.region_id,
    existing.availability_zone,
    coalesce(charged.environment, labels.environment) as environment,
    coalesce(charged.owner, labels.owner) as owner,
    coalesce(charged.team, labels.team) as team,
    existing.tags,
    existing.size_bytes,
    existing.node_count,
    existing.parent_id,
    existing.billed_id,
    existing.created_at,
    charged.sku,
    charged.billing_currency,
    cast(charged.window_cost as decimal(38, 12)) as window_cost,
    cast(charged.window_cost * 730 / (24 * spans.days) as decimal(38, 12)) as monthly_cost,
    charged.days_charged,
    charged.last_charged,
    cast(
        cast(charged.window_cost * 730 / (24 * spans.days) as double) * cast(factors.kg_co2e_per_cost as double)
        as decimal(38, 12)
    ) as kg_co2e,
    cast(
        cast(charged.window_cost * 730 / (24 * spans.days) as double) * cast(factors.m3_water_per_cost as double)
        as decimal(38, 12)
    ) as m3_water,
    existing.known_from,
    existing.known_until,
    existing.billing_month
from existing
inner join spans on existing.billing_month = spans.billing_month and existing.resource_id = spans.resource_id
left join charged
    on existing.billing_month = charged.billing_month and existing.resource_id = charged.resource_id
left join labels on existing.resource_id = labels.resource_id
left join factors on charged.sku = factors.sku and charged.billing_currency = factors.billing_currency
left join silver.projects as projects on existing.project_id = projects.project_id
