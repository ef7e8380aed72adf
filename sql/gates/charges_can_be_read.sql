-- Every charge of the newest two months names its project, its SKU, its time and its currency, as silver needs them,
-- and what it says of its end and its price can be read: else it would pass for free.
-- Older months were judged when they were new.
-- checks: bronze.charges
with

named as (

    select
        billing_month,
        json_extract_string(
            item,
            [
                '$.project_id', '$.sku', '$.start_date', '$.price.currency_code',
                '$.end_date', '$.updated_at', '$.price', '$.price.units', '$.price.nanos'
            ]
        ) as found
    from bronze.charges
    where
        billing_month in (
            select newest.billing_month
            from bronze.charges as newest
            group by all
            order by all desc
            limit 2
        )

)

select
    billing_month,
    count(*) as charges,
    count(*) filter (where coalesce(found[1], '') = '') as without_project,
    count(*) filter (where coalesce(found[2], '') = '') as without_sku,
    count(*) filter (where try_cast(found[3] as timestamptz) is null) as without_start,
    count(*) filter (where found[4] is not null and not regexp_full_match(found[4], '[A-Z]{3}')) as without_currency,
    count(*) filter (
        where (found[5] is not null and try_cast(found[5] as timestamptz) is null)
        or (found[6] is not null and try_cast(found[6] as timestamptz) is null)
    ) as without_end,
    count(*) filter (
        where (found[7] is not null and not starts_with(found[7], '{'))
        or (found[8] is not null and try_cast(found[8] as bigint) is null)
        or (found[9] is not null and try_cast(found[9] as bigint) is null)
    ) as unreadable_price
from named
group by billing_month
