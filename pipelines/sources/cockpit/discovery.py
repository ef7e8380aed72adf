"""Which metrics of the catalogue exist at one data source. What is not there is unknown, never zero."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum

from pipelines.sources.answers import Item
from pipelines.sources.cockpit.catalogue import Metric, RequestCount
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.promql import metric_names, selector
from pipelines.sources.cockpit.windows import HOUR

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


def sampling_step(client: PrometheusClient, name: str, at: datetime) -> timedelta | None:
    """The time between two samples of the median series in the hour before; None without samples."""
    counted = client.query(f"quantile(0.5, count_over_time({selector(name)}[1h]))", at)
    return HOUR / counted[0].value if counted and counted[0].value > 0 else None


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
