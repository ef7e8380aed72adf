-- Cost and usage in FOCUS's words: Scaleway's charges beside imported bills of others, currencies side by side.
-- A charge has no quantity: it is the charge divided by the list price of its day, to six digits; without a price it
-- is one unit at the charge's price, and x_QuantitySource says so. An unpriced charge is billed 0.
-- grain: provider_name, source_file, line_number, x_columns
-- partition: billing_month
-- stored: view
with

charges as (

    select
        costs.*,
        organizations.organization_name,
        cast(coalesce(costs.billed_cost, 0) as decimal(38, 18)) as cost,
        case
            when costs.billed_cost < 0 or costs.sku like '/offer/deducted/%' then 'Credit'
            when costs.sku like '/subscription/%' or costs.sku like '/billing/%' then 'Purchase'
            else 'Usage'
        end as charge_category,
        cast(nullif(prices.list_unit_price, 0) as decimal(38, 12)) as unit_price,
        prices.pricing_unit
    from silver.labelled_costs as costs
    left join silver.organizations on costs.organization_id = organizations.organization_id
    left join silver.prices
        on
            costs.sku = prices.sku
            and costs.billing_currency = prices.billing_currency
            and costs.charge_date >= prices.valid_from
            and costs.charge_date < coalesce(prices.valid_to, date '9999-12-31')

),

measured as (

    select
        *,
        charge_category <> 'Credit' as is_priced,
        unit_price is not null and charge_category <> 'Credit' as has_list_price,
        cast(cost / unit_price as decimal(24, 6)) as listed_quantity
    from charges

),

scaleway as (

    select
        null as source_file,
        null as source_hash,
        null as line_number,
        null as focus_version,
        availability_zone,
        cost as billed_cost,
        organization_id as billing_account_id,
        coalesce(organization_name, organization_id) as billing_account_name,
        'Organization' as billing_account_type,
        billing_currency,
        cast(cast(billing_month || '-01' as date) + interval 1 month as timestamptz) as billing_period_end,
        cast(cast(billing_month || '-01' as date) as timestamptz) as billing_period_start,
        charge_category,
        regexp_replace(strip_accents(charge_description), '[^ -~]', '', 'g') as charge_description,
        case charge_category
            when 'Usage' then 'Usage-Based' when 'Purchase' then 'Recurring' else 'One-Time'
        end as charge_frequency,
        charge_end as charge_period_end,
        charge_start as charge_period_start,
        case
            when charge_category = 'Usage' and has_list_price then cast(listed_quantity as decimal(38, 18)) when
                charge_category = 'Usage' then 1
        end as consumed_quantity,
        case
            when charge_category <> 'Usage' then null
            when not has_list_price then 'Units'
            else coalesce(units.focus_unit, 'Units')
        end as consumed_unit,
        cost as contracted_cost,
        cost as effective_cost,
        'Scaleway' as host_provider_name,
        invoice_id,
        'Scaleway' as invoice_issuer_name,
        case
            when has_list_price then cast(cast(unit_price as decimal(20, 12)) * listed_quantity as decimal(38, 18))
            else cost
        end as list_cost,
        case when has_list_price then cast(unit_price as decimal(38, 18)) when is_priced then cost end
            as list_unit_price,
        case when is_priced then 'Standard' end as pricing_category,
        case when has_list_price then cast(listed_quantity as decimal(38, 18)) when is_priced then 1 end
            as pricing_quantity,
        case
            when not is_priced then null
            when not has_list_price then 'Units'
            else coalesce(units.focus_unit, 'Units')
        end as pricing_unit,
        'Scaleway' as provider_name,
        'Scaleway' as publisher_name,
        nullif(region_id, 'unknown') as region_id,
        case region_id
            when 'fr-par' then 'Paris' when 'nl-ams' then 'Amsterdam' when 'pl-waw' then 'Warsaw'
            when 'it-mil' then 'Milan' when 'unknown' then null else region_id
        end as region_name,
        resource_id,
        case when resource_id is not null then resource_name end as resource_name,
        case when resource_id is not null then coalesce(resource_type, split_part(sku, '/', 2)) end as resource_type,
        service_category,
        service_name,
        'Scaleway' as service_provider_name,
        service_subcategory,
        sku as sku_id,
        service_name as sku_meter,
        -- from 1.3 on a SKU price has a list unit price, which a credit has not
        case when is_priced then sku end as sku_price_id,
        project_id as sub_account_id,
        project_name as sub_account_name,
        'Project' as sub_account_type,
        tags_json as tags,
        cast(
            json_object(
                'x_ChargeKey', charge_key,
                'x_QuantitySource', case when has_list_price then 'list price' when is_priced then 'one unit' end,
                'x_TagsAsOf', tags_as_of
            ) as varchar
        ) as x_columns,
        billing_month
    from measured
    left join silver.pricing_units as units on measured.pricing_unit = units.unit

)

select * from bronze.focus_lines
union all by name
select * from scaleway
