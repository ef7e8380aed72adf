-- GB-hours (10^9 bytes) of each bucket by storage class and day, all versions, delete-marked and incomplete parts
-- included. One that is billed in several classes is shared out by what the bill says of each (charge ÷ list price of
-- the day); a class that is free or has no price has the part its listing before that day, else the first one after,
-- saw. Where the charge of a class has not come yet, the others have what the bill says of them.
-- What metrics do not tell is derived from the bill alone. units_source says which way it was; where none can be taken
-- gb_hours is null.
-- grain: resource_id, project_id, storage_class, usage_date, billing_currency
-- partition: billing_month
-- stored: view
with

billed as (

    select *
    from silver.unit_bucket_charges
    where storage_class is not null

),

mixed_buckets as (

    select
        resource_id,
        project_id,
        usage_date,
        billing_currency,
        true as is_mixed
    from billed
    where storage_class is not null
    group by all
    having count(*) > 1

),

bucket_days as (

    select
        resource_id,
        project_id,
        billing_currency,
        billing_month,
        usage_date,
        min(usage_date) over whole_month as first_date,
        max(usage_date) over whole_month as last_date
    from billed
    group by resource_id, project_id, billing_currency, billing_month, usage_date
    window whole_month as (partition by resource_id, project_id, billing_currency, billing_month)

),

class_spans as (

    select
        resource_id,
        project_id,
        billing_currency,
        billing_month,
        storage_class,
        min(usage_date) as first_date,
        max(usage_date) as last_date
    from billed
    group by all

),

-- a class that was charged on days around one, and not on it: its charge comes late
late_buckets as (

    select
        bucket_days.resource_id,
        bucket_days.project_id,
        bucket_days.usage_date,
        bucket_days.billing_currency,
        true as is_late
    from bucket_days
    inner join class_spans
        on
            bucket_days.resource_id = class_spans.resource_id
            and bucket_days.project_id = class_spans.project_id
            and bucket_days.billing_currency = class_spans.billing_currency
            and bucket_days.billing_month = class_spans.billing_month
            and bucket_days.usage_date between class_spans.first_date - 1 and class_spans.last_date + 1
            and (bucket_days.usage_date >= class_spans.first_date or bucket_days.usage_date = bucket_days.first_date)
            and (bucket_days.usage_date <= class_spans.last_date or bucket_days.usage_date = bucket_days.last_date)
    left join billed
        on
            class_spans.resource_id = billed.resource_id
            and class_spans.project_id = billed.project_id
            and class_spans.billing_currency = billed.billing_currency
            and class_spans.storage_class = billed.storage_class
            and bucket_days.usage_date = billed.usage_date
    where billed.storage_class is null
    group by all

),

capacity as (

    select
        billed.*,
        coalesce(mixed_buckets.is_mixed, false) as is_mixed,
        coalesce(late_buckets.is_late, false) as is_late
    from billed
    left join mixed_buckets
        on
            billed.resource_id = mixed_buckets.resource_id
            and billed.project_id = mixed_buckets.project_id
            and billed.usage_date = mixed_buckets.usage_date
            and billed.billing_currency = mixed_buckets.billing_currency
    left join late_buckets
        on
            billed.resource_id = late_buckets.resource_id
            and billed.project_id = late_buckets.project_id
            and billed.usage_date = late_buckets.usage_date
            and billed.billing_currency = late_buckets.billing_currency
    where billed.storage_class is not null

),

buckets_measured as (

    select
        resource_id,
        usage_date,
        -- whole bytes of whole hours, so that their mean is one division
        cast(sum(cast(mean_value as decimal(38, 0))) as hugeint) as hourly_bytes,
        count(*) as hours
    from silver.usage_hourly
    where metric = 'bucket_bytes' and mean_value is not null and resource_id is not null
    group by resource_id, usage_date

),

listed as (

    select * from silver.unit_bucket_listings

),

listing_days as (

    select distinct
        project_id,
        bucket,
        as_of
    from listed

),

-- the newest listing until that day, else the first one after it
nearest as (

    select
        capacity.project_id,
        capacity.resource_id,
        capacity.usage_date,
        capacity.storage_class,
        capacity.billing_currency,
        coalesce(
            max(listing_days.as_of) filter (where listing_days.as_of <= capacity.usage_date), min(listing_days.as_of)
        ) as as_of
    from capacity
    inner join listing_days
        on capacity.resource_id = listing_days.bucket and capacity.project_id = listing_days.project_id
    group by all

),

prices as (

    select
        sku,
        billing_currency,
        list_unit_price,
        pricing_unit,
        valid_from,
        coalesce(valid_to, date '9999-12-31') as valid_to
    from silver.prices
    where starts_with(sku, '/storage/') and list_unit_price > 0 and pricing_unit like 'gigabyte%'

),

