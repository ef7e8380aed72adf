-- Every size of machine that a zone offers, as its newest listing and the newest price list tell it: Instances and
-- Elastic Metal, with what each can hold, its list price of 730 hours, and how much longer it is sold. A number the
-- listing does not give is null, never zero. An Elastic Metal offer is listed once by the hour and once by the month.
-- has_dedicated_vcpus is by range, as Scaleway documents them (choosing between shared or dedicated vCPUs), null for a
-- range not known; block_gb_price is what a GB of network storage costs in the zone for 730 hours.
-- grain: resource_type, availability_zone, offer_id
-- partition: none
with

listings as (

    select
        answer_hash,
        source
    from silver.latest_answers
    where source in ('instance.server_types', 'baremetal.offers')

),

instances as (

    select
        regexp_extract(types.path, '/zones/([^/]+)/', 1) as availability_zone,
        json_transform(
            types.item,
            '{
                "commercial_type": "VARCHAR", "arch": "VARCHAR", "ncpus": "BIGINT", "ram": "BIGINT", "gpu": "BIGINT",
                "hourly_price": "VARCHAR", "end_of_service": "BOOLEAN", "block_bandwidth": "BIGINT",
                "network": {"sum_internal_bandwidth": "BIGINT", "sum_internet_bandwidth": "BIGINT"},
                "volumes_constraint": {"min_size": "BIGINT", "max_size": "BIGINT"}
            }'
        ) as offer
    from bronze.server_types as types
    inner join listings on types.answer_hash = listings.answer_hash and types.source = listings.source
    where types.source = 'instance.server_types'

),

metal as (

    select
        regexp_extract(types.path, '/zones/([^/]+)/', 1) as availability_zone,
        json_transform(
            types.item,
            '{
                "id": "VARCHAR", "name": "VARCHAR", "enable": "BOOLEAN", "stock": "VARCHAR", "bandwidth": "BIGINT",
                "subscription_period": "VARCHAR", "monthly_offer_id": "VARCHAR",
                "cpus": [{"core_count": "BIGINT", "thread_count": "BIGINT"}],
                "memories": [{"capacity": "BIGINT"}],
                "disks": [{"capacity": "BIGINT", "type": "VARCHAR"}],
                "gpus": [{"name": "VARCHAR"}],
                "price_per_hour": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "price_per_month": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"},
                "fee": {"currency_code": "VARCHAR", "units": "BIGINT", "nanos": "BIGINT"}
            }'
        ) as offer
    from bronze.server_types as types
    inner join listings on types.answer_hash = listings.answer_hash and types.source = listings.source
    where types.source = 'baremetal.offers'

),

products as (

    select
        json_transform(
            products.item,
            '{
                "locality": {"zone": "VARCHAR"}, "status": "VARCHAR", "end_of_growth_at": "VARCHAR",
                "end_of_sale_at": "VARCHAR", "end_of_life_at": "VARCHAR",
                "price": {"retail_price": {"currency_code": "VARCHAR"}},
                "properties": {
                    "instance": {
                        "offer_id": "VARCHAR", "range": "VARCHAR", "recommended_replacement_offer_ids": ["VARCHAR"]
                    }
                }
            }'
        ) as product
    from bronze.products
    inner join silver.latest_answers as answers on products.answer_hash = answers.answer_hash
    where answers.source = 'catalog.products'

),

catalogue as (

    select
        product.locality.zone as availability_zone,
        product.properties.instance.offer_id as offer_id,
        max(product.status) as status,
        max(nullif(product.properties.instance.range, '')) as offer_range,
        max(product.properties.instance.recommended_replacement_offer_ids) as replacement_ids,
        max(product.price.retail_price.currency_code) as billing_currency,
        cast(max(try_cast(product.end_of_growth_at as timestamptz)) as date) as end_of_growth_on,
        cast(max(try_cast(product.end_of_sale_at as timestamptz)) as date) as end_of_sale_on,
        cast(max(try_cast(product.end_of_life_at as timestamptz)) as date) as end_of_life_on
    from products
    where product.properties.instance.offer_id is not null
    group by all

),

block_storage as (

    select
        availability_zone,
        min(list_unit_price) * 730 as block_gb_price
    from silver.prices
    where valid_to is null and regexp_matches(sku, '^/storage/block/volume-low-latency-') and pricing_unit = 'gigabyte'
    group by all

),

