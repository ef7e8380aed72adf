-- Whose untagged spend probably is: for each resource without an owner, and for a project's cost without a resource,
-- the owner of what it is linked to, else of the project, else of resources whose names begin alike, with the reason
-- and the share of the evidence in money. Below four fifths for one owner it is split: nobody is suggested then.
-- grain: billing_month, kind, item_id, project_id, billing_currency
-- partition: billing_month
with

items as (

    select
        billing_month,
        billing_currency,
        case when resource_id is null then 'project' else 'resource' end as kind,
        coalesce(resource_id, project_id) as item_id,
        project_id,
        max(project_name) as project_name,
        case when resource_id is not null then max(resource_name) end as resource_name,
        -- shop-web-1 and shop-db begin alike
        case
            when resource_id is not null
                then nullif(regexp_extract(lower(max(resource_name)), '^([a-z0-9]{3,})[-_.]', 1), '')
        end as name_prefix,
        owner,
        coalesce(sum(billed_cost), 0) as billed_cost
    from silver.labelled_costs
    where billing_currency is not null
    group by billing_month, billing_currency, resource_id, project_id, owner

),

unowned as (

    select *
    from items
    where owner is null

),

owned as (

    select *
    from items
    where owner is not null and kind = 'resource'

),

links as (

    -- an image or a network is used by strangers too
    select
        resource_id,
        linked_id,
        link_type
    from silver.resource_links
    where link_type in ('attached_to', 'part_of', 'taken_from', 'runs_on')

),

-- what it is linked to, and what is part of the same cluster or namespace
related as (

    select
        resource_id,
        linked_id as related_id
    from links
    union
    select
        linked_id as resource_id,
        resource_id as related_id
    from links
    union
    select
        links.resource_id,
        siblings.resource_id as related_id
    from links
    inner join links as siblings
        on
            links.linked_id = siblings.linked_id
            and links.resource_id <> siblings.resource_id
            and siblings.link_type = 'part_of'
    where
        links.link_type = 'part_of'
        -- a job has thousands of runs, and each is a sibling of all others
        and links.resource_id in (select unowned.item_id from unowned)
        and siblings.resource_id in (select owned.item_id from owned)

),

evidence as (

    select
        unowned.billing_month,
        unowned.billing_currency,
        unowned.kind,
        unowned.item_id,
        unowned.project_id,
        1 as strength,
        owned.owner,
        owned.item_id as witness_id,
        owned.billed_cost
    from unowned
    inner join related on unowned.item_id = related.resource_id and unowned.kind = 'resource'
    inner join owned
        on
            related.related_id = owned.item_id
            and unowned.billing_month = owned.billing_month
            and unowned.billing_currency = owned.billing_currency
    union all
    select
        unowned.billing_month,
        unowned.billing_currency,
        unowned.kind,
        unowned.item_id,
        unowned.project_id,
        2 as strength,
        owned.owner,
        owned.item_id as witness_id,
        owned.billed_cost
    from unowned
    inner join owned
        on
            unowned.project_id = owned.project_id
            and unowned.billing_month = owned.billing_month
            and unowned.billing_currency = owned.billing_currency
            and unowned.item_id <> owned.item_id
    union all
    select
        unowned.billing_month,
        unowned.billing_currency,
        unowned.kind,
        unowned.item_id,
        unowned.project_id,
        3 as strength,
        owned.owner,
        owned.item_id as witness_id,
        owned.billed_cost
    from unowned
    inner join owned
        on
            unowned.name_prefix = owned.name_prefix
            and unowned.billing_month = owned.billing_month
            and unowned.billing_currency = owned.billing_currency
            and unowned.item_id <> owned.item_id

),

by_owner as (

    select
        billing_month,
        billing_currency,
        kind,
        item_id,
        project_id,
        strength,
        owner,
        count(distinct witness_id) as witnesses,
        sum(greatest(billed_cost, 0)) as evidence_cost
    from evidence
    group by billing_month, billing_currency, kind, item_id, project_id, strength, owner

),

weighed as (

    select
        *,
        sum(witnesses) over same_evidence as all_witnesses,
        sum(evidence_cost) over same_evidence as all_evidence_cost,
        row_number() over (
            partition by billing_month, billing_currency, kind, item_id, project_id, strength
            order by evidence_cost desc, witnesses desc, owner
        ) as place
    from by_owner
    window
        same_evidence as (partition by billing_month, billing_currency, kind, item_id, project_id, strength)

),

foremost as (

    select
        *,
        evidence_cost >= cast(0.8 as decimal(38, 12)) * all_evidence_cost as is_clear
    from weighed
    where place = 1

),

-- the strongest evidence that is clear, else the strongest there is
chosen as (

    select *
    from foremost
    qualify
        row_number() over (
            partition by billing_month, billing_currency, kind, item_id, project_id
            order by not is_clear, strength
        ) = 1

)

select
    unowned.kind,
    unowned.item_id,
    unowned.resource_name,
    unowned.project_id,
    unowned.project_name,
    case when chosen.is_clear then chosen.owner end as suggested_owner,
    case
        when chosen.item_id is null
            then 'nothing linked, of the same project or named alike has an owner'
        else
            case
                when not chosen.is_clear then 'evidence is split: '
                when chosen.witnesses = chosen.all_witnesses then 'all '
                else ''
            end
            || case
                when chosen.is_clear and chosen.witnesses = chosen.all_witnesses then chosen.witnesses || ' '
                else chosen.witnesses || ' of ' || chosen.all_witnesses || ' '
            end
            || case chosen.strength
                when 1 then 'resources linked to it'
                when 2 then 'other resources of project ' || unowned.project_name
                else 'resources named ' || unowned.name_prefix || '-…'
            end
            || ' with an owner are ' || chosen.owner
    end as reason,
    case chosen.strength when 1 then 'link' when 2 then 'project' when 3 then 'name' end as evidence,
    cast(chosen.evidence_cost / nullif(chosen.all_evidence_cost, 0) as decimal(38, 12)) as evidence_share,
    unowned.billing_currency,
    cast(unowned.billed_cost as decimal(38, 12)) as billed_cost,
    unowned.billing_month
from unowned
left join chosen
    on
        unowned.billing_month = chosen.billing_month
        and unowned.billing_currency = chosen.billing_currency
        and unowned.kind = chosen.kind
        and unowned.item_id = chosen.item_id
        and unowned.project_id = chosen.project_id
