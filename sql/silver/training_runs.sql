-- Runs that trained a model, as imported: how long, on which machines, how many epochs were completed, how it ended.
-- grain: source, run_id
-- partition: none
-- stored: view
select
    source,
    run as run_id,
    arg_max(model, ended_at) as model,
    -- told in several lines, a run is as long as all of them and ended as the last one
    list_sort(list_distinct(flatten(list(resource_ids)))) as resource_ids,
    min(started_at) as started_at,
    max(ended_at) as ended_at,
    cast(
        cast(epoch_us(max(ended_at)) - epoch_us(min(started_at)) as decimal(18, 0)) * 0.000001 as decimal(38, 6)
    ) as duration_seconds,
    cast(sum(epochs) as bigint) as completed_epochs,
    arg_max(status, row(ended_at, line_number)) as status,
    strftime(max(ended_at), '%Y-%m') as billing_month,
    count(*) as imported_lines
from silver.imported_facts
where kind = 'training'
group by source, run
