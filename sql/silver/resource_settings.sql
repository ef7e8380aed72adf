-- What is set of block volumes and of what scales by itself, as the inventory showed it, and from when until when: a
-- row holds until the resource changed or went. A limit that is not set is null. memory_megabytes is in the product's
-- own unit: millions of bytes of containers and functions, MiB of jobs.
-- grain: resource_id, valid_from
-- partition: none
-- holds: valid_from until valid_to
with

told as (

    select
        resource_id,
        resource_type,
        resource_type in ('block_volume', 'instance_volume') as is_volume,
        item,
        valid_from,
        valid_to
    from silver.resource_periods
    where
        resource_type in (
            'block_volume', 'instance_volume',
            'containers_container', 'functions_function', 'serverless_jobs_job_definition', 'k8s_pool'
        )

)

select
    resource_id,
    resource_type,
    json_extract_string(item, '$.region') as region_id,
    json_extract_string(item, '$.zone') as availability_zone,
    case
        when is_volume then coalesce(json_extract_string(item, '$.type'), json_extract_string(item, '$.volume_type'))
    end as volume_class,
    try_cast(json_extract_string(item, '$.specs.perf_iops') as bigint) as operations_per_second,
    -- what a pool calls its size is a number of machines
    case when is_volume then try_cast(json_extract_string(item, '$.size') as bigint) end as size_bytes,
    coalesce(
        try_cast(json_extract_string(item, '$.mvcpu_limit') as decimal(18, 3)),
        try_cast(json_extract_string(item, '$.cpu_limit') as decimal(18, 3))
    ) as milli_vcpus,
    try_cast(json_extract_string(item, '$.memory_limit') as decimal(18, 3)) as memory_megabytes,
    try_cast(json_extract_string(item, '$.memory_limit_bytes') as decimal(18, 3)) as memory_limit_bytes,
    coalesce(
        try_cast(json_extract_string(item, '$.min_scale') as integer),
        try_cast(json_extract_string(item, '$.min_size') as integer)
    ) as min_scale,
    coalesce(
        try_cast(json_extract_string(item, '$.max_scale') as integer),
        try_cast(json_extract_string(item, '$.max_size') as integer)
    ) as max_scale,
    json_extract_string(item, '$.autoscaling') = 'true' as is_autoscaled,
    try_cast(
        regexp_replace(json_extract_string(item, '$.job_timeout'), 's$', '') as integer
    ) as timeout_seconds,
    valid_from,
    valid_to
from told
