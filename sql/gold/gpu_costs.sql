-- What machines with GPUs cost by day, as billed: the machine, its volumes and its addresses, each SKU by itself, hours
-- without work included. part tells them apart; a volume or address counts with the machine it is attached to on the
-- day, and goes on being charged while that is stopped. The parts called machine add up to what the services
-- GPU Instances and Dedicated Inference charge; charges that name no machine have rows without one.
-- gpus are as of the day, or of the day nearest to it that the inventory knows. So is what is attached: before the
-- inventory first saw a volume or an address, it is taken to be where it was seen first, from when that was created.
-- grain: charge_date, resource_id, part, sku, billing_currency
-- partition: billing_month
with

charges as (

    select
        costs.charge_key,
        costs.charge_date,
        costs.resource_id,
        costs.resource_name,
        costs.resource_type,
        costs.project_id,
        costs.project_name,
        costs.environment,
        costs.owner,
        costs.team,
        costs.region_id,
        costs.availability_zone,
        costs.service_name,
        costs.sku,
        costs.billed_cost,
        costs.billing_currency,
        costs.billing_month
    from silver.labelled_costs as costs

),

machine_ids as (

    select
        resource_id,
        cast(min(created_at) as date) as created_on
    from silver.gpu_machines
    group by resource_id

),

links as (

    select
        links.resource_id,
        links.linked_id,
        links.valid_from,
        links.valid_to,
        machine_ids.created_on
    from silver.resource_links as links
    inner join machine_ids on links.linked_id = machine_ids.resource_id
    where links.link_type = 'attached_to'

),

-- also where the inventory knows a volume or an address before it was attached to anything
first_seen as (

    select
        resource_id,
        min(valid_from) as seen_on
    from silver.resources
    where resource_id in (select links.resource_id from links)
    group by resource_id

),

attached as (

    select
        links.resource_id,
        links.linked_id,
        links.valid_from,
        case
            when links.valid_from > coalesce(first_seen.seen_on, links.valid_from) then links.valid_from
            else least(links.valid_from, coalesce(links.created_on, date '0001-01-01'))
        end as attached_from,
        coalesce(links.valid_to, date '9999-12-31') as valid_to
    from links
    left join first_seen on links.resource_id = first_seen.resource_id

),

parts as (

    select
        charges.*,
        coalesce(machine_ids.resource_id, attached.linked_id) as machine_id,
        case
            when charges.service_name in ('GPU Instances', 'Dedicated Inference') then 'machine'
            when machine_ids.resource_id is not null and charges.sku like '/elasticmetal/%' then 'machine'
            when charges.resource_type like '%volume%' then 'volume'
            when charges.resource_type like '%ip%' then 'address'
            else 'other'
        end as part,
        -- of several machines it was attached to on one day, the one that has it now
        row_number() over (
            partition by charges.charge_key
            order by attached.valid_from desc, attached.linked_id
        ) as choice
    from charges
    left join machine_ids on charges.resource_id = machine_ids.resource_id
    left join attached
        on
            charges.resource_id = attached.resource_id
            and charges.charge_date >= attached.attached_from
            and charges.charge_date < attached.valid_to
    where
        charges.service_name in ('GPU Instances', 'Dedicated Inference')
        or machine_ids.resource_id is not null
        or attached.linked_id is not null

),

summed as (

    select
        charge_date,
        machine_id as resource_id,
        part,
        sku,
        billing_currency,
        billing_month,
        coalesce(sum(billed_cost), 0) as billed_cost,
        count(*) as charges
    from parts
    where choice = 1
    group by all

),

-- labels of the machine stand for what is attached to it
labels as (

    select
        machine_id as resource_id,
        charge_date,
        billing_currency,
        arg_min(resource_name, row(part <> 'machine', sku, project_id)) as resource_name,
        arg_min(project_id, row(part <> 'machine', sku, project_id)) as project_id,
        arg_min(project_name, row(part <> 'machine', sku, project_id)) as project_name,
        arg_min(environment, row(part <> 'machine', sku, project_id)) as environment,
        arg_min(owner, row(part <> 'machine', sku, project_id)) as owner,
        arg_min(team, row(part <> 'machine', sku, project_id)) as team,
        arg_min(region_id, row(part <> 'machine', sku, project_id)) as region_id,
        arg_min(availability_zone, row(part <> 'machine', sku, project_id)) as availability_zone
    from parts
    where choice = 1
    group by all

),

charged_days as (

    select distinct
        resource_id,
        charge_date
    from labels

),

dated as (

    select
        labels.resource_id,
        labels.charge_date,
        machines.* exclude (resource_id)
    from charged_days as labels
    inner join silver.gpu_machines as machines on labels.resource_id = machines.resource_id
    qualify row_number() over (
        partition by labels.resource_id, labels.charge_date
        order by
            case
                when labels.charge_date < machines.valid_from
                    then date_diff('day', labels.charge_date, machines.valid_from)
                when labels.charge_date >= machines.valid_to
                    then date_diff('day', machines.valid_to, labels.charge_date) + 1
                else 0
            end,
            machines.valid_from desc
    ) = 1

)

select
    summed.charge_date,
    summed.resource_id,
    coalesce(dated.resource_name, labels.resource_name) as resource_name,
    dated.resource_type,
    dated.pool_id,
    labels.project_id,
    labels.project_name,
    labels.environment,
    labels.owner,
    labels.team,
    labels.region_id,
    labels.availability_zone,
    dated.commercial_type,
    dated.gpu_name,
    dated.gpus,
    dated.gpu_memory_bytes,
    dated.model_name,
    summed.part,
    summed.sku,
    summed.billed_cost,
    summed.charges,
    summed.billing_currency,
    summed.billing_month
from summed
left join labels
    on
        summed.resource_id = labels.resource_id
        and summed.charge_date = labels.charge_date
        and summed.billing_currency = labels.billing_currency
left join dated
    on summed.resource_id = dated.resource_id and summed.charge_date = dated.charge_date
