"""Self-hosted, dedicated or by the token: what each way to answer a model's requests would cost. No Dagster here.

Traffic, cost and counters are those of `gold.gpu_workloads`; prices are the live price list's, whatever the month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from assets.gpu_break_even_tables import BREAK_EVEN, CURVE, IDENTITY, READS
from assets.made_tables import MONTH, build_months
from pipelines.gpu.curves import points
from pipelines.gpu.options import DEDICATED, Kind, Market, Way, hourly_of, ways
from pipelines.gpu.shapes import Hours
from pipelines.gpu.workloads import ModelPrice, Serving, Workload, pace_of, paces, shapes, thousands
from pipelines.lake.build import Built
from pipelines.lake.engine import Catalog
from pipelines.recommendations.rules.gpu_type import SPEEDS

_UNIT = Decimal("0.000000000001")
Row = Mapping[str, Any]


def build_break_even(catalog: Catalog, months: Sequence[str]) -> Built:
    """Bring `gold.gpu_break_even` up to date."""

    def make(month: str) -> list[dict[str, Any]]:
        return [line for row, found, market in _judged(catalog, month) for line in way_rows(row, found, market)]

    return build_months(catalog, BREAK_EVEN, months, make)


def build_curve(catalog: Catalog, months: Sequence[str]) -> Built:
    """Bring `gold.gpu_break_even_curve` up to date."""

    def make(month: str) -> list[dict[str, Any]]:
        return [line for row, found, market in _judged(catalog, month) for line in point_rows(row, found, market)]

    return build_months(catalog, CURVE, months, make)


def _judged(catalog: Catalog, month: str) -> list[tuple[Row, Workload, Market]]:
    rows = catalog.query(f"select * from gold.gpu_workloads where {MONTH} = '{month}'").to_pylist()
    if not rows:
        return []
    tables = {name: catalog.query(f"select * from {name}").to_pylist() for name in READS[1:]}
    return judged(rows, *(tables[name] for name in READS[1:]))


def judged(
    rows: Sequence[Row], instances: Sequence[Row], dedicated: Sequence[Row], prices: Sequence[Row]
) -> list[tuple[Row, Workload, Market]]:
    """Each row of `gold.gpu_workloads` of a month as a workload, with what else its currency buys."""
    found = [workload_of(row) for row in rows]
    known = paces(found)
    result = []
    for row, workload in zip(rows, found, strict=True):
        currency = workload.currency
        kinds = [*_instance_kinds(instances, currency), *_dedicated_kinds(dedicated, currency)]
        result.append((row, workload, Market(kinds, prices_of(prices, currency), known, SPEEDS)))
    return result


def workload_of(row: Row) -> Workload:
    """A row of `gold.gpu_workloads`, brought to 730 hours."""
    days = (row["known_until"] - row["known_from"]).days
    plain = Workload(
        row["project_id"] or "",
        row["model"],
        row["provider"],
        row["billing_currency"],
        (row["window_cost"] * 730 / (24 * days)).quantize(_UNIT),
        serving=_serving(row),
        first_token_seconds=row["first_token_p95_seconds"],
    )
    if row["provider"] == "generative-apis":
        return _by_tokens(plain, row)
    if not row["requests"] or row["input_tokens"] is None:
        return plain
    cached, answers = row["cached_tokens"] or Decimal(0), row["output_tokens"] or Decimal(0)
    shape, computed, held = shapes(row["requests"], row["input_tokens"], cached, answers)
    pace = None
    if plain.serving is not None:
        computed_tokens = row["input_tokens"] - cached
        counters = (computed_tokens, row["prefill_seconds"], row["output_tokens"], row["decode_seconds"])
        pace = pace_of(*counters, row["most_running"], plain.serving.gpus)
    hours = Hours.of(row["hourly_requests"])
    return replace(plain, hours=hours, shape=shape, computed=computed, cached_tokens=held, pace=pace)


def _by_tokens(plain: Workload, row: Row) -> Workload:
    shape = thousands(row["input_tokens"] or Decimal(0), row["output_tokens"] or Decimal(0))
    if shape is None:
        return plain
    counts = [None if each is None else each / 1000 for each in row["hourly_tokens"]]
    return replace(plain, hours=Hours.of(counts), shape=shape, computed=shape, per_thousand_tokens=True)


def _serving(row: Row) -> Serving | None:
    machines = len(row["resource_ids"] or ())
    if not machines or not row["charged_hours"]:
        return None
    hourly = (row["window_cost"] / row["charged_hours"]).quantize(_UNIT)
    extra = ((row["window_cost"] - row["window_machine_cost"]) / row["charged_hours"]).quantize(_UNIT)
    return Serving(
        machines,
        row["commercial_type"] or "",
        max(1, (row["gpus"] or 0) // machines),
        row["gpu_name"],
        hourly,
        extra,
        row["region_id"],
        row["gpu_memory_used_bytes"],
    )


def _instance_kinds(rows: Sequence[Row], currency: str) -> list[Kind]:
    """Types on sale, each once a region."""
    found = {}
    for row in rows:
        is_sold = row["status"] in (None, "general_availability", "public_beta") and not row["is_end_of_service"]
        if row["billing_currency"] == currency and row["monthly_list_price"] and is_sold:
            region = (row["availability_zone"] or "").rpartition("-")[0] or None
            found[row["commercial_type"], region] = Kind(
                row["commercial_type"],
                "instance",
                row["gpu_name"],
                row["gpus"],
                row["gpu_memory_bytes"],
                hourly_of(row["monthly_list_price"]),
                region,
            )
    return [found[key] for key in sorted(found, key=str)]


def _dedicated_kinds(rows: Sequence[Row], currency: str) -> list[Kind]:
    return [
        Kind(
            row["node_type"],
            DEDICATED,
            row["gpu_name"],
            row["gpus"],
            row["gpu_memory_bytes"],
            row["hourly_list_price"],
            row["region_id"],
        )
        for row in sorted(rows, key=lambda row: (row["node_type"], row["region_id"] or ""))
        if row["billing_currency"] == currency
    ]


def prices_of(rows: Sequence[Row], currency: str) -> list[ModelPrice]:
    """Rows of `silver.model_prices` as prices of models; of several regions the cheapest of each kind of token."""
    found: dict[tuple[str, str], dict[str, Decimal]] = {}
    for row in rows:
        if row["billing_currency"] == currency:
            kinds = found.setdefault((row["model"], row["consumption_mode"]), {})
            known = kinds.get(row["token_type"], row["million_price"])
            kinds[row["token_type"]] = min(known, row["million_price"])
    return [
        ModelPrice(model, mode, kinds.get("input_token"), kinds.get("output_token"), kinds.get("input_cached_token"))
        for (model, mode), kinds in sorted(found.items())
    ]


def way_rows(row: Row, workload: Workload, market: Market) -> list[dict[str, Any]]:
    """Rows of `gold.gpu_break_even`."""
    hours, shape = workload.hours, workload.shape
    told: dict[str, Any] = {name: row[name] for name in ("project_name", "environment", "owner", "known_from")}
    told |= {"known_until": row["known_until"], **_identity(row)}
    if hours is not None and shape is not None:
        told |= {
            "requests_per_hour": _requests(workload, hours.mean),
            "peak_requests_per_hour": _requests(workload, hours.peak),
            "tokens_per_day": _tokens(workload, hours.mean),
            "working_hours_ratio": _exact(hours.working_share),
            "scheduled_hours_ratio": _exact(hours.scheduled_share),
        }
    found = [told | _way(way, workload, told.get("tokens_per_day")) for way in ways(workload, market)]
    if row["hours_spread"] and hours is not None:
        found[0]["reason"] = "requests imported by the day are spread evenly over its hours: peaks are not in it"
    return found


def _way(way: Way, workload: Workload, tokens_per_day: Decimal | None) -> dict[str, Any]:
    each = None
    if way.monthly_cost is not None and tokens_per_day:
        each = (way.monthly_cost * 24_000_000 / (730 * tokens_per_day)).quantize(_UNIT)
    return {
        **{name: getattr(way, name) for name in ("option", "offer", "monthly_cost", "machines", "gpus", "known_by")},
        "million_tokens_cost": each,
        "break_even_requests_per_hour": _requests(workload, way.break_even),
        "break_even_tokens_per_day": _tokens(workload, way.break_even),
        "batch_break_even_tokens_per_day": _tokens(workload, way.batch_break_even),
        "first_token_seconds": _exact(way.first_token_seconds),
        "is_same_model": way.is_same_model,
        "reason": way.reason,
    }


def point_rows(row: Row, workload: Workload, market: Market) -> list[dict[str, Any]]:
    """Rows of `gold.gpu_break_even_curve`."""
    return [
        {
            **_identity(row),
            "option": point.option,
            "offer": point.offer,
            "tokens_per_day": _tokens(workload, point.level),
            "requests_per_hour": _requests(workload, point.level),
            "monthly_cost": point.monthly_cost,
            "machines": point.machines,
            "is_today": point.is_today,
        }
        for point in points(workload, market)
    ]


def _identity(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in (*IDENTITY, MONTH)}


def _requests(workload: Workload, level: float | None) -> Decimal | None:
    return None if workload.per_thousand_tokens else _exact(level)


def _tokens(workload: Workload, level: float | None) -> Decimal | None:
    """Tokens a day at so many requests an hour."""
    if level is None or workload.shape is None:
        return None
    return (Decimal(repr(level)) * 24 * workload.shape.tokens).quantize(_UNIT)


def _exact(value: float | None) -> Decimal | None:
    """As decimal; what grows without end is not known."""
    return None if value is None or value == float("inf") else Decimal(repr(value)).quantize(_UNIT)
