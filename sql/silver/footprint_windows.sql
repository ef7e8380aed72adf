-- Spans of days Scaleway's footprint API has answered for; a span without any impact was answered too.
-- grain: window_start, window_end
-- partition: billing_month
-- stored: view
select
    cast(left(json_extract_string(parameters, '$.start_date'), 10) as date) as window_start,
    cast(left(json_extract_string(parameters, '$.end_date'), 10) as date) as window_end,
    max(asked_at) as asked_at,
    billing_month
from silver.latest_answers
where source = 'environmental_footprint.projects'
group by all
