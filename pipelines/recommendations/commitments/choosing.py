"""The commitment with the least expected cost and downside, over drawn months.

What is gained over a term is concave in the commitment on every path, and so are its mean and the mean of its worst
tenth. Whole units of the currency are for sale, so a search by thirds among them ends at the best one: the same that
trying all of them finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.recommendations.commitments.plans import Floats, Term, monthly_savings

TAIL = 0.1  # the worst share of all paths is the downside
CAUTION = 1.0  # what an expected loss in that tail weighs against the expected gain


@dataclass(frozen=True)
class Outcome:
    """What a commitment does over its term, by the month; money in the currency of the usage.

    `value` is what is compared: the expected saving, less the loss in the worst tenth of all cases. `low` and `high`
    hold eight of ten cases. Utilisation is the share of the commitment that is used, coverage the share of the usage
    that is covered; both are ratios of sums.
    """

    commitment: int
    saving: float
    low: float
    high: float
    value: float
    chance_of_loss: float
    utilisation: float
    coverage: float


def value_of(commitment: int, discount: float, eligible: Floats, caution: float = CAUTION) -> float:
    """The expected saving by the month, less the weighed loss in the worst tenth of the paths."""
    saved = monthly_savings(commitment, discount, eligible).mean(axis=1)
    worst = np.sort(saved)[: max(1, int(len(saved) * TAIL))]
    return float(saved.mean() + caution * min(0.0, float(worst.mean())))


def best_commitment(term: Term, eligible: Floats, caution: float = CAUTION) -> int:
    """The whole number between the term's least and most with the highest value; the smaller one of two alike."""
    discount = term.share_off
    low, high = term.least, term.most
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if value_of(left, discount, eligible, caution) < value_of(right, discount, eligible, caution):
            low = left + 1
        else:
            high = right
    return max(range(low, high + 1), key=lambda each: (value_of(each, discount, eligible, caution), -each))


def outcome_of(commitment: int, term: Term, eligible: Floats, caution: float = CAUTION) -> Outcome:
    """All that is said of a commitment."""
    saved = monthly_savings(commitment, term.share_off, eligible).mean(axis=1)
    used = float(np.minimum(eligible, commitment).sum())
    return Outcome(
        commitment,
        float(saved.mean()),
        float(np.quantile(saved, 0.1)),
        float(np.quantile(saved, 0.9)),
        value_of(commitment, term.share_off, eligible, caution),
        float((saved < 0).mean()),
        used / (commitment * eligible.size),
        used / float(eligible.sum()) if eligible.sum() > 0 else 0.0,
    )
