-- What a copy costs that is made before something is deleted, as the price list says now, by the gigabyte and hour:
-- snapshots of block volumes and of local disks, and objects in Glacier. Local snapshots cost the same everywhere.
-- grain: copy_kind, place, billing_currency
-- partition: none
-- stored: view
select
    case
        when sku like '/storage/block/snapshot/%' then 'block_snapshot'
        when sku like '/storage/obj/storage/glacier/%' then 'glacier'
        else 'local_snapshot'
    end as copy_kind,
    case when sku = '/storage/snapshot/local_storage' then '' else split_part(sku, '/', -1) end as place,
    billing_currency,
    max(list_unit_price) as list_price_per_gb_hour
from silver.prices
where
    valid_to is null
    and regexp_matches(
        sku, '^/storage/(block/snapshot/[a-z0-9-]+|obj/storage/glacier/[a-z0-9-]+|snapshot/local_storage)$'
    )
group by all
