"""Asks Cockpit, Edge Services and OpenCost for the days that are not known yet, and keeps what they measured.

`manners` are those of the settings, unless given.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain

from assets.bronze.known_projects import known_projects
from assets.bronze.reading_measured import Measured
from assets.bronze.telemetry_clusters import ClusterReading
from assets.bronze.telemetry_days import Calendar
from assets.bronze.telemetry_places import Place, Survey, surveyed
from assets.bronze.telemetry_requests import RequestReading, edge_counts
from assets.bronze.telemetry_rounds import Round, Tally
from assets.bronze.telemetry_usage import UsageReading, rules_by_region
from assets.bronze.telemetry_volume import logs, names_of_samples, overviews, samples
from assets.tables import TABLES
from pipelines.lake.measurements import Measurement, keep
from pipelines.lake.store import Lake
from pipelines.settings import Settings
from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.catalogue import load_catalogue
from pipelines.sources.transport import Scaleway

_DAYS_OF_CHARGES = 28
"""What a resource costs by the month is told of so many days."""


def read_usage(
    lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Mapping[str, Measured]:
    """Metrics by the hour, and what each data source holds of the catalogue."""
    if not settings.cockpit.enabled:
        return {"usage_hourly": Measured(), "metric_findings": Measured()}
    catalogue, calls = load_catalogue(settings.cockpit.catalogue), scaleway.counters.calls
    survey, tally, days = _survey(lake, scaleway, settings, now, manners), Tally(), settings.cockpit.history_days
    calendar = Calendar(lake, "cockpit.usage", now)
    usage = UsageReading(Round.over(calendar, survey.of("metrics"), days, tally), catalogue, days)
    found = usage.look(rules_by_region(scaleway, usage.round))
    findings = keep(lake, TABLES["bronze.metric_findings"], usage.findings(found))
    kept = keep(lake, TABLES["bronze.usage_hourly"], usage.hours(found))
    told = tally.told(kept, survey.missing, scaleway.counters.calls - calls)
    return {"usage_hourly": told, "metric_findings": Measured(findings)}


def read_requests(
    lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Mapping[str, Measured]:
    """Requests and tokens by the day, and what Edge Services counted in the month so far."""
    if not settings.cockpit.enabled:
        return {"requests_daily": Measured()}
    catalogue, calls = load_catalogue(settings.cockpit.catalogue), scaleway.counters.calls
    survey, tally = _survey(lake, scaleway, settings, now, manners), Tally()
    days = settings.cockpit.request_history_days
    round_ = Round.over(Calendar(lake, "cockpit.requests", now), survey.of("metrics"), days, tally)
    edge = edge_counts(Calendar(lake, "edge_services.requests", now), scaleway, tally.causes)
    measured = chain(RequestReading(round_, catalogue.requests).days(), () if survey.is_silent else edge)
    kept = keep(lake, TABLES["bronze.requests_daily"], measured)
    return {"requests_daily": tally.told(kept, survey.missing, scaleway.counters.calls - calls)}


def read_telemetry(
    lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Mapping[str, Measured]:
    """The volume of telemetry by the day."""
    if not settings.cockpit.enabled:
        return {"telemetry_daily": Measured()}
    names, calls = load_catalogue(settings.cockpit.catalogue).telemetry, scaleway.counters.calls
    survey, tally, days = _survey(lake, scaleway, settings, now, manners), Tally(), settings.cockpit.history_days
    metrics, of_logs = survey.of("metrics"), survey.of("logs")
    counting = [place for place in metrics if place.source.origin == "scaleway"]
    measured = chain(
        samples(Round.over(Calendar(lake, "cockpit.telemetry", now), counting, days, tally), names),
        _names(Calendar(lake, "cockpit.telemetry_names", now), metrics, settings, tally),
        logs(Round.over(Calendar(lake, "cockpit.logs", now), of_logs, days, tally), names),
        overviews(Calendar(lake, "cockpit.usage_overview", now), survey, scaleway, tally.causes),
    )
    kept = keep(lake, TABLES["bronze.telemetry_daily"], measured)
    return {"telemetry_daily": tally.told(kept, survey.missing, scaleway.counters.calls - calls)}


def read_allocations(
    lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Mapping[str, Measured]:
    """Workloads of clusters by the day."""
    timeout = (5, settings.scaleway.timeout_seconds)
    manners = manners or Manners(
        timeout=timeout, attempts=settings.scaleway.attempts, patience=settings.scaleway.patience_seconds
    )
    clusters = ClusterReading(Calendar(lake, "opencost.allocations", now), settings, manners)
    kept = keep(lake, TABLES["bronze.cluster_allocations"], clusters.allocations())
    return {"cluster_allocations": clusters.tally.told(kept)}


def _names(calendar: Calendar, places: Sequence[Place], settings: Settings, tally: Tally) -> Iterator[Measurement]:
    """Metrics by name: billed ones of as many days as charges are told of by the month, Scaleway's of the newest."""
    days, most = min(settings.cockpit.history_days, _DAYS_OF_CHARGES), settings.cockpit.metric_names
    for is_billed, history in ((True, days), (False, 1)):
        asked = [place for place in places if (place.source.origin == "custom") == is_billed]
        yield from names_of_samples(Round.over(calendar, asked, history, tally), most)


def _survey(lake: Lake, scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None) -> Survey:
    return surveyed(known_projects(lake, scaleway), scaleway, settings, now, manners)
