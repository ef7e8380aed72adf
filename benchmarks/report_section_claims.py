"""What the figures of the review's sections claim to be: advice, accelerators, storage, telemetry.

As in `report_claims`, which explains how claims are written.
"""

from __future__ import annotations

from collections.abc import Mapping

_TO_DO = "status in ('open', 'accepted')"
_SAVES = f"{_TO_DO} and monthly_saving > 0"
_COUNTED = f"{_SAVES} and is_counted"
SAVING = f"coalesce(sum(monthly_saving) filter ({_COUNTED}), 0)"
_UNOWNED = f"count(*) filter ({_SAVES} and coalesce(owner, team) is null)"
_WAITED = (
    "coalesce(sum(monthly_saving * greatest(date_diff('day', first_seen, date '{today}'), 0)) "
    f"filter ({_COUNTED} and {{area}}), 0) / (730 / 24.0)"
)
_FINDINGS = {
    "Costs a month": "sum(monthly_cost)",
    "Saves a month": "sum(monthly_saving)",
    "Waited so far": _WAITED,
    "Saves a month/fold": "rest",
    "Saves a month/total": f"sum(monthly_saving) filter ({_COUNTED} and {{area}})",
    "Waited so far/total": _WAITED,
}
_MACHINES = {
    "Cost": "~sum(allocation_cost)",
    "Worked": "~sum(busy_cost)",
    "Idle: requests waited": "~sum(queue_idle_cost)",
    "Idle: model in memory": "~sum(warm_idle_cost)",
    "Idle: nobody's": "~sum(nobodys_cost)",
    "Not measured": "~sum(unmeasured_cost) + coalesce(sum(unsorted_idle_cost), 0)",
}
_GPU = "(select sum(allocation_cost) from gold.gpu_days where billing_month = '{month}')"
_OF_MODELS = "gold.cost_per_inference where billing_month = '{month}' and period = 'month' and is_sum"
_MODEL_COST = "coalesce(allocation_cost, 0) + coalesce(uncounted_cost, 0)"
_OWN = f"(select sum({_MODEL_COST}) from {_OF_MODELS} and resource_id is not null)"
_API = f"(select sum({_MODEL_COST}) from {_OF_MODELS} and provider = 'generative-apis')"
_TRAINING = (
    "(select sum(allocation_cost * (training_gpu_hours / nullif(charged_gpu_hours, 0))) from gold.gpu_days "
    "where billing_month = '{month}')"
)
_HELD = {
    "Lies there, GB": "select sum(round(held / 1e9)) from (select sum(bytes) as held from {rows} "
    "where bytes > 0 group by storage_class, region_id)",
    "Over 30 days old": "sum(bytes_30_days_old) / sum(bytes)",
    "Over 180 days old": "sum(bytes_180_days_old) / sum(bytes)",
    "Objects below 1 MB": "sum(small_objects) filter (bytes > 0)",
}
_PLANNED = f"from {{rows}} where {_COUNTED} and json_extract(evidence, '$.listed_on') is not null"
_PLANS = {
    "Costs a month": "monthly_cost_now",
    "Net in 12 months": "net_saving_12_months",
}
_AT = "json_extract_string(evidence, '$.months[{at}].cost_{when}')::decimal(38, 12)"
_STREAM_COST = (
    "select sum(coalesce(streams.bytes / streams.source_bytes, streams.samples / streams.source_samples) * costs.cost) "
    "from gold.telemetry_streams as streams inner join (select resource_id, sum(monthly_cost) as cost, "
    "case when contains(sku, '/custom-log/') then 'logs' else 'metrics' end as signal from {rows} "
    "where contains(sku, '/custom-log/') or contains(sku, '/custom-sample/') group by all) as costs "
    "on streams.data_source_id = costs.resource_id and streams.signal = costs.signal where streams.is_billed and "
    "streams.usage_month = (select max(usage_month) from gold.telemetry_streams)"
)

