"""The lake in a notebook: typed tables in, polars frames out, two lines to a chart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from pipelines.lake.engine import Catalog


class OpenLake:
    """Every table by name. Money stays decimal, times stay UTC."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __repr__(self) -> str:
        return f"OpenLake({self._catalog.lake.address.root})"

    def sql(self, query: str) -> pl.DataFrame:
        """Answer one select; anything else is a UsageError."""
        import polars as pl

        from pipelines.lake.query import select

        frame = pl.from_arrow(select(self._catalog, query))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def table(self, name: str) -> pl.DataFrame:
        """All rows of one table, such as `gold.monthly_costs`."""
        if name not in self._catalog.names():
            raise UsageError(f"no table is called {name}; tables() lists them")
        return self.sql(f"select * from {name}")

    def tables(self) -> list[str]:
        """Names of all tables."""
        return self._catalog.names()

    def describe(self, name: str) -> str:
        """What a table means and what one row is."""
        model = self._catalog.models.by_name.get(name)
        if model is not None:
            return f"{model.description} One row per {', '.join(model.grain)}."
        if name in self._catalog.declared:
            return self._catalog.declared[name].description
        raise UsageError(f"no table is called {name}; tables() lists them")

    def costs(self, since: str | None = None, group_by: Sequence[str] = ()) -> pl.DataFrame:
        """Charges with project, service, place, environment and owner, or their sums by `group_by`.

        `since` is an ISO date. Sums keep the currency apart: it is always part of the group.
        """
        names = ["charge_date", "project_name", "service_name", "environment", "owner", "region_id", "billing_month"]
        unknown = sorted(set(group_by) - {*names, "project_id", "sku", "resource_id", "resource_name"})
        if unknown:
            raise UsageError(f"costs cannot be grouped by {unknown[0]}; choose from {', '.join(names)}")
        columns = list(dict.fromkeys([*group_by, "billing_currency"]))
        chosen = f"{', '.join(columns)}, sum(billed_cost) as billed_cost" if group_by else "*"
        grouped = "group by all order by billed_cost desc" if group_by else ""
        where = f"where charge_date >= date '{_date(since)}'" if since else ""
        return self.sql(f"select {chosen} from silver.labelled_costs {where} {grouped}")


def _date(text: str) -> str:
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write YYYY-MM-DD") from None
