"""Scaleway's environmental footprint: impact by project, place and SKU, and which reports can be had."""

import base64
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import answer, invalid, not_found
from simulator.footprint import Emitted, Footprint, Impact
from simulator.footprint_report import report_pdf
from simulator.gate import Gate
from simulator.instants import Month, at, day_start, month_of, months_between, seconds, zulu
from simulator.world import Clock, World

_PATH = "/environmental-footprint/v1alpha1"
_YEAR = 12
Where: TypeAlias = tuple[str, str, str]  # project, region, and zone where the SKU has one


class FootprintApi:
    """Answers /environmental-footprint/v1alpha1."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._gate = Gate(world)
        self._footprint = Footprint(world)

    def routes(self) -> list[Route]:
        return [
            Route(f"{_PATH}/data/query", self.query),
            Route(f"{_PATH}/reports/availability", self.availability),
            Route(f"{_PATH}/reports/download", self.download, methods=["POST"]),
        ]

    async def query(self, request: Request) -> Response:
        """The impact of whole days from start_date to the day before end_date, today at the latest."""
        self._gate.check(request)
        query, today = request.query_params, day_start(self._clock.instant)
        start, end = self._days(query, today)
        found: dict[Where, dict[str, list[Emitted]]] = {}
        wanted = self._filter(query)
        for each in self._footprint.emitted(start, min(end, today)):
            if wanted(each):
                found.setdefault(self._where(each), {}).setdefault(each.charge.line.offer.sku, []).append(each)
        return answer({
            "start_date": zulu(start),
            "end_date": zulu(end),
            "total_impact": _impact(each for skus in found.values() for rows in skus.values() for each in rows),
            "projects": _projects(found),
        })  # fmt: skip

    async def availability(self, request: Request) -> Response:
        """Months and years that are over, with at least one day of history."""
        self._gate.check(request)
        query, today = request.query_params, day_start(self._clock.instant)
        start, end = self._days(query, today, default=self._world.start)
        months = [month for month in self._complete() if start <= month.start < end]
        years = [month for month in months if self._is_whole_year(month)]
        return answer({
            "month_summary_reports": [zulu(month.start) for month in months],
            "yearly_summary_reports": [zulu(month.start) for month in years],
        })  # fmt: skip

    async def download(self, request: Request) -> Response:
        """One report as a PDF file."""
        self._gate.check(request)
        try:
            asked = json.loads(await request.body() or b"{}")
            month = month_of(_instant(str(asked["date"])))
            kind = str(asked.get("type", "monthly"))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise invalid("date", "required", 'send {"date": "2026-06-01T00:00:00Z", "type": "monthly"}') from None
        known = {each.name: each for each in self._complete()}
        if month.name not in known or (kind == "yearly" and not self._is_whole_year(month)):
            raise not_found("report", month.name)
        until = at(month.start).replace(year=at(month.start).year + 1) if kind == "yearly" else at(month.end)
        total = sum((each.impact for each in self._footprint.emitted(month.start, seconds(until))), Impact())
        content = report_pdf(self._world.scenario.organization.name, f"{kind} report, {month.name}", total)
        return answer({
            "name": f"impact-report-{month.name}.pdf",
            "content_type": "application/pdf",
            "content": base64.b64encode(content).decode(),
        })  # fmt: skip

    def _days(self, query: QueryParams, today: int, default: int | None = None) -> tuple[int, int]:
        start = query.get("start_date", "")
        if not start and default is None:
            default = month_of(today).start
        try:
            first = day_start(_instant(start)) if start else int(default or 0)
            last = day_start(_instant(query["end_date"])) if query.get("end_date") else today
        except ValueError as error:
            raise invalid("start_date", "format", str(error)) from None
        if last < first:
            raise invalid("end_date", "constraint", "end_date is before start_date")
        return first, last

    def _filter(self, query: QueryParams) -> Callable[[Emitted], bool]:
        projects, regions, zones, services, products = (
            [value for value in query.getlist(name) if value]
            for name in ("project_ids", "regions", "zones", "service_categories", "product_categories")
        )

        def wanted(each: Emitted) -> bool:
            project, region, zone = self._where(each)
            return (
                (not projects or project in projects)
                and (not regions or region in regions)
                and (not zones or zone in zones)
                and (not services or each.factor.service_category in services)
                and (not products or each.factor.product_category in products)
            )

        return wanted

    def _where(self, each: Emitted) -> Where:
        """A SKU that is sold by region has no zone; one that is sold everywhere is where its resource is."""
        resource, offer = each.charge.line.resource, each.charge.line.offer
        zone = "" if offer.locality[0] == "region" else resource.zone
        return self._world.project_id(resource.project), resource.zone[:6], zone

    def _complete(self) -> list[Month]:
        today = day_start(self._clock.instant)
        return [month for month in months_between(self._world.start, today) if month.end <= today]

    def _is_whole_year(self, month: Month) -> bool:
        """Whether all months of the year that begins with this one are over."""
        year = month.name[:4]
        complete = [each.name for each in self._complete() if each.name[:4] == year]
        return month.name.endswith("-01") and len(complete) == _YEAR


def _instant(text: str) -> int:
    """A day or a moment, also as clients that do not write RFC 3339 send it."""
    moment = datetime.fromisoformat(text)
    return seconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _projects(found: dict[Where, dict[str, list[Emitted]]]) -> list[dict[str, Any]]:
    rows = []
    for project in sorted({where[0] for where in found}):
        mine = {where: skus for where, skus in found.items() if where[0] == project}
        rows.append({
            "project_id": project,
            "total_project_impact": _impact(each for skus in mine.values() for e in skus.values() for each in e),
            "regions": [_region(mine, region) for region in sorted({where[1] for where in mine})],
        })  # fmt: skip
    return rows


def _region(mine: dict[Where, dict[str, list[Emitted]]], region: str) -> dict[str, Any]:
    here = {where[2]: skus for where, skus in mine.items() if where[1] == region}
    return {
        "region": region,
        "total_region_impact": _impact(each for skus in here.values() for e in skus.values() for each in e),
        "skus": _skus(here.get("", {})),
        "zones": [
            {
                "zone": zone,
                "total_zone_impact": _impact(each for e in skus.values() for each in e),
                "skus": _skus(skus),
            }
            for zone, skus in sorted(here.items())
            if zone
        ],
    }


def _skus(skus: dict[str, list[Emitted]]) -> list[dict[str, Any]]:
    return [
        {
            "sku": sku,
            "service_category": rows[0].factor.service_category,
            "product_category": rows[0].factor.product_category,
            "total_sku_impact": _impact(rows),
        }
        for sku, rows in sorted(skus.items())
    ]


def _impact(rows: Iterable[Emitted]) -> dict[str, float]:
    total = sum((each.impact for each in rows), Impact())
    return {"kg_co2_equivalent": float(total.kg_co2e), "m3_water_usage": float(total.m3_water)}
