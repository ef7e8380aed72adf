"""The series' forecasts before they become rows: scaled to the whole where that is better, moved by known changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

import numpy as np

from assets.forecasts_changes import Applied, split_by
from assets.forecasts_rows import money
from assets.forecasts_series import Costs, Leaf
from pipelines.billing.ahead import periods_ahead
from pipelines.forecast.days import Holidays
from pipelines.forecast.parts import Part, Path, Told, not_worse_than_naive, tell, tell_all
from pipelines.forecast.whole import Coherent, Taken, coherent

WEEK = 7
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Leaves:
    """Every series' forecast, and its exact figure of each day ahead."""

    told: Mapping[Leaf, Told]
    points: Mapping[Leaf, Sequence[Decimal]]


def told_leaves(costs: Costs, holidays: Holidays) -> Leaves:
    """Every series by itself and, where the whole by itself was closer so far, scaled to that."""
    ends = [(period.end - costs.known_until).days for period in periods_ahead(costs.known_until)]
    parts = {leaf: costs.part(leaf) for leaf in sorted(costs.by_leaf)}
    told = dict(zip(parts, tell_all(list(parts.values()), costs.grid, ends[-1], holidays), strict=True))
    by_project: defaultdict[str, list[Leaf]] = defaultdict(list)
    for leaf in told:
        by_project[leaf.project_id].append(leaf)
    for leaves in by_project.values():
        told.update(zip(leaves, not_worse_than_naive([told[leaf] for leaf in leaves]), strict=True))
    told = dict(zip(told, not_worse_than_naive(list(told.values())), strict=True))
    before = {leaf: [money(value) for value in each.shown.final] for leaf, each in told.items()}
    if len(told) == 1:
        return Leaves(told, before)
    every = Part(np.asarray(sum(part.values for part in parts.values())), min(part.begins for part in parts.values()))
    found = coherent(list(told.values()), tell(every, costs.grid, ends[-1], holidays), [WEEK, *ends])
    if not found.is_scaled:
        return Leaves(told, before)
    words = _words(found.taken)
    scaled = {leaf: replace(each, scaled=words) for leaf, each in zip(told, found.parts, strict=True)}
    return Leaves(scaled, _exact(found, scaled, before))


def _exact(
    found: Coherent, told: Mapping[Leaf, Told], before: Mapping[Leaf, Sequence[Decimal]]
) -> dict[Leaf, list[Decimal]]:
    """The figures with the difference to the whole's shared out, which then add up to it."""
    points = {leaf: list(each) for leaf, each in before.items()}
    for taken in found.taken:
        for day in range(taken.start, taken.end) if taken.is_whole else ():
            gap = money(found.total[day]) - sum((each[day] for each in before.values()), _ZERO)
            weights = {
                f"{at:06}": abs(before[leaf][day]) * Decimal(repr(gives))
                for at, (leaf, gives) in enumerate(zip(told, found.gives, strict=True))
            }
            if gap and any(weights.values()):
                parts = split_by(gap, weights)
                for at, leaf in enumerate(told):
                    points[leaf][day] += parts.get(f"{at:06}", _ZERO)
    return points


def _words(taken: Sequence[Taken]) -> str:
    """Which days are scaled to the whole's own forecast, and why."""
    spans: list[list[int]] = []
    for each in taken:
        if each.is_whole and spans and spans[-1][1] == each.start:
            spans[-1][1] = each.end
        elif each.is_whole:
            spans.append([each.start, each.end])
    days = " and ".join(f"{start + 1} to {end}" for start, end in spans)
    return f"days {days} ahead scaled to a forecast of the whole, which missed less so far"


def with_effects(
    made: Leaves, effects: Sequence[Applied], costs: Costs
) -> tuple[Leaves, dict[Leaf, list[Decimal]], Costs]:
    """The forecasts with the changes on top, and how far each series was moved; an amount may be a series by itself."""
    moved: dict[Leaf, list[Decimal]] = {}
    for change in effects:
        for leaf, effect in change.effects.items():
            moved[leaf] = _plus(moved.get(leaf), effect)
    told, points = dict(made.told), dict(made.points)
    nothing = _nothing(next(iter(told.values())))
    for leaf, effect in sorted(moved.items()):
        before = told.get(leaf, nothing)
        shift = np.array([float(value) for value in effect])
        told[leaf] = replace(before, shown=Path(before.shown.final + shift, before.shown.past))
        points[leaf] = _plus(points.get(leaf), effect)
    alone: dict[Leaf, Mapping[date, Decimal]] = {leaf: {} for leaf in moved if leaf not in costs.by_leaf}
    return Leaves(told, points), moved, replace(costs, by_leaf={**costs.by_leaf, **alone})


def _plus(before: Sequence[Decimal] | None, effect: Sequence[Decimal]) -> list[Decimal]:
    return [left + right for left, right in zip(before or [_ZERO] * len(effect), effect, strict=True)]


def _nothing(like: Told) -> Told:
    """A series that never cost anything, as known as another one."""
    empty = Path(np.zeros_like(like.shown.final), np.zeros_like(like.shown.past))
    return replace(
        like,
        shown=empty,
        naive=empty,
        run_rate=empty,
        actual=np.where(np.isfinite(like.actual), 0.0, np.nan),
        values=np.where(np.isfinite(like.values), 0.0, np.nan),
        methods=("known change",),
        beats_naive=False,
        reason=None,
        drivers=(),
        scaled=None,
    )
