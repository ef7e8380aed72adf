"""How accurate and how fast the anomaly detector is, beside the public methods, on any folder of real series.

`python -m benchmarks.anomalies DIR` looks for `cost_daily`, `nab` and `cmd` (and daily series in `forecast`) below DIR
and prints one table of all methods, then what ours found by kind and size. `--cross-validate` also chooses the
detector's own parameters on some files and scores them on the others, `--page` writes all of it as a page, and
`--confidence` the share of right alarms by kind as the product tells it. Everything follows from `--seed`.
"""

import argparse
import itertools
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from benchmarks.anomaly_baselines import BASELINES
from benchmarks.anomaly_ceiling import Ceiling, ceiling
from benchmarks.anomaly_confidence import alarms_by_kind, confidence_module
from benchmarks.anomaly_daily import Tally, detector, f1, tally, thresholded
from benchmarks.anomaly_drivers import with_drivers
from benchmarks.anomaly_further import further_table
from benchmarks.anomaly_injector import Copy, copies
from benchmarks.anomaly_page import Measured, page
from benchmarks.anomaly_report import Line, ceiling_in_words, in_words, print_kinds, print_table
from benchmarks.anomaly_series import Daily, Stream, cmd_streams, daily_series, nab_streams
from benchmarks.anomaly_streams import alarms, at_thresholds, baseline_scores, cmd_outcome, nab_outcome, our_scores
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.series import Caution
from pipelines.anomalies.verdicts import DailyCaution, StreamCaution

_THRESHOLDS = (0.5, 0.505, 0.51, 0.515, 0.52, 0.53, 0.54, 0.55, 0.57, 0.6, 0.65, 0.7, 0.8)
_DAILY_GRID = [
    DailyCaution(share_floor=floor, usual_multiple=multiple, step_multiple=step)
    for floor, multiple, step in itertools.product((0.12, 0.15, 0.18), (2.5, 3.0, 3.5), (1.25, 1.5, 2.0))
]
_STREAM_GRID = [
    StreamCaution(rare_days=rare, return_days=days)
    for rare, days in itertools.product((3.5, 5.0, 7.0), (2.0, 3.0, 5.0))
]
_SPEED_BLOCK, _SPEED_DAYS = 2000, 400
_FOLDS = 5


@dataclass
class Folder:
    """What was found below the folder."""

    daily: list[Daily] = field(default_factory=list)
    copied: dict[str, list[Copy]] = field(default_factory=dict)
    nab: list[Stream] = field(default_factory=list)
    cmd: list[Stream] = field(default_factory=list)

    @property
    def costs(self) -> list[Daily]:
        """The daily series that are costs, or counts beside them."""
        return [each for each in self.daily if each.is_cost]

    @property
    def others(self) -> list[Daily]:
        """The other daily series."""
        return [each for each in self.daily if not each.is_cost]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="folder with cost_daily, nab and cmd, or some of them")
    parser.add_argument("--repeats", type=int, default=4, help="copies with events of each daily series (4)")
    parser.add_argument("--seed", type=int, default=1, help="of every random choice (1)")
    parser.add_argument("--cross-validate", action="store_true", help="choose parameters on other files, too")
    parser.add_argument("--speed", type=int, default=0, metavar="N", help="also judge N daily series of 400 points")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the figures as a page in markdown")
    parser.add_argument("--confidence", type=Path, metavar="FILE", help="write right alarms by kind as a module")
    chosen = parser.parse_args(arguments)
    found = _found(chosen.folder, chosen.repeats, chosen.seed)
    if not (found.daily or found.nab or found.cmd):
        print(f"{chosen.folder}: holds no cost_daily, nab or cmd", file=sys.stderr)
        return 2
    print(
        f"{len(found.costs)} daily costs, {len(found.others)} other daily series, {len(found.nab)} NAB and "
        f"{len(found.cmd)} CMD series; seed {chosen.seed}, {chosen.repeats} sets of copies\n"
    )
    lines = [_our_line(found), *_baseline_lines(found)]
    print_table(lines)
    print_kinds(lines[0])
    ceilings = _ceilings(found)
    print(
        "\n".join(["", "What a filter finds that knows each event beforehand:", *ceiling_in_words(ceilings, lines[0])])
    )
    further = further_table(found.daily, 2 * chosen.repeats, chosen.seed)
    print("\n".join(["", *further]))
    counts = alarms_by_kind(found.daily, found.copied)
    print("\nalarms right: " + ", ".join(f"{kind} {right}/{every}" for kind, (right, every) in counts.items()))
    drivers = list(with_drivers(found.daily, chosen.seed))
    print("\n".join(["", "Costs with the usage that drives them regressed out:", *drivers] if drivers else []))
    validated = list(_cross_validated(found)) if chosen.cross_validate else []
    print("\n".join(["", *validated]))
    options = f"--repeats {chosen.repeats} --seed {chosen.seed}" + " --cross-validate" * chosen.cross_validate
    if chosen.page:
        chosen.page.write_text(
            page(Measured(lines, found.daily, counts, drivers, validated, options, ceilings, further))
        )
    if chosen.confidence:
        chosen.confidence.write_text(confidence_module(counts, options))
    if chosen.speed:
        _measure_speed(chosen.speed)
    return 0


