"""What assets need from outside: the lake, Scaleway, and the time the run counts as now."""

from datetime import UTC, date, datetime
from functools import cached_property

import dagster as dg

from assets.opening import open_lake_of, open_scaleway
from assets.tables import open_catalog
from pipelines.lake.engine import Catalog
from pipelines.lake.store import Lake
from pipelines.settings import load_settings
from pipelines.sources.transport import Scaleway


class ClockResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The moment the run counts as now; empty means the machine's clock."""

    now: str = ""

    def read(self) -> datetime:
        """Aware, in UTC."""
        return datetime.fromisoformat(self.now).astimezone(UTC) if self.now else datetime.now(UTC)

    def today(self) -> date:
        """The UTC day that still runs."""
        return self.read().date()


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The lake of the settings, or the one at `address`."""

    address: str = ""

    @cached_property
    def _opened(self) -> Lake:
        return open_lake_of(load_settings({"lake": self.address or None}))

    def open(self) -> Lake:
        """One for all steps of a run; versions are read when asked for."""
        return self._opened

    def catalog(self) -> Catalog:
        """Tables and models by name."""
        return open_catalog(self.open(), load_settings().engine)


class ScalewayResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Scaleway with the key of the environment or the `scw` profile."""

    clock: ClockResource

    @cached_property
    def _opened(self) -> Scaleway:
        return open_scaleway(load_settings(), self.clock.read)

    def open(self) -> Scaleway:
        """One connection pool per run."""
        return self._opened
