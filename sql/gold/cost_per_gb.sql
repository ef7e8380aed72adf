-- What a GB stored costs by the month of 730 hours, by kind of storage and class: capacity charges ÷ time-weighted mean
-- GB (10^9 bytes; all versions, delete-marked and incomplete parts included). Object, block, local and snapshot storage
-- never share a row. units are GB-hours ÷ 730, mean_stored_gb the mean over the hours of the days that were counted;
-- loaded_cost adds egress and restores (requests are free). live_unit_cost is the same cost by current versions alone.
-- What no size is known of is in neither side of the ratio: its cost is in uncounted_direct_cost and
-- uncounted_loaded_cost, and cost_coverage is the share of capacity charges whose GB are known. units_source names GB
-- that were derived from the bill, which then say no more than the list price. Egress with nothing stored has no class.
-- grain: period, period_start, storage_kind, storage_class, billing_currency
-- partition: billing_month
with

days as (

    select
        usage_date,
        storage_kind,
        storage_class,
        billing_currency,
        billing_month,
        units_source,
        units_source is not null as is_counted,
        sum(gb_hours) as gb_hours,
        case when sum(holders) = sum(live_holders) then sum(live_gb_hours) end as live_gb_hours,
        sum(billed_cost) as direct_cost,
        sum(coalesce(billed_cost, 0) + extra_cost) as loaded_cost,
        sum(units_coverage) as coverage,
        sum(holders) as holders
    from silver.unit_storage_days
    group by all

),

ends as (

    select
        billing_month,
        max(usage_date) as newest_date
    from silver.unit_storage_days
    group by billing_month

),

summed as (

    select
        spans.period,
        case
            when spans.period = 'day' then days.usage_date else cast(date_trunc('month', days.usage_date) as date)
        end as period_start,
        days.storage_kind,
        days.storage_class,
        days.billing_currency,
        days.billing_month,
        sum(days.gb_hours) as gb_hours,
        case
            when count(*) filter (where days.is_counted and days.live_gb_hours is null) = 0 then sum(days.live_gb_hours)
        end as live_gb_hours,
        sum(days.direct_cost) as all_direct_cost,
        sum(days.loaded_cost) as all_loaded_cost,
        sum(days.direct_cost) filter (where days.is_counted) as counted_direct_cost,
        sum(days.loaded_cost) filter (where days.is_counted) as counted_loaded_cost,
        bool_or(days.is_counted) as is_counted,
        sum(days.coverage) / sum(days.holders) as units_coverage,
        count(distinct case when days.is_counted then days.usage_date end) as days,
        string_agg(distinct days.units_source, ', ' order by days.units_source) as units_source,
        min(spans.period) = 'day' or any_value(ends.newest_date) = last_day(any_value(ends.newest_date)) as is_over
    from days
    inner join ends on days.billing_month = ends.billing_month
    cross join (values ('day'), ('month')) as spans (period)
    group by all

),

judged as (

    select
        *,
        case when is_counted then counted_direct_cost else all_direct_cost end as direct_cost,
        case when is_counted then counted_loaded_cost else all_loaded_cost end as loaded_cost,
        cast(gb_hours / 730 as decimal(38, 12)) as units,
        cast(live_gb_hours / 730 as decimal(38, 12)) as live_units,
        case
            when storage_class is null then 'egress and restores where nothing was stored'
            when gb_hours is null then 'neither metrics nor inventory tell its size, and the bill has no price for it'
            when gb_hours = 0 then 'nothing was stored'
            when counted_direct_cost is null then 'no price was told for its charges'
        end as reason
    from summed

)

select
    period,
    period_start,
    storage_kind,
    storage_class,
    billing_currency,
    cast(direct_cost as decimal(38, 12)) as direct_cost,
    cast(loaded_cost as decimal(38, 12)) as loaded_cost,
    units,
    'GB and month of 730 hours' as unit,
    cast(case when reason is null then direct_cost / nullif(units, 0) end as decimal(38, 12)) as unit_cost,
    cast(case when reason is null then loaded_cost / nullif(units, 0) end as decimal(38, 12)) as loaded_unit_cost,
    cast(coalesce(counted_direct_cost, 0) / nullif(all_direct_cost, 0) as decimal(38, 12)) as cost_coverage,
    units_source,
    cast(units_coverage as decimal(38, 12)) as units_coverage,
    units_coverage = 1 and is_over as is_complete,
    coalesce(coalesce(counted_direct_cost, 0) / nullif(all_direct_cost, 0) < 0.95, true) as is_marked,
    reason,
    cast(gb_hours / (24 * nullif(days, 0)) as decimal(38, 12)) as mean_stored_gb,
    live_units,
    cast(case when reason is null then direct_cost / nullif(live_units, 0) end as decimal(38, 12)) as live_unit_cost,
    cast(
        case when is_counted then coalesce(all_direct_cost, 0) - coalesce(counted_direct_cost, 0) else 0 end
        as decimal(38, 12)
    ) as uncounted_direct_cost,
    cast(
        case when is_counted then coalesce(all_loaded_cost, 0) - coalesce(counted_loaded_cost, 0) else 0 end
        as decimal(38, 12)
    ) as uncounted_loaded_cost,
    billing_month
from judged
