"""The risk's coefficients: fitted on machines and splits in time, and judged on machines the fit has not seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from benchmarks.rightsizing_rivals import OVER, Case
from benchmarks.rightsizing_traces import BINS
from pipelines.recommendations.rightsizing.demand import Demand
from pipelines.recommendations.rightsizing.risk import INPUTS, LEVEL_INPUTS, RiskModel, features, saturation_risk
from pipelines.recommendations.rightsizing.summaries import Floats

FOLDS, RIDGE, _ROUNDS, _SEED = 6, 3e-3, 3000, 1
# capacities to learn from: an eighth of a vCPU (or GiB) in steps of a half octave, up to what the machine has
_GRID = 2.0 ** np.arange(-3, 9.01, 0.5)
BOUNDS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)


@dataclass(frozen=True)
class Examples:
    """One row per machine, split and capacity: the model's inputs, whether it was saturated, and whose row it is."""

    inputs: Floats
    saturated: Floats
    machines: tuple[str, ...]

    def of(self, chosen: set[str], is_in: bool = True) -> Examples:
        rows = np.array([(name in chosen) == is_in for name in self.machines], dtype=np.bool_)
        names = tuple(name for name, kept in zip(self.machines, rows, strict=True) if kept)
        return Examples(self.inputs[rows], self.saturated[rows], names)

    def without_replay(self) -> Examples:
        """The same told by levels alone, as the risk of memory is."""
        levels = np.arange(INPUTS) < LEVEL_INPUTS
        return Examples(np.where(levels, self.inputs, 0.0), self.saturated, self.machines)


def demand_before(case: Case, measure: str, kept: str = BINS) -> Demand | None:
    """The levels of one measure before the split, from what is kept of the samples."""
    load = case.machine.load(case.start, case.split, kept)
    if load.coverage < 0.5 or load.days * timedelta(days=1) < load.end - load.start:
        return None
    return load.cpu if measure == "cpu" else load.memory


def examples(cases: Sequence[Case], measure: str, kept: str = BINS) -> Examples:
    """What there is to learn from: every split of every machine with a full window."""
    inputs, saturated, names = [np.zeros((0, INPUTS))], [np.zeros(0)], []
    for case in cases:
        after, size = case.after.get(measure), _size(case, measure)
        known = demand_before(case, measure, kept) if after is not None else None
        if known is None or after is None:
            continue
        sizes = _GRID[: np.searchsorted(_GRID, 1.01 * size)]
        inputs.append(features(known, sizes))
        saturated.append((after[:, None] > sizes).mean(axis=0) > OVER)
        names += [case.machine.name] * len(sizes)
    return Examples(np.concatenate(inputs), np.concatenate(saturated).astype(float), tuple(names))


def fit(examples: Examples) -> RiskModel:
    """Ridge-penalised logistic regression without negative slopes, by accelerated projected gradients (FISTA).

    Beck and Teboulle, A fast iterative shrinkage-thresholding algorithm, SIAM J. Imaging Sciences 2009. Every machine
    has the same weight, however many rows it has.
    """
    inputs, saturated = examples.inputs, examples.saturated
    _, whose, count = np.unique(np.array(examples.machines), return_inverse=True, return_counts=True)
    weights = 1 / count[whose]
    weights /= weights.sum()
    steep = float(np.linalg.norm(np.c_[inputs, np.ones(len(inputs))] * np.sqrt(weights)[:, None], 2)) ** 2 / 4 + RIDGE
    slopes, intercept = np.full(inputs.shape[1], 0.3), 0.0
    ahead, ahead_intercept, pace = slopes, intercept, 1.0
    for _ in range(_ROUNDS):
        wrong = weights * (1 / (1 + np.exp(inputs @ ahead - ahead_intercept)) - saturated)
        next_slopes = np.maximum(ahead + (inputs.T @ wrong - RIDGE * ahead) / steep, 0)
        next_intercept = ahead_intercept - float(wrong.sum()) / steep
        next_pace = (1 + math.sqrt(1 + 4 * pace**2)) / 2
        far = (pace - 1) / next_pace
        ahead, ahead_intercept = (
            next_slopes + far * (next_slopes - slopes),
            (next_intercept + far * (next_intercept - intercept)),
        )
        slopes, intercept, pace = next_slopes, next_intercept, next_pace
    return RiskModel.of(float(intercept), slopes)


def folds(names: Sequence[str]) -> list[set[str]]:
    """The machines in `FOLDS` groups drawn at random, the same ones each time."""
    ordered = np.array(sorted(set(names)))
    drawn = np.random.default_rng(_SEED).permutation(len(ordered)) % FOLDS
    return [set(ordered[drawn == fold].tolist()) for fold in range(FOLDS)]


def models_by_machine(examples: Examples, groups: Sequence[set[str]]) -> dict[str, RiskModel]:
    """For each machine the model that was fitted without it and without the others of its group."""
    found = {}
    for group in groups:
        learned = examples.of(group, is_in=False)
        if len(learned.saturated):
            found.update(dict.fromkeys(group, fit(learned)))
    return found


def size_groups(cases: Sequence[Case]) -> list[set[str]]:
    """Machines by their number of vCPUs: what a fit says about sizes it has never seen."""
    sizes = {case.machine.vcpus for case in cases}
    return [{case.machine.name for case in cases if case.machine.vcpus == size} for size in sorted(sizes)]


def told_and_came(
    cases: Sequence[Case], measure: str, sizes: Floats, models: dict[str, RiskModel] | RiskModel, kept: str = BINS
) -> tuple[Floats, Floats]:
    """The risk told for every size sold up to the machine's own, and whether it came: a pair per machine and size."""
    told, came = [np.zeros(0)], [np.zeros(0)]
    for case in cases:
        model = models if isinstance(models, RiskModel) else models.get(case.machine.name)
        after, known = case.after.get(measure), demand_before(case, measure, kept)
        if model is None or known is None or after is None:
            continue
        asked = sizes[sizes <= _size(case, measure)]
        told.append(saturation_risk(known, asked, model))
        came.append(((after[:, None] > asked).mean(axis=0) > OVER).astype(float))
    return np.concatenate(told), np.concatenate(came)


def reliability(told: Floats, came: Floats) -> list[tuple[float, float, int, float, float]]:
    """By range of the risk told: its bounds, how many, the mean told and the share that came."""
    rows = []
    for low, high in pairwise(BOUNDS):
        inside = (told >= low) & ((told < high) | (high == 1))
        if inside.any():
            rows.append((low, high, int(inside.sum()), float(told[inside].mean()), float(came[inside].mean())))
    return rows


def _size(case: Case, measure: str) -> float:
    return case.machine.vcpus if measure == "cpu" else case.machine.memory_gib
