-- Behind a day of an unusual cost, or of the weeks around it: the charges of its scope on that day.
-- grain: anomaly_id, day
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
inner join gold.anomalies as anomalies on chosen.anomaly_id = anomalies.anomaly_id
inner join silver.labelled_costs as costs
    on
        anomalies.subject = 'cost'
        and anomalies.unit = costs.billing_currency
        and chosen.day = costs.charge_date
        and case anomalies.level
            when 'organization' then true
            when 'project' then anomalies.project_id = costs.project_id
            when 'region' then anomalies.project_id = costs.project_id and anomalies.region = costs.region_id
            when 'service'
                then anomalies.project_id = costs.project_id and anomalies.service_name = costs.service_name
            when 'sku'
                then
                    anomalies.project_id = costs.project_id
                    and anomalies.service_name = costs.service_name
                    and anomalies.sku = costs.sku
            when 'resource'
                then
                    anomalies.project_id = costs.project_id
                    and anomalies.service_name = costs.service_name
                    and anomalies.resource_id = costs.resource_id
            when 'label'
                then anomalies.label_value = case anomalies.label_key
                    when 'team' then costs.team
                    when 'environment' then costs.environment
                    when 'product' then costs.product
                end
        end
left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku
where coalesce(behaviours.behaviour, 'usage') not in ('fixed', 'credits')
