"""What OpenCost says a cluster's workloads use: its `/allocation`, by namespace and controller, with what is idle.

Its costs are its own estimate at the prices it was given, in a currency that only its owner knows.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from pipelines.errors import SourceUnavailable
from pipelines.secrets import Secret
from pipelines.sources.asking import Counters, Manners
from pipelines.sources.cockpit.api import TelemetryApi
from pipelines.sources.cockpit.tables import CLUSTER_ALLOCATIONS
from pipelines.sources.cockpit.windows import DAY, windows

IDLE = "__idle__"
_AGGREGATE = "namespace,controller"
_AMOUNT = Decimal("1e-12")
_EXACT = Context(prec=38, rounding=ROUND_HALF_EVEN)
_NUMBERS = {
    "minutes": "minutes",
    "cpu_core_hours": "cpuCoreHours",
    "cpu_cores_requested": "cpuCoreRequestAverage",
    "cpu_cores_used": "cpuCoreUsageAverage",
    "ram_byte_hours": "ramByteHours",
    "ram_bytes_requested": "ramByteRequestAverage",
    "ram_bytes_used": "ramByteUsageAverage",
    "gpu_hours": "gpuHours",
}
_PROPERTIES = {"namespace": "namespace", "controller": "controller", "controller_kind": "controllerKind"}
_AMOUNTS = {
    "estimated_cpu_cost": "cpuCost",
    "estimated_ram_cost": "ramCost",
    "estimated_gpu_cost": "gpuCost",
    "estimated_volume_cost": "pvCost",
    "estimated_network_cost": "networkCost",
    "estimated_load_balancer_cost": "loadBalancerCost",
    "estimated_cost": "totalCost",
}


class OpenCostClient:
    """One OpenCost. `currency` is what its prices are in."""

    def __init__(
        self,
        url: str,
        cluster_id: str,
        currency: str,
        token: Secret | str | None = None,
        manners: Manners | None = None,
    ) -> None:
        self._api = TelemetryApi(url, token, header="Authorization", manners=manners)
        self._cluster_id = cluster_id
        self._currency = currency

    @property
    def counters(self) -> Counters:
        """What was asked so far."""
        return self._api.counters

    def allocations(self, since: datetime, until: datetime, longest: timedelta = DAY) -> pa.Table:
        """One row for each workload, and for what is idle, of each window of [since, until), a day long unless
        given."""
        rows: list[dict[str, Any]] = []
        for window in windows(since, until, longest, longest=longest):
            span = f"{_rfc3339(window.since)},{_rfc3339(window.until)}"
            asked = [("window", span), ("aggregate", _AGGREGATE), ("includeIdle", "true"), ("accumulate", "true")]
            document = self._api.get("/allocation", asked, _exact_json)
            rows += allocation_rows(document, self._cluster_id, self._currency)
        return pa.Table.from_pylist(rows, schema=CLUSTER_ALLOCATIONS)


def allocation_rows(document: Mapping[str, Any], cluster_id: str, currency: str) -> list[dict[str, Any]]:
    """The allocations of one answer, parsed with exact numbers."""
    if document.get("code") != 200 or not isinstance(document.get("data"), list):
        told = document.get("message") or f"code {document.get('code')}"
        told = " ".join(str(told).split())[:200]
        raise SourceUnavailable(f"OpenCost of cluster {cluster_id}: {told}; look at its log")
    sets = [each for each in document["data"] if each]
    if not all(isinstance(each, dict) for each in sets):
        raise SourceUnavailable(f"OpenCost of cluster {cluster_id}: a set that is no object; update OpenCost")
    return [_row(name, each, cluster_id, currency) for found in sets for name, each in found.items()]


def _row(name: str, each: Any, cluster_id: str, currency: str) -> dict[str, Any]:
    shown = f"OpenCost of cluster {cluster_id}: '{' '.join(name.split())[:100]}'"
    try:
        start, end = _moment(each["window"]["start"]), _moment(each["window"]["end"])
    except (KeyError, TypeError, ValueError):
        raise SourceUnavailable(f"{shown} has no window; update OpenCost") from None
    try:
        told = each.get("properties") or {}
        properties = {key: None if told.get(key) is None else str(told[key]) for key in _PROPERTIES.values()}
        amounts = {
            **{column: _number(each.get(field)) for column, field in _NUMBERS.items()},
            **{column: _amount(each.get(field)) for column, field in _AMOUNTS.items()},
        }
    except (TypeError, ValueError, AttributeError, ArithmeticError):
        raise SourceUnavailable(f"{shown} has an amount that is no number; update OpenCost") from None
    return {
        "cluster_id": cluster_id,
        "window_start": start,
        "window_end": end,
        "allocation": name,
        **{column: properties[key] for column, key in _PROPERTIES.items()},
        "is_idle": name == IDLE or name.endswith("/" + IDLE),
        **amounts,
        "currency": currency,
        "usage_month": f"{start:%Y-%m}",
    }


def _number(told: Any) -> float | None:
    number = None if told is None else float(told)
    if number is None or math.isfinite(number):
        return number
    raise ValueError(f"{number} is no number")


def _amount(told: Any) -> Decimal | None:
    return None if told is None else Decimal(told).quantize(_AMOUNT, context=_EXACT)


def _exact_json(body: bytes) -> Any:
    """Raises ValueError for what is no JSON, a number beyond any measure included."""
    try:
        return json.loads(body, parse_float=Decimal)
    except InvalidOperation:
        raise ValueError("a number beyond any measure") from None


def _moment(told: str) -> datetime:
    moment = datetime.fromisoformat(told)
    if moment.tzinfo is None:
        raise ValueError(told)
    return moment


def _rfc3339(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
