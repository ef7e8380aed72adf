-- The newest stored answer to every question; what it says supersedes all earlier answers to the same question.
-- grain: question_hash
-- partition: billing_month
-- stored: view
select
    source,
    question_hash,
    arg_max(billing_month, asked_at) as billing_month,
    arg_max(answer_hash, asked_at) as answer_hash,
    arg_max(parameters, asked_at) as parameters,
    arg_max(extra, asked_at) as extra,
    max(asked_at) as asked_at
from bronze.answers
where page = 1
group by source, question_hash
