-- Elastic Metal servers that exist, on what terms they are had, and the monthly terms of the same machine in the same
-- zone as the newest list of offers names them; null where none is for sale. Prices and fee are public list prices.
-- grain: resource_id
-- partition: none
-- stored: view
with

owned as (

    select
        resource_id,
        json_extract_string(item, '$.offer_id') as offer_id,
        json_extract_string(item, '$.zone') as availability_zone
    from silver.resource_periods
    where resource_type = 'baremetal_server' and valid_to is null

),

offers as (

    select
        json_extract_string(server_types.item, '$.id') as offer_id,
        json_extract_string(server_types.item, '$.zone') as availability_zone,
        json_transform(
            server_types.item,
            '{
                "name": "VARCHAR", "subscription_period": "VARCHAR", "stock": "VARCHAR", "enable": "BOOLEAN",
                "monthly_offer_id": "VARCHAR",
                "price_per_month": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "fee": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
            }'
        ) as offer
    from bronze.server_types
    inner join silver.latest_answers on server_types.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'baremetal.offers'
    -- the same offer is listed once a zone, and again by each page that overlaps
    qualify
        row_number() over (
            partition by
                json_extract_string(server_types.item, '$.id'), json_extract_string(server_types.item, '$.zone')
            order by latest_answers.asked_at desc
        ) = 1

)

select
    owned.resource_id,
    hourly.offer.name as offer_name,
    hourly.offer.subscription_period,
    owned.availability_zone,
    case when monthly.offer.enable then monthly.offer_id end as monthly_offer_id,
    monthly.offer.stock as monthly_stock,
    monthly.offer.price_per_month.currency_code as billing_currency,
    cast(
        cast(monthly.offer.price_per_month.units as decimal(38, 12))
        + cast(monthly.offer.price_per_month.nanos as decimal(38, 12)) * cast(0.000000001 as decimal(10, 9))
        as decimal(38, 12)
    ) as monthly_price,
    cast(
        cast(monthly.offer.fee.units as decimal(38, 12))
        + cast(monthly.offer.fee.nanos as decimal(38, 12)) * cast(0.000000001 as decimal(10, 9))
        as decimal(38, 12)
    ) as commitment_fee
from owned
left join offers as hourly
    on owned.offer_id = hourly.offer_id and owned.availability_zone = hourly.availability_zone
left join offers as monthly
    on hourly.offer.monthly_offer_id = monthly.offer_id and hourly.availability_zone = monthly.availability_zone
