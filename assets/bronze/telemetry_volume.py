"""How much telemetry there is: samples by origin and by name, logs by service, and what Cockpit itself says."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from assets.bronze.telemetry_asking import MOST_SILENCES
from assets.bronze.telemetry_causes import Causes, cause_of
from assets.bronze.telemetry_days import ONE, Calendar, midnight, stretches
from assets.bronze.telemetry_places import Survey
from assets.bronze.telemetry_rounds import Round, Visit
from pipelines.errors import FinopsError, SourceUnavailable
from pipelines.lake.measurements import Measurement
from pipelines.sources.cockpit.account import usage_overview
from pipelines.sources.cockpit.api import QueryRefused
from pipelines.sources.cockpit.catalogue import TelemetryNames, dividing_an_hour
from pipelines.sources.cockpit.discovery import sampling_step
from pipelines.sources.cockpit.telemetry import logs_by_service, samples_by_name, samples_by_origin
from pipelines.sources.transport import Scaleway

_DAYS_AT_ONCE = 7
_SHORTEST_STEP = timedelta(minutes=1)


def samples(round_: Round, names: TelemetryNames) -> Iterator[Measurement]:
    """Samples of each day by origin, as Cockpit counts them beside its own metrics."""

    def place(visit: Visit, days: Sequence[date]) -> Iterator[Measurement]:
        client = visit.asking.opened(visit.place.prometheus)
        round_.tally.counters.append(client.counters)
        span = midnight(days[0]), midnight(days[-1] + ONE)
        step = visit.asking.whole(partial(sampling_step, client, names.ingested_samples, *span))
        every = dividing_an_hour(max(step or _SHORTEST_STEP, _SHORTEST_STEP))
        unknown = "" if step else f"{names.ingested_samples} has no samples here"
        for stretch in stretches(days, _DAYS_AT_ONCE):
            until, now = stretch[-1] + ONE, round_.calendar.now
            question = partial(samples_by_origin, client, visit.place.source, names, stretch[0], until, now, every)
            rows = visit.asking.whole(question)
            for day in stretch:
                yield round_.reading(visit, day, _of_day(rows, day), unknown)

    return round_.read(((visit, visit.days) for visit in round_.visits), place)


def names_of_samples(round_: Round, most: int) -> Iterator[Measurement]:
    """The metrics with the most series of each day, and the samples of each."""

    def place(visit: Visit, days: Sequence[date]) -> Iterator[Measurement]:
        client = visit.asking.opened(visit.place.prometheus)
        round_.tally.counters.append(client.counters)
        for stretch in stretches(days, _DAYS_AT_ONCE):
            until, now = stretch[-1] + ONE, round_.calendar.now
            question = partial(samples_by_name, client, visit.place.source, stretch[0], until, now, most)
            rows = visit.asking.whole(question)
            for day in stretch:
                yield round_.reading(visit, day, _of_day(rows, day))

    return round_.read(((visit, visit.days) for visit in round_.visits), place)


def logs(round_: Round, names: TelemetryNames) -> Iterator[Measurement]:
    """Bytes and lines of each day by service and level, a few days at once where the server counts as much."""

    def place(visit: Visit, days: Sequence[date]) -> Iterator[Measurement]:
        client = visit.asking.opened(visit.place.loki)
        round_.tally.counters.append(client.counters)

        def of(first: date, last: date) -> pa.Table:
            return logs_by_service(client, visit.place.source, names, first, last + ONE, round_.calendar.now)

        for stretch in stretches(days, _DAYS_AT_ONCE):
            rows = visit.asking.part(f"logs of {stretch[0]}", partial(_unless_refused, of, stretch[0], stretch[-1]))
            for day in stretch:
                found = rows
                if found is None:
                    found = visit.asking.part(f"logs of {day}", partial(of, day, day))
                if found is None:
                    yield round_.gap(visit, day, visit.asking.failed[f"logs of {day}"])
                else:
                    yield round_.reading(visit, day, _of_day(found, day))

    return round_.read(((visit, visit.days) for visit in round_.visits), place)


def _unless_refused(question: Callable[[date, date], pa.Table], first: date, last: date) -> pa.Table | None:
    """What several days come to; None where they are too much at once, and each is to be asked for by itself."""
    try:
        return question(first, last)
    except QueryRefused:
        return None


def _of_day(rows: pa.Table, day: date) -> pa.Table:
    return rows.filter(pc.equal(rows["day"], pa.scalar(day)))


def overviews(calendar: Calendar, survey: Survey, scaleway: Scaleway, causes: Causes) -> Iterator[Measurement]:
    """Cockpit's own count of the last 24 hours, once a day for each project and region. It is told of the day in which
    most of it lies. After two projects and regions without an answer none is asked any more."""
    silences = 0
    for (project_id, region), places in survey.regions.items():
        place, day = f"{project_id}/{region}", (calendar.now - ONE / 2).date()
        if silences >= MOST_SILENCES or calendar.is_known(place, day):
            continue
        retention = {each.source.id: each.source.retention_days for each in places}
        rows, note = None, ""
        try:
            rows = usage_overview(scaleway, region, project_id, retention)
            silences = 0
        except FinopsError as error:
            silences = silences + 1 if isinstance(error, SourceUnavailable) else 0
            note = cause_of(error)
            causes.add(f"usage of {places[0].where}", note)
        yield Measurement(calendar.source, place, day, calendar.now, rows, rows is not None, project_id, region, note)