SECTION_CLAIMS: Mapping[str, Mapping[str, str]] = {
    "effort": {
        "Actions": f"count(*) filter ({_COUNTED} and {{effort}})",
        "Saves a month": f"~sum(monthly_saving) filter ({_COUNTED} and {{effort}})",
        "Costs once": f"~sum(one_off_cost) filter ({_COUNTED} and {{effort}})",
        "Need a restart": f"count(*) filter ({_COUNTED} and {{effort}} and restart_needed)",
        "Without an owner": f"count(*) filter ({_COUNTED} and {{effort}} and coalesce(owner, team) is null)",
    },
    "advice": {
        "Saves a month": "sum(monthly_saving)",
        "Once": "sum(one_off_cost)",
        "Judged on": "min(evaluation_start) | max(evaluation_end) - interval 1 day",
        "Saves a month/fold": "rest",
        "Once/fold": "rest",
        "Saves a month/overlap": f"sum(monthly_saving) filter ({_SAVES} and not is_counted)",
        "Once/overlap": f"sum(one_off_cost) filter ({_SAVES} and not is_counted)",
        "Saves a month/total": SAVING,
        "Once/total": f"sum(one_off_cost) filter ({_COUNTED})",
    },
    "spending": {
        "Costs more a month": "-sum(monthly_saving)",
        "Once": "sum(one_off_cost)",
        "Judged on": "min(evaluation_start) | max(evaluation_end) - interval 1 day",
    },
    "unjudged": {
        "Resources": "count(distinct resource_id) filter ({missing})",
        "Cost a month": "select sum(cost) from (select arg_max(monthly_cost, rule) as cost from {rows} "
        "where {missing} group by resource_id)",
    },
    "rules": {
        "Findings": f"count(*) filter ({_SAVES} and {{area}})",
        "Saves a month": f"~sum(monthly_saving) filter ({_COUNTED} and {{area}})",
        "Overlaps, not added": f"sum(monthly_saving) filter ({_SAVES} and not is_counted and {{area}})",
        "Without an owner": f"count(*) filter ({_SAVES} and coalesce(owner, team) is null and {{area}})",
    },
    "findings": _FINDINGS,
    "idle-data": {label.removeprefix("Idle: ").capitalize(): claim for label, claim in _MACHINES.items()},
    "machines": _MACHINES,
    "curve-data": {"*": "min(monthly_cost) filter (option = '{option}' and offer like '{offer}')"},
    "purposes": {
        "Cost@Inference on machines of one's own": f"~select {_OWN}",
        "Cost@Training": f"~select {_TRAINING}",
        "Cost@Neither": f"~select {_GPU} - {_OWN} - {_TRAINING}",
        "Cost@Generative APIs": f"~select {_API}",
        "Cost@Of it failed or aborted requests": "sum(failed_cost)",
        "Cost@Of it runs that did not complete": "sum(waste_cost)",
        "Cost/total": f"select {_GPU} + {_API}",
        "Share": "part: Cost",
    },
    "models": {
        "Cost": f"sum({_MODEL_COST})",
        "Requests": "sum(completed_requests)",
        "1,000 requests": "sum(thousand_requests_cost)",
        "1M prompt tokens": "sum(million_input_tokens_cost)",
        "1M answer tokens": "sum(million_output_tokens_cost)",
        "Failed or aborted": "sum(failed_requests)",
    },
    "training": {
        "Runs": "sum(runs)",
        "Cost": "sum(allocation_cost)",
        "Hours": "sum(run_hours)",
        "An epoch": "sum(allocation_cost) / sum(epochs)",
        "Wasted": "sum(waste_cost)",
        "Beyond the usual time": "sum(over_typical_cost)",
    },
    "ways": {
        "Costs a month": "sum(monthly_cost)",
        "Machines": "sum(machines)",
        "First token, 95 %": "sum(first_token_seconds)",
        "Tokens a day": "sum(tokens_per_day)",
        "Beats the API from": "sum(break_even_tokens_per_day)",
    },
    "storage-plan-data": {
        "As it is": f"select sum({_AT.replace('{when}', 'now')}) {_PLANNED}",
        "With the plans": f"select sum({_AT.replace('{when}', 'then')}) {_PLANNED}",
    },
    "storage-classes": {
        "Cost in the month": "~sum(charged_cost)",
        "Cost in the month/total": "sum(billed_cost)",
        "Share": "part: Cost in the month",
        **_HELD,
    },
    "storage-plans": {
        **{
            label: f"sum(json_extract_string(evidence, '$.{name}')::decimal(38, 12))"
            for label, name in {**_PLANS, "Lies there, GB": "size_gb"}.items()
        },
        **{
            f"{label}/total": f"select sum(json_extract_string(evidence, '$.{name}')::decimal(38, 12)) {_PLANNED}"
            for label, name in _PLANS.items()
        },
        "Saves a month": "sum(monthly_saving)",
        "Saves a month/total": f"select sum(monthly_saving) {_PLANNED}",
        "Read a month": "sum(json_extract_string(evidence, '$.read_percent_a_month')::decimal(38, 12)) / 100",
        **{f"{label}/fold": "rest" for label in ("Saves a month", *_PLANS)},
    },
    "storage-months": {
        "*": "sum(" + _AT.replace("{at}", "{column}") + ")",
    },
    "storage-left": {"Costs a month": "sum(monthly_cost)"},
    "storage-egress": {
        "Last four weeks": "sum(recent_cost)",
        "A day now": "sum(recent_cost) / sum(recent_days)",
        "A usual day": "sum(usual_daily_cost)",
    },
    "telemetry-signals": {
        "Cost in the month": "~sum(charged_cost)",
        "Cost in the month/total": "sum(billed_cost)",
        "Share": "part: Cost in the month",
    },
    "telemetry-streams": {
        "Costs a month": f"{_STREAM_COST} and {{stream}}",
        "Of its source": "coalesce(sum(bytes) / sum(source_bytes), sum(samples) / sum(source_samples))",
        "Taken in": "coalesce(sum(bytes) / 1e9, sum(samples) / 1e6)",
        "Costs a month/fold": "rest",
        "Costs a month/total": _STREAM_COST,
    },
    "funnel": {
        "Actions@Verified on the bill": "select count(*) from gold.savings where counted_saving > 0",
        "Saves a month@Verified on the bill": "select coalesce(sum(counted_saving), 0) from gold.savings",
        "Of what was found@Verified on the bill": "(select coalesce(sum(counted_saving), 0) from gold.savings) / "
        "sum(monthly_saving) filter (monthly_saving > 0 and (is_counted or status not in ('open', 'accepted')))",
        "Actions": "count(*) filter ({stage})",
        "Saves a month": "coalesce(sum(monthly_saving) filter ({stage}), 0)",
        "Of what was found": "coalesce(sum(monthly_saving) filter ({stage}), 0) / sum(monthly_saving) "
        "filter (monthly_saving > 0 and (is_counted or status not in ('open', 'accepted')))",
    },
}
