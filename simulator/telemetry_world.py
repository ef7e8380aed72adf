"""Everything that Cockpit holds of a world, made when it is first asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from simulator.resources import Resource
from simulator.telemetry_clusters import clusters
from simulator.telemetry_databases import mongodb, postgresql, redis, serverless_sql
from simulator.telemetry_families import Family
from simulator.telemetry_flows import Flow
from simulator.telemetry_landscape import Landscape
from simulator.telemetry_machines import instances, node_exporter
from simulator.telemetry_models import dedicated, generative, gpus, model_servers
from simulator.telemetry_network import balancers, gateways
from simulator.telemetry_noise import Flags, Whole
from simulator.telemetry_own import crowd, ingestion
from simulator.telemetry_requests import Traffic
from simulator.telemetry_scenario import Collects
from simulator.telemetry_serverless import containers, functions
from simulator.telemetry_sources import Source, data_sources
from simulator.telemetry_storage import buckets
from simulator.world import World

# measure by service and identifier: what was counted on each day of the calendar
Counts: TypeAlias = dict[tuple[str, str], dict[str, Whole]]


@dataclass
class Holdings:
    """The metrics of one data source, by name, and what they count."""

    families: list[Family] = field(default_factory=list)
    counts: Counts = field(default_factory=dict)
    counted_on: dict[tuple[str, str], Flags] = field(default_factory=dict)
    by_tenant: dict[tuple[str, str], dict[str, Whole]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[Family]]:
        found: dict[str, list[Family]] = {}
        for family in self.families:
            found.setdefault(family.name, []).append(family)
        return found

    def count(self, service: str, measure: str, flow: Flow, ids: Sequence[str]) -> None:
        """Adds what a flow counts to the things of those names, and the days on which there are samples of it."""
        seen = flow.things.counts(np.arange(len(ids)), slice(0, flow.things.calendar.size)) > 0
        for row, name in enumerate(ids):
            amounts: Whole = flow.totals[flow.owners == row].sum(axis=0)
            known = self.counts.setdefault((service, name), {})
            known[measure] = known[measure] + amounts if measure in known else amounts
            days = self.counted_on.get((service, name))
            self.counted_on[service, name] = seen[row] if days is None else days | seen[row]

    def requests(self, service: str, made: tuple[Sequence[Family], Traffic | None]) -> None:
        """Adds the families of a service, and what they count."""
        families, traffic = made
        self.families += families
        if traffic is not None:
            self.count(service, "requests", traffic.flow, traffic.ids)
            self._tenants(service, traffic)

    def _tenants(self, service: str, traffic: Traffic) -> None:
        """Keeps apart what was asked by whom, where a thing tells its tenants; "" is nobody in particular."""
        for row, name in enumerate(traffic.ids):
            lines = {int(line): traffic.labels[line].get("tenant", "") for line in traffic.lines_of(row)}
            if any(lines.values()):
                known = self.by_tenant.setdefault((service, name), {})
                for line, tenant in lines.items():
                    counted: Whole = traffic.flow.totals[line]
                    known[tenant] = known[tenant] + counted if tenant in known else counted


class TelemetryWorld:
    """The data sources of a world and what they hold."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.land = Landscape(world)
        self.sources: Mapping[str, Source] = {source.id: source for source in data_sources(world)}
        self._held: dict[str, Holdings] = {}
        self._taken: dict[str, tuple[Flow, int]] = {}

    def holdings(self, source: Source) -> Holdings:
        """The metrics of a data source."""
        if source.id not in self._held:
            self._held[source.id] = self._custom(source) if source.is_custom else self._scaleway(source)
        return self._held[source.id]

    def taken_in(self, source: Source) -> Whole:
        """Samples that a metrics source takes in, by day of the calendar."""
        if source.id not in self._taken:
            places = (each for each in self.of_signal("metrics") if each.key.startswith(source.key.rpartition("|")[0]))
            for each in places:
                if not each.is_custom:
                    self.holdings(each)
        flow, line = self._taken[source.id]
        found: Whole = flow.totals[line]
        return found

    def of_signal(self, signal: str) -> list[Source]:
        return [source for source in self.sources.values() if source.signal == signal]

    def _scaleway(self, source: Source) -> Holdings:
        land, rows = self.land, source.resources
        held = Holdings()
        for families in (instances, clusters, gateways, postgresql, redis, mongodb, serverless_sql, dedicated):
            held.families += families(land, rows)
        held.requests("load_balancer", balancers(land, rows))
        held.requests("serverless_container", containers(land, rows))
        held.requests("serverless_function", functions(land, rows))
        held.requests("object_storage_bucket", buckets(land, rows))
        tokens, flows = generative(land, rows)
        held.families += tokens
        for measure, (flow, ids) in flows.items():
            held.count("generative_apis", measure, flow, ids)
        place = (source.project_id, source.region)
        custom = [s for s in self.of_signal("metrics") if s.is_custom and (s.project_id, s.region) == place]
        counters, flow = ingestion(land, source, held.families, custom)
        held.families += counters
        self._taken |= {each.id: (flow, line) for line, each in enumerate([source, *custom])}
        return held

    def _custom(self, source: Source) -> Holdings:
        told = source.resources[0].group.collects or Collects()
        rows = [_within(row, source) for row in self._collected(told)]
        rows = [row for row in rows if row.start < row.end]
        held = Holdings()
        if "node" in told.exporters:
            held.families += node_exporter(self.land, rows, "node")
        if "gpu" in told.exporters:
            held.families += gpus(self.land, rows, "dcgm")
        if "vllm" in told.exporters:
            families, traffic, tokens = model_servers(self.land, rows, "vllm")
            held.requests("vllm", (families, traffic))
            if traffic is not None and tokens is not None:
                held.count("vllm", "input_tokens", tokens.input, traffic.ids)
                held.count("vllm", "output_tokens", tokens.output, traffic.ids)
        machines = rows if "node" in told.exporters else []
        held.families += crowd(self.land, source, held.families, machines, source.name)
        return held

    def _collected(self, told: Collects) -> Iterable[Resource]:
        return [
            row
            for row in self.world.resources
            if not row.server_id and (row.project.name in told.projects or row.group.name in told.groups)
        ]


def _within(row: Resource, source: Source) -> Resource:
    """A resource for as long as something is pushed of it."""
    return replace(row, start=max(row.start, source.start), end=min(row.end, source.end))
