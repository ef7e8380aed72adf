-- What unit costs need to be told: which cost is that of the CI, whose counts are taken first, the margin aimed at.
-- Always one row, null where nothing was set.
-- grain: settings_row
-- partition: none
-- stored: view
select
    1 as settings_row,
    any_value(target_margin) as target_margin,
    any_value(ci_products) as ci_products,
    any_value(ci_pools) as ci_pools,
    any_value(ephemeral_environments) as ephemeral_environments,
    any_value(first_entry_sources) as first_entry_sources
from bronze.unit_settings
