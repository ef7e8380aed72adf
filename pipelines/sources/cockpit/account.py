"""What Scaleway's own API tells of Cockpit and Edge Services: data sources, alert rules, usage, month to date."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipelines.errors import SourceUnavailable
from pipelines.sources.answers import Item, Listing, items_in
from pipelines.sources.cockpit.tables import REQUESTS_DAILY, TELEMETRY_DAILY
from pipelines.sources.cockpit.windows import DAY, HOUR
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.paging import listing, question_of
from pipelines.sources.transport import Scaleway

REGIONS = ("fr-par", "nl-ams", "pl-waw")
EDGE_SERVICES = "edge_content_delivery_service"
_COCKPIT = "scaleway.cockpit.v1.CockpitV1RegionalAPI"
_PERMISSION = "ObservabilityReadOnly"

DATA_SOURCES = Endpoint("cockpit.data_sources", _COCKPIT, "list_data_sources", _PERMISSION)
ALERTS = Endpoint("cockpit.alerts", _COCKPIT, "list_alerts", _PERMISSION)
USAGE_OVERVIEW = Endpoint("cockpit.usage_overview", _COCKPIT, "get_usage_overview", _PERMISSION)
EDGE_BILLING = Endpoint(
    "edge_services.billing",
    "scaleway.edge_services.v1beta1.EdgeServicesV1Beta1API",
    "get_billing",
    "EdgeServicesReadOnly",
)
PIPELINES = Endpoint("edge_services.pipelines", EDGE_BILLING.api, "list_pipelines", EDGE_BILLING.permission_set)
_USAGES = (
    "scaleway_metrics_usage",
    "scaleway_logs_usage",
    "external_metrics_usage",
    "external_logs_usage",
    "external_traces_usage",
)
_LONGEST_TOLD = 100
_ORIGINS = {"scaleway": "scaleway", "external": "custom", "custom": "custom"}


@dataclass(frozen=True)
class DataSource:
    """Where telemetry of one project and region is kept. What the API does not tell is null; the unit of
    `month_usage` is bytes for logs and traces."""

    id: str
    project_id: str
    region: str
    signal: str
    origin: str
    url: str
    retention_days: int | None = None
    month_usage: int | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class EdgeMonth:
    """Requests that the firewall of Edge Services saw in a month so far; None where no plan counts them."""

    project_id: str
    asked_at: datetime
    requests: int | None


def data_sources(scaleway: Scaleway, region: str, project_id: str) -> Listing:
    """The data sources of one project in one region."""
    return listing(scaleway, DATA_SOURCES, region=region, project_id=project_id)


def data_source_of(item: Item) -> DataSource:
    """One listed data source; 'external' is the older word for custom."""
    try:
        return DataSource(
            str(item["id"]),
            str(item["project_id"]),
            str(item["region"]),
            str(item["type"]),
            _ORIGINS.get(str(item["origin"]), str(item["origin"])),
            str(item["url"]),
            _whole(item.get("retention_days")),
            _whole(item.get("current_month_usage")),
            None if item.get("created_at") is None else datetime.fromisoformat(str(item["created_at"])),
        )
    except KeyError as missing:
        raise SourceUnavailable(f"cockpit.data_sources: an item holds no {missing}; the API may have changed") from None
    except ValueError as wrong:
        raise SourceUnavailable(f"cockpit.data_sources: {_told(wrong)}; the API may have changed") from None


def preconfigured_rules(scaleway: Scaleway, region: str, project_id: str) -> Listing:
    """Scaleway's own alert rules, which name its metrics. This list has no pages."""
    request = scaleway.request(ALERTS, region=region, project_id=project_id, is_preconfigured=True)
    answer = scaleway.send(request)
    items, extra = items_in(ALERTS.source, answer.document)
    return Listing(question_of(ALERTS, request), (answer.body,), items, extra, answer.asked_at)


