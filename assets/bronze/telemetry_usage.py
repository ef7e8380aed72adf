"""Metrics by the hour, of each data source those of its origin, a few days at a time."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import polars as pl
import pyarrow as pa

from assets.bronze.telemetry_causes import cause_of
from assets.bronze.telemetry_days import ONE, midnight, stretches
from assets.bronze.telemetry_held import Held, look
from assets.bronze.telemetry_rounds import Round, Visit, in_turns
from pipelines.errors import FinopsError, NotOffered
from pipelines.lake.measurements import Measurement
from pipelines.sources.cockpit.account import preconfigured_rules
from pipelines.sources.cockpit.catalogue import Catalogue, Metric, RequestCount
from pipelines.sources.cockpit.discovery import findings_table, names_in_rules
from pipelines.sources.cockpit.hourly import merged, usage_hourly
from pipelines.sources.cockpit.tables import USAGE_HOURLY
from pipelines.sources.transport import Scaleway

FINDINGS = "cockpit.findings"
REQUESTS_PREFIX = "requests."
"""Before the key of what is counted by the day, since metrics and requests are keyed apart."""

_HOURS = 24
_ROWS_AT_ONCE = 80_000


@dataclass(frozen=True)
class UsageReading:
    """One round over the data sources for metrics."""

    round: Round
    catalogue: Catalogue
    history_days: int

    def look(self, rules: Mapping[str, Collection[str]]) -> list[tuple[Visit, Held]]:
        """What each place holds; those that are closed are left out. `rules` are the names in Scaleway's own alert
        rules, by region."""

        def held(visit: Visit) -> Held | None:
            return visit.asking.all_of(lambda: self._held(visit, rules.get(visit.place.source.region, ())))

        found = in_turns(held, self.round.visits)
        return [(visit, each) for visit, each in zip(self.round.visits, found, strict=True) if each is not None]

    def findings(self, found: Sequence[tuple[Visit, Held]]) -> Iterator[Measurement]:
        """One measurement of each place for the day of the run."""
        calendar = self.round.calendar
        for visit, held in found:
            source = visit.place.source
            findings = [replace(each, key=key) for key, each in held.findings.items()]
            table = findings_table(source, calendar.today, findings, held.steps)
            yield Measurement(
                FINDINGS, source.id, calendar.today, calendar.now, table, True, source.project_id, source.region
            )

    def hours(self, found: Sequence[tuple[Visit, Held]]) -> Iterator[Measurement]:
        """The days of each place, the oldest first."""
        held = {visit.place.source.id: each for visit, each in found}

        def tasks() -> Iterator[tuple[Visit, Sequence[date]]]:
            for visit, each in found:
                for days in stretches(visit.days, self._longest(visit, each)):
                    yield visit, days

        return self.round.read(tasks(), lambda visit, days: self._days(visit, held[visit.place.source.id], days))

    def _held(self, visit: Visit, in_rules: Collection[str]) -> Held:
        client = visit.asking.opened(visit.place.prometheus)
        self.round.tally.counters.append(client.counters)
        entries: dict[str, Metric | RequestCount] = dict(self._metrics(visit))
        entries |= {
            f"{REQUESTS_PREFIX}{key}": entry
            for key, entry in self.catalogue.requests.items()
            if entry.origin == visit.place.source.origin
        }
        known_since = self.round.calendar.today - ONE * self.history_days
        return look(visit.asking, client, entries, visit.days, known_since, in_rules)

    def _metrics(self, visit: Visit) -> dict[str, Metric]:
        origin = visit.place.source.origin
        return {key: metric for key, metric in self.catalogue.metrics.items() if metric.origin == origin}

    def _longest(self, visit: Visit, held: Held) -> int:
        """Days at once, so that their rows are few beside what is gathered before it is stored."""
        series = held.series_of_all(held.readable(self._metrics(visit)))
        return max(_ROWS_AT_ONCE // max(_HOURS * series, 1), 1)

    def _days(self, visit: Visit, held: Held, days: Sequence[date]) -> Iterator[Measurement]:
        since, until = midnight(days[0]), midnight(days[-1] + ONE)
        parts = []
        for key, metric in held.readable(self._metrics(visit)).items():
            found_as, series = held.findings[key].found_as, held.series_of(key)
            question = partial(usage_hourly, held.client, visit.place.source, metric, since, until, found_as, series)
            usage = visit.asking.part(key, question)
            if usage is not None:
                parts.append(usage.table)
        by_day = _by_day(merged(parts))
        for day in days:
            yield self.round.reading(visit, day, by_day.get(day, USAGE_HOURLY.empty_table()), visit.asking.note)


def _by_day(hours: pa.Table) -> dict[date, pa.Table]:
    frame = pl.DataFrame(pl.from_arrow(hours)).with_columns(day=pl.col("hour").dt.date())
    parts = frame.partition_by("day", maintain_order=True, include_key=True)
    return {part["day"][0]: part.drop("day").to_arrow().cast(USAGE_HOURLY) for part in parts}


def rules_by_region(scaleway: Scaleway, round_: Round) -> dict[str, frozenset[str]]:
    """The metrics that Scaleway's own alert rules name. The rules are the same for all projects of a region, so one is
    asked; without an answer nothing is known to be in a rule."""
    rules: dict[str, frozenset[str]] = {}
    for visit in round_.visits:
        source = visit.place.source
        if source.region in rules or visit.asking.dead:
            continue
        try:
            rules[source.region] = names_in_rules(preconfigured_rules(scaleway, source.region, source.project_id).items)
        except NotOffered:
            rules[source.region] = frozenset()
        except FinopsError as error:
            rules[source.region] = frozenset()
            round_.tally.causes.add(f"alert rules in {source.region}", cause_of(error))
    return rules
