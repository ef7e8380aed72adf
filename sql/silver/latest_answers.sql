-- The newest stored answer to every question; what it says supersedes all earlier answers to the same question.
-- Of two answers of one moment the same one is always taken.
-- grain: question_hash
-- partition: billing_month
-- stored: view
select
    source,
    question_hash,
    arg_max(billing_month, row(asked_at, answer_hash)) as billing_month,
    arg_max(answer_hash, row(asked_at, answer_hash)) as answer_hash,
    arg_max(parameters, row(asked_at, answer_hash)) as parameters,
    arg_max(extra, row(asked_at, answer_hash)) as extra,
    max(asked_at) as asked_at
from bronze.answers
where page = 1
group by source, question_hash
