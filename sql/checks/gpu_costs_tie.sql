-- What machines with GPUs cost in gold.gpu_costs is what the bill says of GPU Instances and inference deployments.
-- checks: gold.gpu_costs
-- severity: error
with

parts as (

    select
        billing_month,
        billing_currency,
        sum(billed_cost) as gpu_cost
    from gold.gpu_costs
    where part = 'machine' and sku not like '/elasticmetal/%'
    group by all

),

charged as (

    select
        billing_month,
        billing_currency,
        sum(billed_cost) as billed_cost
    from silver.labelled_costs
    where service_name in ('GPU Instances', 'Dedicated Inference')
    group by all

)

select
    charged.billing_month,
    charged.billing_currency,
    charged.billed_cost,
    parts.gpu_cost
from charged
left join parts
    on charged.billing_month = parts.billing_month and charged.billing_currency = parts.billing_currency
where charged.billed_cost is distinct from parts.gpu_cost and charged.billed_cost <> 0
