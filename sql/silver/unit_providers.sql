-- Whose bill an imported account is on: the providers of its lines, by month; the sub account counts as the project.
-- grain: billing_month, project_id
-- partition: billing_month
select
    coalesce(sub_account_id, billing_account_id) as project_id,
    string_agg(distinct provider_name, ', ' order by provider_name) as providers,
    billing_month
from bronze.focus_lines
group by all
