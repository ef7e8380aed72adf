-- Day by day around each action that was done: what all it was to save on was charged, things that took its place
-- included, at the list prices of the day against those of the day before the action (price_index); what like things of
-- the same project that no action touched were charged (peers_cost); the requests the resources served; and how the
-- product fared: its requests, those that failed, and hours with processors or memory at their limit. From eight weeks
-- before the action to thirteen after. What took its place was made around the action, is of the same type in the same
-- project, and is called or tagged alike. A day without a charge of what existed is a day without cost; what was not
-- measured is null.
-- grain: recommendation_id, charge_date, billing_currency
-- partition: billing_month
-- stored: view
with

-- what was deleted was done on the day after it was last charged, however late that was said or seen
last_days as (

    select
        resource_id,
        max(charge_date) as last_day
    from silver.labelled_costs
    where resource_id is not null
    group by resource_id

),

actions as (

    select
        recommendations.recommendation_id,
        any_value(recommendations.currency) as billing_currency,
        any_value(recommendations.saves_on) as saves_on,
        least(
            any_value(recommendations.status_since),
            case when any_value(recommendations.target) like 'delete%' then max(last_days.last_day) + 1 end
        ) as done_on
    from gold.recommendations
    left join last_days on list_contains(recommendations.saves_on, last_days.resource_id)
    where recommendations.status in ('done', 'verified') and recommendations.status_since is not null
    group by recommendations.recommendation_id

),

meant as (

    select
        recommendation_id,
        done_on,
        unnest(saves_on) as resource_id
    from actions

),

described as (

    select
        resource_id,
        arg_max(resource_type, valid_from) as resource_type,
        arg_max(project_id, valid_from) as project_id,
        arg_max(tags, valid_from) as tags,
        arg_max(regexp_replace(lower(resource_name), '[-_.0-9]+$', ''), valid_from) as called,
        min(cast(created_at as date)) as created_on
    from silver.resources
    group by resource_id

),

replaced as (

    select distinct
        meant.recommendation_id,
        others.resource_id
    from meant
    inner join described as own on meant.resource_id = own.resource_id
    inner join described as others
        on own.resource_type = others.resource_type and own.project_id = others.project_id
    where
        others.created_on between meant.done_on - 3 and meant.done_on + 90
        and others.resource_id not in (select others_meant.resource_id from meant as others_meant)
        and ((len(own.tags) > 0 and own.tags = others.tags) or own.called = others.called)

),

scopes as (

    select
        recommendation_id,
        resource_id,
        true as is_meant
    from meant
    union
    select
        recommendation_id,
        resource_id,
        false as is_meant
    from replaced

),

peers as (

    select distinct
        meant.recommendation_id,
        others.resource_id
    from meant
    inner join described as own on meant.resource_id = own.resource_id
    inner join described as others
        on own.resource_type = others.resource_type and own.project_id = others.project_id
    where
        others.created_on < meant.done_on - 56
        and others.resource_id not in (select scopes.resource_id from scopes)

),

charged as (

    select
        charge_date,
        resource_id,
        sku,
        billing_currency,
        any_value(product) as product,
        any_value(environment) as environment,
        sum(billed_cost) as billed_cost
    from silver.labelled_costs
    where resource_id is not null
    group by all

),

days as (

    select distinct
        actions.recommendation_id,
        actions.billing_currency,
        actions.done_on,
        costs.charge_date,
        costs.billing_month
    from actions
    inner join silver.labelled_costs as costs on actions.billing_currency = costs.billing_currency
    inner join silver.billing_months as months on costs.billing_month = months.billing_month
    where
        costs.charge_date between actions.done_on - 56 and actions.done_on + 91
        and costs.charge_date < months.charges_until

),

own as (

    select
        scopes.recommendation_id,
        charged.charge_date,
        charged.billing_currency,
        sum(charged.billed_cost) as billed_cost,
        coalesce(sum(charged.billed_cost) filter (where not scopes.is_meant), 0) as replacement_cost
    from scopes
    inner join charged on scopes.resource_id = charged.resource_id
    group by all

),

