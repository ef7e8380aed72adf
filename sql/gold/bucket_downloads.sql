-- How much of what left each bucket in the last four weeks known of the month had left it before: artifacts and models
-- that are downloaded again. No log tells which object was read; but more than what the bucket held at first and what
-- was written since cannot leave it once, so the rest (repeated_bytes) went out again, and at least so much did.
-- repeated_cost is its share of what the traffic was charged, 0 where it stayed inside a region. times_read is what
-- left by what was there to leave. serves_gpus says that the bucket's project has machines with GPUs. Of the days on
-- which Cockpit measured all three (measured_days); null where it did not.
-- grain: billing_month, bucket, billing_currency
-- partition: billing_month
-- reads: silver.usage_hourly 1 month back
-- reads: silver.labelled_costs 1 month back
-- stored: view
with

months as (

    select
        billing_month,
        charges_until as known_until,
        charges_until - 28 as known_from
    from silver.billing_months
    where charges_until is not null

),

days as (

    select
        months.billing_month,
        usage.resource_id as bucket,
        usage.usage_date,
        arg_min(usage.mean_value, usage.usage_hour) filter (where usage.metric = 'bucket_bytes') as held_bytes,
        max(usage.mean_value) filter (where usage.metric = 'bucket_bytes') as most_held_bytes,
        -- a sample is what went through since the one before it
        sum(usage.mean_value * usage.expected_samples) filter (where usage.metric = 'bucket_ingress_bytes')
            as written_bytes,
        sum(usage.mean_value * usage.expected_samples) filter (where usage.metric = 'bucket_egress_bytes')
            as read_bytes
    from silver.usage_hourly as usage
    inner join months on usage.usage_date >= months.known_from and usage.usage_date < months.known_until
    where usage.metric in ('bucket_bytes', 'bucket_ingress_bytes', 'bucket_egress_bytes')
    group by all
    having held_bytes is not null and written_bytes is not null and read_bytes is not null

),

moved as (

    select
        billing_month,
        bucket,
        count(*) as measured_days,
        arg_min(held_bytes, usage_date) as held_bytes,
        max(most_held_bytes) as most_held_bytes,
        sum(written_bytes) as written_bytes,
        sum(read_bytes) as read_bytes
    from days
    group by billing_month, bucket

),

-- of the measured days alone
charged as (

    select
        days.billing_month,
        days.bucket,
        costs.billing_currency,
        max(costs.project_id) as project_id,
        max(costs.project_name) as project_name,
        sum(costs.billed_cost) filter (where costs.sku like '/storage/obj/bandwidth/%') as egress_cost
    from days
    inner join silver.labelled_costs as costs on days.bucket = costs.resource_id and days.usage_date = costs.charge_date
    where costs.sku like '/storage/obj/%'
    group by days.billing_month, days.bucket, costs.billing_currency

),

joined as (

    select
        months.known_from,
        months.known_until,
        moved.*,
        charged.* exclude (billing_month, bucket),
        -- what a bucket grew by was written, whether or not its traffic was counted
        greatest(moved.held_bytes + moved.written_bytes, moved.most_held_bytes) as there_bytes
    from moved
    inner join months on moved.billing_month = months.billing_month
    left join charged on moved.billing_month = charged.billing_month and moved.bucket = charged.bucket

),

bounded as (

    select
        *,
        greatest(0, read_bytes - there_bytes) as repeated_bytes
    from joined

)

select
    billing_month,
    known_from,
    known_until,
    bucket,
    project_id,
    project_name,
    project_id in (select machines.project_id from silver.gpu_machines as machines) as serves_gpus,
    measured_days,
    cast(held_bytes as decimal(38, 12)) as held_bytes,
    cast(written_bytes as decimal(38, 12)) as written_bytes,
    cast(there_bytes as decimal(38, 12)) as there_bytes,
    cast(read_bytes as decimal(38, 12)) as read_bytes,
    cast(repeated_bytes as decimal(38, 12)) as repeated_bytes,
    cast(read_bytes / nullif(there_bytes, 0) as decimal(38, 12)) as times_read,
    billing_currency,
    cast(coalesce(egress_cost, 0) as decimal(38, 12)) as egress_cost,
    cast(coalesce(egress_cost, 0) * (repeated_bytes / nullif(read_bytes, 0)) as decimal(38, 12)) as repeated_cost
from bounded
