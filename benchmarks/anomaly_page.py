"""The figures of `benchmarks.anomalies` as a page: the detector beside the public methods, and what it misses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.anomaly_ceiling import Ceiling
from benchmarks.anomaly_confidence import Counts
from benchmarks.anomaly_daily import Tally, f1
from benchmarks.anomaly_hindsight import real_moves
from benchmarks.anomaly_report import (
    DAILY_COLUMNS,
    MEANINGS,
    Line,
    ceiling_in_words,
    daily_cells,
    kinds_of,
    sharpest_in_words,
    stream_cells,
)
from benchmarks.anomaly_series import Daily

_METHOD = """
A day is compared with five things that were known the day before: the middle of the last seven days, that middle in
the share this weekday usually has, yesterday, the same weekday a week ago, and the middle of that weekday over four
weeks; and with the course: the weekday's usual value, moved half as far as yesterday stood from its own. It deviates by
the weighted geometric mean of its distances from the nearest of the five and from the course: unusual is what none of
the five explains, and what one of them explains by chance alone lies further from the course. How far is too far
follows from the series' own deviations of the last 60 days (three times what 85 of 100 days stay below, by default
never less than 15 %); a day beyond is remembered as little more than a usual one, so that an event hides no later one.
Two days in a row that lie apart from what was usual before both are a level shift from smaller distances on; two
days in a row far from the level of the weeks before are drift, unless there is nothing left. A move at the same place
of the month before, a holiday like a Sunday, and the first month's edges are no alarms. A missing day is a gap, not a
zero; a series that comes out of fourteen days of nothing is a new service, or a burst if it was there before. Of the
alarms of one day over all series, at most one in ten may be chance (Benjamini and Hochberg, with a generalised Pareto
tail beyond the usual deviation). An unusual day goes on with the event of the day before only on the same side of what
was expected. Later days change no verdict.

Where a driver of a cost is known (requests, GB, nodes), the cost is also judged as it would be at the usual usage: its
logarithm is regressed on that of the usage over the two months before, and the elasticity is shrunken as far as it may
be chance (nothing up to three standard errors), so that a driver that explained nothing before explains nothing now.

