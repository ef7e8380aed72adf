"""What a forecast rests on and why it is to be taken with care, in words."""

from __future__ import annotations

from collections import defaultdict

from pipelines.forecast.parts import Told, Window

NOT_MEASURED = "bounds are not measured: the history holds too few outcomes of such forecasts"


def method_of(told: Told) -> str:
    """What is shown rests on, in words; of a sum, how many series rest on what."""
    kinds = {"run-rate": "run-rate", "naive": "the last week again", "known change": "known change"}
    scaled = f"; {told.scaled}" if told.scaled else ""
    if len(told.methods) == 1:
        return kinds.get(told.methods[0], told.methods[0]) + scaled
    counts: defaultdict[str, int] = defaultdict(int)
    for method in told.methods:
        counts[kinds.get(method, "combined models")] += 1
    rest = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    return f"sum of {len(told.methods)} series: {rest}{scaled}"


def drivers_of(told: Told) -> str | None:
    """What the cost was set against, with the fixed part and that of each unit, and whether knowing it helps."""
    return (
        "; ".join(
            f"{fit.name}: {fit.fixed:.6g} + {fit.marginal:.6g} (± {fit.marginal_error:.2g}) each, "
            + ("used" if fit.is_used else "not used: it does not lower the error")
            for fit in told.drivers
        )
        or None
    )


def reason_of(told: Told, ahead: Window) -> str | None:
    """Why a figure is to be taken with care; None where there is nothing to say."""
    if told.reason:
        return f"{told.reason}; the run-rate is shown"
    notes = []
    if not told.beats_naive:
        exact = told.error(told.naive) == 0
        notes.append("the last week again was exact so far" if exact else "no better than the last week again, so far")
    young = sum(method == "run-rate" for method in told.methods)
    if young:
        notes.append(f"{young} of {len(told.methods)} series are too young to be forecast: their run-rate is in it")
    if not ahead.is_measured:
        notes.append(NOT_MEASURED)
    return "; ".join(notes) or None


def unmeasured(found: Window, end: int) -> str | None:
    """What of a back-test is not known, and why."""
    if found.score.wape is not None:
        few = "too few outcomes without overlap to tell how often bounds held"
        return few if found.score.coverage is None else None
    if found.score.forecasts:
        return "all outcomes were zero"
    return f"no forecast of {end} days ahead has an outcome yet"
