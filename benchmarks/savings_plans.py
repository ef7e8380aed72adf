"""Whether the advised commitment is the best there is: the search against trying every whole euro.

    python -m benchmarks.savings_plans [--cases 20] [--seed 1] [--paths 400]

Each case is a history of its own (level, growth, swing, discount, term and caution are drawn); what is compared is the
value of the commitment found and of the best of all 9,950.
"""

from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal

import numpy as np

from pipelines.recommendations.commitments.choosing import best_commitment, outcome_of, value_of
from pipelines.recommendations.commitments.months import Month, drawn, following
from pipelines.recommendations.commitments.plans import LEAST_COMMITMENT, MOST_COMMITMENT, Term

_FIRST = date(2025, 10, 1)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--cases", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--paths", type=int, default=400)
    said = asked.parse_args()
    random = np.random.default_rng(said.seed)
    worst, equal = 0.0, 0
    print(f"{'months':>6} {'discount':>8} {'caution':>7} {'found':>6} {'best':>6} {'value':>10} {'best value':>10}")
    for case in range(said.cases):
        level, growth, swing = random.uniform(300, 9_000), random.uniform(-0.03, 0.05), random.uniform(0.005, 0.3)
        days = [_FIRST, *following(_FIRST, 12)]
        history = [
            Month(day, Decimal(round(level * (1 + growth) ** number * float(np.exp(random.normal(0, swing))), 2)))
            for number, day in enumerate(days)
        ]
        term = Term(int(random.choice([12, 36])), Decimal(str(round(random.uniform(0.05, 0.4), 2))), _FIRST)
        caution = float(random.choice([0.0, 0.5, 1.0, 2.0]))
        eligible = drawn(history, term.months, said.paths, case)
        values = {
            each: value_of(each, term.share_off, eligible, caution)
            for each in range(LEAST_COMMITMENT, MOST_COMMITMENT + 1)
        }
        found = best_commitment(term, eligible, caution)
        best = max(values, key=lambda each: (values[each], -each))
        told = outcome_of(found, term, eligible, caution)
        worst, equal = max(worst, values[best] - told.value), equal + (found == best)
        print(
            f"{term.months:6} {term.discount:8} {caution:7} {found:6} {best:6} {told.value:10.4f} {values[best]:10.4f}"
        )
    print(f"the same commitment in {equal} of {said.cases}; the largest difference in value {worst:.9f} a month")


if __name__ == "__main__":
    main()
