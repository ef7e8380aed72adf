"""What each model was truly asked on the machine or deployment that serves it, and what that cost."""

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.deploys_inferences import answered
from simulator.instants import DAY, at
from simulator.kpi_costs import Spent
from simulator.kpi_figures import Figure, amount
from simulator.world import World

_TOKENS = ("input_tokens", "output_tokens")


class Inferences:
    """Requests and tokens of every complete day: of deployments from the start, of machines from `first` on, which is
    the first day whose metrics a reader can know. `truth` tells what vLLM counted."""

    def __init__(self, world: World, now: int, first: int, truth: Mapping[str, Any]) -> None:
        self._asked: dict[int, dict[str, Figure]] = {}
        for each in answered(world, now):
            key = f"{each.deployment.id}|{each.served.model}"
            tokens: Figure = {"input_tokens": each.input_tokens, "output_tokens": each.output_tokens}
            self._asked.setdefault(each.day, {})[key] = {"requests": each.requests, **tokens}
        serving = {
            row.name: f"{row.id}|{row.group.serves.model}"
            for row in world.resources
            if row.kind == "instance" and row.group.serves and row.group.serves.model
        }
        for day in range(first, now, DAY):
            for key, measures in truth["requests"].get(at(day).date().isoformat(), {}).items():
                service, _, machine = key.partition("|")
                if service == "vllm" and machine in serving:
                    told: Figure = {measure: measures.get(measure, 0) for measure in ("requests", *_TOKENS)}
                    self._asked.setdefault(day, {})[serving[machine]] = told

    def figures(self, spent: Iterable[Spent]) -> dict[str, Figure]:
        """By `resource|model`, over the days on which it was counted: requests, failed ones too, and their tokens; the
        cost of those days with volumes and addresses."""
        costs: dict[tuple[str, int], int] = {}
        for piece in spent:
            key = piece.resource.server_id or piece.resource.id, piece.day
            costs[key] = costs.get(key, 0) + piece.units
        found: dict[str, dict[str, int]] = {}
        for day in sorted({day for _, day in costs}):
            for name, told in self._asked.get(day, {}).items():
                sums = found.setdefault(name, dict.fromkeys(("cost", "requests", *_TOKENS), 0))
                sums["cost"] += costs.get((name.partition("|")[0], day), 0)
                for measure, count in told.items():
                    sums[measure] += int(count or 0)
        return {name: {**sums, "cost": amount(sums["cost"])} for name, sums in sorted(found.items())}
