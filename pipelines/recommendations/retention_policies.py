"""Retention as code: what the settings say of how long which data is kept, as rows that can be dated and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.recommendations.rules.telemetry_retention import Thresholds, policy_of
from pipelines.telemetry.classes import LogClass, is_protected
from pipelines.telemetry.policy import FREE_DAYS


def policy_rows(retention: Thresholds, storage_lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One row for each class of logs, for metrics, for traces, and for each line about buckets, in their order.

    Days of a protected class are those that hold, which are never below its floor.
    """
    policy = policy_of(retention)
    for place, log_class in enumerate(LogClass):
        told = policy.of(log_class)
        yield {
            **_empty("logs", log_class.value, place),
            "least_days": max(told.least_days, policy.hot(log_class)) if is_protected(log_class) else told.least_days,
            "hot_days": policy.hot(log_class),
            "keep_share": float(policy.kept(log_class)),
            "archive_days": told.archive_days,
        }
    for signal, days in (("metrics", retention.metrics_days), ("traces", retention.traces_days)):
        yield {**_empty(signal, f"all {signal}", 0), "hot_days": max(days, FREE_DAYS[signal])}
    for place, line in enumerate(storage_lines):
        pattern, _, told_days = line.partition(":")
        yield {**_empty("storage", pattern.strip(), place), "policy": told_days.strip()}


def _empty(signal: str, subject: str, place: int) -> dict[str, Any]:
    columns = ("least_days", "hot_days", "keep_share", "archive_days", "policy")
    return {"signal": signal, "subject": subject, "place": place, **dict.fromkeys(columns)}
