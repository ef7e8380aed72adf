"""Which series of custom metrics are worth taking in: by who asks for them, how many there are, and how often.

A name is used where a dashboard, an alert or a query mentions it. Where nobody said what they hold, use is not known,
and then a name is only pointed at for its sheer number of series or for how often it is scraped. Names that hold a
service's level (requests, errors, latency) are left as they are, and those this product itself reads never dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

READ_HERE = (
    r"node_cpu_seconds_total|node_memory_(?:MemTotal|MemAvailable)_bytes|node_filesystem_(?:avail|size)_bytes"
    r"|node_disk_(?:reads_completed|writes_completed|read_bytes|written_bytes)_total"
    r"|node_disk_io_time_weighted_seconds_total|node_network_(?:receive|transmit)_(?:packets|bytes)_total"
    r"|node_netstat_Tcp_RetransSegs|node_uname_info|DCGM_FI_.*|vllm:.*"
)
"""What the advice on machines and models stands on."""

SERVICE_LEVELS = (
    r"up|ALERTS.*|probe_(?:success|duration_seconds)|(?:.*[_:])?sl[io](?:[_:].*)?|.*:.*"
    r"|.*(?:request|response|rpc|query|transaction|call|job|handler|handling)s?_.*(?:duration|latency|time|seconds).*"
    r"|.*(?:requests?|responses?|errors?|failures?|failed|handled|exceptions?|timeouts?)(?:_.*)?_total"
    r"|.*(?:latency|error_rate|availability|saturation).*"
)
"""Rate, errors and duration of services, as exporters and OpenTelemetry name them, and recorded rules."""

_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_BY_PATTERN = re.compile(r"__name__\s*=~\s*[\"'`]([^\"'`]*)[\"'`]")
_PARTS = ("_bucket", "_sum", "_count")
_SELECTOR = re.compile(r"\{([^{}]*)\}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_NAMED_BEFORE = re.compile(r"(?<![A-Za-z0-9_:$])(?!(?:and|or|unless)\s*$)[A-Za-z0-9_:$]+\s*$")
_NAMED_WITHIN = re.compile(r"__name__\s*=|(?:^|,)\s*[\"'`]")
_BY_VARIABLE = re.compile(r"\$\{?\w+(?::\w+)?\}?\s*[\[{]")


class Use(StrEnum):
    """What is known of who asks for a metric."""

    used = "used"
    service_level = "service level"
    unused = "unused"
    unknown = "unknown"


@dataclass(frozen=True)
class Asked:
    """Expressions of dashboards, alerts and queries, and whether they are all there are.

    `is_complete` is somebody's word that nothing else reads the metrics; without it no name counts as unused.
    """

    expressions: tuple[str, ...] = ()
    service_levels: tuple[str, ...] = ()
    is_complete: bool = False
    words: frozenset[str] = field(init=False, repr=False, compare=False)
    patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)
    reads_anything: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        texts = (*self.expressions, *self.service_levels)
        words = frozenset(word for text in texts for word in _WORD.findall(text))
        found = [found for text in texts for found in _BY_PATTERN.findall(text)]
        object.__setattr__(self, "words", words)
        object.__setattr__(self, "patterns", tuple(_pattern(each) for each in found))
        object.__setattr__(self, "reads_anything", any(map(_reads_anything, texts)))

    def mentions(self, name: str) -> bool:
        """Whether any expression reads it: by name, by another part of its histogram, by a pattern of names, or since
        it names no metric at all (`{job="api"}`) or one that a dashboard's variable holds."""
        if self.reads_anything:
            return True
        if not _WORD.fullmatch(name):  # such as http.server.duration, which is quoted where it is asked for
            return any(name in text for text in (*self.expressions, *self.service_levels))
        base = next((name.removesuffix(part) for part in _PARTS if name.endswith(part)), name)
        named = {name, base, *(f"{base}{part}" for part in _PARTS)} & self.words
        return bool(named) or any(pattern.fullmatch(name) for pattern in self.patterns)


def use_of(name: str, asked: Asked) -> Use:
    """What is known of a metric's use. A level of service stays one whatever the lists say."""
    if re.fullmatch(SERVICE_LEVELS, name) or name in asked.service_levels:
        return Use.service_level
    if re.fullmatch(READ_HERE, name) or asked.mentions(name):
        return Use.used
    return Use.unused if asked.is_complete else Use.unknown


@dataclass(frozen=True)
class Metric:
    """Series of one name in a data source; None is what was not measured."""

    name: str
    samples: int
    active_series: int | None = None
    scrape_seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """From when on series are many, and how often is often enough.

    A fifth of the 25,000 series of a name that Cockpit takes is many. Prometheus takes what is older than five minutes
    for gone, so a scrape a minute still shows every dashboard what it shows today.
    """

    many_series: int = 5000
    scrape_seconds: float = 60.0


class MetricAction(StrEnum):
    """What becomes of a name."""

    keep = "keep"
    drop = "drop"
    check_and_drop = "drop, once it is sure that nothing reads it"
    scrape_less = "scrape less often"


@dataclass(frozen=True)
class MetricStep:
    """What is done with a name, why, and what share of its samples stays."""

    metric: Metric
    use: Use
    action: MetricAction
    reason: str
    keep_share: float = 1.0

    @property
    def samples_saved(self) -> int:
        """Of the samples of the metric."""
        return int(self.metric.samples * (1 - self.keep_share))


def metric_step(metric: Metric, asked: Asked, limits: Limits) -> MetricStep:
    """What to do with one name."""
    use = use_of(metric.name, asked)
    if use is Use.unused:
        return MetricStep(metric, use, MetricAction.drop, "in no dashboard, alert or query", 0.0)
    if use is Use.unknown and metric.active_series is not None and metric.active_series >= limits.many_series:
        told = f"{metric.active_series} series, and nobody said what reads it"
        return MetricStep(metric, use, MetricAction.check_and_drop, told, 0.0)
    seconds = metric.scrape_seconds
    if use is not Use.service_level and seconds is not None and 0 < seconds < limits.scrape_seconds:
        told = f"a sample every {seconds:.0f} s"
        share = seconds / limits.scrape_seconds
        return MetricStep(metric, use, MetricAction.scrape_less, told, share)
    return MetricStep(metric, use, MetricAction.keep, use.value)


def metric_steps(metrics: Iterable[Metric], asked: Asked, limits: Limits = Limits()) -> list[MetricStep]:
    """One step for each name, the largest first."""
    steps = [metric_step(metric, asked, limits) for metric in metrics]
    return sorted(steps, key=lambda step: (-step.samples_saved, step.metric.name))


def _reads_anything(text: str) -> bool:
    """Whether an expression has a selector that may choose any name."""
    plain = _QUOTED.sub(lambda found: found[0].translate({ord("{"): None, ord("}"): None}), text)
    bare = (
        not _NAMED_BEFORE.search(plain[: found.start()]) and not _NAMED_WITHIN.search(found[1])
        for found in _SELECTOR.finditer(plain)
    )
    return any(bare) or bool(_BY_VARIABLE.search(plain))


def _pattern(text: str) -> re.Pattern[str]:
    try:
        if "$" in text.removesuffix("$"):  # a dashboard's variable
            return re.compile(".*")
        return re.compile(text)
    except re.error:
        return re.compile(".*")  # what cannot be read might read anything
