"""What Scaleway's API tells of Cockpit and Edge Services: data sources, alert rules, usage, the month so far."""

import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import answer, flag, invalid, money, not_found, page_of
from simulator.cockpit_logs import LogWorld
from simulator.cockpit_loki import log_routes
from simulator.cockpit_opencost import CostApi
from simulator.cockpit_prometheus import metric_routes
from simulator.cockpit_tokens import TokenGate
from simulator.gate import Gate
from simulator.instants import DAY, month_of, zulu
from simulator.telemetry_calendar import Calendar
from simulator.telemetry_edge import EdgeServices
from simulator.telemetry_noise import Whole
from simulator.telemetry_sources import REGIONS, Source
from simulator.telemetry_world import TelemetryWorld
from simulator.world import Clock, World

PAGE = 20
_RULES = Path(__file__).with_name("cockpit_rules.toml")
_INTERVAL = re.compile(r"(\d{1,8})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": DAY}
_USUAL_INTERVAL = "86400s"
_UNITS = {"metrics": "samples", "logs": "bytes", "traces": "bytes"}
_ORIGINS = {"scaleway": "scaleway", "custom": "external"}
_CACHE_GB, _WAF_REQUESTS = 100, 10_000_000


class Cockpit:
    """Everything of Cockpit that a world serves."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._telemetry = TelemetryWorld(world)
        self._logs = LogWorld(self._telemetry)
        self._clock = clock
        self._gate = Gate(world)
        self._tokens = TokenGate(self._telemetry, clock)
        self._costs = CostApi(world, clock, self._telemetry.land)
        self._edge = EdgeServices(self._telemetry.land)

    def routes(self) -> list[Route]:
        cockpit = "/cockpit/v1/regions/{region}"
        return [
            Route(f"{cockpit}/data-sources", self.data_sources),
            Route(f"{cockpit}/alerts", self.alerts),
            Route(f"{cockpit}/usage-overview", self.usage_overview),
            Route("/edge-services/v1beta1/billing/{project_id}", self.edge_billing),
            *metric_routes(self._telemetry, self._clock, self._tokens),
            *log_routes(self._logs, self._clock, self._tokens),
            *self._costs.routes(),
        ]

    def sign_in(self) -> dict[str, Any]:
        """What a client needs besides the API's own key."""
        return {"cockpit_tokens": self._tokens.tokens(), "opencost": self._costs.addresses()}

    async def data_sources(self, request: Request) -> Response:
        region, project = self._place(request)
        query, now = request.query_params, self._clock.instant
        found = [
            self._shape(source, str(request.base_url), now)
            for source in self._there(project, region)
            if query.get("origin", "unknown_origin") in ("unknown_origin", source.origin)
            and (not query.getlist("types") or source.signal in query.getlist("types"))
        ]
        found.sort(key=lambda item: item["created_at"])
        return answer({"data_sources": page_of(query, found, PAGE), "total_count": len(found)})

    async def alerts(self, request: Request) -> Response:
        """Only those that Scaleway prepares; nobody here has any of their own."""
        region, _ = self._place(request)
        query = request.query_params
        is_wanted = not query.get("is_preconfigured") or flag(query, "is_preconfigured")
        found = [self._alert(rule, region) for rule in _rules()] if is_wanted else []
        return answer({"alerts": found, "total_count": len(found)})

    async def usage_overview(self, request: Request) -> Response:
        region, project = self._place(request)
        interval = request.query_params.get("interval") or _USUAL_INTERVAL
        match = _INTERVAL.fullmatch(interval)
        if match is None:
            raise invalid("interval", "format", "send a duration like 86400s")
        until = self._clock.instant
        since = until - int(match[1]) * _SECONDS[match[2]]
        told: dict[str, Any] = {}
        for source in self._there(project, region):
            name = f"{_ORIGINS[source.origin]}_{source.signal}_usage"
            amount = self._between(source, since, until)
            known = told.get(name)
            if known is not None:
                known["quantity_over_interval"] += amount
                known["data_source_id"] = None
                continue
            told[name] = {
                "project_id": project,
                "data_source_id": source.id,
                "data_source_origin": source.origin,
                "data_source_type": source.signal,
                "unit": _UNITS[source.signal],
                "quantity_over_interval": amount,
                "interval": interval,
                "region": region,
            }
        kinds = [f"{origin}_{signal}_usage" for origin in ("scaleway", "external") for signal in ("metrics", "logs")]
        return answer({name: told.get(name) for name in [*kinds, "external_traces_usage"]})

    async def edge_billing(self, request: Request) -> Response:
        """The month so far of one project."""
        self._gate.check(request)
        project = request.path_params["project_id"]
        now = self._clock.instant
        if project not in self._telemetry.world.project_ids.values():
            raise not_found("project", project)
        plan = self._edge.plan(project, now)
        requests = self._edge.requests_in_month(project, now)
        nothing = money(0, self._telemetry.world.scenario.currency)
        cost = money(self._edge.cost_in_month(project, now), self._telemetry.world.scenario.currency)
        within = min(requests, _WAF_REQUESTS)
        return answer({
            "current_plan": None if plan is None else {
                "plan_name": plan,
                "package_gb": _CACHE_GB,
                "pipeline_limit": 1,
                "waf_requests": _WAF_REQUESTS,
                "backend_limit": 1,
                "wildcard_domain": False,
            },
            "pipeline_number": self._edge.pipelines(project, now),
            "plan_cost": cost,
            "extra_pipelines_cost": nothing,
            "current_plan_cache_usage": self._edge.gigabytes_in_month(project, now),
            "extra_cache_usage": 0,
            "extra_cache_cost": nothing,
            "current_plan_waf_usage": within,
            "extra_waf_usage": requests - within,
            "extra_waf_cost": nothing,
            "waf_add_on": nothing,
            "plans_usage_details": {} if plan is None else {plan: {"plan_cost": cost}},
            "total_cost": cost,
        })  # fmt: skip

    def _place(self, request: Request) -> tuple[str, str]:
        self._gate.check(request)
        region = request.path_params["region"]
        if region not in REGIONS:
            raise not_found("locality", region)
        project = request.query_params.get("project_id")
        if not project:
            raise invalid("project_id", "required", "project_id is required")
        return region, project

    def _there(self, project: str, region: str) -> list[Source]:
        now = self._clock.instant
        return [
            source
            for source in self._telemetry.sources.values()
            if (source.project_id, source.region) == (project, region) and source.exists(now)
        ]

    def _between(self, source: Source, since: int, until: int) -> int:
        """Samples or bytes that a data source took in from one instant to another."""
        taken = self._telemetry.taken_in(source) if source.signal == "metrics" else self._logs.taken_in(source)
        calendar = self._telemetry.land.calendar
        return amount_until(calendar, taken, until) - amount_until(calendar, taken, since)

    def _shape(self, source: Source, base: str, now: int) -> dict[str, Any]:
        settings = self._telemetry.land.settings
        days = {"metrics": settings.metrics_days, "logs": settings.logs_days, "traces": settings.traces_days}
        created = zulu(max(source.start, self._telemetry.world.start))
        return {
            "id": source.id,
            "project_id": source.project_id,
            "name": source.name,
            "type": source.signal,
            "origin": source.origin,
            "retention_days": days[source.signal],
            "synchronized_with_grafana": True,
            "url": f"{base}cockpit/{source.id}",
            "current_month_usage": self._between(source, month_of(now).start, now),
            "created_at": created,
            "updated_at": created,
            "region": source.region,
        }

    def _alert(self, rule: dict[str, str], region: str) -> dict[str, Any]:
        identifier = self._telemetry.world.identity.uuid("rule", rule["name"], rule["product"])
        told = {"display_name": rule["title"], "display_description": rule["about"]}
        return {
            "region": region,
            "preconfigured": True,
            "name": rule["name"],
            "rule": rule["rule"],
            "duration": rule["duration"],
            "rule_status": "disabled",
            "state": "unknown_state",
            "annotations": {
                **told,
                "family": rule["family"],
                "product": rule["product"],
                "rule_id": identifier,
                "summary": f"{rule['title']} on {rule['product']} {{{{ $labels.resource_name }}}}",
            },
            "preconfigured_data": {
                **told,
                "preconfigured_rule_id": identifier,
                "product_name": rule["product"],
                "product_family": rule["family"],
            },
            "data_source_id": "",
        }


def amount_until(calendar: Calendar, daily: Whole, instant: int) -> int:
    """What was taken in from the beginning until an instant; evenly within a day."""
    since = min(max(instant - calendar.start, 0), calendar.size * DAY)
    day, second = divmod(since, DAY)
    part = int(daily[day]) * second // DAY if second else 0
    return int(np.sum(daily[:day])) + part


def _rules() -> list[dict[str, str]]:
    found: list[dict[str, str]] = tomllib.loads(_RULES.read_text(encoding="utf-8"))["rules"]
    return found
