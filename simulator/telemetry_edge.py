"""Edge Services: requests that its pipelines see, known by project and month only."""

import numpy as np

from simulator.instants import DAY, HOUR, month_of
from simulator.resources import Resource
from simulator.service_parts import meter, word
from simulator.telemetry_landscape import Landscape
from simulator.telemetry_noise import Whole
from simulator.telemetry_requests import daily_requests, served_by

PLAN = "/network/edge-services/plan/"
_USUAL = 90_000
_BYTES_OF_A_REQUEST = 24_000
_GB = 10**9


class EdgeServices:
    """What the pipelines of each project serve and cost."""

    def __init__(self, land: Landscape) -> None:
        self._land = land
        self._rows = land.services(land.world.resources, PLAN)
        self._daily: Whole | None = None

    def daily(self, project_id: str) -> Whole:
        """Requests of a project on each day of the calendar."""
        if self._daily is None:
            things = self._land.things(self._rows)
            self._daily = daily_requests(self._land, things, [served_by(row, _USUAL) for row in self._rows])
        mine = [index for index, row in enumerate(self._rows) if self._id(row) == project_id]
        found: Whole = self._daily[mine].sum(axis=0)
        return found

    def projects(self) -> list[str]:
        return sorted({self._id(row) for row in self._rows})

    def requests_in_month(self, project_id: str, now: int) -> int:
        """From the beginning of the month until an instant; evenly within a day."""
        calendar, start = self._land.calendar, month_of(now).start
        if project_id not in self.projects():
            return 0
        daily = self.daily(project_id)
        first, last = (start - calendar.start) // DAY, (now - calendar.start) // DAY
        return int(np.sum(daily[first:last])) + int(daily[last]) * (now % DAY) // DAY

    def gigabytes_in_month(self, project_id: str, now: int) -> int:
        return self.requests_in_month(project_id, now) * _BYTES_OF_A_REQUEST // _GB

    def plan(self, project_id: str, now: int) -> str | None:
        """The plan of a project, if it has one."""
        return next((word(row, PLAN) for row in self._living(project_id, now)), None)

    def pipelines(self, project_id: str, now: int) -> int:
        return len(self._living(project_id, now))

    def cost_in_month(self, project_id: str, now: int) -> int:
        """Nanos of the plans from the beginning of the month until an instant."""
        total = 0
        for row in self._living(project_id, now):
            each = meter(row, PLAN)
            assert each is not None
            offer = self._land.world.book.offers[each.sku]
            span = now - max(month_of(now).start, row.start)
            total += int(each.amount * offer.nanos(now) * span / HOUR)
        return total

    def _living(self, project_id: str, now: int) -> list[Resource]:
        return [row for row in self._rows if row.exists(now) and self._id(row) == project_id]

    def _id(self, row: Resource) -> str:
        return self._land.world.project_id(row.project)
