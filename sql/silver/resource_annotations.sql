-- Annotations bound to resources, by key and value; the resource is the last segment of the SRN that is bound.
-- grain: resource_id, annotation_key, valid_from
-- partition: none
select
    regexp_extract(json_extract_string(item, '$.srn'), '([^/]+)/*$', 1) as resource_id,
    json_extract_string(item, '$.key.name') as annotation_key,
    json_extract_string(item, '$.value.name') as annotation_value,
    valid_from,
    valid_to
from silver.resource_periods
where resource_type = 'annotations_binding'
-- one value per key and resource: the newest of a day
qualify row_number() over (
    partition by json_extract_string(item, '$.srn'), json_extract_string(item, '$.key.name'), valid_from
    order by is_current desc, last_seen_at desc, resource_id
) = 1
