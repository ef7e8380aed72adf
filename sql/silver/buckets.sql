-- Buckets and how they are set up, as the dated snapshots show it: a row holds until the bucket changed or went.
-- What could not be read on a day is as it was read last, and null if it never was; tags_as_of dates the tags.
-- A snapshot equal to the last one is not stored: last_seen_at of what still exists is when its place last changed.
-- grain: bucket, valid_from
-- partition: none
with

snapshots as (

    select
        place,
        day,
        asked_at,
        reading_hash,
        lead(day) over (partition by place order by day) as next_day,
        row_number() over (partition by place order by day) as snapshot_number
    from silver.latest_measurements
    where source = 'storage.buckets' and reading_hash is not null

),

seen as (

    select
        snapshots.place,
        snapshots.day,
        snapshots.asked_at,
        snapshots.next_day,
        snapshots.snapshot_number,
        buckets.bucket,
        buckets.region_id,
        buckets.project_id,
        buckets.created_at,
        buckets.gaps,
        last_value(cast(to_json(buckets.tags) as varchar) ignore nulls) over until_then as tags,
        last_value(case when buckets.tags is not null then snapshots.day end ignore nulls) over until_then
            as tags_as_of,
        last_value(buckets.versioning ignore nulls) over until_then as versioning,
        last_value(buckets.lifecycle_rules ignore nulls) over until_then as lifecycle_rules
    from snapshots
    inner join bronze.storage_buckets as buckets on snapshots.reading_hash = buckets.reading_hash
    window until_then as (
        -- one made anew under its old name has nothing of the old one
        partition by snapshots.place, buckets.bucket, buckets.created_at
        order by snapshots.snapshot_number
        rows between unbounded preceding and current row
    )

),

changes as (

    select
        *,
        coalesce(
            snapshot_number = lag(snapshot_number) over bucket_history + 1
            and created_at is not distinct from lag(created_at) over bucket_history
            and tags is not distinct from lag(tags) over bucket_history
            and versioning is not distinct from lag(versioning) over bucket_history
            and lifecycle_rules is not distinct from lag(lifecycle_rules) over bucket_history,
            false
        ) as is_same
    from seen
    window bucket_history as (partition by place, bucket order by snapshot_number)

),

islands as (

    select
        *,
        count(*) filter (where not is_same) over (partition by place, bucket order by snapshot_number) as island
    from changes

),

periods as (

    select
        place,
        bucket,
        any_value(region_id) as region_id,
        any_value(project_id) as project_id,
        any_value(created_at) as created_at,
        any_value(tags) as tags,
        any_value(versioning) as versioning,
        any_value(lifecycle_rules) as lifecycle_rules,
        arg_max(gaps, snapshot_number) as gaps,
        min(day) as valid_from,
        -- the newest snapshot has no next one: what it shows still holds
        case when count(*) = count(next_day) then max(next_day) end as valid_to,
        count(*) > count(next_day) as is_current,
        max(tags_as_of) as tags_as_of,
        max(asked_at) as last_seen_at
    from islands
    group by place, bucket, island

)

select
    bucket,
    region_id,
    project_id,
    created_at,
    tags,
    versioning,
    lifecycle_rules,
    gaps,
    valid_from,
    valid_to,
    is_current,
    tags_as_of,
    last_seen_at
from periods
-- a name is one bucket; of two places that showed it on one day the one that still does is right
qualify row_number() over (
    partition by bucket, valid_from order by is_current desc, last_seen_at desc, place
) = 1
