-- Dates that end something: commitments, contracts, vouchers, options, offers in use that Scaleway gives up. One row
-- per resource (or discount) and date, with the field that says it; where Scaleway says that something ends and not
-- when, ends_at is null and the note says so.
-- grain: resource_id, date_kind, subject
-- partition: none
with

owned as (

    select
        resource_id,
        resource_type,
        item,
        path
    from silver.resource_periods
    where is_current

),

named as (

    select
        resource_id,
        arg_max(resource_name, valid_from) as resource_name,
        arg_max(project_id, valid_from) as project_id,
        arg_max(availability_zone, valid_from) as availability_zone,
        arg_max(region_id, valid_from) as region_id,
        arg_max(resource_class, valid_from) as resource_class
    from silver.resources
    group by resource_id

),

clusters as (

    select
        resource_id,
        resource_type,
        'commitment_end' as date_kind,
        json_extract_string(item, '$.type') as subject,
        try_cast(json_extract_string(item, '$.commitment_ends_at') as timestamptz) as ends_at,
        'commitment_ends_at' as source_field,
        cast(null as varchar) as note
    from owned
    where resource_type = 'k8s_cluster' and json_extract_string(item, '$.commitment_ends_at') is not null

),

macs as (

    select
        resource_id,
        resource_type,
        case
            when coalesce(json_extract_string(item, '$.commitment.type'), 'none') = 'none'
                then 'deletable_from'
            else 'commitment_end'
        end as date_kind,
        coalesce(json_extract_string(item, '$.commitment.type'), 'none') as subject,
        try_cast(json_extract_string(item, '$.deletable_at') as timestamptz) as ends_at,
        'deletable_at' as source_field,
        case
            when json_extract_string(item, '$.commitment.cancelled') = 'true' then 'cancelled, so it is not renewed'
        end as note
    from owned
    where resource_type = 'apple_silicon_server' and json_extract_string(item, '$.deletable_at') is not null

),

metal_offers as (

    select
        json_extract_string(server_types.item, '$.id') as offer_id,
        any_value(json_extract_string(server_types.item, '$.name')) as offer_name,
        any_value(json_extract_string(server_types.item, '$.subscription_period')) as subscription_period
    from bronze.server_types
    inner join silver.latest_answers on server_types.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'baremetal.offers'
    group by json_extract_string(server_types.item, '$.id')

),

monthly_metal as (

    select
        owned.resource_id,
        owned.resource_type,
        metal_offers.offer_name,
        try_cast(json_extract_string(owned.item, '$.created_at') as timestamptz) as created_at
    from owned
    inner join metal_offers on json_extract_string(owned.item, '$.offer_id') = metal_offers.offer_id
    where owned.resource_type = 'baremetal_server' and metal_offers.subscription_period = 'monthly'

),

metal as (

    select
        resource_id,
        resource_type,
        'commitment_end' as date_kind,
        offer_name as subject,
        cast(null as timestamptz) as ends_at,
        'offer.subscription_period' as source_field,
        'renewed every month; Scaleway names no end' as note
    from monthly_metal
    union all
    select
        resource_id,
        resource_type,
        'loyalty_reward' as date_kind,
        offer_name as subject,
        created_at + interval 12 month as ends_at,
        'created_at' as source_field,
        'twelve months after it was ordered, if it was monthly from then on' as note
    from monthly_metal
    where created_at is not null

),

metal_options as (

    select
        resource_id,
        resource_type,
        unnest(json_extract(item, '$.options[*]')) as option
    from owned
    where resource_type = 'baremetal_server'

),

expiries as (

    select
        resource_id,
        resource_type,
        'option_end' as date_kind,
        json_extract_string(option, '$.name') as subject,
        try_cast(max(json_extract_string(option, '$.expires_at')) as timestamptz) as ends_at,
        'options.expires_at' as source_field,
        cast(null as varchar) as note
    from metal_options
    where json_extract_string(option, '$.expires_at') is not null
    group by resource_id, resource_type, json_extract_string(option, '$.name')
    union all
    select
        resource_id,
        resource_type,
        'service_end' as date_kind,
        json_extract_string(item, '$.offer_name') as subject,
        try_cast(json_extract_string(item, '$.expired_at') as timestamptz) as ends_at,
        'expired_at' as source_field,
        cast(null as varchar) as note
    from owned
    where resource_type = 'dedibox_server' and json_extract_string(item, '$.expired_at') is not null

),

