-- From list price to the taxed invoice, step by step; amounts between two subtotals lead from one to the next.
-- The headline's basis is the consumption before vouchers and tax. Where its lines are net of a savings plan or
-- contract, the step of the list price has what was taken off them and the step after it takes it off again.
-- grain: billing_month, step_number, billing_currency
-- partition: billing_month
with

lines as (

    -- a line stands in one step only
    select
        billing_month,
        billing_currency,
        consumed_cost,
        case
            when sku like '/offer/%' or sku like '%/free-tier/%' then 'free tier'
            when category_name = 'Contracts' or sku like '/billing/%' then 'contract'
            else 'list'
        end as step
    from silver.consumptions

),

consumed as (

    select
        billing_month,
        billing_currency,
        coalesce(sum(consumed_cost) filter (where step = 'list'), 0) as list_cost,
        coalesce(sum(consumed_cost) filter (where step = 'free tier'), 0) as free_tier,
        coalesce(sum(consumed_cost) filter (where step = 'contract'), 0) as contract,
        sum(consumed_cost) as consumed_cost
    from lines
    group by all

),

invoiced as (

    select
        billing_month,
        billing_currency,
        sum(undiscounted_cost) as undiscounted_cost,
        sum(discount) as discount,
        sum(untaxed_cost) as untaxed_cost,
        sum(tax) as tax,
        sum(taxed_cost) as taxed_cost
    from silver.invoices
    where invoice_type = 'periodic' and invoice_state not in ('draft', 'voided')
    group by all

),

-- what prices agreed on took off the lines themselves, where that is verified and more than rounding
agreed as (

    select
        billing_month,
        billing_currency,
        cast(round(denominator - charged_cost, 2) as decimal(38, 12)) as taken_off
    from gold.effective_savings_rate
    where
        reason is null
        and denominator > charged_cost
        and (committed_cost > 0 or denominator - charged_cost > denominator * cast(0.01 as decimal(4, 2)))

),

joined as (

    select
        consumed.* exclude (list_cost, contract),
        cast(consumed.list_cost + coalesce(agreed.taken_off, 0) as decimal(38, 12)) as list_cost,
        cast(consumed.contract - coalesce(agreed.taken_off, 0) as decimal(38, 12)) as contract,
        invoiced.discount,
        invoiced.untaxed_cost,
        invoiced.tax,
        invoiced.taxed_cost,
        invoiced.undiscounted_cost - consumed.consumed_cost as invoice_difference
    from consumed
    left join invoiced
        on consumed.billing_month = invoiced.billing_month and consumed.billing_currency = invoiced.billing_currency
    left join agreed
        on consumed.billing_month = agreed.billing_month and consumed.billing_currency = agreed.billing_currency

),

steps as (

    select
        billing_month,
        billing_currency,
        1 as step_number,
        'list price' as step,
        list_cost as amount,
        true as is_subtotal,
        'consumption lines at public price' as basis
    from joined
    union all
    select
        billing_month,
        billing_currency,
        2 as step_number,
        'free tier' as step,
        free_tier as amount,
        false as is_subtotal,
        'deducted offers' as basis
    from joined
    union all
    select
        billing_month,
        billing_currency,
        3 as step_number,
        'plan or contract' as step,
        contract as amount,
        false as is_subtotal,
        'contract lines, and what lines are net of' as basis
    from joined
    union all
    select
        billing_month,
        billing_currency,
        4 as step_number,
        'consumption' as step,
        consumed_cost as amount,
        true as is_subtotal,
        'before vouchers and tax' as basis
    from joined
    union all
    select
        billing_month,
        billing_currency,
        5 as step_number,
        'not on the invoice' as step,
        invoice_difference as amount,
        false as is_subtotal,
        'invoice before discount less consumption' as basis
    from joined
    where invoice_difference <> 0
    union all
    select
        billing_month,
        billing_currency,
        6 as step_number,
        'vouchers' as step,
        discount as amount,
        false as is_subtotal,
        'total discount of the invoice' as basis
    from joined
    where discount is not null
    union all
    select
        billing_month,
        billing_currency,
        7 as step_number,
        'untaxed invoice' as step,
        untaxed_cost as amount,
        true as is_subtotal,
        'invoice' as basis
    from joined
    where untaxed_cost is not null
    union all
    select
        billing_month,
        billing_currency,
        8 as step_number,
        'tax' as step,
        tax as amount,
        false as is_subtotal,
        'invoice' as basis
    from joined
    where tax is not null
    union all
    select
        billing_month,
        billing_currency,
        9 as step_number,
        'taxed invoice' as step,
        taxed_cost as amount,
        true as is_subtotal,
        'invoice' as basis
    from joined
    where taxed_cost is not null

)

select
    step_number,
    step,
    cast(amount as decimal(38, 12)) as amount,
    is_subtotal,
    basis,
    billing_currency,
    billing_month
from steps
