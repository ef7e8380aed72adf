-- What a plan for a bucket stands on, as of its newest listing of the month: how it is set up, what was listed, how
-- much was read from it in the last four weeks (bytes that left it, inside its region too, and on how many days this
-- was measured), when something was written last, and what a GB costs in each class by the month of 730 hours at the
-- list prices of that day. charged_share is what is really charged of that price: charges ÷ list price of the bytes
-- that metrics saw, on the median day of the last week. A class its region does not sell has no price. What nobody
-- measured is null.
-- grain: usage_month, resource_id
-- partition: usage_month
-- reads: silver.usage_hourly 1 month back
-- reads: silver.labelled_costs 1 month back
with

listed as (

    select *
    from silver.storage_listings
    qualify row_number() over (
        partition by usage_month, region_id, project_id, bucket
        order by as_of desc
    ) = 1

),

written as (

    select
        region_id,
        project_id,
        bucket,
        as_of,
        max(newest_at) filter (where state = 'current') as last_written_at
    from silver.storage_histograms
    group by all

),

-- a sample is what left the bucket since the one before it
egress as (

    select
        listed.usage_month,
        listed.bucket,
        count(distinct usage.usage_date) as egress_days,
        cast(sum(usage.mean_value * usage.expected_samples) as decimal(38, 0)) as egress_bytes
    from listed
    inner join silver.usage_hourly as usage
        on
            listed.bucket = usage.resource_id
            and listed.as_of - 28 <= usage.usage_date
            and listed.as_of > usage.usage_date
    where usage.metric = 'bucket_egress_bytes' and usage.mean_value is not null
    group by listed.usage_month, listed.bucket

),

-- of days measured from hour to hour, so that both sides are about the same bytes
measured as (

    select
        listed.usage_month,
        listed.bucket,
        listed.as_of,
        usage.usage_date,
        sum(usage.mean_value) / 1000000000 as gb_hours
    from listed
    inner join silver.usage_hourly as usage
        on
            listed.bucket = usage.resource_id
            and listed.as_of - 7 <= usage.usage_date
            and listed.as_of > usage.usage_date
    where usage.metric = 'bucket_bytes' and usage.mean_value is not null
    group by all
    having count(*) = 24 and sum(usage.mean_value) > 0

),

charged as (

    select
        measured.usage_month,
        measured.bucket,
        measured.usage_date,
        any_value(measured.gb_hours) as gb_hours,
        sum(costs.billed_cost / prices.list_unit_price) as gb_hours_at_list
    from measured
    inner join silver.labelled_costs as costs
        on measured.bucket = costs.resource_id and measured.usage_date = costs.charge_date
    inner join silver.prices as prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and measured.as_of >= prices.valid_from
            and coalesce(measured.as_of < prices.valid_to, true)
    where starts_with(costs.sku, '/storage/obj/storage/') and prices.list_unit_price > 0
    group by measured.usage_month, measured.bucket, measured.usage_date

),

charged_shares as (

    select
        usage_month,
        bucket,
        median(gb_hours_at_list / gb_hours) as charged_share
    from charged
    group by usage_month, bucket

),

class_prices as (

    select
        listed.usage_month,
        listed.bucket,
        max(prices.billing_currency) as billing_currency,
        max(prices.list_unit_price) filter (where prices.sku = '/storage/obj/storage/standard/' || listed.region_id)
            as standard_price,
        max(prices.list_unit_price) filter (where prices.sku = '/storage/obj/storage/onezone_ia/' || listed.region_id)
            as onezone_price,
        max(prices.list_unit_price) filter (where prices.sku = '/storage/obj/storage/glacier/' || listed.region_id)
            as glacier_price,
        max(prices.list_unit_price) filter (where prices.sku = '/storage/obj/restore/glacier/' || listed.region_id)
            as restore_price
    from listed
    inner join silver.prices as prices
        on
            listed.as_of >= prices.valid_from
            and starts_with(prices.sku, '/storage/obj/')
            and coalesce(listed.as_of < prices.valid_to, true)
    group by listed.usage_month, listed.bucket

)

select
    listed.usage_month,
    listed.bucket as resource_id,
    listed.region_id,
    listed.project_id,
    listed.as_of,
    listed.objects,
    listed.bytes,
    listed.is_sample,
    listed.covers_versions,
    buckets.tags,
    buckets.versioning,
    buckets.lifecycle_rules,
    buckets.created_at,
    written.last_written_at,
    egress.egress_days,
    egress.egress_bytes,
    class_prices.billing_currency,
    cast(class_prices.standard_price * 730 as decimal(38, 12)) as standard_price,
    cast(class_prices.onezone_price * 730 as decimal(38, 12)) as onezone_price,
    cast(class_prices.glacier_price * 730 as decimal(38, 12)) as glacier_price,
    cast(class_prices.restore_price as decimal(38, 12)) as restore_price,
    cast(charged_shares.charged_share as decimal(38, 12)) as charged_share
from listed
left join silver.buckets as buckets
    on
        listed.bucket = buckets.bucket
        and listed.region_id = buckets.region_id
        and listed.as_of >= buckets.valid_from
        and coalesce(listed.as_of < buckets.valid_to, true)
left join written
    on
        listed.region_id = written.region_id
        and listed.project_id = written.project_id
        and listed.bucket = written.bucket
        and listed.as_of = written.as_of
left join egress on listed.usage_month = egress.usage_month and listed.bucket = egress.bucket
left join class_prices on listed.usage_month = class_prices.usage_month and listed.bucket = class_prices.bucket
left join charged_shares
    on listed.usage_month = charged_shares.usage_month and listed.bucket = charged_shares.bucket
-- a name is one bucket; of two places that were listed under it the newest listing is right
qualify row_number() over (
    partition by listed.usage_month, listed.bucket
    order by listed.as_of desc, listed.project_id
) = 1
