-- How each SKU is billed: fixed (so much a month, used or not), runtime (while it runs), capacity (what is reserved or
-- stored), usage (what is consumed) or credits (what lowers the bill). What its path says holds, else its unit of
-- pricing; the reason tells which.
-- grain: sku
-- partition: none
with

rules as (

    select families.*
    from (
        values
        (1, '^/offer/|free-tier|^/billing/(discount|credit|voucher)', 'credits', 'free tiers and credits'),
        (2, '^/subscription/|^/billing/|^/dedibox/|/monthly(/|$)', 'fixed', 'plans, contracts and monthly servers'),
        (3, '/plan(/|$)', 'fixed', 'plans'),
        (4, 'bandwidth|/traffic|/egress', 'usage', 'traffic'),
        (5, '^/observability/|_token(/|$)|^/ai/generative|/requests?(/|$)', 'usage', 'what is sent or asked'),
        (6, '^/paas/serverless_sqldb/.*storage', 'capacity', 'stored data'),
        (7, '^/paas/', 'usage', 'serverless: what is consumed'),
        (8, '^/storage/(rdb|redis|mgdb)/(node|instance|main-node|additional-node)', 'runtime', 'database nodes'),
        (9, '^/storage/redis/', 'runtime', 'database nodes'),
        (10, '^/(storage|file|tools/registry)/|snapshot|/volume', 'capacity', 'stored data and volumes'),
        (11, '^/(compute|baremetal|elastic-metal|apple-silicon|k8s|network|ip|ipv6|ai)/', 'runtime', 'what runs')
    ) as families (rule_number, sku_pattern, behaviour, rule)

),

matched as (

    select
        skus.sku,
        arg_min(rules.behaviour, rules.rule_number) as behaviour,
        arg_min(rules.rule, rules.rule_number) as rule
    from silver.skus
    inner join rules on regexp_matches(lower(skus.sku), rules.sku_pattern)
    group by skus.sku

)

select
    skus.sku,
    case
        when matched.behaviour is not null then matched.behaviour
        when regexp_matches(lower(skus.unit), 'month|year') and not regexp_matches(lower(skus.unit), 'byte|gb')
            then 'fixed'
        when regexp_matches(lower(skus.unit), '(byte|gb|gib).*(hour|month)') then 'capacity'
        when regexp_matches(lower(skus.unit), 'hour|minute|day') then 'runtime'
        else 'usage'
    end as behaviour,
    case
        when matched.rule is not null then 'path: ' || matched.rule
        when skus.unit is not null then 'no rule knows its path; unit: ' || skus.unit
        else 'no rule knows its path, and it has no unit'
    end as reason
from silver.skus
left join matched on skus.sku = matched.sku
