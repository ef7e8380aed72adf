"""Whether the service got worse after an action: a saving that harms is none.

Errors are compared as two shares (the pooled two-proportion z test); saturation as the share of hours near the limit,
which must neither pass the policy nor have grown. What is not measured cannot be guarded, and is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass(frozen=True)
class Service:
    """How a service did over a span of days; None where it was not measured.

    `saturated_hours` of `measured_hours` are those with a p99 of the processors or memory above the limit.
    """

    requests: int | None = None
    failed: int | None = None
    measured_hours: int | None = None
    saturated_hours: int | None = None
    latency_p95_seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """What still counts as well."""

    z: float = 3.0  # standard errors between the shares of failed requests
    failed_growth: float = 0.001  # of all requests: less more failures are nobody's harm
    saturated_share: float = 0.01  # of the measured hours
    latency_growth: float = 0.25  # of the latency before


@dataclass(frozen=True)
class Verdict:
    """`is_harmed` where a limit was passed; `checked` names what could be compared, `reason` what was found."""

    is_harmed: bool
    checked: tuple[str, ...]
    reason: str


def guard(before: Service, after: Service, limits: Limits | None = None) -> Verdict:
    """The service before and after, of as much as is measured on both sides."""
    asked = limits or Limits()
    found = {
        "errors": _errors(before, after, asked),
        "saturation": _saturation(before, after, asked),
        "latency": _latency(before, after, asked),
    }
    checked = tuple(name for name, harm in found.items() if harm is not None)
    harms = [harm for harm in found.values() if harm]
    if harms:
        return Verdict(True, checked, "; ".join(harms))
    if not checked:
        return Verdict(False, (), "neither errors, saturation nor latency are measured: not guarded")
    return Verdict(False, checked, f"no worse in {', '.join(checked)}")


def _errors(before: Service, after: Service, asked: Limits) -> str | None:
    """Empty where it is no worse, None where it cannot be compared."""
    if not before.requests or not after.requests or before.failed is None or after.failed is None:
        return None
    was, now = before.failed / before.requests, after.failed / after.requests
    pooled = (before.failed + after.failed) / (before.requests + after.requests)
    error = sqrt(pooled * (1 - pooled) * (1 / before.requests + 1 / after.requests))
    if now - was > max(asked.failed_growth, asked.z * error):
        return f"{now:.2%} of the requests fail, {was:.2%} did before"
    return ""


def _saturation(before: Service, after: Service, asked: Limits) -> str | None:
    if not before.measured_hours or not after.measured_hours:
        return None
    if before.saturated_hours is None or after.saturated_hours is None:
        return None
    was, now = before.saturated_hours / before.measured_hours, after.saturated_hours / after.measured_hours
    if now > asked.saturated_share and now > was:
        return f"{now:.1%} of the hours are at the limit, {was:.1%} were before"
    return ""


def _latency(before: Service, after: Service, asked: Limits) -> str | None:
    was, now = before.latency_p95_seconds, after.latency_p95_seconds
    if not was or now is None:
        return None
    return f"latency at p95 went from {was:.3f} to {now:.3f} s" if now > was * (1 + asked.latency_growth) else ""
