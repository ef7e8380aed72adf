"""Of the detector's alarms of each kind, how many are right? Counted on the benchmark's series, told by the product.

An alarm on a copy is right within the time of an injected event. What the untouched series raises itself is counted
once: right where it tells of a missing day or of a start, and where hindsight confirms it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.anomaly_daily import ALONE
from benchmarks.anomaly_hindsight import real_moves
from benchmarks.anomaly_injector import Copy
from benchmarks.anomaly_series import Daily, Flags
from pipelines.anomalies.daily import judge_days
from pipelines.anomalies.events import Event, events_of_days

Counts = dict[str, tuple[int, int]]  # right, and all, by kind


def alarms_by_kind(series: Sequence[Daily], copied: Mapping[str, Sequence[Copy]]) -> Counts:
    """Right and all alarms of each kind, over untouched series and their copies."""
    right: dict[str, int] = defaultdict(int)
    every: dict[str, int] = defaultdict(int)
    for each in series:
        alone, moved = _events(each), real_moves(each.values)
        near = np.zeros(len(each.values), dtype=np.bool_)
        for event in alone:
            near[max(0, event.first - 1) : event.first + 2] = True
            every[event.kind.word] += 1
            right[event.kind.word] += bool(moved[event.first])
        for copy in copied[each.name]:
            for event in _caused(copy, near):
                every[event.kind.word] += 1
                right[event.kind.word] += any(one.start <= event.first <= one.until for one in copy.events)
    return {kind: (right[kind], every[kind]) for kind in sorted(every)}


def _events(series: Daily) -> list[Event]:
    return events_of_days(series.values, judge_days(series.values, series.days))


def _caused(copy: Copy, alone: Flags) -> list[Event]:
    """The alarms of a copy that its untouched series does not raise, without the echo of an event already found."""
    found = []
    lone = len(copy.events) == 1 and copy.events[0].kind in ALONE  # shows whether one event is found, no more
    for event in [] if copy.invoices else _events(copy.series):
        hit = any(one.start <= event.first <= one.until for one in copy.events)
        echo = any(one.until < event.first <= one.over for one in copy.events)
        if hit or not (lone or echo or alone[event.first]):
            found.append(event)
    return found


def confidence_module(counts: Counts, options: str) -> str:
    """The counts as a module of the product."""
    lines = [f'    "{kind}": ({right}, {every}),' for kind, (right, every) in counts.items()]
    return "\n".join(
        [
            '"""How often an alarm of each kind was right where measured. Written by `benchmarks.anomalies`."""',
            "",
            "from typing import Final",
            "",
            f'SOURCE: Final = "docs/anomaly_accuracy.md: python -m benchmarks.anomalies DIR {options}"',
            "LEAST_ALARMS: Final = 10  # fewer say nothing about a share",
            "",
            "# right alarms, and all: of events put into real daily series, and the series' own, seen in hindsight",
            "ALARMS: Final = {",
            *lines,
            "}",
            "",
            "",
            "def confidence_of(kind: str) -> float | None:",
            '    """The measured precision of this kind; None where it was not measured, or on too few alarms."""',
            "    right, every = ALARMS.get(kind, (0, 0))",
            "    return right / every if every >= LEAST_ALARMS else None",
            "",
        ]
    )
