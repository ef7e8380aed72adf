"""How well savings are proved: on simulated bills with known truth, each billed with the action and without.

    python -m benchmarks.savings_proof [--organisations 25] [--actions 40] [--seed 0]

Aims: the verified saving within 5 % of the truth for nine of ten actions, a 90 % interval that holds 87 to 93 % of the
truths, and a saving that is spent again seen within seven days. What costs the same every day is known exactly, so the
interval is judged apart for the actions whose cost moves: there it has something to say.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from benchmarks.savings_cases import Case, cases
from pipelines.recommendations.proof.history import Days
from pipelines.recommendations.proof.saved import HOURS_A_MONTH, Saved, State, Thresholds, saved

_AFTER_DAYS = 30
_WATCHED_DAYS = 10
_MONTH = HOURS_A_MONTH / 24


@dataclass(frozen=True)
class Judged:
    """An action as it was proved, beside the truth by the month; `seen_after` the days from a bounce to its sight."""

    case: Case
    told: Saved
    truth: float
    seen_after: int | None

    @property
    def is_close(self) -> bool:
        return self.told.monthly is not None and abs(self.told.monthly - self.truth) <= 0.05 * abs(self.truth)

    @property
    def is_held(self) -> bool:
        """Whether the interval holds the truth, to the cent."""
        low, high = self.told.low, self.told.high
        return low is not None and high is not None and low - 0.01 <= self.truth <= high + 0.01

    @property
    def is_uncertain(self) -> bool:
        low, high = self.told.low, self.told.high
        return low is not None and high is not None and high - low > 0.02


def judged(case: Case) -> Judged:
    """The proof after thirty days, or on the day before it bounced back; and when the bounce was seen."""
    done = (case.done_on - case.days.first_day).days
    back = None if case.bounced_on is None else (case.bounced_on - case.days.first_day).days
    end = min(done + 1 + _AFTER_DAYS, len(case.days.cost), *([] if back is None else [back]))
    told = saved(_until(case.days, end), case.done_on)
    truth = float(case.truth[done + 1 : end].mean()) * _MONTH
    return Judged(case, told, truth, None if back is None else _seen_after(case, back))


def _seen_after(case: Case, back: int) -> int | None:
    for watched in range(1, _WATCHED_DAYS + 1):
        told = saved(_until(case.days, back + watched), case.done_on)
        if told.state is State.bounced_back:
            return watched
    return None


def _until(days: Days, end: int) -> Days:
    driver = None if days.driver is None else days.driver[:end]
    return Days(days.first_day, days.cost[:end], days.price[:end], driver)


def rows(found: Iterable[Judged]) -> Iterator[tuple[str, int, float, float, float | None, float]]:
    """Kind, actions, share within 5 %, share held, share held where the cost moves, median error."""
    every = list(found)
    for kind in ("all", *sorted({each.case.kind for each in every})):
        part = [each for each in every if kind in ("all", each.case.kind)]
        moving = [each.is_held for each in part if each.is_uncertain]
        error = [abs((each.told.monthly or 0.0) - each.truth) / abs(each.truth) for each in part]
        yield (
            kind,
            len(part),
            float(np.mean([each.is_close for each in part])),
            float(np.mean([each.is_held for each in part])),
            float(np.mean(moving)) if moving else None,
            float(np.median(error)),
        )


def bounces(found: Iterable[Judged]) -> tuple[int, int, int]:
    """Actions that bounced back, those seen within seven days, and those said to have where none did."""
    every = list(found)
    real = [each for each in every if each.case.bounced_on is not None]
    seen = [each for each in real if each.seen_after is not None and each.seen_after <= 7]
    false = [each for each in every if each.told.state is State.bounced_back]
    return len(real), len(seen), len(false)


def no_action(found: Iterable[Judged]) -> tuple[int, int]:
    """Days on which nothing was done, proved as if something had been: how many, and how often a saving was claimed."""
    tried = claimed = 0
    for each in found:
        asked = Thresholds()
        placebo: date = each.case.done_on
        days = _until(each.case.days, (placebo - each.case.days.first_day).days)
        earlier = date.fromordinal(placebo.toordinal() - asked.least_before)
        told = saved(days, earlier)
        if told.monthly is not None:
            tried += 1
            claimed += told.state is State.verified and told.monthly > 0.05 * float(np.mean(days.cost)) * _MONTH
    return tried, claimed


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--organisations", type=int, default=25)
    asked.add_argument("--actions", type=int, default=40)
    asked.add_argument("--seed", type=int, default=0)
    said = asked.parse_args()
    found = [
        judged(case) for seed in range(said.seed, said.seed + said.organisations) for case in cases(seed, said.actions)
    ]
    print(f"{'kind':10} {'actions':>8} {'within 5 %':>11} {'held':>7} {'held, moving':>13} {'median error':>13}")
    for kind, count, close, held, moving, error in rows(found):
        told = f"{moving:13.3f}" if moving is not None else f"{'-':>13}"
        print(f"{kind:10} {count:8} {close:11.3f} {held:7.3f} {told} {error:13.4f}")
    real, seen, false = bounces(found)
    tried, claimed = no_action(found)
    print(f"bounced back: {real}, seen within seven days {seen}; said of {false} that did not")
    print(f"nothing done: {tried} proved, a saving above 5 % claimed of {claimed}")


if __name__ == "__main__":
    main()
