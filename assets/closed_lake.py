"""The lake as it was when a month was closed: the versions its manifest names, read through today's models."""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.lake.engine import Catalog
from pipelines.lake.store import TableState


class ClosedCatalog(Catalog):
    """Reads tables at given versions; a table that was not there then is read as it is now."""

    def __init__(self, present: Catalog, versions: Mapping[str, int]) -> None:
        super().__init__(present.lake, present.models, present.declared)
        self._versions = versions

    def state(self, table: str) -> TableState:
        """The table's version of then. Files that were tidied away since make the query fail, not lie."""
        if table not in self._states:
            state = self.lake.state(table)
            version = self._versions.get(table)
            if version is not None and state.delta is not None and state.version != version:
                state = self.lake.state_at(table, version)
            self._states[table] = state
        return self._states[table]
