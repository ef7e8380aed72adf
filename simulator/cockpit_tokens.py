"""Tokens of Cockpit: one for each project and region that has data sources."""

import hmac

from starlette.requests import Request

from simulator.answers import Refusal, not_found
from simulator.telemetry_sources import Source
from simulator.telemetry_world import TelemetryWorld
from simulator.world import Clock


class TokenGate:
    """Lets those in who bring the token of a data source's own project and region."""

    def __init__(self, telemetry: TelemetryWorld, clock: Clock) -> None:
        self._telemetry = telemetry
        self._clock = clock

    def tokens(self) -> dict[str, str]:
        """Every token by project and region."""
        places = sorted({(source.project_id, source.region) for source in self._telemetry.sources.values()})
        return {f"{project}/{region}": self._token(project, region) for project, region in places}

    def source(self, request: Request, signal: str) -> Source:
        """The data source of the path, for whoever may read it."""
        identifier = request.path_params["source"]
        source = self._telemetry.sources.get(identifier)
        if source is None or source.signal != signal or not source.exists(self._clock.instant):
            raise not_found("data_source", identifier)
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        told = request.headers.get("X-Token") or (bearer if scheme.lower() == "bearer" else "")
        if not told:
            raise Refusal(401, {"message": "no token was given", "type": "denied_authentication"})
        if not hmac.compare_digest(told.encode(), self._token(source.project_id, source.region).encode()):
            raise Refusal(403, {"message": "the token may not read this data source", "type": "permissions_denied"})
        return source

    def _token(self, project_id: str, region: str) -> str:
        return self._telemetry.world.identity.uuid("cockpit token", project_id, region)
