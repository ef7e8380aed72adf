"""Chance without a state: numbers that depend on a seed and a position alone, for many series at once."""

from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from simulator.identity import Identity

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]
Bits: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_STEP, _WORD = 0xD1B54A32D192ED03, 2**64
_UNIT = 2.0**-53


def seed_of(identity: Identity, *names: object) -> int:
    """64 bits drawn from the scenario's seed and a name."""
    return UUID(identity.uuid("telemetry", *names)).int >> 64


def derived(seeds: Bits, purpose: int) -> Bits:
    """Other seeds, one for each, for another purpose."""
    return _mixed(seeds + np.uint64((purpose + 1) * _STEP % _WORD))


def uniform(seeds: Bits, positions: Whole) -> Floats:
    """One number in [0, 1) for each seed (rows) and position (columns)."""
    drawn = _mixed(seeds[:, None] + positions.astype(np.uint64)[None, :] * _GOLDEN)
    drawn >>= np.uint64(11)
    found: Floats = drawn.astype(np.float64)
    found *= _UNIT
    return found


def smooth(seeds: Bits, positions: Whole, period: int) -> Floats:
    """The same, but drawn at each multiple of `period` only and straight in between. The positions are consecutive."""
    first = int(positions[0]) // period
    nodes = uniform(seeds, np.arange(first, int(positions[-1]) // period + 2, dtype=np.int64))
    index = positions // period - first
    share = (positions % period) / period
    before = nodes[:, index]
    step: Floats = nodes[:, index + 1]
    step -= before
    step *= share
    step += before
    return step


def _mixed(bits: Bits) -> Bits:
    """The finisher of SplitMix64."""
    bits ^= bits >> np.uint64(30)
    bits *= _FIRST
    bits ^= bits >> np.uint64(27)
    bits *= _SECOND
    bits ^= bits >> np.uint64(31)
    return bits
