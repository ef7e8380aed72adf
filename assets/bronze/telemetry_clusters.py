"""What OpenCost says of the clusters that run it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date

import pyarrow as pa

from assets.bronze.telemetry_causes import Causes, cause_of
from assets.bronze.telemetry_days import ONE, Calendar, is_settled, midnight
from assets.bronze.telemetry_rounds import Tally
from pipelines.errors import FinopsError, SourceUnavailable
from pipelines.lake.measurements import Measurement
from pipelines.settings import Settings
from pipelines.sources.asking import PROBES, Manners
from pipelines.sources.cockpit.api import NotServed
from pipelines.sources.cockpit.opencost import OpenCostClient


@dataclass
class ClusterReading:
    """The clusters of the settings, and what came of asking them."""

    calendar: Calendar
    settings: Settings
    manners: Manners
    tally: Tally = field(default_factory=lambda: Tally(Causes("OpenCost")))
    has_heard: bool = False

    def allocations(self) -> Iterator[Measurement]:
        """The days of each cluster, the oldest first; one that does not answer has a gap on the newest. Where none
        answers at all that is one trouble and no gap: nothing is stored."""
        silent: list[tuple[str, date, str]] = []
        for cluster_id, url in self.settings.opencost.clusters.items():
            wanted = self.calendar.wanted(cluster_id, self.calendar.today - ONE * self.settings.opencost.history_days)
            try:
                if wanted:
                    yield from self._days(cluster_id, url, wanted, bool(silent))
            except FinopsError as error:
                cause = cause_of(error, (url.rstrip("/"),))
                silent.append((cluster_id, wanted[-1], cause))
                self.has_heard |= isinstance(error, NotServed) or not isinstance(error, SourceUnavailable)
        for cluster_id, newest, cause in silent:
            self.tally.causes.add(f"cluster {cluster_id}", cause if self.has_heard else silent[0][2])
            if self.has_heard and newest == self.calendar.today - ONE:
                yield self._measurement(cluster_id, newest, None, cause)

    def _days(self, cluster_id: str, url: str, wanted: list[date], is_probed: bool) -> Iterator[Measurement]:
        opencost, manners = self.settings.opencost, self.manners
        if is_probed and not self.has_heard:
            manners = replace(manners, attempts=min(PROBES, manners.attempts))
        client = OpenCostClient(url, cluster_id, opencost.currency, self.settings.opencost_token(), manners)
        self.tally.counters.append(client.counters)
        for day in wanted:
            rows = client.allocations(midnight(day), midnight(day + ONE))
            self.has_heard = True
            self.tally.days.add(day)
            yield self._measurement(cluster_id, day, rows)

    def _measurement(self, cluster_id: str, day: date, rows: pa.Table | None, note: str = "") -> Measurement:
        is_final = rows is not None and is_settled(day, self.calendar.now)
        return Measurement(self.calendar.source, cluster_id, day, self.calendar.now, rows, is_final, note=note)
