-- How old each source's knowledge is: when it last said something new, and until which day it speaks. What is measured
-- by the day tells of how many places it does, and how many of them have no reading of their newest day, with the
-- reasons.
-- grain: source
-- partition: none
-- stored: view
with

answered as (

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

),

measured as (

    select
        source,
        max(asked_at) as last_answer_at,
        -- a day that was measured is spoken of until its end; of the day of a run, until now
        case
            when count(reading_hash) > 0
                then least(max(day) filter (where reading_hash is not null) + 1, cast(max(asked_at) as date))
        end as data_until,
        count(*) as questions,
        count(distinct reading_hash) as answers,
        count(distinct place) as places,
        max(day) as newest_day
    from silver.latest_measurements
    group by source

),

newest as (

    select
        source,
        place,
        max(day) as newest_day,
        arg_max(reading_hash is null, day) as is_gap,
        arg_max(note, day) as note
    from silver.latest_measurements
    group by source, place

),

gaps as (

    select
        newest.source,
        count(*) as gaps,
        left(string_agg(distinct nullif(newest.note, ''), '; ' order by nullif(newest.note, '')), 500) as gap_notes
    from newest
    inner join measured on newest.source = measured.source
    -- a place that was not asked for a month is gone
    where newest.is_gap and newest.newest_day > measured.newest_day - 31
    group by newest.source

)

select
    source,
    last_answer_at,
    data_until,
    questions,
    answers,
    cast(null as bigint) as places,
    cast(null as bigint) as gaps,
    cast(null as varchar) as gap_notes
from answered
union all
select
    measured.source,
    measured.last_answer_at,
    measured.data_until,
    measured.questions,
    measured.answers,
    measured.places,
    coalesce(gaps.gaps, 0) as gaps,
    gaps.gap_notes
from measured
left join gaps on measured.source = gaps.source
