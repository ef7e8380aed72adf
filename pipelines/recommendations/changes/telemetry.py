"""Telemetry: what is not sent any more, written for the agents that send it, and how long Cockpit keeps the rest.

Which agent sends what is not known from outside, so each change is written for Prometheus, Alloy and the OpenTelemetry
Collector as a file of its own; one of them is the reader's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipelines.recommendations.changes.change import Change, File, block, label, scw
from pipelines.recommendations.world import Resource
from pipelines.telemetry.classes import LogClass
from pipelines.telemetry.configs import alloy, loki, otel, prometheus
from pipelines.telemetry.policy import ONE, Policy
from pipelines.telemetry.traces import TailSampling

_DEBUG_LEVELS = ("debug", "trace")
_BACK = "# Take what is called finops out of the agent's configuration again, and reload it"
_AFTER = "A day later, ingestion must have fallen: gold.telemetry_streams of the data source tells."
_PROTECTED = "Lines that speak of audit, security, errors or slowness pass whatever their level is."


def series_dropped(names: Sequence[str], scrape_seconds: int | None, is_checked: bool) -> Change:
    """Metrics that are not sent any more, and a longer interval where one is given.

    Without `is_checked` the first thing to do is to look who reads them.
    """
    first = () if is_checked else (_who_reads(names),)
    job = prometheus.scrape_config(names, scrape_seconds)
    files = [File("prometheus.yml", "Prometheus, in place of the job that scrapes them", job)]
    if names:
        files.append(File("metrics.alloy", "Alloy, between the scrape and remote_write", alloy.relabel(names)))
        files.append(File("otel-metrics.yaml", "OpenTelemetry Collector, its configuration", otel.metric_filter(names)))
    if names and not is_checked:
        sums = prometheus.aggregation_rules(names)
        files.append(File("prometheus-rules.yml", "where a sum is enough: a rule file of Prometheus before it", sums))
    notes = [_AFTER, "What was not taken in cannot be had back for those days."]
    if names:
        notes.append(
            "Better still, switch off what makes them: --no-collector.… of node_exporter, by the first words of a name."
        )
    if scrape_seconds is not None:
        notes.append("Alerts and rates need windows of at least four scrapes.")
        notes.append("Scrape what holds the level of a service in a job of its own, as often as today.")
    return Change(cli=(*first, *_steps(files)), undo_cli=(_BACK,), notes=tuple(notes), files=tuple(files))


def debug_dropped(services: Sequence[str]) -> Change:
    """Debug lines of some services that are not sent any more, best at their source."""
    shown = ", ".join(sorted(services))
    stage = alloy.log_stage(services, _DEBUG_LEVELS, ONE - 1)
    files = (
        File("logs.alloy", "else Alloy, between what reads and what writes logs", stage),
        File(
            "otel-logs.yaml",
            "else OpenTelemetry Collector, its configuration",
            otel.log_filter(services, LogClass.debug),
        ),
    )
    return Change(
        cli=(f"# At the source, which also saves writing them: set the log level of {shown} to info", *_steps(files)),
        undo_cli=(f"# Set the log level of {shown} to debug again while somebody looks for a fault", _BACK),
        notes=(_PROTECTED, _AFTER),
        files=files,
    )


def archived(services: Sequence[str], keep_share_percent: int, bucket: str, region: str) -> Change:
    """A share of what merely informs in Cockpit, and all of it in a bucket."""
    share = ONE * keep_share_percent / 100
    shown = ", ".join(sorted(services))
    config = otel.archived_logs(services, share, bucket, region)
    files = (File("otel-archive.yaml", f"OpenTelemetry Collector of {shown}, its configuration", config),)
    return Change(
        cli=(scw("object", "bucket", "create", bucket, region=region), *_steps(files)),
        files=files,
        undo_cli=(_BACK, "# The bucket stays until its retention is over"),
        notes=(
            _PROTECTED,
            _AFTER,
            "The collector writes to the bucket with a key of its own: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            "Give the bucket a lifecycle rule that ends the archive when its days are over.",
        ),
    )


def traces_sampled(sampling: TailSampling) -> Change:
    """Every slow and failed trace, and a share of the others, chosen when a trace is over."""
    files = (
        File("traces.alloy", "Alloy, between what receives and what sends spans", alloy.tail_sampling(sampling)),
        File("otel-traces.yaml", "else OpenTelemetry Collector, its configuration", otel.tail_sampling(sampling)),
    )
    return Change(
        cli=_steps(files),
        undo_cli=(_BACK,),
        files=files,
        notes=("All spans of a trace must reach the same collector.", _AFTER),
    )


def dashboard_removed(name: str) -> Change:
    """A dashboard that goes once it is sure that nobody misses it; no command does that, its owner does."""
    return Change(
        cli=(),
        undo_cli=(),
        notes=(
            f"Export {name} as JSON first and keep the file: importing it is the way back.",
            "Then take its name out of expressions of the settings of custom_metrics: what only it mentioned is "
            "unused from then on, and tables made for it alone need not be made any more.",
            "One that is opened once a year stays: name it in this rule's settings under kept.",
        ),
    )


def kept_for(source: Resource, days: int, today: int, levels: Mapping[str, Sequence[str]], policy: Policy) -> Change:
    """A data source that keeps what it holds for so many days; for logs also as Loki's rules by service and level."""
    by_level = (
        (File("loki.yaml", "in a Loki of one's own, by class", loki.retention(levels, policy)),) if levels else ()
    )
    return Change(
        cli=(_update(source, days), *_steps(by_level)),
        files=by_level,
        undo_cli=(_update(source, today),),
        terraform=_terraform(source, days),
        undo_terraform=_terraform(source, today),
        notes=("What is older than that is gone for good, and a longer retention does not bring it back.",)
        if days < today
        else ("It holds from now on; what is gone already does not come back.",),
    )


def _update(source: Resource, days: int) -> str:
    return scw(
        "cockpit", "data-source", "update", source.resource_id, retention_days=days, region=source.region_id or ""
    )


def _terraform(source: Resource, days: int) -> str:
    return block(
        "resource",
        "scaleway_cockpit_source",
        label(source.resource_name),
        name=source.resource_name,
        type=source.resource_class or "",
        retention_days=days,
    )


def _who_reads(names: Sequence[str]) -> str:
    shown = prometheus.drop_regex(names)
    return (
        "# First make sure that nothing reads them: search dashboards and alerts for these names (mimirtool analyze "
        f"grafana and mimirtool analyze rule-file do), and keep what is found\n# {shown}"
    )


def _steps(files: Iterable[File]) -> tuple[str, ...]:
    return tuple(file.step for file in files)
