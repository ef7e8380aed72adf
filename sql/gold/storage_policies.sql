-- How each bucket that exists is set up, and when its lifecycle rules or versioning last became other ones: changed_on
-- is the day of the first snapshot that showed it, previous_… what the snapshot before showed. A bucket that was never
-- seen otherwise has no change; neither has one that was made anew under its old name.
-- grain: resource_id
-- partition: none
with

compared as (

    select
        bucket,
        region_id,
        lifecycle_rules,
        versioning,
        valid_from,
        is_current,
        lag(lifecycle_rules) over bucket_history as previous_rules,
        lag(versioning) over bucket_history as previous_versioning,
        coalesce(
            created_at is not distinct from lag(created_at) over bucket_history
            and lag(valid_to) over bucket_history = valid_from
            and (
                lifecycle_rules is distinct from lag(lifecycle_rules) over bucket_history
                or versioning is distinct from lag(versioning) over bucket_history
            )
            -- what could not be read before is no change
            and lag(lifecycle_rules) over bucket_history is not null
            and lag(versioning) over bucket_history is not null,
            false
        ) as is_change
    from silver.buckets
    window bucket_history as (partition by bucket order by valid_from)

),

changes as (

    select *
    from compared
    where is_change
    qualify row_number() over (partition by bucket order by valid_from desc) = 1

)

select
    compared.bucket as resource_id,
    compared.region_id,
    compared.lifecycle_rules,
    compared.versioning,
    compared.valid_from as seen_since,
    changes.valid_from as changed_on,
    changes.previous_rules,
    changes.previous_versioning
from compared
left join changes on compared.bucket = changes.bucket
where compared.is_current
qualify row_number() over (partition by compared.bucket order by compared.valid_from desc) = 1
