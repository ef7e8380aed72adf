-- Every type of Instance with GPUs that a zone sells: how many of which kind, the memory of one, and its list price of
-- 730 hours; availability is what the newest listing says of the type's stock where it says so.
-- grain: availability_zone, commercial_type
-- partition: none
with

kinds as (

    select
        json_extract_string(server_types.item, '$.commercial_type') as commercial_type,
        min(json_extract_string(server_types.item, '$.gpu_info.gpu_name')) as gpu_name,
        max(try_cast(json_extract_string(server_types.item, '$.gpu_info.gpu_memory') as bigint)) as gpu_memory_bytes
    from bronze.server_types
    inner join silver.latest_answers
        on server_types.answer_hash = latest_answers.answer_hash and server_types.source = latest_answers.source
    where server_types.source = 'instance.server_types'
    group by commercial_type

)

select
    offers.availability_zone,
    offers.offer_name as commercial_type,
    kinds.gpu_name,
    cast(offers.gpu_count as integer) as gpus,
    kinds.gpu_memory_bytes,
    offers.monthly_list_price,
    offers.billing_currency,
    offers.status,
    offers.stock,
    offers.is_end_of_service
from silver.offers
inner join kinds on offers.offer_name = kinds.commercial_type
where offers.resource_type = 'instance_server' and offers.gpu_count > 0