-- the mix of SKUs of the four weeks before prices every day
mixes as (

    select
        meant.recommendation_id,
        meant.done_on,
        charged.sku,
        charged.billing_currency,
        sum(charged.billed_cost) as weight
    from meant
    inner join charged on meant.resource_id = charged.resource_id
    where charged.charge_date >= meant.done_on - 28 and charged.charge_date < meant.done_on
    group by all

),

priced as (

    select
        days.recommendation_id,
        days.charge_date,
        days.billing_currency,
        sum(cast(mixes.weight as double) * coalesce(cast(now.list_price / before.list_price as double), 1))
        / sum(cast(mixes.weight as double)) as price_index
    from days
    inner join mixes
        on days.recommendation_id = mixes.recommendation_id and days.billing_currency = mixes.billing_currency
    left join silver.prices as before
        on
            mixes.sku = before.sku
            and mixes.billing_currency = before.billing_currency
            and mixes.done_on > before.valid_from
            and mixes.done_on <= coalesce(before.valid_to, date '9999-12-31')
            and before.list_price > 0
    left join silver.prices as now
        on
            mixes.sku = now.sku
            and mixes.billing_currency = now.billing_currency
            and days.charge_date >= now.valid_from
            and days.charge_date < coalesce(now.valid_to, date '9999-12-31')
    where mixes.weight > 0
    group by all

),

alike as (

    select
        peers.recommendation_id,
        charged.charge_date,
        charged.billing_currency,
        sum(charged.billed_cost) as billed_cost
    from peers
    inner join charged on peers.resource_id = charged.resource_id
    group by all

),

served as (

    select
        meant.recommendation_id,
        requests.usage_date as charge_date,
        sum(requests.requests) as requests
    from meant
    inner join silver.requests_daily as requests on meant.resource_id = requests.resource_id
    where requests.is_complete
    group by all

),

products as (

    select distinct
        meant.recommendation_id,
        charged.product,
        charged.environment
    from meant
    inner join charged on meant.resource_id = charged.resource_id
    where charged.product is not null

),

fared as (

    select
        products.recommendation_id,
        requests.usage_date as charge_date,
        sum(requests.requests) as requests,
        sum(requests.requests - requests.successful_requests) as failed_requests
    from products
    inner join silver.unit_requests as requests
        on
            products.product = requests.product
            and coalesce(products.environment, 'prod') = requests.environment
            and requests.successful_requests is not null
    where requests.is_entry and requests.is_complete
    group by all

),

limits as (

    select
        scopes.recommendation_id,
        usage.usage_date as charge_date,
        count(*) as measured_hours,
        count(*) filter (where usage.p99_value >= 0.95) as saturated_hours
    from scopes
    inner join silver.usage_hourly as usage on scopes.resource_id = usage.resource_id
    where usage.metric in ('instance_cpu_ratio', 'postgresql_cpu_ratio', 'redis_node_memory_used_ratio')
    group by all

)

select
    days.recommendation_id,
    days.charge_date,
    days.billing_currency,
    days.done_on,
    cast(coalesce(own.billed_cost, 0) as decimal(38, 12)) as billed_cost,
    cast(coalesce(own.replacement_cost, 0) as decimal(38, 12)) as replacement_cost,
    cast(coalesce(priced.price_index, 1) as decimal(38, 12)) as price_index,
    cast(alike.billed_cost as decimal(38, 12)) as peers_cost,
    cast(served.requests as decimal(38, 12)) as requests,
    cast(fared.requests as decimal(38, 12)) as product_requests,
    cast(fared.failed_requests as decimal(38, 12)) as failed_requests,
    limits.measured_hours,
    limits.saturated_hours,
    days.billing_month
from days
left join own
    on
        days.recommendation_id = own.recommendation_id
        and days.charge_date = own.charge_date
        and days.billing_currency = own.billing_currency
left join priced
    on
        days.recommendation_id = priced.recommendation_id
        and days.charge_date = priced.charge_date
        and days.billing_currency = priced.billing_currency
left join alike
    on
        days.recommendation_id = alike.recommendation_id
        and days.charge_date = alike.charge_date
        and days.billing_currency = alike.billing_currency
left join served on days.recommendation_id = served.recommendation_id and days.charge_date = served.charge_date
left join fared on days.recommendation_id = fared.recommendation_id and days.charge_date = fared.charge_date
left join limits on days.recommendation_id = limits.recommendation_id and days.charge_date = limits.charge_date
