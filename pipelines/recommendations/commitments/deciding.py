"""Whether to take a savings plan, which one, and what was asked of it first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from pipelines.recommendations.commitments.choosing import CAUTION, Outcome, best_commitment, outcome_of
from pipelines.recommendations.commitments.months import Month, drawn, following, uncommitted
from pipelines.recommendations.commitments.plans import Floats, InForce, Term

PRECONDITIONS = (
    "There is no sales agreement in force for the organisation.",
    "No invoice is outstanding.",
    "It cannot be cancelled or made smaller before it ends; what is not used is billed all the same.",
    "The discount is that of the settings: compare it with the offer in the console on the day you sign.",
)


@dataclass(frozen=True)
class Thresholds:
    """How cautious the advice is."""

    history_months: int = 6  # complete months of eligible usage without which nothing is said
    paths: int = 2_000  # drawn futures
    seed: int = 1
    caution: float = CAUTION  # what a loss in the worst tenth of the futures weighs against the expected gain
    least_saving: Decimal = Decimal(5)  # by the month; less is not worth being bound


@dataclass(frozen=True)
class Option:
    """A term, and what its best commitment does."""

    term: Term
    outcome: Outcome


@dataclass(frozen=True)
class Commitment:
    """Take this plan. `options` are all terms with their best commitments, the chosen one first."""

    chosen: Option
    options: tuple[Option, ...]
    history: tuple[Month, ...]
    reduction: Decimal


@dataclass(frozen=True)
class NoCommitment:
    """No plan: none is worth it, or it could not be judged (`is_unjudged`), and why."""

    reason: str
    is_unjudged: bool
    options: tuple[Option, ...] = ()


def advise(
    history: Sequence[Month],
    terms: Sequence[Term],
    plans: Sequence[InForce],
    reduction: Decimal,
    today: date,
    thresholds: Thresholds,
) -> Commitment | NoCommitment:
    """The plan to take today, by complete calendar months of eligible usage at public price.

    `reduction` is what advice that is to be followed takes off that usage by the month, so that nobody commits to
    machines that are to go. `plans` hold already. Without a dated discount nothing is said.
    """
    reason = _unjudged(history, terms, today, thresholds)
    if reason:
        return NoCommitment(reason, is_unjudged=True)
    longest = max(term.months for term in terms)
    futures = drawn(history[-24:], longest + 1, thresholds.paths, thresholds.seed)[:, 1:]
    first_days = following(history[-1].first_day, longest + 1)[1:]
    left = uncommitted(futures, first_days, plans, reduction)
    options = sorted(
        (_option(term, left[:, : term.months], thresholds) for term in _offered(terms, today)),
        key=lambda each: (-each.outcome.value, each.term.months, each.outcome.commitment),
    )
    best = options[0]
    if Decimal(best.outcome.value) < thresholds.least_saving:
        said = f"the best plan is expected to save {best.outcome.saving:.2f} a month and risks more than that is worth"
        return NoCommitment(said, is_unjudged=False, options=tuple(options))
    return Commitment(best, tuple(options), tuple(history), reduction)


def _unjudged(history: Sequence[Month], terms: Sequence[Term], today: date, thresholds: Thresholds) -> str:
    if not _offered(terms, today):
        return "no savings plan term that holds today is in the settings, and no API tells of one"
    if len(history) < thresholds.history_months:
        return f"only {len(history)} of the {thresholds.history_months} complete months of eligible usage are known"
    expected = [history[0].first_day, *following(history[0].first_day, len(history) - 1)]
    if [each.first_day for each in history] != expected:
        return "months are missing between those whose eligible usage is known"
    if any(each.eligible <= 0 for each in history):
        return "there are months without any usage a savings plan covers"
    return ""


def _offered(terms: Sequence[Term], today: date) -> list[Term]:
    """Of each length and range the newest that holds today."""
    newest: dict[tuple[int, int, int], Term] = {}
    for term in sorted(terms, key=lambda each: each.valid_from):
        if term.valid_from <= today:
            newest[term.months, term.least, term.most] = term
    return list(newest.values())


def _option(term: Term, eligible: Floats, thresholds: Thresholds) -> Option:
    best = best_commitment(term, np.ascontiguousarray(eligible), thresholds.caution)
    return Option(term, outcome_of(best, term, eligible, thresholds.caution))
