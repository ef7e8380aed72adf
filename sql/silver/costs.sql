-- What was charged: one row per charge and UTC day, cut to the day by Scaleway, at the price of the newest answer.
-- A charge has no id of its own: charge_key is the hash of what it says and of its number among equal ones.
-- billed_cost is null where Scaleway transferred no price (free usage), never zero.
-- grain: charge_key
-- partition: billing_month
with

answers as (

    select
        answer_hash,
        cast(json_extract_string(parameters, '$.start_date_after') as timestamptz) as window_start,
        cast(json_extract_string(parameters, '$.end_date_before') as timestamptz) as window_end
    from silver.latest_answers
    where source = 'billing.charges'

),

items as (

    select
        charges.answer_hash,
        charges.position,
        charges.billing_month,
        answers.window_start,
        answers.window_end,
        json_transform(
            charges.item,
            '{
                "organization_id": "VARCHAR", "project_id": "VARCHAR", "sku": "VARCHAR", "invoice_id": "VARCHAR",
                "resource_id": "VARCHAR", "resource_name": "VARCHAR", "start_date": "VARCHAR",
                "end_date": "VARCHAR", "updated_at": "VARCHAR",
                "price": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
            }'
        ) as charge
    from bronze.charges
    inner join answers on charges.answer_hash = answers.answer_hash

),

-- read apart, since keeping all charges for it would cost more memory than reading two fields of them again
currencies as (

    select
        coalesce(said[1], '') as organization_id,
        billing_month,
        max(nullif(said[2], '')) as organization_currency
    from (
        select
            charges.billing_month,
            json_extract_string(charges.item, ['$.organization_id', '$.price.currency_code']) as said
        from bronze.charges
        inner join answers on charges.answer_hash = answers.answer_hash
    )
    group by all

),

timed as (

    select
        *,
        coalesce(cast(charge.start_date as timestamptz), window_start) as charge_start,
        -- microseconds are counted as a number: the functions of time zones cost more than reading the charge
        epoch_us(coalesce(cast(charge.end_date as timestamptz), window_end)) as inclusive_end
    from items

),

typed as (

    select
        billing_month,
        answer_hash,
        position,
        charge_start,
        -- an inclusive end is written as the last second, millisecond or microsecond of its period
        make_timestamptz(
            case
                when inclusive_end % 1000000 in (999999, 999000) then inclusive_end // 1000000 * 1000000 + 1000000
                when inclusive_end % 60000000 = 59000000 then inclusive_end + 1000000
                else inclusive_end
            end
        ) as charge_end,
        coalesce(charge.organization_id, '') as organization_id,
        coalesce(charge.project_id, '') as project_id,
        coalesce(charge.sku, '') as sku,
        nullif(charge.resource_id, '') as resource_id,
        nullif(charge.resource_name, '') as resource_name,
        nullif(charge.invoice_id, '') as invoice_id,
        cast(
            cast(coalesce(charge.price.units, 0) as decimal(38, 9))
            + cast(coalesce(charge.price.nanos, 0) as decimal(18, 0)) * cast(0.000000001 as decimal(10, 9))
            as decimal(38, 12)
        ) as price,
        charge.price is null or (charge.price.units is null and charge.price.nanos is null) as is_unpriced,
        nullif(charge.price.currency_code, '') as currency_code,
        cast(charge.updated_at as timestamptz) as updated_at
    from timed

),

numbered as (

    select
        *,
        -- equal charges share a hash; partitions by one number are made faster than by six columns
        row_number() over (
            partition by hash(organization_id, project_id, sku, resource_id, charge_start, charge_end)
            order by answer_hash, position
        ) as occurrence
    from typed

)

select
    sha256(
        concat_ws(
            '|', numbered.organization_id, project_id, sku, coalesce(resource_id, ''),
            epoch_us(charge_start), epoch_us(charge_end), occurrence
        )
    ) as charge_key,
    date '1970-01-01' + cast(epoch_us(charge_start) // 86400000000 as integer) as charge_date,
    charge_start,
    charge_end,
    numbered.organization_id,
    project_id,
    sku,
    resource_id,
    resource_name,
    invoice_id,
    case when not is_unpriced then price end as billed_cost,
    coalesce(currency_code, organization_currency) as billing_currency,
    updated_at,
    answer_hash,
    numbered.billing_month
from numbered
left join currencies
    on numbered.organization_id = currencies.organization_id and numbered.billing_month = currencies.billing_month
