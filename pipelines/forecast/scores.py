"""How good past forecasts were: what finance calls the error is the WAPE, and it stands beside the naive one's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.forecast.bounds import Bounds
from pipelines.forecast.series import Floats
from pipelines.forecast.trials import Outcome
from pipelines.forecast.weighing import knots


@dataclass(frozen=True)
class Score:
    """Of forecasts so many steps ahead: sum of absolute errors, and of errors, over the sum of absolute values.

    `bias` above zero is forecast too high. A figure is None where nothing could be measured.
    """

    horizon: int
    forecasts: int
    wape: float | None
    bias: float | None
    coverage: float | None
    naive_wape: float | None


@dataclass(frozen=True)
class Total:
    """The sum of the next `steps` points, and how good past sums were."""

    steps: int
    value: float
    low: float
    high: float
    score: Score


def scores_of(shown: Outcome, naive: Outcome, edges: Bounds) -> tuple[Score, ...]:
    """One score for each horizon that bounds are worked out for."""
    return tuple(
        score_of(
            int(ahead),
            shown.past[:, ahead - 1],
            shown.actual[:, ahead - 1],
            naive.past[:, ahead - 1],
            edges.inside[:, at],
        )
        for at, ahead in enumerate(knots(shown.past.shape[1]))
    )


def score_of(horizon: int, told: Floats, came: Floats, naive: Floats, inside: Floats) -> Score:
    """Over the origins whose outcome is known."""
    known = np.isfinite(came) & np.isfinite(told)
    size = float(np.abs(came[known]).sum())
    error = told[known] - came[known]
    held = inside[np.isfinite(inside)]
    return Score(
        horizon,
        int(known.sum()),
        float(np.abs(error).sum()) / size if size else None,
        float(error.sum()) / size if size else None,
        float(held.mean()) if len(held) else None,
        float(np.abs(naive[known] - came[known]).sum()) / size if size else None,
    )
