-- Production deploys by day and service, by what became of them. is_proxy: a push stands for a deploy; is_partial: the
-- inventory alone tells of one, which shows the last rollout between two readings only.
-- grain: deploy_date, service
-- partition: billing_month
-- stored: view
select
    deploy_date,
    service,
    count(distinct deploy_key) filter (where status = 'successful') as successful,
    count(*) filter (where status = 'failed') as failed,
    count(*) filter (where status = 'rolled_back') as rolled_back,
    bool_or(is_proxy) as is_proxy,
    bool_or(coalesce(told_by = 'inventory', false)) as is_partial,
    string_agg(distinct source, ', ' order by source) as source,
    strftime(deploy_date, '%Y-%m') as billing_month
from silver.deploys
where environment = 'prod'
group by deploy_date, service
