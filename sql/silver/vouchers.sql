-- Vouchers and contract discounts over time: what was left on which day, and when they end. A row holds until what is
-- left of it changed; Scaleway names no currency for them.
-- grain: discount_id, valid_from
-- partition: none
with

snapshots as (

    select
        answer_hash,
        asked_at,
        lead(asked_at) over (order by asked_at) as next_asked_at
    from bronze.answers
    where source = 'billing.discounts' and page = 1

),

seen as (

    select
        snapshots.asked_at,
        snapshots.next_asked_at,
        discounts.item,
        json_extract_string(discounts.item, '$.id') as discount_id,
        cast(json_extract_string(discounts.item, '$.value') as decimal(38, 12)) as granted_value,
        cast(json_extract_string(discounts.item, '$.value_used') as decimal(38, 12)) as used_value,
        cast(json_extract_string(discounts.item, '$.value_remaining') as decimal(38, 12)) as remaining_value,
        cast(json_extract_string(discounts.item, '$.start_date') as timestamptz) as starts_at,
        cast(json_extract_string(discounts.item, '$.stop_date') as timestamptz) as stops_at
    from bronze.discounts
    inner join snapshots on discounts.answer_hash = snapshots.answer_hash

),

-- of several snapshots of a day the last one holds
latest_of_day as (

    select
        *,
        cast(asked_at as date) as valid_from
    from seen
    qualify row_number() over (partition by discount_id, cast(asked_at as date) order by asked_at desc) = 1

),

marked as (

    select
        *,
        coalesce(
            row(remaining_value, granted_value, stops_at) = lag(row(remaining_value, granted_value, stops_at)) over (
                partition by discount_id
                order by valid_from
            ),
            false
        ) as is_same
    from latest_of_day

),

islands as (

    select
        *,
        count(*) filter (where not is_same) over (
            partition by discount_id
            order by valid_from
        ) as island
    from marked

),

periods as (

    select
        discount_id,
        min(valid_from) as valid_from,
        arg_max(item, valid_from) as item,
        arg_max(granted_value, valid_from) as granted_value,
        arg_max(used_value, valid_from) as used_value,
        arg_max(remaining_value, valid_from) as remaining_value,
        arg_max(starts_at, valid_from) as starts_at,
        arg_max(stops_at, valid_from) as stops_at,
        -- the newest snapshot has no next one: what it shows still holds
        bool_or(next_asked_at is null) as is_current,
        max(next_asked_at) as missed_at
    from islands
    group by discount_id, island

),

filters as (

    select
        discount_id,
        valid_from,
        unnest(json_extract(item, '$.filters[*]')) as filter
    from periods

),

named as (

    select
        discount_id,
        valid_from,
        list_sort(list(distinct json_extract_string(filter, '$.value')) filter (
            where coalesce(json_extract_string(filter, '$.exclude'), 'false') <> 'true'
        )) as applies_to,
        list_sort(list(distinct json_extract_string(filter, '$.value')) filter (
            where json_extract_string(filter, '$.exclude') = 'true'
        )) as excludes
    from filters
    group by discount_id, valid_from

)

select
    periods.discount_id,
    json_extract_string(item, '$.organization_id') as organization_id,
    json_extract_string(item, '$.description') as description,
    json_extract_string(item, '$.coupon.description') as coupon,
    json_extract_string(item, '$.mode') as discount_mode,
    -- a rate is a contract's; a value is used up
    coalesce(json_extract_string(item, '$.mode') <> 'discount_mode_rate', true) as is_voucher,
    granted_value,
    used_value,
    remaining_value,
    cast(remaining_value / nullif(granted_value, 0) as decimal(38, 12)) as remaining_share,
    starts_at,
    -- the stop is inclusive, as the end of a charge is
    case
        when extract('microsecond' from stops_at) = 59999999 then stops_at + interval 1 microsecond
        else stops_at
    end as ends_at,
    -- what it pays for, and what of it not; nothing named is everything
    coalesce(named.applies_to, []) as applies_to,
    coalesce(named.excludes, []) as excludes,
    periods.valid_from,
    case
        when not is_current
            then
                coalesce(
                    lead(periods.valid_from) over (
                        partition by periods.discount_id
                        order by periods.valid_from
                    ),
                    cast(missed_at as date)
                )
    end as valid_to,
    is_current
from periods
left join named on periods.discount_id = named.discount_id and periods.valid_from = named.valid_from