def _found(folder: Path, repeats: int, seed: int) -> Folder:
    daily = daily_series(folder)
    return Folder(
        daily,
        {each.name: list(copies(each, repeats, seed)) for each in daily},
        nab_streams(folder) if (folder / "nab" / "labels_windows.json").is_file() else [],
        cmd_streams(folder),
    )


def _ceilings(found: Folder) -> dict[str, Ceiling]:
    """Of the daily costs and of the others, as far as there are any."""
    parts = {"costs": found.costs, "others": found.others}
    return {name: ceiling(series, found.copied) for name, series in parts.items() if series}


def _our_line(found: Folder) -> Line:
    line = Line("finops")
    method = detector(DailyCaution())
    line.costs = tally(method, found.costs, found.copied)[0] if found.costs else None
    line.others = tally(method, found.others, found.copied)[0] if found.others else None
    if found.nab:
        scores = our_scores(found.nab, Caution())
        line.nab = nab_outcome(found.nab, at_thresholds(found.nab, scores, (0.5, *_THRESHOLDS)))
    if found.cmd:
        scores = our_scores(found.cmd, Caution())
        line.cmd = cmd_outcome(found.cmd, at_thresholds(found.cmd, scores, (0.5, *_THRESHOLDS)))
    return line


def _baseline_lines(found: Folder) -> Iterator[Line]:
    """Each method at its usual threshold, then at the one that would have been best for the daily series."""
    for baseline in BASELINES:
        usual, best = Line(baseline.name), Line(f"{baseline.name}, best threshold")
        at = baseline.tried.index(baseline.usual)
        for name, series in (("costs", found.costs), ("others", found.others)):
            if series:
                tallies = tally(thresholded(baseline), series, found.copied)
                setattr(usual, name, tallies[at])
                setattr(best, name, max(tallies, key=lambda each: f1(each.strict_precision, each.recall)))
        thresholds = (baseline.usual, *baseline.tried)
        if found.nab:
            scores = baseline_scores(baseline, found.nab)
            usual.nab = nab_outcome(found.nab, at_thresholds(found.nab, scores, thresholds))
        if found.cmd:
            scores = baseline_scores(baseline, found.cmd)
            usual.cmd = cmd_outcome(found.cmd, at_thresholds(found.cmd, scores, thresholds))
        yield usual
        yield best


def _cross_validated(found: Folder) -> Iterator[str]:
    """The detector's own parameters chosen on four fifths of the series, and scored on the others."""
    yield "Parameters of the detector chosen on other series (5 folds), scored on those kept back:\n"
    for name, series in (("costs", found.costs), ("other daily series", found.others)):
        if len(series) >= _FOLDS:
            yield f"- {name}: {in_words(_cross_validated_days(series, found.copied))}"
    for what, streams, outcome in (("NAB", found.nab, nab_outcome), ("CMD", found.cmd, cmd_outcome)):
        if len(streams) >= _FOLDS:
            tables = [our_scores(streams, Caution(stream=each)) for each in (StreamCaution(), *_STREAM_GRID)]
            choices = {each.name: [alarms(each, table[each.name], 0.5) for table in tables] for each in streams}
            yield f"- {what}: {outcome(streams, choices).cross_validated:.3g}"


def _cross_validated_days(series: Sequence[Daily], copied: dict[str, list[Copy]]) -> Tally:
    tallies = {each.name: tally(detector(*_DAILY_GRID), [each], copied) for each in series}
    names, total = sorted(tallies), Tally()
    for fold in range(_FOLDS):
        kept_back = names[fold::_FOLDS]
        learned = [
            sum((tallies[name][place] for name in names if name not in kept_back), Tally())
            for place in range(len(_DAILY_GRID))
        ]
        rank = [f1(each.strict_precision, each.recall) for each in learned]
        total = sum((tallies[name][int(np.argmax(rank))] for name in kept_back), total)
    return total


def _measure_speed(count: int) -> None:
    chance = np.random.default_rng(0)
    days = [date(2025, 1, 1) + timedelta(days=at) for at in range(_SPEED_DAYS)]
    weekly = 1 + 0.3 * (np.arange(_SPEED_DAYS) % 7 < 5)
    spent, alarms_raised = 0.0, 0
    for start in range(0, count, _SPEED_BLOCK):
        shape = (min(_SPEED_BLOCK, count - start), _SPEED_DAYS)
        block = (20 + 0.1 * chance.normal(size=shape).cumsum(axis=1) + 0.5 * chance.normal(size=shape)) * weekly
        started = time.process_time()
        alarms_raised += int(judge_days(block, days).is_anomaly.sum())
        spent += time.process_time() - started
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{count:,} daily series of {_SPEED_DAYS} points: {spent:.1f} CPU seconds ({count / spent:,.0f} series per "
          f"second), {memory:.0f} MB at most, {alarms_raised / count:.2f} alarms per series")  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