Series of other steps are judged by the rarity of a point, or of the mean of the last points, in their own past (a
Pareto tail beyond the usual deviations from the middle, the day's or the week's course, whichever served best so far),
and by its distance from the usual range against how often the series went there. A level that stays for a day is the
new measure, and the way there is forgotten.
"""

_MEASURED = """
Events are put into real daily series by a seeded injector: spikes, steps, ten-day ramps, drops, missing days, changed
weekends, moves that offset each other in two series, services that begin or come back, and monthly invoices (which are
no event). Sizes are 20, 30, 50, 100 and 200 % of the level of two weeks before. An event is found by an alarm within
1 to 8 days, by kind. The public methods are implemented as commonly described, made causal, with their usual
threshold and with the one that is best in hindsight on these very series. Streams carry labels of people: NAB is
scored by its own rules (arXiv 1510.03336, standard profile), CMD by the F1 of labelled events. The series are real,
and nobody labelled what really happened in them; so alarms of the untouched series are judged in hindsight, by a rule
that knows both sides of a day and nothing of the detector (`benchmarks/anomaly_hindsight.py`). A lasting move is real
from the first of the days in a row that lie a fifth beyond the week before.
"""

_CEILING = """
Some events are smaller than what their series does by itself. A matched filter that knows each event's shape, size and
day and the noise of the whole series, its future too, is laid over every other stretch of the untouched series that
hindsight does not call a real move; an event counts as found when only so many stretches look as much like it
(`benchmarks/anomaly_ceiling.py`). No bound is strict, but a detector that does not know what to look for has less.
"""

_FURTHER = """
Found in all daily series, within two weeks of reaching 20 % and by the Monday; the public methods at their usual
threshold. These events are not counted above.
"""


@dataclass(frozen=True)
class Measured:
    """All that the page tells."""

    lines: Sequence[Line]
    daily: Sequence[Daily]
    confidence: Counts
    drivers: Sequence[str]
    validated: Sequence[str]
    options: str
    ceilings: Mapping[str, Ceiling]
    further: Sequence[str]


def page(measured: Measured) -> str:
    """The whole page, in markdown."""
    ours = measured.lines[0]
    lines = ["# How good anomaly detection is", "", "Written by `benchmarks/anomalies.py`; no figure is edited.", ""]
    for title, found, part in (
        ("Daily costs", ours.costs, "costs"),
        ("Other daily series", ours.others, "others"),
    ):
        if found is not None:
            lines += [
                f"## {title}",
                "",
                *_daily_table(measured.lines, part),
                "",
                *_kinds(found),
                "",
                _told(found),
                sharpest_in_words(found),
                "",
            ]
    if ours.nab or ours.cmd:
        lines += ["## Labelled streams", "", *_stream_table(measured.lines), "", _streams_told(ours), ""]
    if measured.ceilings:
        lines += ["## What could be found at all", _CEILING, *ceiling_in_words(measured.ceilings, ours), ""]
    if measured.further:
        lines += ["## Leaks and weekends", _FURTHER, *measured.further, ""]
    if measured.drivers:
        lines += ["## Costs with the usage that drives them regressed out", "", *measured.drivers, ""]
    if measured.validated:
        lines += ["## Parameters chosen on other series", "", *measured.validated, ""]
    lines += ["## How often an alarm is right", "", *_confidence(measured.confidence), ""]
    lines += [
        "## What the columns mean",
        "",
        *(f"- {meaning}" for meaning in MEANINGS),
        "",
        _chance(measured.daily),
        "",
    ]
    lines += ["## The method", _METHOD, "## How it was measured", _MEASURED]
    lines += ["## How to repeat it", "", "```", f"python -m benchmarks.anomalies DIR {measured.options}", "```"]
    return "\n".join(lines) + "\n"


def _daily_table(lines: Sequence[Line], part: str) -> list[str]:
    rows = [f"| Method | {' | '.join(DAILY_COLUMNS)} |", "|---|" + "---|" * len(DAILY_COLUMNS)]
    tallies = [(line.name, getattr(line, part)) for line in lines]
    return rows + [f"| {name} | {' | '.join(daily_cells(found))} |" for name, found in tallies if found is not None]


def _kinds(found: Tally) -> list[str]:
    rows = ["| Kind or size | Found | Injected | Share |", "|---|---|---|---|"]
    return rows + [
        f"| {kind} | {right} | {injected} | {right / injected:.0%} |"
        for kind, right, injected in kinds_of(found)
        if injected
    ]


def _stream_table(lines: Sequence[Line]) -> list[str]:
    rows = ["| Method | NAB | CMD |", "|---|---|---|"]
    told = [(line.name, stream_cells(line)) for line in lines if line.nab or line.cmd]
    return rows + [f"| {name} | {nab.strip()} | {cmd.strip()} |" for name, (nab, cmd) in told]


def _streams_told(ours: Line) -> str:
    """The targets that the streams miss, by the figures cross-validated over files."""
    scored = (("NAB", ours.nab, 75.0, ".1f"), ("CMD", ours.cmd, 0.6, ".2f"))
    missed = [
        f"{name} {found.cross_validated:{form}} (aim {aim:{form}})"
        for name, found, aim, form in scored
        if found is not None and found.cross_validated < aim
    ]
    return f"Missed: {'; '.join(missed)}." if missed else "All targets are met."


def _told(found: Tally) -> str:
    """The targets that are missed, each with its figure."""
    delay = float(np.median(found.delays)) if found.delays else float("inf")
    targets = (
        ("recall of all events", found.recall, 0.9),
        ("recall of events clear of the noise", found.clear_recall, 0.9),
        ("precision", found.precision, 0.9),
        ("precision with the series' own alarms seen in hindsight", found.confirmed_precision, 0.9),
        ("precision with all alarms of the untouched series counted as false", found.strict_precision, 0.9),
        *((f"recall of {kind}", _share(found, kind), 0.95) for kind in ("missing", "new service")),
    )
    missed = [f"{name} {value:.2f} (aim {aim:.2f})" for name, value, aim in targets if value < aim]
    rates = (
        ("median delay in days", delay, 1.0),
        ("unexplained alarms per series and year", found.unexplained / found.years, 2.0),
        ("month-end false alarms per series and year", found.month_edge / max(found.invoice_years, 1e-9), 0.5),
    )
    missed += [f"{name} {value:.1f} (aim at most {aim:.1f})" for name, value, aim in rates if value > aim]
    score = f"F1 is {f1(found.precision, found.recall):.2f}."
    return f"{score} Missed: {'; '.join(missed)}." if missed else f"{score} All targets are met."


def _share(found: Tally, kind: str) -> float:
    return found.found[kind] / found.injected[kind] if found.injected[kind] else 1.0


def _confidence(counts: Counts) -> list[str]:
    rows = ["| Alarm | Right | All | Share |", "|---|---|---|---|"]
    return rows + [f"| {kind} | {right} | {every} | {right / every:.0%} |" for kind, (right, every) in counts.items()]


def _chance(daily: Sequence[Daily]) -> str:
    """How much an alarm at random would be confirmed."""
    share = np.concatenate([real_moves(each.values) for each in daily]).mean() if daily else 0.0
    return f"Hindsight confirms {share:.0%} of all days: so often would an alarm at random be right by it."
