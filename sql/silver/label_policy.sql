-- What labels and names the policy demands of which product types, the first policy of a type first. Where finops.toml
-- demands no labels at all, an owner and an environment are. Types are null for every type; a name's demand is a
-- regular expression.
-- grain: kind, position, demand
-- partition: none
-- stored: view
with

general as (

    select kind
    from bronze.allocation_policy
    where types is null

)

select
    kind,
    position,
    types,
    demand
from bronze.allocation_policy
union all
select
    'label' as kind,
    1000000 as position,
    cast(null as varchar[]) as types,
    usual.demand
from (values ('owner'), ('environment')) as usual (demand)
where 'label' not in (select own.kind from general as own)
