-- Every charge of the newest two months names its project, its SKU, its time and its currency, as silver needs them.
-- Older months were judged when they were new.
-- checks: bronze.charges
with

named as (

    select
        billing_month,
        json_extract_string(item, ['$.project_id', '$.sku', '$.start_date', '$.price.currency_code']) as found
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
    count(*) filter (where found[4] is not null and not regexp_full_match(found[4], '[A-Z]{3}')) as without_currency
from named
group by billing_month
