"""Inventory: projects, Instances, volumes, snapshots, images, addresses and block storage as they are now."""

from collections.abc import Callable
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from simulator.answers import answer, instance_page, page_of
from simulator.gate import Gate
from simulator.inventory_shapes import Shapes
from simulator.resources import Resource
from simulator.world import Clock, World

PAGE = 50


class InventoryApi:
    """Answers /account/v3/projects, /instance/v1 and /block/v1 listings."""

    def __init__(self, world: World, clock: Clock, gate: Gate) -> None:
        self._world = world
        self._clock = clock
        self._gate = gate
        self._shapes = Shapes(world)

    async def projects(self, request: Request) -> Response:
        self._gate.check(request)
        query = request.query_params
        wanted, name = query.getlist("project_ids"), query.get("name")
        rows = [
            project
            for project in self._world.scenario.projects
            if (not wanted or self._world.project_id(project) in wanted) and (not name or project.name == name)
        ]
        page = page_of(query, rows, PAGE)
        return answer({"projects": [self._shapes.project(row) for row in page], "total_count": len(rows)})

    async def servers(self, request: Request) -> Response:
        return self._instance_listing(request, "servers", ("instance",), self._shapes.server)

    async def volumes(self, request: Request) -> Response:
        return self._instance_listing(request, "volumes", ("local-volume",), self._shapes.local_volume)

    async def snapshots(self, request: Request) -> Response:
        return self._instance_listing(request, "snapshots", ("instance-snapshot",), self._shapes.local_snapshot)

    async def images(self, request: Request) -> Response:
        return self._instance_listing(request, "images", ("image",), self._shapes.image)

    async def ips(self, request: Request) -> Response:
        return self._instance_listing(request, "ips", ("ip",), self._shapes.address)

    async def block_volumes(self, request: Request) -> Response:
        return self._block_listing(request, "volumes", "block-volume", self._shapes.block_volume)

    async def block_snapshots(self, request: Request) -> Response:
        return self._block_listing(request, "snapshots", "block-snapshot", self._shapes.block_snapshot)

    def _found(self, request: Request, kinds: tuple[str, ...], project_parameter: str) -> list[Resource]:
        """The zone's living resources, newest first as Scaleway lists them."""
        zone, query, now = self._gate.zone(request), request.query_params, self._clock.instant
        rows = [r for r in self._world.living(now) if r.kind in kinds and r.zone == zone]
        rows = [row for row in rows if self._wanted(row, query, project_parameter, now)]
        return sorted(rows, key=lambda row: (-row.start, row.id))

    def _wanted(self, row: Resource, query: QueryParams, project_parameter: str, now: int) -> bool:
        project, name = query.get(project_parameter), query.get("name")
        tags = [tag for given in query.getlist("tags") for tag in given.split(",") if tag]
        return (
            (not project or self._world.project_id(row.project) == project)
            and (not name or name in row.name)
            and set(tags) <= set(row.tags_at(now))
        )

    def _instance_listing(
        self, request: Request, key: str, kinds: tuple[str, ...], shape: Callable[[Resource, int], dict[str, Any]]
    ) -> Response:
        rows = self._found(request, kinds, "project")
        page, headers = instance_page(request, rows, key)
        return answer({key: [shape(row, self._clock.instant) for row in page]}, headers=headers)

    def _block_listing(
        self, request: Request, key: str, kind: str, shape: Callable[[Resource, int], dict[str, Any]]
    ) -> Response:
        rows = self._found(request, (kind,), "project_id")
        page = page_of(request.query_params, rows, PAGE)
        return answer({key: [shape(row, self._clock.instant) for row in page], "total_count": len(rows)})
