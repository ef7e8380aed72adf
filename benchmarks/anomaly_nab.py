"""NAB's scoring rules (arXiv 1510.03336), standard profile, written out.

Within a label window only the earliest detection counts, by a sigmoid of its place: nearly 1 at the window's start,
0 at its end. A window without detection costs 1. Every detection outside a window costs up to 0.11, less just behind a
window. The first 15 % of a file (of 5,000 points at most) are for learning: nothing there counts. The sum over all
files is put on a scale where a detector that reports nothing has 0 and one that reports every window at once has 100.
"""

from collections.abc import Sequence

import numpy as np

from benchmarks.anomaly_series import Flags, Floats

FALSE_POSITIVE_WEIGHT = 0.11
FALSE_NEGATIVE_WEIGHT = 1.0
PROBATION = 0.15
_LONGEST = 5000
_FAR_BEHIND = 3.0  # window widths

Windows = Sequence[tuple[int, int]]


def probation(points: int) -> int:
    """How many points at the start of a file do not count."""
    return int(min(np.floor(PROBATION * points), PROBATION * _LONGEST))


def scaled_sigmoid(place: Floats | float) -> Floats:
    """1 far before the right edge of a window (place -1 is its left edge), 0 at it, -1 far behind."""
    near = np.minimum(place, _FAR_BEHIND)
    return np.asarray(np.where(np.asarray(place) > _FAR_BEHIND, -1.0, 2 / (1 + np.exp(5 * near)) - 1))


def raw_score(detections: Flags, windows: Windows) -> float:
    """The score of one file, before it is put on the common scale."""
    worth = point_worth(len(detections), windows)
    counted = np.flatnonzero(detections & (np.arange(len(detections)) >= probation(len(detections))))
    total, inside = 0.0, np.zeros(len(detections), dtype=np.bool_)
    for first, last in windows:
        inside[first : last + 1] = True
        hits = counted[(counted >= first) & (counted <= last)]
        total += float(worth[hits].max()) if len(hits) else -FALSE_NEGATIVE_WEIGHT
    return total + float(worth[counted[~inside[counted]]].sum())


def point_worth(points: int, windows: Windows) -> Floats:
    """What a detection at each point is worth."""
    worth = np.full(points, -FALSE_POSITIVE_WEIGHT)
    best = float(scaled_sigmoid(-1.0))
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        inside = np.arange(first, last + 1)
        behind = np.arange(last + 1, windows[number + 1][0] if number + 1 < len(windows) else points)
        worth[inside] = scaled_sigmoid(-(last - inside + 1) / width) / best
        worth[behind] = scaled_sigmoid((behind - last) / max(width - 1, 1)) * FALSE_POSITIVE_WEIGHT
    return worth


def normalised(raw: float, windows: int) -> float:
    """0 for a detector that reports nothing, 100 for one that reports each window at its start and nothing else."""
    null = -FALSE_NEGATIVE_WEIGHT * windows
    return 100 * (raw - null) / (windows - null)
