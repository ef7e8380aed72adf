"""Models on GPUs of one's own that cost less by the token: what four weeks of traffic would cost at Generative APIs.

Both are compared at allocation: the machine as billed, idle hours included, against all tokens of the same weeks at the
price list, cached ones too. The same model moves anywhere; another one, which answers differently, is advised outside
production alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

from pipelines.recommendations.changes.gpu import moved_to_api
from pipelines.recommendations.recommendation import Answer, Fact, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.gpu_load import LOAD, Loaded, loaded
from pipelines.recommendations.world import World

NAME = "gpu_to_api"


@dataclass(frozen=True)
class Thresholds:
    """From which saving on a move is worth it, and how long the traffic must have been counted."""

    least_saving: Decimal = Decimal(20)  # by the month
    least_share: Decimal = Decimal("0.3")  # of what the machine costs: another service is another risk
    counted_days: int = 14
    api_margin: Decimal = Decimal("1.2")  # the API's cost is taken a fifth higher than the counted tokens say


@dataclass(frozen=True)
class _Way:
    """The model the API would answer with, its prices of a million tokens, and what four weeks would have cost."""

    model: str
    is_same: bool
    input_price: Decimal
    output_price: Decimal
    window_cost: Decimal


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each Instance and dedicated deployment that serves a model; those that train are left out."""
    for machine in loaded(world, "instance_server", "inference_deployment"):
        is_deployment = machine.server.resource_type == "inference_deployment"
        if machine.row["model"] is not None or is_deployment:
            yield _judged(machine, thresholds)


def _judged(machine: Loaded, thresholds: Thresholds) -> Answer:
    row, identity = machine.row, machine.server.resource_id
    if (row["days_counted"] or 0) < thresholds.counted_days or row["input_tokens"] is None:
        return Unjudged(
            NAME,
            identity,
            f"requests and tokens were counted on {row['days_counted'] or 0} days, and {thresholds.counted_days} are "
            "needed: send vLLM's metrics to Cockpit (vllm_requests, vllm_prompt_tokens, vllm_generated_tokens) or "
            "import them with --kind inferences",
        )
    way = _way(machine)
    if way is None:
        return NothingToDo(NAME, identity, "Generative APIs list no model that answers at a price in its currency")
    spent = way.window_cost * machine.monthly_factor * thresholds.api_margin
    saving = (machine.machine_cost - spent).quantize(Decimal("0.01"), ROUND_DOWN)
    if saving < max(thresholds.least_saving, thresholds.least_share * machine.machine_cost):
        return NothingToDo(
            NAME, identity, f"{way.model} at Generative APIs would cost {spent:.2f} a month: no clear saving"
        )
    if machine.server.is_production and not way.is_same:
        return NothingToDo(
            NAME,
            identity,
            f"Generative APIs do not list {row['model']}; {way.model} would cost {spent:.2f} a month for the same "
            f"tokens, {saving:.2f} less. Whether its answers are good enough only you can say.",
        )
    return _advised(machine, way, spent, saving)


def _way(machine: Loaded) -> _Way | None:
    row = machine.row
    for kind, is_same in (("api", True), ("other", False)):
        if row[f"{kind}_model"] is not None and row[f"{kind}_window_cost"] is not None:
            prices = (row[f"{kind}_input_price"], row[f"{kind}_output_price"] or Decimal(0))
            return _Way(row[f"{kind}_model"], is_same, *prices, row[f"{kind}_window_cost"])
    return None


def _advised(machine: Loaded, way: _Way, spent: Decimal, saving: Decimal) -> Recommendation:
    server, row = machine.server, machine.row
    days = row["days_counted"]
    daily = row["requests"] / days
    what = "the same model" if way.is_same else f"{way.model}, since {row['model']} is not listed there"
    alone = "" if way.is_same else " Where it must be that model, start the machine for tests only."
    return Recommendation(
        rule=NAME,
        resource_id=server.resource_id,
        target=way.model,
        action=f"Ask {way.model} at Generative APIs and stop {server.resource_name}",
        reason=f"It answers {daily:,.0f} requests a day and costs {machine.machine_cost:.2f} a month; their tokens "
        f"would cost {spent:.2f} at Generative APIs with {what}.{alone}",
        evidence={**machine.evidence, **_evidence(machine, way, spent)},
        evaluation_start=row["known_from"],
        evaluation_end=row["known_until"],
        monthly_saving=saving,
        saves_on=frozenset({server.resource_id}),
        change=moved_to_api(server, way.model),
        risk=Level.medium if server.is_production or not way.is_same else Level.low,
        effort=Level.medium,
    )


def _evidence(machine: Loaded, way: _Way, spent: Decimal) -> dict[str, Fact]:
    row = machine.row
    each = way.window_cost / row["requests"] if row["requests"] else None
    hourly = machine.machine_cost / 730
    return {
        "model": row["model"],
        "requests": row["requests"],
        "requests_per_day": row["requests"] / row["days_counted"],
        "input_tokens": row["input_tokens"],
        "output_tokens": row["output_tokens"],
        "api_model": way.model,
        "api_input_price_per_million": way.input_price,
        "api_output_price_per_million": way.output_price,
        "api_window_cost": way.window_cost,
        "api_monthly_cost_with_margin": spent,
        "break_even_requests_per_hour": hourly / each if each else None,
        "requests_per_hour": row["requests"] / (24 * row["days_counted"]),
    }


GPU_TO_API = Rule(
    name=NAME,
    title="Models that cost less by the token",
    about="Compares what machines and deployments that serve a model cost with what the same tokens cost at Generative "
    "APIs.",
    reads=(LOAD,),
    thresholds=Thresholds(),
    judge=judge,
)
