"""Requests and tokens by the day, of each data source those of its origin; and what Edge Services counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from assets.bronze.telemetry_causes import Causes, cause_of
from assets.bronze.telemetry_days import ONE, Calendar, stretches
from assets.bronze.telemetry_held import Held, look
from assets.bronze.telemetry_rounds import Round, Visit
from pipelines.errors import FinopsError
from pipelines.lake.measurements import Measurement
from pipelines.sources.cockpit.account import edge_count, edge_month, edge_projects
from pipelines.sources.cockpit.catalogue import RequestCount
from pipelines.sources.cockpit.counting import counted, requests_table
from pipelines.sources.cockpit.windows import DAY, HOUR
from pipelines.sources.transport import Scaleway


@dataclass(frozen=True)
class RequestReading:
    """One round over the data sources for metrics."""

    round: Round
    entries: Mapping[str, RequestCount]

    def days(self) -> Iterator[Measurement]:
        """The days of each place, the oldest first."""
        return self.round.read(((visit, visit.days) for visit in self.round.visits), self._place)

    def _place(self, visit: Visit, days: Sequence[date]) -> Iterator[Measurement]:
        client = visit.asking.opened(visit.place.prometheus)
        self.round.tally.counters.append(client.counters)
        wanted = {key: entry for key, entry in self.entries.items() if entry.origin == visit.place.source.origin}
        held = look(visit.asking, client, wanted, days, days[0])
        for stretch in stretches(days, self._longest(held, wanted)):
            yield from self._stretch(visit, held, wanted, stretch)

    def _longest(self, held: Held, wanted: Mapping[str, RequestCount]) -> int:
        """Days at once, so that all their samples fit into memory."""
        entries = held.readable(wanted)
        step = min((entry.sampled for entry in entries.values()), default=HOUR)
        return max(held.client.span_of(held.series_of_all(entries), step) // DAY, 1)

    def _stretch(
        self, visit: Visit, held: Held, wanted: Mapping[str, RequestCount], days: Sequence[date]
    ) -> Iterator[Measurement]:
        now = self.round.calendar.now
        parts = []
        for key, entry in held.readable(wanted).items():
            name = held.findings[key].found_as
            part = visit.asking.part(key, partial(counted, held.client, entry, days[0], days[-1] + ONE, now, name))
            if part is not None:
                parts.append(part)
        rows = requests_table(visit.place.source, parts)
        for day in days:
            yield self.round.reading(visit, day, rows.filter(pc.equal(rows["day"], pa.scalar(day))), visit.asking.note)


def edge_counts(calendar: Calendar, scaleway: Scaleway, causes: Causes) -> Iterator[Measurement]:
    """The month to date of each project that uses Edge Services, once a day, so that days are what it gained."""
    try:
        projects = edge_projects(scaleway)
    except FinopsError as error:
        causes.add("Edge Services", cause_of(error))
        return
    for project_id in projects:
        if calendar.is_known(project_id, calendar.today):
            continue
        rows, note = None, ""
        try:
            month = edge_month(scaleway, project_id)
        except FinopsError as error:
            note = cause_of(error)
            causes.add(f"requests of Edge Services in project {project_id}", note)
        else:
            rows, note = edge_count(month), "" if month.requests is not None else "no plan counts requests"
        yield Measurement(
            calendar.source, project_id, calendar.today, calendar.now, rows, rows is not None, project_id, None, note
        )
