-- How far each month is known: until which day charges were read, and whether its invoice is out.
-- grain: billing_month
-- partition: billing_month
-- stored: view
with

read_days as (

    select
        billing_month,
        max(cast(cast(json_extract_string(parameters, '$.end_date_before') as timestamptz) as date)) as charges_until,
        count(*) as days_read
    from silver.latest_answers
    where source = 'billing.charges'
    group by billing_month

),

invoiced as (

    select
        billing_month,
        arg_max(invoice_state, issued_at) as invoice_state,
        max(issued_at) as issued_at
    from silver.invoices
    where invoice_type = 'periodic'
    group by billing_month

)

select
    read_days.billing_month,
    read_days.charges_until,
    read_days.days_read,
    read_days.charges_until > last_day(cast(read_days.billing_month || '-01' as date)) as is_complete,
    invoiced.invoice_state,
    invoiced.issued_at,
    coalesce(invoiced.invoice_state in ('issued', 'paid'), false) as is_final
from read_days
left join invoiced on read_days.billing_month = invoiced.billing_month
