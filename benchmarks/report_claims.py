"""What each figure of the monthly report claims to be: an expression over the rows that its trace names.

By table of the page and by column. `column/total` and `column/fold` are for such lines, `column@name` for the line of
that name. An expression stands for `select … from {rows}`; a whole select may read more. Parts of a figure of more
numbers, such as `3 of 4`, are parted by `|`. A `~` before it says that cents were moved within the column so that it
adds up. `rest` is what the rows above leave of the line of the total, `part: column` a part of that column's total as
printed.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.report_section_claims import SAVING, SECTION_CLAIMS

_EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone")
_CAUSES = {each.capitalize(): f"~sum({each}_effect)" for each in _EFFECTS}
_CAUSES["Not separable"] = "~sum(not_separable_effect)"
_BUDGET = {
    "Budget": "sum(amount_as_cost)",
    "Against it": "any_value(variance_percent) / 100",
    "Chance of overrun": "any_value(chance_of_overrun)",
    "Crosses it": "any_value(expected_breach_on)",
}
_BAND = "sum(low_cost) | sum(high_cost)"
_CHANGE = "select (select value from {rows}) / (select value from {before}) - 1"

TILES: Mapping[str, str] = {
    "Actual cost": "sum(billed_cost)",
    "Per day": "sum(cost_per_day)",
    "Budget": "sum(amount_as_cost)",
    "Forecast, month end": "sum(expected_cost)",
    "Vs previous month": "sum(delta_cost)",
    "Year to date": "sum(year_to_date_cost)",
    "Vs invoice": "sum(consumption_residual)",
    "Has an owner": "sum(labelled_cost) / sum(total_cost)",
    "To be saved": SAVING,
    "Data until": "max(charges_until)::date - 1",
    "Last answer": "max(last_answer_at)",
    "Consumption − invoice": "sum(consumption_residual)",
    "Consumption − charges": "sum(residual)",
    "Alarms": "count(*) filter (is_alarm)",
    "Failed checks": "failed checks",
}
"""Of tiles and of the trust strip, by their labels."""

CLAIMS: Mapping[str, Mapping[str, str]] = {
    **SECTION_CLAIMS,
    "bridge": {"Change": "sum(delta_cost)", "Change/fold": "rest"},
    "causes": {
        **{f"Change@{label}": claim for label, claim in _CAUSES.items()},
        **{f"Per day@{label}": claim.replace("_effect", "_effect_per_day") for label, claim in _CAUSES.items()},
        "Change@Other": "~sum(not_separable_effect)",
        "Per day@Other": "~sum(not_separable_effect_per_day)",
        "Change": "sum(delta_cost)",
        "Per day": "sum(delta_cost_per_day)",
    },
    "movers": {
        "Change": "sum(delta_cost)",
        "Change per day": "sum(delta_cost_per_day)",
        **_CAUSES,
        **{f"{label}/fold": "rest" for label in ("Change", "Change per day", *_CAUSES)},
    },
    "spenders": {
        "Cost": "sum(billed_cost)",
        "Share": "sum(cost_share)",
        "Change": "sum(delta_cost)",
        "Change per day": "sum(delta_cost_per_day)",
        **{f"{label}/fold": "rest" for label in ("Cost", "Change", "Change per day")},
        "Share/fold": "part: Cost",
        "Share/total": "part: Cost",
    },
    "daily": {
        "Other services": "~sum(billed_cost) filter (service_name not in ({labels}))",
        "Total": "sum(billed_cost)",
        "*": "~sum(billed_cost)",
    },
    "history": {
        "Cost": "sum(billed_cost)",
        "Days": "sum(charged_days)",
        "Per day": "sum(billed_cost) / sum(charged_days)",
        "Change per day": "sum(cost_per_day) / sum(previous_cost_per_day) - 1",
    },
    "waterfall": {"Amount": "sum(amount)"},
    "residual": {"Lines": "count(*) filter (residual <> 0)", "Amount": "sum(residual)"},
    "coverage": {
        "Of cost": "sum(labelled_cost) / sum(total_cost)",
        "Labelled cost": "sum(labelled_cost)",
        "Without label": "sum(total_cost) - sum(labelled_cost)",
        "Of resources": "sum(labelled_resources) / sum(total_resources)",
        "Resources": "sum(labelled_resources) | sum(total_resources)",
    },
    "anomalies": {
        "Actual": "sum(actual)",
        "Expected": "sum(expected)",
        "Impact": "sum(actual) - sum(expected)",
        "Confidence": "any_value(confidence)",
        "Impact/fold": "sum(impact) filter (subject = 'cost' and state = '{state}' and first_day <= date '{last_day}' "
        "and last_day >= date '{month}-01')",
    },
    "anomaly-days": {label: f"sum({label.lower()})" for label in ("Actual", "Expected", "Low", "High")},
    "answered": {"Impact": "sum(actual) - sum(expected)"},
    "ending": {"Days left": "sum(days_left)", "Amount": "sum(amount)"},
    "unit-costs": {
        "Cost": "sum(numerator) / sum(denominator)",
        "Month before": "sum(numerator) / sum(denominator)",
        "Change": _CHANGE,
        "Fully loaded": "sum(loaded_value)",
        "Units": "sum(denominator)",
        "Cost known": "sum(cost_coverage)",
    },
    "shares": {
        "Value": "sum({part}) / sum({whole})",
        "Month before": "sum({part}) / sum({whole})",
        "Change": "select (select sum({part}) / sum({whole}) from {rows}) - "
        "(select sum({part}) / sum({whole}) from {before})",
        "Part": "sum({part})",
        "Of": "sum({whole})",
        "Cost known": "{known}",
    },
    "footprint": {
        "Value": "sum(value) * {smaller}",
        "Month before": "sum(value) * {smaller}",
        "Change": _CHANGE,
        "Cost with a figure": "sum(cost_coverage)",
    },
    "trend": {
        "Cost": "sum(numerator)",
        "Units": "sum(denominator)",
        "Cost of one": "sum(numerator) / sum(denominator)",
    },
    "kpi-bridge": {
        "Change": "~sum(change)",
        **_CAUSES,
        "*": "any_value({value})",
    },
    "outlook": {
        "So far": "sum(known_cost)",
        "Month end": "sum(expected_cost)",
        "80 % between": _BAND,
        **_BUDGET,
        "So far/fold": "rest",
        "Month end/fold": "rest",
    },
    "budgets": {
        "So far": "sum(actual_cost)",
        "Month end": "sum(expected_cost)",
        "80 % between": _BAND,
        **_BUDGET,
    },
    "later": {"80 % between": _BAND, "*": "sum(expected_cost)", "*/fold": "rest"},
    "accuracy": {
        "Error": "sum(wape)",
        "Bias": "sum(bias)",
        "In the 80 % band": "sum(coverage)",
        "Run-rate's error": "sum(run_rate_wape)",
        "Last week's error": "sum(seasonal_naive_wape)",
        "How many": "sum(forecasts)",
    },
}


def claim_of(table: str, column: str, kind: str, label: str) -> str | None:
    """What a cell of a table claims, by its column, the kind of its line and the line's name; None if nobody says."""
    claims = CLAIMS.get("findings" if table.endswith("-findings") else table, {})
    names = (f"{column}@{label}", f"{column}/{kind}", column, f"*/{kind}", "*")
    return next((claims[name] for name in names if name in claims), None)
