-- How old each source's knowledge is: when it last said something new, and until which day it speaks.
-- grain: source
-- partition: none
-- stored: view
select
    source,
    max(asked_at) as last_answer_at,
    max(
        case
            when source = 'billing.charges'
                then cast(cast(json_extract_string(parameters, '$.end_date_before') as timestamptz) as date)
        end
    ) as data_until,
    count(distinct question_hash) as questions,
    count(distinct answer_hash) as answers
from bronze.answers
group by source
