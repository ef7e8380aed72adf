"""What the review shows of telemetry: streams of logs and metrics with their share of what their data source costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reporting.advice_rows import AdviceRow, RecommendationRow
from pipelines.reporting.money import divided, quantized

COCKPIT = "/observability/cockpit/"
LOGS, METRICS = "logs", "metrics"
_SIGNALS = {"log": "Logs", "sample": "Metrics", "trace": "Traces"}
_ORIGINS = {"custom": "you send", "scw": "Scaleway sends, free"}


@dataclass(frozen=True)
class StreamRow(AdviceRow):
    """A stream that is billed: logs of a service and level, or one metric's name.

    `charged_cost` is what its data source is charged by the month for its kind, None where that is not known.
    `queries_per_month` is how often it is asked for, where settings say so. `is_protected` lines are never taken away.
    """

    TABLE = "gold.telemetry_streams"
    KEYS = ("usage_month", "data_source_id", "signal", "service_name", "level", "metric_name")

    usage_month: str
    known_from: date | None
    known_until: date | None
    data_source_id: str
    source_name: str
    owner: str | None
    signal: str
    service_name: str | None
    level: str | None
    metric_name: str | None
    samples: int | None
    bytes: int | None
    source_samples: int | None
    source_bytes: int | None
    active_series: int | None
    retention_days: int | None
    charged_cost: Decimal | None
    log_class: str | None
    is_protected: bool
    queries_per_month: int | None

    @property
    def share(self) -> Decimal | None:
        """Its part of what its data source takes in; None where one of them was not counted."""
        own, whole = (self.bytes, self.source_bytes) if self.signal == LOGS else (self.samples, self.source_samples)
        return None if own is None or not whole else divided(Decimal(own), Decimal(whole))

    @property
    def cost(self) -> Decimal | None:
        """That part of what the data source is charged by the month."""
        if self.share is None or self.charged_cost is None:
            return None
        return quantized(self.share * self.charged_cost, 12)

    @property
    def queries_for_each_euro(self) -> Decimal | None:
        """How often it is asked for by the month for what it costs; None where either is not known."""
        if self.queries_per_month is None or not self.cost:
            return None
        return divided(Decimal(self.queries_per_month), self.cost)

    @property
    def label(self) -> str:
        """The metric's name, or the service and its level."""
        if self.metric_name:
            return self.metric_name
        return f"{self.service_name or 'not split by service'}, {self.level or 'all levels'}"


@dataclass(frozen=True)
class Telemetry:
    """All streams of one currency, the dearest first."""

    streams: tuple[StreamRow, ...] = ()

    @property
    def priced(self) -> tuple[StreamRow, ...]:
        """Those whose cost is known."""
        return tuple(row for row in self.streams if row.cost)


def telemetry_of(rows: Sequence[StreamRow]) -> Telemetry:
    """The rows put in order."""
    return Telemetry(tuple(sorted(rows, key=lambda row: (-(row.cost or Decimal(0)), row.label, row.data_source_id))))


def name_of(sku: str) -> str:
    """A SKU of Cockpit in words: `Logs you send, fr-par`."""
    kind, *place = sku.removeprefix(COCKPIT).split("/")
    origin, _, signal = kind.partition("-")
    if origin not in _ORIGINS or signal not in _SIGNALS:
        return " ".join((kind, *place)).replace("-", " ")
    return ", ".join((f"{_SIGNALS[signal]} {_ORIGINS[origin]}", *place))


def planned_for(rows: Sequence[RecommendationRow]) -> Mapping[tuple[str, str], str]:
    """What plans do to a stream, by its data source and its label: a metric's name, or `service, class`."""
    found: dict[tuple[str, str], str] = {}
    for row in rows:
        for name, does in _told(row.facts):
            found.setdefault((row.resource_id, name), does)
    return found


def _told(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Streams that evidence names, each with what is done to it."""
    taken = [(each["metric"], "drop, once it is sure that nothing reads it") for each in facts.get("taken_away") or ()]
    services = [(f"{each['service']}, debug", "raise its level to info") for each in facts.get("services") or ()]
    steps = [(f"{each['service']}, {each['class']}", str(each["does"])) for each in facts.get("steps") or ()]
    return [*taken, *services, *steps]
