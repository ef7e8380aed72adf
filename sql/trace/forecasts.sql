-- Behind a forecast: the charges of the part of its period that was known on that day.
-- grain: made_on, level, project_id, project_name, service_name, behaviour, known_change, billing_currency, period
-- figure: known_cost
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
from silver.labelled_costs as costs
left join silver.billing_behaviours as behaviours on costs.sku = behaviours.sku
inner join chosen
    on
        costs.billing_currency = chosen.billing_currency
        and costs.charge_date >= chosen.period_start
        and costs.charge_date < least(chosen.known_until, chosen.period_end)
        and case chosen.level
            when 'organization' then true
            when 'project' then costs.project_id = chosen.project_id
            when 'project_service'
                then costs.project_id = chosen.project_id and costs.service_name = chosen.service_name
            when 'behaviour' then coalesce(behaviours.behaviour, 'usage') = chosen.behaviour
        end