catalogue as (

    select
        lower(
            coalesce(
                json_extract_string(products.item, '$.properties.instance.offer_id'),
                json_extract_string(products.item, '$.properties.elastic_metal.offer_id'),
                json_extract_string(products.item, '$.properties.apple_silicon.server_type'),
                json_extract_string(products.item, '$.properties.dedibox.offer_id'),
                json_extract_string(products.item, '$.properties.load_balancer.node.offer_id'),
                json_extract_string(products.item, '$.product')
            )
        ) as offer,
        coalesce(
            json_extract_string(products.item, '$.locality.zone'),
            json_extract_string(products.item, '$.locality.region'),
            json_extract_string(products.item, '$.locality.datacenter')
        ) as place,
        unnest([
            {
                date_kind: 'end_of_growth',
                source_field: 'end_of_growth_at',
                ends_at: json_extract_string(products.item, '$.end_of_growth_at')
            },
            {
                date_kind: 'end_of_sale',
                source_field: 'end_of_sale_at',
                ends_at: json_extract_string(products.item, '$.end_of_sale_at')
            },
            {
                date_kind: 'end_of_life',
                source_field: 'end_of_life_at',
                ends_at: json_extract_string(products.item, '$.end_of_life_at')
            }
        ]) as told
    from bronze.products
    inner join silver.latest_answers on products.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'catalog.products'

),

given_up as (

    select
        offer,
        place,
        told.date_kind as date_kind,
        min(told.source_field) as source_field,
        min(try_cast(told.ends_at as timestamptz)) as ends_at
    from catalogue
    where told.ends_at is not null
    group by offer, place, told.date_kind

),

-- an offer is named by its type, by a pool in lower case with underscores, or by its id
offers_in_use as (

    select
        owned.resource_id,
        owned.resource_type,
        named.availability_zone,
        named.region_id,
        unnest(list_distinct([
            replace(lower(named.resource_class), '_', '-'), lower(json_extract_string(owned.item, '$.offer_id'))
        ])) as offer,
        coalesce(json_extract_string(owned.item, '$.offer_name'), named.resource_class) as subject
    from owned
    inner join named on owned.resource_id = named.resource_id
    where
        owned.resource_type in (
            'instance_server', 'baremetal_server', 'apple_silicon_server', 'dedibox_server', 'lb_lb', 'k8s_pool',
            'rdb_instance', 'redis_cluster', 'mongodb_instance', 'inference_deployment'
        )

),

offers as (

    select
        offers_in_use.resource_id,
        any_value(offers_in_use.resource_type) as resource_type,
        given_up.date_kind,
        any_value(offers_in_use.subject) as subject,
        min(given_up.ends_at) as ends_at,
        'catalogue.' || min(given_up.source_field) as source_field,
        cast(null as varchar) as note
    from offers_in_use
    inner join given_up
        on
            offers_in_use.offer = given_up.offer
            and (given_up.place is null or given_up.place in (offers_in_use.availability_zone, offers_in_use.region_id))
    group by offers_in_use.resource_id, given_up.date_kind

),

-- an Instance's own word that its type ends, where the catalogue names no date
ending_servers as (

    select
        owned.resource_id,
        owned.resource_type,
        'end_of_service' as date_kind,
        json_extract_string(owned.item, '$.commercial_type') as subject,
        cast(null as timestamptz) as ends_at,
        'end_of_service' as source_field,
        'Scaleway names no date' as note
    from owned
    left join offers on owned.resource_id = offers.resource_id and offers.date_kind = 'end_of_life'
    where
        owned.resource_type = 'instance_server'
        and json_extract_string(owned.item, '$.end_of_service') = 'true'
        and offers.resource_id is null

),

discounts as (

    select
        discount_id as resource_id,
        'discount' as resource_type,
        case when is_voucher then 'voucher_end' else 'contract_end' end as date_kind,
        coalesce(coupon, description) as subject,
        ends_at,
        'stop_date' as source_field,
        case when remaining_value = 0 and is_voucher then 'nothing is left of it' end as note
    from silver.vouchers
    where is_current and ends_at is not null

),

dates as (

    select * from clusters
    union all
    select * from macs
    union all
    select * from metal
    union all
    select * from expiries
    union all
    select * from offers
    union all
    select * from ending_servers
    union all
    select * from discounts

)

select
    dates.resource_id,
    dates.resource_type,
    coalesce(named.resource_name, dates.subject) as resource_name,
    named.project_id,
    dates.date_kind,
    coalesce(dates.subject, '') as subject,
    dates.ends_at,
    cast(dates.ends_at as date) as ends_on,
    dates.resource_type || '.' || dates.source_field as source_field,
    dates.note
from dates
left join named on dates.resource_id = named.resource_id