def usage_overview(
    scaleway: Scaleway, region: str, project_id: str, retention: Mapping[str, int | None] | None = None
) -> pa.Table:
    """Telemetry of the last 24 hours by signal and origin, as Scaleway counts it; `retention` is by data source.

    The day is the one in which most of it lies, and is complete only when asked in the first hour of the next.
    """
    interval = f"{DAY // timedelta(seconds=1)}s"
    request = scaleway.request(USAGE_OVERVIEW, region=region, project_id=project_id, interval=interval)
    answer = scaleway.send(request)
    midpoint = answer.asked_at.astimezone(UTC) - DAY / 2
    is_complete = answer.asked_at.astimezone(UTC) - _midnight(answer.asked_at.astimezone(UTC)) < HOUR
    rows = [
        {**_usage(usage, region, retention or {}), "day": midpoint.date(), "is_complete": is_complete}
        | {"usage_month": f"{midpoint:%Y-%m}"}
        for usage in (answer.document.get(name) for name in _USAGES)
        if isinstance(usage, dict)
    ]
    return pa.Table.from_pylist(rows, schema=TELEMETRY_DAILY)


def edge_projects(scaleway: Scaleway) -> list[str]:
    """The projects that use Edge Services: those with a pipeline."""
    return sorted({str(item["project_id"]) for item in listing(scaleway, PIPELINES).items if item.get("project_id")})


def edge_month(scaleway: Scaleway, project_id: str) -> EdgeMonth:
    """What Edge Services counted in the current month, for one project."""
    answer = scaleway.send(scaleway.request(EDGE_BILLING, project_id=project_id))
    document = answer.document
    plan = document.get("current_plan")
    try:
        parts = [_whole(document.get(name)) for name in ("current_plan_waf_usage", "extra_waf_usage")]
        included = _whole(plan.get("waf_requests")) if isinstance(plan, dict) else None
    except ValueError as wrong:
        raise SourceUnavailable(f"edge_services.billing: {_told(wrong)}; the API may have changed") from None
    counted = sum(part for part in parts if part is not None)
    has_firewall = counted > 0 or bool(included)
    return EdgeMonth(project_id, answer.asked_at, counted if has_firewall else None)


def edge_count(month: EdgeMonth) -> pa.Table:
    """The month to date as one row of the day it was asked on; no row where no plan counts requests."""
    if month.requests is None:
        return REQUESTS_DAILY.empty_table()
    asked_at = month.asked_at.astimezone(UTC)
    row = {
        "service_type": EDGE_SERVICES,
        "project_id": month.project_id,
        "day": asked_at.date(),
        "requests": float(month.requests),
        "source": "month to date",
        "is_complete": False,
        "usage_month": f"{asked_at:%Y-%m}",
    }
    return pa.Table.from_pylist([row], schema=REQUESTS_DAILY)


def _usage(usage: Mapping[str, Any], region: str, retention: Mapping[str, int | None]) -> dict[str, Any]:
    counted, unit = usage.get("quantity_over_interval"), usage.get("unit")
    if unit not in ("samples", "bytes"):
        raise SourceUnavailable(
            f"cockpit.usage_overview: unit '{_text(unit)}' is neither samples nor bytes; update this tool"
        )
    origin, identity = _text(usage.get("data_source_origin")) or "None", _text(usage.get("data_source_id"))
    return {
        "data_source_id": identity,
        "project_id": _text(usage.get("project_id")),
        "region": _text(usage.get("region")) or region,
        "signal": _text(usage.get("data_source_type")),
        "origin": _ORIGINS.get(origin, origin),
        "source": "cockpit usage",
        unit: _measured(counted),
        "retention_days": retention.get(str(identity)),
    }


def _measured(told: Any) -> float | None:
    """An amount of telemetry, told as a number or as text."""
    try:
        amount = None if told is None else float(told)
        if amount is None or math.isfinite(amount):
            return amount
        raise ValueError
    except (TypeError, ValueError, OverflowError):
        shown = f"{str(told)[:_LONGEST_TOLD]!r} is no amount"
        raise SourceUnavailable(f"cockpit.usage_overview: {shown}; the API may have changed") from None


def _told(error: Exception) -> str:
    return " ".join(str(error).split())[: 3 * _LONGEST_TOLD]


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _whole(told: Any) -> int | None:
    """A count, which may be told as text. Raises ValueError for anything else."""
    try:
        return None if told is None else int(told)
    except (TypeError, OverflowError):
        raise ValueError(f"{str(told)[:_LONGEST_TOLD]!r} is no count") from None


def _text(told: Any) -> str | None:
    return None if told is None else str(told)[:_LONGEST_TOLD]
