-- Which metrics of the catalogue each data source holds, as found last in a month: present, present under another name,
-- or unknown, with the names that are missing there. Keys that begin with 'requests.' are what is counted by the day.
-- grain: usage_month, data_source_id, metric
-- partition: usage_month
with

readings as (

    select reading_hash
    from silver.latest_measurements
    where source = 'cockpit.findings' and reading_hash is not null

)

select
    findings.data_source_id,
    findings.project_id,
    findings.region as region_id,
    findings.metric,
    findings.day as found_on,
    findings.presence,
    findings.found_as,
    findings.missing_names,
    findings.candidates,
    findings.in_rules,
    findings.step_seconds,
    findings.usage_month
from bronze.metric_findings as findings
inner join readings on findings.reading_hash = readings.reading_hash
qualify row_number() over (
    partition by findings.usage_month, findings.data_source_id, findings.metric
    order by findings.day desc
) = 1
