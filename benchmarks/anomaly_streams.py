"""Scores of every method on labelled streams, and what one threshold for all files makes of them."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.anomaly_baselines import Baseline
from benchmarks.anomaly_events import Count, matched
from benchmarks.anomaly_nab import normalised, raw_score
from benchmarks.anomaly_series import Flags, Floats, Stream
from pipelines.anomalies.series import Caution, judge_series

_DAY = 86_400
_QUIET_SECONDS = 7_200  # alarms closer together count as one, for every method
_FOLDS, _SHUFFLES = 5, 20
_LEAST_SEASONS = 3

Scores = Mapping[str, Floats]
Choices = Mapping[str, Sequence[Flags]]  # for each stream: the usual alarms first, then those of every other choice


@dataclass(frozen=True)
class Outcome:
    """What one threshold for all files gives: the usual one, the best in hindsight, and one chosen on other files."""

    usual: float
    best: float
    cross_validated: float


def our_scores(streams: Sequence[Stream], caution: Caution) -> dict[str, Floats]:
    """Ours: one half and more where an anomaly begins."""
    return {each.name: judge_series(each.seconds, each.values, caution).verdicts.score for each in streams}


def baseline_scores(baseline: Baseline, streams: Sequence[Stream]) -> dict[str, Floats]:
    """A public method's."""
    found = {}
    for each in streams:
        step = float(np.median(np.diff(each.seconds)))
        season = max(7, round(_DAY / max(step, 1.0)))
        season = season if season * _LEAST_SEASONS <= len(each.values) else 7
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            found[each.name] = np.nan_to_num(baseline.score(each.values, season))
    return found


def at_thresholds(streams: Sequence[Stream], scores: Scores, thresholds: Sequence[float]) -> Choices:
    """The alarms of each stream at each threshold."""
    return {each.name: [alarms(each, scores[each.name], threshold) for threshold in thresholds] for each in streams}


def nab_outcome(streams: Sequence[Stream], choices: Choices) -> Outcome:
    """NAB's normalised score of the first choice, of the best of the others, and cross-validated."""
    windows = {each.name: len(each.events) for each in streams}
    raw = {each.name: [raw_score(flags, each.events) for flags in choices[each.name]] for each in streams}

    def total(chosen: Mapping[str, int]) -> float:
        return normalised(
            sum(raw[name][at] for name, at in chosen.items()), max(1, sum(windows[name] for name in chosen))
        )

    return _outcome(choices, total)


def cmd_outcome(streams: Sequence[Stream], choices: Choices) -> Outcome:
    """F1 of events over all files together, likewise."""
    counts = {each.name: [matched(flags, each) for flags in choices[each.name]] for each in streams}

    def total(chosen: Mapping[str, int]) -> float:
        return sum((counts[name][at] for name, at in chosen.items()), Count()).f1

    return _outcome(choices, total)


def alarms(stream: Stream, score: Floats, threshold: float) -> Flags:
    """Points at or above the threshold before which there was none for two hours."""
    points = np.flatnonzero(score >= threshold)
    first = np.zeros(len(score), dtype=np.bool_)
    if len(points):
        steps = np.diff(stream.seconds[points])
        quiet = max(_QUIET_SECONDS, 2 * float(np.median(np.diff(stream.seconds))))
        first[points[np.concatenate(([True], steps > quiet))]] = True
    return first


def _outcome(choices: Choices, total: Callable[[Mapping[str, int]], float]) -> Outcome:
    names = sorted(choices)
    others = range(1, len(choices[names[0]]))

    def best_for(some: Sequence[str]) -> int:
        return max(others, key=lambda at: total({name: at for name in some}))  # noqa: C420 (fromkeys loses the type)

    validated = []
    for seed in range(_SHUFFLES):
        order = [names[at] for at in np.random.default_rng(seed).permutation(len(names))]
        chosen: dict[str, int] = {}
        for fold in range(_FOLDS):
            kept_back = order[fold::_FOLDS]
            if kept_back:
                chosen |= dict.fromkeys(kept_back, best_for([name for name in names if name not in kept_back]))
        validated.append(total(chosen))
    best = best_for(names)
    return Outcome(total(dict.fromkeys(names, 0)), total(dict.fromkeys(names, best)), float(np.mean(validated)))
