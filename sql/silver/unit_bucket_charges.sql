-- What each bucket was charged for by day: capacity by storage class, and without a class egress and restores. Labels
-- are those of its charges, null where these differ.
-- grain: resource_id, project_id, storage_class, usage_date, billing_currency
-- partition: billing_month
-- stored: view
select
    resource_id,
    project_id,
    case when starts_with(sku, '/storage/obj/storage/') then split_part(sku, '/', 5) end as storage_class,
    charge_date as usage_date,
    billing_currency,
    min(sku) as sku,
    min(sku) = max(sku) as has_one_sku,
    case
        when min(nullif(environment, 'unknown')) = max(nullif(environment, 'unknown'))
            then min(nullif(environment, 'unknown'))
    end as environment,
    case when min(product) = max(product) then min(product) end as product,
    case when min(tenant) = max(tenant) then min(tenant) end as tenant,
    sum(billed_cost) as billed_cost,
    least(
        (max(epoch_us(charge_end)) - min(epoch_us(charge_start))) // 1000000, 86400
    ) as stored_seconds,
    billing_month
from silver.labelled_costs
where starts_with(sku, '/storage/obj/')
group by all
