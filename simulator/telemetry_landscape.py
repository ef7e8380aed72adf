"""What all families are made from: the world, its calendar, and the wording that Scaleway's series have in common."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import numpy as np

from simulator.instants import seconds
from simulator.loads import billed
from simulator.resources import Resource
from simulator.service_parts import meter
from simulator.telemetry_calendar import Calendar
from simulator.telemetry_families import Kind, Labels, Metric, Slots
from simulator.telemetry_flows import Flow
from simulator.telemetry_noise import Flags, Floats, Whole, derived, seed_of, uniform
from simulator.telemetry_shapes import Levels
from simulator.telemetry_things import Signal, Signals, Things
from simulator.telemetry_usage import Quantity, levels_of, shape_of, usage_of
from simulator.telemetry_values import Constant, Counter, Gauge, Values
from simulator.world import World

RESTART_DAYS = 58
_ACTIVE = Levels.of(0.4, 0.9)
_EACH: tuple[Labels, ...] = ({},)


class Landscape:
    """Makes things, signals and families of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.settings = world.scenario.telemetry
        self.calendar = Calendar.of(world.start, world.horizon, seconds(world.scenario.today))
        self.scrape = self.settings.scrape_seconds
        self._signals = Signals(self.calendar, self.scrape)

    def things(self, resources: Sequence[Resource]) -> Things:
        return self.nodes(resources, [0] * len(resources))

    def nodes(self, resources: Sequence[Resource], numbers: Sequence[int]) -> Things:
        """Several things of one resource, by number. One that continues another takes its samples when that did."""
        pairs = zip(resources, numbers, strict=True)
        seeds = [seed_of(self.world.identity, row.id, number) for row, number in pairs]
        return Things.of(self.calendar, self.scrape, resources, seeds)

    def services(self, resources: Iterable[Resource], *prefixes: str) -> list[Resource]:
        """Those that are billed by a meter that begins so."""
        return [row for row in resources if row.kind == "service" and any(meter(row, prefix) for prefix in prefixes)]

    def signal(self, things: Things, quantity: Quantity, stays: bool = False) -> Signal:
        """One quantity of the things, as a share of what they have. One that `stays` is used though nobody works."""
        rows = things.resources
        shapes = [shape_of(row) for row in rows]
        levels = [levels_of(row, quantity) for row in rows]
        growth = [usage_of(row).growth for row in rows]
        return self._signals.signal(things, quantity.number, shapes, levels, growth, stays)

    def shaped(self, things: Things, number: int, shapes: Sequence[str]) -> Signal:
        """How active things are, for what is only dealt out over a day."""
        return self._signals.signal(things, number, shapes, [_ACTIVE] * len(things), [0.0] * len(things))

    def billed(self, row: Resource, amount: Decimal, day: int) -> int:
        """Whole units that a resource is billed on a day, of so many a day."""
        return billed(row.load, amount, day, (row.start, row.end), self.world.identity, row.id)

    def flow(self, signal: Signal, per_second: Floats, has_restarts: bool = False) -> Flow:
        """A counter of what a share of `per_second` comes to, one line for each thing."""
        things = signal.things
        everyone = np.arange(len(things))
        counts = things.counts(everyone, slice(0, self.calendar.size))
        totals = np.floor(signal.daily * counts * self.scrape * per_second[:, None]).astype(np.int64)
        return Flow.of(things, everyone, totals, signal, self.restarts(things) if has_restarts else None)

    def restarts(self, things: Things) -> Flags:
        """Days on which a service was restarted: about every other month."""
        phase = (uniform(derived(things.seeds, 900), np.zeros(1, dtype=np.int64)) * RESTART_DAYS).astype(np.int64)
        found: Flags = (np.arange(self.calendar.size)[None, :] + phase) % RESTART_DAYS == 0
        return found

    def labels(self, row: Resource, kind: str, **more: str) -> dict[str, str]:
        """What every series of Scaleway's says of its resource."""
        told = {
            "resource_id": row.id,
            "resource_name": row.name,
            "resource_type": kind,
            "project_id": self.world.project_id(row.project),
            "region": row.zone[:6],
        }
        return {**told, **more}


class Board:
    """The families of things of one kind; `common` are the labels of each thing."""

    def __init__(self, things: Things, common: Sequence[Labels]) -> None:
        self.things = things
        self.made: list[Metric] = []
        self._common = common

    def add(
        self,
        name: str,
        kind: Kind,
        about: str,
        values: Callable[[Whole], Values],
        variants: Sequence[Labels] | Callable[[int], Sequence[Labels]] = _EACH,
        slots: Callable[[Whole], Slots] | None = None,
    ) -> None:
        """A metric with a series for each variant of each thing; `values` is told the thing of each series."""
        labels, member = [], []
        for row, common in enumerate(self._common):
            for variant in variants(row) if callable(variants) else variants:
                labels.append({**common, **variant})
                member.append(row)
        rows = np.array(member, dtype=np.int64)
        found = slots(rows) if slots else None
        self.made.append(Metric(name, kind, about, self.things, rows, tuple(labels), values(rows), found))

    def constant(self, name: str, about: str, amounts: Floats, variants: Sequence[Labels] = _EACH) -> None:
        self.add(name, "gauge", about, lambda rows: Constant(amounts[rows]), variants)

    def gauge(
        self,
        name: str,
        about: str,
        signal: Signal,
        factor: Floats | float = 1.0,
        base: Floats | float = 0.0,
        digits: int = 5,
        variants: Sequence[Labels] = _EACH,
        least: float = -np.inf,
    ) -> None:
        def values(rows: Whole) -> Values:
            every = np.ones(len(self.things))
            return Gauge(signal, rows, (every * factor)[rows], (every * base)[rows], digits, least)

        self.add(name, "gauge", about, values, variants)

    def counter(
        self,
        name: str,
        about: str,
        flow: Flow,
        variants: Sequence[Labels] = _EACH,
        shares: Sequence[float] = (1.0,),
    ) -> None:
        """A flow with a line for each thing, its parts in the variants."""

        def values(rows: Whole) -> Values:
            return Counter(flow, rows, np.tile(np.array(shares, dtype=np.float64), len(self.things)))

        self.add(name, "counter", about, values, variants)