matched as (

    select
        capacity.*,
        prices.list_unit_price,
        prices.pricing_unit,
        buckets_measured.hourly_bytes,
        buckets_measured.hours,
        listed.bytes as listed_bytes,
        listed.live_bytes,
        listed.bucket_bytes as listed_bucket_bytes
    from capacity
    left join buckets_measured
        on capacity.resource_id = buckets_measured.resource_id and capacity.usage_date = buckets_measured.usage_date
    left join nearest
        on
            capacity.resource_id = nearest.resource_id
            and capacity.project_id = nearest.project_id
            and capacity.usage_date = nearest.usage_date
            and capacity.storage_class = nearest.storage_class
            and capacity.billing_currency = nearest.billing_currency
    left join listed
        on
            nearest.resource_id = listed.bucket
            and nearest.project_id = listed.project_id
            and nearest.as_of = listed.as_of
            and capacity.storage_class = listed.storage_class
    left join prices
        on
            capacity.has_one_sku
            and capacity.sku = prices.sku
            and capacity.billing_currency = prices.billing_currency
            and capacity.usage_date >= prices.valid_from
            and capacity.usage_date < prices.valid_to

),

-- byte-hours that the bill says a class of several was charged for, in whole numbers so that their parts are exact
charged as (

    select
        *,
        case
            when is_mixed and billed_cost > 0 and list_unit_price > 0
                then
                    cast(cast(billed_cost as decimal(26, 12)) * 1000000000000 as hugeint)
                    * case pricing_unit when 'gigabyte_month' then 730 when 'gigabyte_day' then 24 else 1 end
                    * 1000000000000
                    // cast(cast(list_unit_price as decimal(18, 15)) * 1000000000000000 as hugeint)
        end as charged_byte_hours
    from matched

),

of_bucket as (

    select
        *,
        hourly_bytes * max(stored_seconds) over same_day // (hours * 3600) as bucket_byte_hours,
        sum(charged_byte_hours) over (
            partition by resource_id, project_id, usage_date, billing_currency
            order by storage_class
        ) as charged_until,
        sum(charged_byte_hours) over same_day as charged_in_all,
        count(*) over same_day = count(charged_byte_hours) over same_day as is_all_charged,
        coalesce(sum(case when charged_byte_hours is null then listed_bytes end) over same_day, 0) as listed_uncharged,
        max(listed_bucket_bytes) over same_day as listed_in_all
    from charged
    window same_day as (partition by resource_id, project_id, usage_date, billing_currency)

),

sourced as (

    select
        *,
        case
            when is_late and list_unit_price > 0 and billed_cost is not null then 'bill (charge ÷ list price)'
            when hours > 0 and not is_mixed and not is_late then 'bucket metrics'
            when hours > 0 and charged_byte_hours > 0 and (is_all_charged or listed_in_all > 0)
                then 'bucket metrics, classes as billed'
            when hours > 0 and listed_in_all > 0 then 'bucket metrics, classes as listed'
            when list_unit_price > 0 and billed_cost is not null then 'bill (charge ÷ list price)'
        end as units_source,
        -- what is left once the classes that the bill does not tell have theirs
        case
            when is_all_charged then bucket_byte_hours
            else bucket_byte_hours - bucket_byte_hours * cast(listed_uncharged as hugeint) // listed_in_all
        end as charged_whole
    from of_bucket

),

measured as (

    select
        *,
        cast(
            case units_source
                when 'bucket metrics' then hourly_bytes * stored_seconds // (hours * 3600)
                when 'bucket metrics, classes as listed'
                    then hourly_bytes * stored_seconds // (hours * 3600) * coalesce(listed_bytes, 0) // listed_in_all
                when 'bucket metrics, classes as billed'
                    then
                        charged_whole * cast(charged_until as hugeint) // cast(charged_in_all as hugeint)
                        - charged_whole * cast(charged_until - charged_byte_hours as hugeint)
                        // cast(charged_in_all as hugeint)
            end as decimal(38, 0)
        ) as byte_hours
    from sourced

),

converted as (

    select
        *,
        case
            when byte_hours is not null
                then cast(cast(byte_hours as decimal(29, 0)) * cast(0.000000001 as decimal(9, 9)) as decimal(38, 12))
            when units_source like 'bill%'
                then
                    cast(
                        billed_cost / list_unit_price
                        * case pricing_unit when 'gigabyte_month' then 730 when 'gigabyte_day' then 24 else 1 end
                        as decimal(38, 12)
                    )
        end as gb_hours
    from measured

)

select
    resource_id,
    project_id,
    storage_class,
    usage_date,
    environment,
    product,
    tenant,
    gb_hours,
    -- of a bucket whose listing said what is current
    cast(
        case
            when listed_bytes > 0 and gb_hours is not null
                then gb_hours * (cast(live_bytes as double) / cast(listed_bytes as double))
        end as decimal(38, 12)
    ) as live_gb_hours,
    cast(stored_seconds / 3600 as decimal(38, 12)) as stored_hours,
    cast(
        case
            when units_source like 'bucket metrics%' then least(hours * 3600.0 / nullif(stored_seconds, 0), 1)
            when units_source is not null then 1
            else 0
        end as decimal(38, 12)
    ) as units_coverage,
    units_source,
    cast(billed_cost as decimal(38, 12)) as billed_cost,
    billing_currency,
    billing_month
from converted
