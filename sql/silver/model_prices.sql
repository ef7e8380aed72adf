-- What a million tokens of a model cost at Generative APIs, as the price list says now: prompt, answer and prompt that
-- a cache held, in realtime and in batches. The list names model, kind of token and mode of each SKU; where it does
-- not, the SKU's words tell. What is sold by the second or is not sold any more is left out.
-- grain: model, region_id, consumption_mode, token_type, billing_currency
-- partition: none
with

listed as (

    select
        json_extract_string(products.item, '$.sku') as sku,
        json_extract_string(products.item, '$.properties.generative_apis.token_type') as token_type,
        json_extract_string(products.item, '$.properties.generative_apis.consumption_mode') as consumption_mode
    from bronze.products
    inner join silver.latest_answers on products.answer_hash = latest_answers.answer_hash
    where latest_answers.source = 'catalog.products' and json_extract_string(products.item, '$.sku') like '/ai/gen%'

),

named as (

    select
        prices.sku,
        -- `…/<model>/input_token/<region>` of older lists, `…/consumption/<model>_input/<region>`
        coalesce(
            nullif(prices.product, ''),
            regexp_extract(
                prices.sku, '^/ai/generative_apis/(?:consumption/)?(.+?)(?:[/_](?:input|output)[^/]*)?/[^/]*$', 1
            )
        ) as model,
        coalesce(prices.region_id, split_part(prices.sku, '/', -1)) as region_id,
        prices.billing_currency,
        prices.list_unit_price,
        coalesce(listed.consumption_mode, case when prices.sku like '%batch%' then 'batch' else 'realtime' end)
            as consumption_mode,
        case
            when listed.token_type is not null then listed.token_type
            when prices.sku like '%cached%' then 'input_cached_token'
            when prices.sku like '%output%' then 'output_token'
            when prices.sku like '%input%' then 'input_token'
        end as token_type
    from silver.prices
    left join listed on prices.sku = listed.sku
    where
        prices.valid_to is null
        and prices.sku like '/ai/generative_apis/%'
        and prices.pricing_unit = 'token'
        and prices.list_unit_price is not null
        and coalesce(prices.status not in ('end_of_sale', 'end_of_life', 'retired'), true)

)

select
    model,
    region_id,
    consumption_mode,
    token_type,
    billing_currency,
    -- of several SKUs of one kind a newcomer pays the dearer one until told otherwise
    cast(max(list_unit_price) * 1000000 as decimal(38, 12)) as million_price
from named
where token_type in ('input_token', 'output_token', 'input_cached_token') and consumption_mode in ('realtime', 'batch')
group by model, region_id, consumption_mode, token_type, billing_currency