-- the listing of Instances says no currency; the price list does, and Scaleway lists them in euros
priced_instances as (

    select
        instances.availability_zone,
        instances.offer,
        block_storage.block_gb_price,
        catalogue.status,
        catalogue.offer_range,
        catalogue.replacement_ids,
        coalesce(catalogue.billing_currency, 'EUR') as billing_currency,
        catalogue.end_of_growth_on,
        catalogue.end_of_sale_on,
        catalogue.end_of_life_on,
        try_cast(instances.offer.hourly_price as decimal(18, 9)) as hourly_price
    from instances
    left join catalogue
        on
            instances.availability_zone = catalogue.availability_zone
            and instances.offer.commercial_type = catalogue.offer_id
    left join block_storage on instances.availability_zone = block_storage.availability_zone

),

priced_metal as (

    select
        availability_zone,
        offer,
        coalesce(offer.price_per_hour, offer.price_per_month) as price,
        coalesce(
            nullif(offer.subscription_period, ''),
            case when offer.price_per_hour is null then 'monthly' else 'hourly' end
        ) as subscription_period
    from metal

)

select
    'instance_server' as resource_type,
    availability_zone,
    offer.commercial_type as offer_id,
    offer.commercial_type as offer_name,
    'hourly' as subscription_period,
    cast(null as varchar) as monthly_offer_id,
    offer.ncpus as vcpus,
    case
        when regexp_matches(offer.commercial_type, '^(POP2|ENT1|STANDARD[0-9]+|COMPUTE[0-9]+|MEMORY[0-9]+)-') then true
        when
            regexp_matches(offer.commercial_type, '^(STARDUST1|DEV1|PLAY2|PRO2|GP1|COPARM1|AMP2|BASIC[0-9]+)-')
            then false
    end as has_dedicated_vcpus,
    offer.ram as memory_bytes,
    offer.arch as architecture,
    coalesce(offer.gpu, 0) as gpu_count,
    -- 0 is written where a limit is not known
    nullif(offer.network.sum_internal_bandwidth, 0) as network_bits_per_second,
    nullif(offer.network.sum_internet_bandwidth, 0) as internet_bits_per_second,
    nullif(offer.block_bandwidth, 0) as block_bytes_per_second,
    coalesce(offer.volumes_constraint.max_size, 0) as local_storage_bytes,
    cast(hourly_price * 730 as decimal(38, 12)) as monthly_list_price,
    cast(null as decimal(38, 12)) as commitment_fee_price,
    cast(block_gb_price as decimal(38, 12)) as block_gb_price,
    billing_currency,
    offer_range,
    status,
    cast(null as varchar) as stock,
    coalesce(offer.end_of_service, false) as is_end_of_service,
    end_of_growth_on,
    end_of_sale_on,
    end_of_life_on,
    coalesce(replacement_ids, cast([] as varchar[])) as replacement_ids
from priced_instances
where offer.commercial_type is not null
qualify
    row_number() over (partition by availability_zone, offer.commercial_type order by hourly_price) = 1
union all
select
    'baremetal_server' as resource_type,
    availability_zone,
    offer.id as offer_id,
    offer.name as offer_name,
    subscription_period,
    offer.monthly_offer_id,
    cast(list_sum([coalesce(cpu.thread_count, cpu.core_count) for cpu in offer.cpus]) as bigint) as vcpus,
    true as has_dedicated_vcpus,
    cast(list_sum([memory.capacity for memory in offer.memories]) as bigint) as memory_bytes,
    'x86_64' as architecture,
    len(coalesce(offer.gpus, [])) as gpu_count,
    nullif(offer.bandwidth, 0) as network_bits_per_second,
    nullif(offer.bandwidth, 0) as internet_bits_per_second,
    cast(null as bigint) as block_bytes_per_second,
    cast(list_sum([disk.capacity for disk in offer.disks]) as bigint) as local_storage_bytes,
    cast(
        (coalesce(price.units, 0) + coalesce(price.nanos, 0) * cast(0.000000001 as decimal(10, 9)))
        * case when subscription_period = 'hourly' then 730 else 1 end
        as decimal(38, 12)
    ) as monthly_list_price,
    cast(
        coalesce(offer.fee.units, 0) + coalesce(offer.fee.nanos, 0) * cast(0.000000001 as decimal(10, 9))
        as decimal(38, 12)
    ) as commitment_fee_price,
    cast(null as decimal(38, 12)) as block_gb_price,
    price.currency_code as billing_currency,
    cast(null as varchar) as offer_range,
    case when coalesce(offer.enable, true) then 'general_availability' else 'end_of_sale' end as status,
    offer.stock,
    false as is_end_of_service,
    cast(null as date) as end_of_growth_on,
    cast(null as date) as end_of_sale_on,
    cast(null as date) as end_of_life_on,
    cast([] as varchar[]) as replacement_ids
from priced_metal
where offer.id is not null and price is not null
qualify row_number() over (partition by availability_zone, offer.id order by offer.name) = 1
