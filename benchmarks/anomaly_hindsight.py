"""What an untouched series itself shows, looked at from both sides: real moves nobody labelled, and its own noise.

This is evidence of another kind than a detector has: later days are known, and no limit of the detector is used.
"""

import warnings

import numpy as np

from benchmarks.anomaly_series import Flags, Floats

MOVE = 0.2
_WEEKS = 4  # on each side
_LONE, _LASTING = 5.0, 3.0  # usual deviations of the whole series
_PEAK = 3  # days: of a lasting move only its sharpest day counts
_LATE = 4  # days: so late may a lasting move be told
_NOISE_DAYS, _NOISE_SHARE = 60, 0.9
_BESIDE = 3


def real_moves(values: Floats, *, under_way: bool = True) -> Flags:
    """Days on which an alarm is confirmed by what came before and after; days without value are facts.

    Confirmed is a day that differs by a fifth, and by five usual deviations of the series, from the same weekdays of
    the four weeks on both sides and from the level of its own week; and the sharpest day between two weeks whose
    medians differ by a fifth and by three usual such differences. The day beside it may be the one told, and a
    lasting move may be told some days late, or (`under_way`) as soon as it is under way: from the first of the days
    in a row until the sharpest that lie a fifth beyond the week before, on its side.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        lone, lasting = _lone(values), _lasting(values)
        since = {day: _begins(values, day) if under_way else day - 1 for day in np.flatnonzero(lasting).tolist()}
    missing = np.isnan(values)
    found = missing | lone | lasting
    for day in np.flatnonzero(missing | lone).tolist():
        found[max(0, day - 1) : day + 2] = True
    for day, first in since.items():
        found[max(0, first) : day + _LATE + 1] = True
    return found


def _begins(values: Floats, sharpest: int) -> int:
    """The first of the days in a row before the sharpest that have left the week before it; the day before at least."""
    first = sharpest - 1
    for day in range(sharpest - 1, max(sharpest - _PEAK - 1, 7), -1):
        before = values[day - 7 : day]
        side = np.sign(np.nanmedian(values[sharpest : sharpest + 7]) - np.nanmedian(before))
        if not side * (values[day] / np.nanmedian(before) - 1) >= MOVE:
            break
        first = day
    return first


def noise_before(values: Floats, day: int) -> float:
    """How far nine of ten days of the last two months lay from the week before, as a share; infinite if unknown."""
    past = values[max(0, day - _NOISE_DAYS - 7) : day]
    if len(past) < _NOISE_DAYS // 2:
        return float("inf")
    with np.errstate(all="ignore"):
        change = np.abs(past[7:] / past[:-7] - 1)
    change = np.where(np.isnan(past[7:]) | np.isnan(past[:-7]), np.nan, np.nan_to_num(change, nan=0.0, posinf=np.inf))
    known = np.sort(change[~np.isnan(change)])
    return float(known[min(len(known) - 1, int(_NOISE_SHARE * len(known)))]) if len(known) else float("inf")


def stands_clear(values: Floats, moved: Flags, day: int, size: float) -> bool:
    """Whether an event of this size exceeds the series' own noise, and nothing of its own happens beside it."""
    beside = moved[max(0, day - _BESIDE) : day + _BESIDE + 1]
    return size >= max(noise_before(values, day), 1e-9) and not beside.any()


def _lone(values: Floats) -> Flags:
    days = len(values)
    same = np.full((2 * _WEEKS, days), np.nan)
    for at, week in enumerate(week for week in range(-_WEEKS, _WEEKS + 1) if week):
        source = np.arange(days) + 7 * week
        known = (source >= 0) & (source < days)
        same[at, known] = values[source[known]]
    usual = np.nanmedian(same, axis=0)
    level = np.array([np.nanmedian(values[max(0, day - 7) : day + 8]) for day in range(days)])
    share = np.fmin(np.abs(values / usual - 1), np.abs(values / level - 1))
    spread = float(np.nanmedian(np.abs(values / usual - 1)))
    return np.asarray((share >= MOVE) & (share > _LONE * spread))


def _lasting(values: Floats) -> Flags:
    days = len(values)
    move = np.zeros(days)
    for day in range(7, days - 6):
        before, after = np.nanmedian(values[day - 7 : day]), np.nanmedian(values[day : day + 7])
        move[day] = np.nan_to_num(after / before - 1, nan=0.0, posinf=1e9)
    size = np.abs(move)
    usual = float(np.median(size[7 : days - 6])) if days > 14 else 0.0
    sharpest = np.array([size[day] >= size[max(0, day - _PEAK) : day + _PEAK + 1].max() for day in range(days)])
    return np.asarray(sharpest & (size >= MOVE) & (size > _LASTING * usual))
