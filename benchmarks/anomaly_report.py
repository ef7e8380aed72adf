"""The anomaly benchmark's tables: one row for each method, then what ours found by kind and size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.anomaly_ceiling import BUDGETS, Ceiling
from benchmarks.anomaly_daily import Tally, f1
from benchmarks.anomaly_streams import Outcome

DAILY_COLUMNS = ("R", "clear", "money", "P", "F1", "P+", "F1+", "P*", "F1*", "delay", "alone", "unexp", "edge")
MEANINGS = (
    "R: events found. clear: of the events larger than nine tenths of the series' own week-to-week changes, with "
    "nothing of its own beside them. money: weighted by the money that moves in a day.",
    "P, F1: alarms of the untouched series set aside. P+, F1+: they count as false unless hindsight confirms them. "
    "P*, F1*: they all count as false.",
    "delay: median, in days. alone: alarms per untouched series and year. unexp: of these, not confirmed in "
    "hindsight. edge: false alarms per year at a monthly invoice.",
    "NAB: normalised score, CMD: F1 of events; at the usual threshold / best of all / cross-validated over files.",
)


@dataclass
class Line:
    """One method's figures."""

    name: str
    costs: Tally | None = None
    others: Tally | None = None
    nab: Outcome | None = None
    cmd: Outcome | None = None


def print_table(lines: Sequence[Line]) -> None:
    """One row for each method: real costs, other real daily series, labelled streams."""
    print("Daily series: events injected into real costs, then into other real daily series; streams with real labels")
    print("\n".join(MEANINGS) + "\n")
    for what, part in (("costs", "costs"), ("other daily series", "others")):
        if any(getattr(line, part) for line in lines):
            print(f"{what:<38}" + "".join(f"{name:>7}" for name in DAILY_COLUMNS))
            for line in lines:
                if getattr(line, part) is not None:
                    print(f"{line.name:<38}" + "".join(f"{cell:>7}" for cell in daily_cells(getattr(line, part))))
            print()
    if any(line.nab or line.cmd for line in lines):
        print(f"{'streams':<38}{'NAB':>22}{'CMD':>22}")
        for line in lines:
            if line.nab or line.cmd:
                nab, cmd = stream_cells(line)
                print(f"{line.name:<38}{nab:>22}{cmd:>22}")


def daily_cells(found: Tally) -> list[str]:
    """The columns of one method, as text."""
    delay = f"{np.median(found.delays):.0f}" if found.delays else "-"
    recall = found.recall
    cells = [f"{recall:.2f}", f"{found.clear_recall:.2f}"]
    cells.append("-" if found.money_recall is None else f"{found.money_recall:.2f}")
    for precision in (found.precision, found.confirmed_precision, found.strict_precision):
        cells += [f"{precision:.2f}", f"{f1(precision, recall):.2f}"]
    rates = (f"{found.alone / found.years:.1f}", f"{found.unexplained / found.years:.1f}")
    return [*cells, delay, *rates, f"{found.month_edge / max(found.invoice_years, 1e-9):.2f}"]


def stream_cells(line: Line) -> tuple[str, str]:
    """NAB and CMD, as text."""
    return _outcome_cells(line.nab, "5.1f"), _outcome_cells(line.cmd, ".2f")


def _outcome_cells(found: Outcome | None, form: str) -> str:
    return "" if found is None else f"{found.usual:{form}} / {found.best:{form}} / {found.cross_validated:{form}}"


def kinds_of(found: Tally) -> list[tuple[str, int, int]]:
    """Found and injected by kind, then by size of spikes, steps, ramps and drops."""
    kinds = [(kind, found.found[kind], found.injected[kind]) for kind in sorted(found.injected)]
    sizes = [(f"{size:.0%}", found.of_size[size][0], found.of_size[size][1]) for size in sorted(found.of_size)]
    return [*kinds, *sizes]


def print_kinds(line: Line) -> None:
    """What one method found, by kind and by size."""
    for name, found in (("costs", line.costs), ("other daily series", line.others)):
        if found is not None:
            cells = [f"{kind} {right}/{injected}" for kind, right, injected in kinds_of(found)]
            print(f"\n{sharpest_in_words(found)}")
            print(f"found in {name}: {', '.join(cells)}; clear of noise: {found.clear[0]}/{found.clear[1]}")


def sharpest_in_words(found: Tally) -> str:
    """The unexplained alarms by hindsight's narrower rule, too."""
    return (
        f"Where hindsight confirms a lasting move around its sharpest day alone, and not from its first day on, "
        f"{found.at_sharpest / found.years:.1f} alarms per series and year are unexplained, not "
        f"{found.unexplained / found.years:.1f}."
    )


def in_words(found: Tally) -> str:
    """Recall, precision and F1 in one line."""
    recall, precision, strict = found.recall, found.precision, found.strict_precision
    return (
        f"recall {recall:.2f} (clear of noise {found.clear_recall:.2f}), precision {precision:.2f} "
        f"(confirmed {found.confirmed_precision:.2f}, strict {strict:.2f}), "
        f"F1 {f1(precision, recall):.2f} (strict {f1(strict, recall):.2f})"
    )


def ceiling_in_words(ceilings: Mapping[str, Ceiling], ours: Line) -> list[str]:
    """For each group of series: what the filter finds, all events and small ones, beside what ours found."""
    lines = []
    for name, (title, mine) in {"costs": ("Costs", ours.costs), "others": ("Other daily series", ours.others)}.items():
        found = ceilings.get(name)
        if found is None or mine is None:
            continue
        sizes = ", ".join(f"{size:.0%} {right}/{every}" for size, (right, every) in sorted(found.of_size.items()))
        lines.append(
            f"- {title}: {found.recall(BUDGETS[0]):.2f} with two other alarms a year and series for each kind of event "
            f"alone, {found.recall(BUDGETS[1]):.2f} with none; ours, which spends its alarms on all kinds, "
            f"{mine.recall:.2f}. Spikes, steps, ramps and drops by size, with two: {sizes}."
        )
    return lines
