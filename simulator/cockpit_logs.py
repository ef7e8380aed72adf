"""The log streams of every data source, made when they are first asked for."""

import numpy as np

from simulator.loki_streams import Stream, custom_streams, own_streams, traced_bytes
from simulator.telemetry_noise import Whole
from simulator.telemetry_sources import Source
from simulator.telemetry_world import TelemetryWorld


class LogWorld:
    """What logs and traces take in."""

    def __init__(self, telemetry: TelemetryWorld) -> None:
        self._telemetry = telemetry
        self._streams: dict[str, list[Stream]] = {}

    @property
    def kept_days(self) -> int:
        return self._telemetry.land.settings.logs_days

    def streams(self, source: Source) -> list[Stream]:
        if source.id not in self._streams:
            land = self._telemetry.land
            if source.is_custom:
                self._streams[source.id] = custom_streams(land, source)
            else:
                self._streams[source.id] = own_streams(land, source, self._telemetry.holdings(self._metrics(source)))
        return self._streams[source.id]

    def taken_in(self, source: Source) -> Whole:
        """Bytes of a logs or traces source by day of the calendar."""
        land = self._telemetry.land
        if source.signal == "traces":
            return traced_bytes(land, source.resources[0])
        nothing = np.zeros(land.calendar.size, dtype=np.int64)
        return sum((stream.daily for stream in self.streams(source)), nothing)

    def _metrics(self, source: Source) -> Source:
        """The metrics of the same place, whose requests are what is logged."""
        return next(
            each
            for each in self._telemetry.of_signal("metrics")
            if not each.is_custom and (each.project_id, each.region) == (source.project_id, source.region)
        )
