-- Keys of tags and annotations that name a label, the lowest position first: those of finops.toml, else the usual ones.
-- grain: dimension, tag_key
-- partition: none
-- stored: view
with

usual as (

    select keys.*
    from (
        values
        ('owner', 1, 'owner'), ('owner', 2, 'team'), ('owner', 3, 'squad'),
        ('team', 1, 'team'), ('team', 2, 'squad'),
        ('environment', 1, 'env'), ('environment', 2, 'environment'), ('environment', 3, 'stage'),
        ('tenant', 1, 'tenant'), ('tenant', 2, 'customer'), ('tenant', 3, 'client'),
        ('product', 1, 'product'), ('product', 2, 'service'), ('product', 3, 'app'), ('product', 4, 'application')
    ) as keys (dimension, position, tag_key)

)

select
    dimension,
    position,
    tag_key
from bronze.allocation_label_keys
union all
select
    dimension,
    position,
    tag_key
from usual
where dimension not in (select configured.dimension from bronze.allocation_label_keys as configured)
