-- The tags of registry images that exist, with the image and the namespace each is of, and when it was pushed first.
-- Scaleway tells no size of a tag and counts no pulls.
-- grain: tag_id
-- partition: none
-- stored: view
with

images as (

    select
        resource_id as image_id,
        json_extract_string(item, '$.namespace_id') as namespace_id,
        json_extract_string(item, '$.name') as image_name
    from silver.resource_periods
    where resource_type = 'registry_image' and valid_to is null

),

tags as (

    select
        resource_id as tag_id,
        json_extract_string(item, '$.image_id') as image_id,
        json_extract_string(item, '$.name') as tag_name,
        try_cast(json_extract_string(item, '$.created_at') as timestamptz) as created_at
    from silver.resource_periods
    where resource_type = 'registry_tag' and valid_to is null

)

select
    tags.tag_id,
    images.namespace_id,
    tags.image_id,
    images.image_name,
    tags.tag_name,
    tags.created_at
from tags
inner join images on tags.image_id = images.image_id
