"""Which metrics of the catalogue exist at one data source. What is not there is unknown, never zero."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

import pyarrow as pa

from pipelines.sources.answers import Item
from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.api import QueryRefused
from pipelines.sources.cockpit.catalogue import Metric, RequestCount
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.promql import metric_names, selector
from pipelines.sources.cockpit.tables import METRIC_FINDINGS
from pipelines.sources.cockpit.windows import HOUR, MILLISECOND

_MOST_CANDIDATES = 3


class Presence(StrEnum):
    """Whether a metric can be read."""

    PRESENT = "present"
    RENAMED = "present under another name"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """What is known of one metric here. `found_as` is the name to ask for, None when it is unknown; `missing` are the
    names without series; `in_rules` says that Scaleway's own alert rules use the name; `candidates` are similar names
    of the same product, for a person to judge."""

    key: str
    presence: Presence
    found_as: str | None
    missing: tuple[str, ...] = ()
    in_rules: bool = False
    candidates: tuple[str, ...] = ()


def names_present(client: PrometheusClient, since: datetime, until: datetime) -> frozenset[str]:
    """The names of all metrics with samples in the period; some servers tell those of a longer one."""
    return frozenset(client.label_values("__name__", since, until))


def names_in_rules(rules: Iterable[Item]) -> frozenset[str]:
    """The metrics that alert rules name, as the Cockpit API lists them."""
    return frozenset(name for rule in rules for name in metric_names(str(rule.get("rule", ""))))


def discovered(
    wanted: Iterable[Metric | RequestCount], present: Collection[str], in_rules: Collection[str] = ()
) -> list[Finding]:
    """One finding for each metric, in order."""
    return [_finding(each, frozenset(present), frozenset(in_rules)) for each in wanted]


def series_by_name(client: PrometheusClient, *moments: datetime) -> dict[str, int]:
    """How many series each metric has, at the moment when it has most; nothing where the server finds the question too
    much."""
    counted: dict[str, int] = {}
    for moment in moments:
        try:
            found = client.query('count by (__name__) ({__name__!=""})', moment)
        except QueryRefused:
            return {}
        for each in found:
            name = each.labels.get("__name__", "")
            counted[name] = max(counted.get(name, 0), round(each.value))
    return counted


def sampling_step(client: PrometheusClient, name: str, since: datetime, until: datetime) -> timedelta | None:
    """The time between two samples of the median series in the median hour of a period; None without samples."""
    expression = f"quantile(0.5, count_over_time({selector(name)}[1h]))"
    hours = client.query_range(expression, since, until, HOUR, HOUR - MILLISECOND)
    counted = sorted(value for value in hours.frame["value"] if value > 0)
    return HOUR / math.ceil(counted[len(counted) // 2]) if counted else None


def findings_table(
    source: DataSource, day: date, findings: Iterable[Finding], steps: Mapping[str, timedelta | None]
) -> pa.Table:
    """What was found on a day; `steps` is by key, in whole seconds in the table."""
    rows = []
    for each in findings:
        step = steps.get(each.key)
        rows.append(
            {
                "data_source_id": source.id,
                "project_id": source.project_id,
                "region": source.region,
                "day": day,
                "metric": each.key,
                "presence": str(each.presence),
                "found_as": each.found_as,
                "missing_names": list(each.missing),
                "candidates": list(each.candidates),
                "in_rules": each.in_rules,
                "step_seconds": None if step is None else round(step.total_seconds()),
                "usage_month": f"{day:%Y-%m}",
            }
        )
    return pa.Table.from_pylist(rows, schema=METRIC_FINDINGS)


def _finding(metric: Metric | RequestCount, present: frozenset[str], in_rules: frozenset[str]) -> Finding:
    is_ruled = metric.name in in_rules
    others = [name for name in metric.names if name != metric.name and name not in present]
    found_as = next((name for name in (metric.name, *metric.aliases) if name in present), None)
    if found_as is not None and not others:
        presence = Presence.PRESENT if found_as == metric.name else Presence.RENAMED
        return Finding(metric.key, presence, found_as, in_rules=is_ruled)
    missing = [*([metric.name] if found_as is None else []), *others]
    return Finding(
        metric.key,
        Presence.UNKNOWN,
        None,
        tuple(missing),
        is_ruled,
        _candidates(metric, missing[0], present | in_rules - {metric.name}),
    )


def _candidates(metric: Metric | RequestCount, missing: str, names: frozenset[str]) -> tuple[str, ...]:
    product = metric.resource_type if isinstance(metric, Metric) else metric.service_type
    same = sorted(name for name in names if name.startswith(f"{product}_") and name not in metric.names)
    return tuple(get_close_matches(missing, same, n=_MOST_CANDIDATES, cutoff=0.75))
