-- GB-hours of all buckets, volumes and snapshots by storage class, labels and day, with what they cost: the sums of
-- silver.unit_storage. What no size is known of has rows without units_source. coverage adds up the shares of each
-- holder's day that were seen, live_holders counts those whose current versions are known.
-- grain: usage_date, storage_kind, storage_class, environment, product, tenant, units_source, billing_currency
-- partition: billing_month
select
    usage_date,
    storage_kind,
    storage_class,
    environment,
    product,
    tenant,
    units_source,
    billing_currency,
    cast(sum(gb_hours) as decimal(38, 12)) as gb_hours,
    cast(sum(live_gb_hours) as decimal(38, 12)) as live_gb_hours,
    cast(sum(billed_cost) as decimal(38, 12)) as billed_cost,
    cast(sum(extra_cost) as decimal(38, 12)) as extra_cost,
    cast(sum(units_coverage) as decimal(38, 12)) as units_coverage,
    count(*) as holders,
    count(live_gb_hours) as live_holders,
    billing_month
from silver.unit_storage
group by all
