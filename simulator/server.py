"""The pretend Scaleway as an ASGI application: routes, the clock, and faults when asked for."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulator.answers import Refusal, answer, invalid, not_found, refusal
from simulator.audit_api import audit_routes
from simulator.billing_api import BillingApi
from simulator.catalogue_api import CatalogueApi
from simulator.charges_api import ChargesApi
from simulator.cockpit_api import Cockpit
from simulator.deploys_exports import EXPORTS, export_csv, exported_kinds
from simulator.faults import Faulty
from simulator.footprint_api import FootprintApi
from simulator.gate import Gate
from simulator.instants import parse_rfc3339, seconds, zulu
from simulator.inventory_api import InventoryApi
from simulator.products_api import product_routes
from simulator.s3_api import ENDPOINT, storage_routes
from simulator.scenario import Fault
from simulator.world import Clock, World


def create_app(world: World, clock: Clock | None = None, faults: Sequence[Fault] | None = None) -> Starlette:
    """The API of a world at a clock's time; faults default to the scenario's."""
    clock = clock or Clock(world.scenario.today)
    planned = world.scenario.faults if faults is None else faults
    cockpit = Cockpit(world, clock)
    return Starlette(
        routes=[
            *_billing_routes(world, clock),
            *_inventory_routes(world, clock),
            *product_routes(world, clock),
            *storage_routes(world, clock),
            *audit_routes(world, clock),
            *cockpit.routes(),
            *FootprintApi(world, clock).routes(),
            _clock_route(world, clock, cockpit.sign_in()),
            _export_route(world, clock),
        ],
        middleware=[Middleware(Faulty, faults=planned)] if planned else [],
        exception_handlers={Refusal: refusal, HTTPException: _unknown},
    )


def _billing_routes(world: World, clock: Clock) -> list[Route]:
    gate = Gate(world)
    billing, charges = BillingApi(world, clock, gate), ChargesApi(world, clock, gate)
    return [
        Route("/billing/v2beta1/charges", charges.charges),
        Route("/billing/v2beta1/consumptions", billing.consumptions),
        Route("/billing/v2beta1/invoices", billing.invoices),
        Route("/billing/v2beta1/invoices/{invoice_id}", billing.invoice),
        Route("/billing/v2beta1/taxes", billing.taxes),
        Route("/billing/v2beta1/discounts", billing.discounts),
        Route("/billing/v2/budgets", billing.budgets),
    ]


def _inventory_routes(world: World, clock: Clock) -> list[Route]:
    gate = Gate(world)
    catalogue, inventory = CatalogueApi(world, clock, gate), InventoryApi(world, clock, gate)
    instance, block = "/instance/v1/zones/{zone}", "/block/v1/zones/{zone}"
    return [
        Route("/product-catalog/v2alpha1/public-catalog/products", catalogue.products),
        Route("/account/v3/projects", inventory.projects),
        Route(f"{instance}/servers", inventory.servers),
        Route(f"{instance}/volumes", inventory.volumes),
        Route(f"{instance}/snapshots", inventory.snapshots),
        Route(f"{instance}/images", inventory.images),
        Route(f"{instance}/ips", inventory.ips),
        Route(f"{instance}/products/servers", catalogue.server_types),
        Route(f"{instance}/products/servers/availability", catalogue.availability),
        Route(f"{block}/volumes", inventory.block_volumes),
        Route(f"{block}/snapshots", inventory.block_snapshots),
    ]


def _clock_route(world: World, clock: Clock, more: dict[str, Any]) -> Route:
    async def simulator_clock(request: Request) -> Response:
        if request.method == "PUT":
            clock.now = _moment(world, await request.body())
        return answer({"now": zulu(clock.instant), **_sign_in(world), **more})

    return Route("/simulator/clock", simulator_clock, methods=["GET", "PUT"])


def _export_route(world: World, clock: Clock) -> Route:
    async def export(request: Request) -> Response:
        """What the organisation itself knows, as of the clock."""
        kind = request.path_params["kind"]
        if kind not in EXPORTS:
            raise not_found("export", kind)
        return Response(export_csv(world, clock.instant, kind), media_type="text/csv; charset=utf-8")

    return Route("/simulator/exports/{kind}.csv", export)


def _sign_in(world: World) -> dict[str, Any]:
    """What a client needs to be this organisation, the days the scenario speaks of, its settings and its exports."""
    organization = world.scenario.organization
    return {
        "organization_id": organization.id,
        "access_key": organization.access_key,
        "secret_key": organization.secret_key,
        "start": zulu(world.start)[:10],
        "today": zulu(seconds(world.scenario.today)),
        "s3_endpoint": ENDPOINT,
        "settings_file": str(world.scenario.settings_file) if world.scenario.settings_file else None,
        "exports": {kind: f"/simulator/exports/{kind}.csv" for kind in exported_kinds(world)},
    }


def _moment(world: World, body: bytes) -> datetime:
    try:
        text = json.loads(body)["now"]
        moment = datetime.fromtimestamp(parse_rfc3339(text), UTC)
    except (ValueError, KeyError, TypeError):
        raise invalid("now", "format", 'send {"now": "2026-10-01T06:00:00Z"}') from None
    problem = outside(world, moment)
    if problem:
        raise invalid("now", "constraint", problem)
    return moment


def outside(world: World, moment: datetime) -> str | None:
    """Why a moment cannot be the clock's time, or None."""
    if world.start <= seconds(moment) < world.horizon:
        return None
    return f"{zulu(seconds(moment))} is outside {zulu(world.start)} to {zulu(world.horizon)}"


def _unknown(_: Request, error: Exception) -> Response:
    """Unknown paths and methods; Scaleway is read, never written."""
    assert isinstance(error, HTTPException)
    kind = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "unknown")
    return answer({"message": error.detail, "type": kind}, error.status_code)
