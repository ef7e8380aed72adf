-- What each SKU's usage follows, and whether it can be stopped: what a change of traffic or hours would change.
-- An API call stops what runs on Instances; databases, load balancers and addresses cost until they are deleted.
-- grain: sku
-- partition: none
-- stored: view
select
    skus.sku,
    skus.service_name,
    skus.unit as pricing_unit,
    coalesce(behaviours.behaviour, 'usage') as behaviour,
    behaviours.behaviour = 'runtime' and skus.service_name in ('Instances', 'GPU Instances') as can_stop,
    case
        when coalesce(behaviours.behaviour, 'usage') <> 'usage' then null
        when skus.service_name = 'Serverless Jobs' then 'jobs'
        when skus.service_name = 'Cockpit' then 'telemetry'
        else 'requests'
    end as driver,
    -- where requests of this very service are counted
    case
        when coalesce(behaviours.behaviour, 'usage') <> 'usage' then null
        when skus.service_name = 'Generative APIs' then 'generative_apis'
        when skus.service_name = 'Serverless Containers' then 'serverless_container'
        when skus.service_name = 'Serverless Functions' then 'serverless_function'
    end as counted_service_type
from silver.skus
left join silver.billing_behaviours as behaviours on skus.sku = behaviours.sku
