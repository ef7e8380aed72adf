"""One event, one alarm: which unusual days begin something, and which only continue it."""

from dataclasses import dataclass

import numpy as np

from pipelines.anomalies.verdicts import DailyCaution, Flags, Floats

_WORSE = 2.0  # an event that grows to so many times its size is news again
_LONG_AGO = -1_000_000


@dataclass(frozen=True)
class Signals:
    """What was seen in a block of series, day by day."""

    unusual: Flags
    distance: Floats
    drifting: Flags
    stepping: Flags
    start: Flags


@dataclass(frozen=True)
class Alarms:
    """Where an event begins, and where one continues."""

    sudden: Flags
    drift: Flags
    step: Flags
    continues: Flags


def raise_alarms(signals: Signals, caution: DailyCaution) -> Alarms:
    """Walk through the days once, for all series together.

    An unusual day goes on with the event before only where it lies on the same side of what was expected.
    """
    series, days = signals.unusual.shape
    sudden, drift, step, continues = (np.zeros((series, days), dtype=np.bool_) for _ in range(4))
    last_unusual = np.full(series, _LONG_AGO)
    last_event = np.full(series, _LONG_AGO)
    size, side = np.zeros(series), np.zeros(series)
    for day in range(days):
        unusual, start = signals.unusual[:, day], signals.start[:, day]
        distance, above = np.abs(signals.distance[:, day]), np.sign(signals.distance[:, day])
        is_open = (day - last_unusual <= caution.quiet_days) & (above == side)
        begins = unusual & ~start & (~is_open | (distance > _WORSE * size))
        quiet, since = ~unusual & ~start, day - last_event
        steps = signals.stepping[:, day] & quiet & (since > caution.step_pause_days)
        drifts = signals.drifting[:, day] & quiet & ~steps & (since > caution.drift_pause_days)
        sudden[:, day], drift[:, day], step[:, day] = begins, drifts, steps
        continues[:, day] = unusual & ~begins & ~start
        size = np.where(begins | start, distance, np.where(unusual, np.fmax(size, distance), size))
        side = np.where(start, 1.0, np.where(begins, above, side))
        last_unusual[unusual | start] = day
        last_event[unusual | start | drifts | steps] = day
    return Alarms(sudden, drift, step, continues)
