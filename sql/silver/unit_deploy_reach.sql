-- From when until when a source tells of every deploy: what the CI hands over, from its first one to the end of the
-- month of its last; and the pushes of production images, a proxy, alike. The Audit Trail's days are those it was asked
-- for. The inventory tells of the last rollout between two readings only, and so of no whole day.
-- grain: source
-- partition: none
-- holds: known_from until known_until
select
    source,
    min(deploy_date) as known_from,
    cast(date_trunc('month', max(deploy_date)) + interval 1 month as date) as known_until
from silver.deploys
where source = 'ci' or (source = 'digest' and environment = 'prod')
group by source
