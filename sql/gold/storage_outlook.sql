-- What a plan for a bucket stands on, as of its newest listing of the month: how it is set up, what was listed, how
-- much was read from it in the last four weeks (bytes that left it, inside its region too, and on how many days this
-- was measured), when something was written last, and what a GB costs in each class by the month of 730 hours at the
-- list prices of that day. A class its region does not sell has no price. What nobody measured is null.
-- grain: usage_month, resource_id
-- partition: usage_month
-- reads: silver.usage_hourly 1 month back
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
    cast(class_prices.restore_price as decimal(38, 12)) as restore_price
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
-- a name is one bucket; of two places that were listed under it the newest listing is right
qualify row_number() over (
    partition by listed.usage_month, listed.bucket
    order by listed.as_of desc, listed.project_id
) = 1
