-- SKUs whose usage a Compute savings plan covers: Instances of the Development, General Purpose and Specialized ranges,
-- and none of the types its terms leave out (GPU types, COPARM1, START1, X64, POP2 with Windows, BASIC2-A).
-- grain: sku
-- partition: none
-- stored: view
select sku
from silver.skus
where
    regexp_matches(lower(sku), '^/compute/[^/]+/run')
    and not regexp_matches(
        lower(sku), '^/compute/(h100|l40s|l4[_/-]|b300|mi3|gpu|render|coparm1|start1|x64|pop2?[_-].*win|basic2[_-]a)'
    )
