-- Who answers for cost that nobody bears, as finops.toml says.
-- grain: unallocated_owner
-- partition: none
-- stored: view
select coalesce(max(unallocated_owner), 'finops') as unallocated_owner
from bronze.allocation_terms
