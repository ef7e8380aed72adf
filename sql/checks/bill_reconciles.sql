-- Differences between charges and an issued bill that nothing explains.
-- checks: gold.reconciliation
-- severity: warn
select *
from gold.reconciliation
where is_alarm
