"""What OpenCost says of the clusters that run it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from assets.bronze.telemetry_causes import Causes, cause_of
from assets.bronze.telemetry_days import ONE, Calendar, is_settled, midnight
from assets.bronze.telemetry_rounds import Tally
from pipelines.errors import FinopsError
from pipelines.lake.measurements import Measurement
from pipelines.settings import Settings
from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.opencost import OpenCostClient


@dataclass
class ClusterReading:
    """The clusters of the settings, and what came of asking them."""

    calendar: Calendar
    settings: Settings
    tally: Tally = field(default_factory=lambda: Tally(Causes("OpenCost")))

    def allocations(self) -> Iterator[Measurement]:
        """The days of each cluster, the oldest first; one that does not answer has a gap on the newest."""
        for cluster_id, url in self.settings.opencost.clusters.items():
            wanted = self.calendar.wanted(cluster_id, self.calendar.today - ONE * self.settings.opencost.history_days)
            try:
                if wanted:
                    yield from self._days(cluster_id, url, wanted)
            except FinopsError as error:
                cause = cause_of(error, (url.rstrip("/"),))
                self.tally.causes.add(f"cluster {cluster_id}", cause)
                if wanted[-1] == self.calendar.today - ONE:
                    yield self._measurement(cluster_id, wanted[-1], None, cause)

    def _days(self, cluster_id: str, url: str, wanted: list[date]) -> Iterator[Measurement]:
        scaleway, opencost = self.settings.scaleway, self.settings.opencost
        manners = Manners(timeout=(5, scaleway.timeout_seconds), attempts=scaleway.attempts)
        client = OpenCostClient(url, cluster_id, opencost.currency, self.settings.opencost_token(), manners)
        self.tally.counters.append(client.counters)
        for day in wanted:
            rows = client.allocations(midnight(day), midnight(day + ONE))
            self.tally.days.add(day)
            yield self._measurement(cluster_id, day, rows)

    def _measurement(self, cluster_id: str, day: date, rows: pa.Table | None, note: str = "") -> Measurement:
        is_final = rows is not None and is_settled(day, self.calendar.now)
        return Measurement(self.calendar.source, cluster_id, day, self.calendar.now, rows, is_final, note=note)
