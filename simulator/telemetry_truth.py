"""What telemetry ought to say of each complete day: requests and tokens, samples and logs taken in."""

from collections.abc import Iterator
from typing import Any

from simulator.cockpit_logs import LogWorld
from simulator.instants import DAY, at, day_start
from simulator.telemetry_edge import EdgeServices
from simulator.telemetry_world import TelemetryWorld
from simulator.world import World


def telemetry_truth(world: World, now: int) -> dict[str, Any]:
    """By day: requests by service and resource, and where tenants are told also by them; samples by place and origin;
    requests of Edge Services by project; and of the days that logs are kept, bytes and lines by place, origin, service
    and level."""
    telemetry = TelemetryWorld(world)
    return {
        "requests": _requests(telemetry, now),
        "requests_by_tenant": _by_tenant(telemetry, now),
        "telemetry": _samples(telemetry, now),
        "edge_requests": _edge(telemetry, now),
        "logs": _logs(telemetry, now),
    }


def _days(telemetry: TelemetryWorld, now: int) -> Iterator[tuple[int, str]]:
    """Number and name of each complete day of history."""
    calendar = telemetry.land.calendar
    for midnight in range(day_start(telemetry.world.start), day_start(now), DAY):
        yield calendar.day_of(midnight), at(midnight).date().isoformat()


def _requests(telemetry: TelemetryWorld, now: int) -> dict[str, dict[str, dict[str, int]]]:
    """A resource is named on the days on which something was there to count it."""
    days = list(_days(telemetry, now))
    found: dict[str, dict[str, dict[str, int]]] = {name: {} for _, name in days}
    for source in telemetry.of_signal("metrics"):
        held = telemetry.holdings(source)
        for (service, identifier), measures in held.counts.items():
            amounts = {measure: daily.tolist() for measure, daily in measures.items()}
            seen = held.counted_on[service, identifier].tolist()
            for day, name in days:
                if seen[day]:
                    row = found[name].setdefault(f"{service}|{identifier}", {})
                    for measure, daily in amounts.items():
                        row[measure] = row.get(measure, 0) + daily[day]
    return found


def _by_tenant(telemetry: TelemetryWorld, now: int) -> dict[str, dict[str, dict[str, int]]]:
    """Only of what tells its tenants; requests without one are those of ""."""
    days = list(_days(telemetry, now))
    found: dict[str, dict[str, dict[str, int]]] = {name: {} for _, name in days}
    for source in telemetry.of_signal("metrics"):
        for (service, identifier), tenants in telemetry.holdings(source).by_tenant.items():
            amounts = {tenant: daily.tolist() for tenant, daily in tenants.items()}
            for day, name in days:
                told = {tenant: daily[day] for tenant, daily in amounts.items() if daily[day]}
                if told:
                    found[name][f"{service}|{identifier}"] = told
    return found


def _samples(telemetry: TelemetryWorld, now: int) -> dict[str, dict[str, dict[str, int]]]:
    days = list(_days(telemetry, now))
    found: dict[str, dict[str, dict[str, int]]] = {name: {} for _, name in days}
    for source in telemetry.of_signal("metrics"):
        amounts = telemetry.taken_in(source).tolist()
        for day, name in days:
            if amounts[day]:
                row = found[name].setdefault(source.key, {"samples": 0})
                row["samples"] += amounts[day]
    return found


def _edge(telemetry: TelemetryWorld, now: int) -> dict[str, dict[str, int]]:
    edge = EdgeServices(telemetry.land)
    counted = {project: edge.daily(project).tolist() for project in edge.projects()}
    return {name: {project: daily[day] for project, daily in counted.items()} for day, name in _days(telemetry, now)}


def _logs(telemetry: TelemetryWorld, now: int) -> dict[str, dict[str, dict[str, int]]]:
    logs = LogWorld(telemetry)
    days = [(day, name) for day, name in _days(telemetry, now)][-logs.kept_days :]
    found: dict[str, dict[str, dict[str, int]]] = {name: {} for _, name in days}
    for source in telemetry.of_signal("logs"):
        for stream in logs.streams(source):
            key = f"{source.key}|{stream.labels['service_name']}|{stream.labels['detected_level']}"
            sizes, lines = stream.daily.tolist(), stream.daily_lines().tolist()
            for day, name in days:
                if sizes[day]:
                    row = found[name].setdefault(key, {"bytes": 0, "lines": 0})
                    row["bytes"] += sizes[day]
                    row["lines"] += lines[day]
    return found
