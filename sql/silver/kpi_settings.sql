-- The settings key figures depend on: always one row, null where nothing was set.
-- grain: charges_are_net, idle_below
-- partition: none
-- stored: view
select
    bool_or(charges_are_net) as charges_are_net,
    max(idle_below) as idle_below
from bronze.kpi_settings
