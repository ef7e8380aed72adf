-- Behind an unusual cost: the charges of its scope on its days, as far as they are judged.
-- grain: anomaly_id
-- figure: actual
select
    costs.charge_date,
    costs.project_name,
    costs.sku,
    costs.resource_name,
    costs.billing_currency,
    costs.billed_cost as amount,
    'charge' as evidence,
    costs.charge_key as evidence_key,
    costs.answer_hash
from chosen
inner join silver.labelled_costs as costs
    on
        chosen.subject = 'cost'
        and chosen.kind <> 'missing_days'
        and chosen.unit = costs.billing_currency
        and costs.charge_date between chosen.first_day and chosen.last_day
        and case chosen.level
            when 'organization' then true
            when 'project' then chosen.project_id = costs.project_id
            when 'region' then chosen.project_id = costs.project_id and chosen.region = costs.region_id
            when 'service' then chosen.project_id = costs.project_id and chosen.service_name = costs.service_name
            when 'sku'
                then
                    chosen.project_id = costs.project_id
                    and chosen.service_name = costs.service_name
                    and chosen.sku = costs.sku
            when 'resource'
                then
                    chosen.project_id = costs.project_id
                    and chosen.service_name = costs.service_name
                    and chosen.resource_id = costs.resource_id
            when 'label'
                then chosen.label_value = case chosen.label_key
                    when 'team' then costs.team
                    when 'environment' then costs.environment
                    when 'product' then costs.product
                end
        end
left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku
where coalesce(behaviours.behaviour, 'usage') not in ('fixed', 'credits')
