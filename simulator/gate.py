"""Who may ask what: the key, the organisation and the projects that exist."""

import hmac

from starlette.requests import Request

from simulator.answers import denied, forbidden, invalid, not_found
from simulator.price_book import ZONES
from simulator.world import World


class Gate:
    """Refuses requests the way Scaleway does; every API asks it first."""

    def __init__(self, world: World) -> None:
        self._organization = world.scenario.organization
        self._projects = frozenset(world.project_ids.values())

    def check(self, request: Request) -> None:
        """Refuses a wrong key, and an organisation or project that is not this one's."""
        token = request.headers.get("X-Auth-Token", "")
        if not hmac.compare_digest(token.encode(), self._organization.secret_key.encode()):
            raise denied()
        query = request.query_params
        for name in ("organization_id", "organization"):
            if query.get(name) and query[name] != self._organization.id:
                raise forbidden("organization")
        for name in ("project_id", "project", "project_ids"):
            if any(value not in self._projects for value in query.getlist(name) if value):
                raise forbidden("project")

    def require_organization_or_project(self, request: Request, project_parameter: str) -> None:
        """As `check`, and one of the two must be named."""
        self.check(request)
        query = request.query_params
        if not query.get("organization_id") and not query.get(project_parameter):
            raise invalid("organization_id", "required", f"organization_id or {project_parameter} is required")

    def zone(self, request: Request) -> str:
        """The zone of the path, once the key is accepted."""
        self.check(request)
        zone: str = request.path_params["zone"]
        if zone not in ZONES:
            raise not_found("zone", zone)
        return zone
