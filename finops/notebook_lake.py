"""The lake in a notebook: typed tables in, polars frames out, two lines to a chart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from pipelines.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from pipelines.lake.engine import Catalog

Value = str | int | bool | date
"""What a column may be compared with."""

_CHARGES: Final = "silver.labelled_costs"
_UNLABELLED: Final = "silver.costs"
_ALLOCATED: Final = "gold.allocated_costs"
_PROOF: Final = "gold.monthly_summary"
_LABELS: Final = ("project_id", "project_name", "service_name", "region_id")
_BEARERS: Final = ("owner", "team", "environment", "tenant", "product", "pool")
_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    _CHARGES: ("charge_date", "billing_month", *_LABELS, *_BEARERS, "sku", "resource_id", "resource_name"),
    _ALLOCATED: ("charge_date", "billing_month", *_LABELS, *_BEARERS, "is_direct", "allocation_method"),
}
_BY_THEMSELVES: Final = frozenset({"charge_date", "billing_month", "project_id", "sku", "resource_id"})
"""What charges say before they are labelled; sums by nothing else leave the labels of millions of them unread."""


class OpenLake:
    """Every table by name, as polars frames. Money stays decimal, times stay UTC."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def __repr__(self) -> str:
        return f"OpenLake({self._catalog.lake.address.root})"

    def sql(self, query: str) -> pl.DataFrame:
        """Answer one select over all tables by name; anything else is a UsageError."""
        import polars as pl

        from pipelines.lake.query import select

        frame = pl.from_arrow(select(self._catalog, query))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def table(self, name: str, **equal: Value | None) -> pl.DataFrame:
        """Rows of one table, such as `table("gold.daily_costs", billing_month="2026-10")`.

        Each further argument keeps the rows whose column has that value; one that is None keeps all.
        """
        self._require(name)
        wanted = {column: value for column, value in equal.items() if value is not None}
        found = self.sql(f"select * from {name} limit 0").columns if wanted else []
        for column in wanted:
            if column not in found:
                raise UsageError(f"{name} has no column {column}; it has {', '.join(found)}")
        where = " and ".join(f"{column} = {_literal(value)}" for column, value in wanted.items())
        return self.sql(f"select * from {name}" + (f" where {where}" if where else ""))

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
        raise UsageError(self._unknown(name))

    def costs(
        self,
        since: str | None = None,
        group_by: Sequence[str] = (),
        *,
        until: str | None = None,
        month: str | None = None,
        project: str | None = None,
        allocated: bool = False,
    ) -> pl.DataFrame:
        """Charges with project, service, place and those who bear them, or their sums by `group_by`.

        `since` (included) and `until` (not included) are ISO dates, `month` is `YYYY-MM`, `project` a name. With
        `allocated`, shared cost stands with those who bear it: `gold.allocated_costs` instead of the charges
        themselves; both add up to the same. Sums keep the currency apart: it is always part of the group.
        """
        table = _ALLOCATED if allocated else _CHARGES
        self._require(table)
        unknown = sorted(set(group_by) - {*_GROUPS[table], "billing_currency"})
        if unknown:
            raise UsageError(f"costs cannot be grouped by {unknown[0]}; choose from {', '.join(_GROUPS[table])}")
        conditions = [
            *([f"charge_date >= date '{_date(since)}'"] if since else []),
            *([f"charge_date < date '{_date(until)}'"] if until else []),
            *([f"billing_month = {_literal(month)}"] if month else []),
            *([f"project_name = {_literal(project)}"] if project else []),
        ]
        columns = list(dict.fromkeys([*group_by, "billing_currency"]))
        chosen = f"{', '.join(columns)}, sum(billed_cost)::decimal(38, 12) as billed_cost" if group_by else "*"
        grouped = f"group by all order by billed_cost desc nulls last, {', '.join(columns)}" if group_by else ""
        where = f"where {' and '.join(conditions)}" if conditions else ""
        is_plain = group_by and not allocated and project is None and _BY_THEMSELVES.issuperset(group_by)
        return self.sql(f"select {chosen} from {_UNLABELLED if is_plain else table} {where} {grouped}")

    def under_pseudonyms(self, frame: pl.DataFrame, column: str = "tenant") -> pl.DataFrame:
        """The frame with tenants as reports show them: by pseudonyms, unless the settings say `pseudonyms = false`."""
        import polars as pl

        if column not in frame.columns:
            raise UsageError(f"the frame has no column {column}; it has {', '.join(frame.columns)}")
        shown = self._shown_tenants()
        names = frame[column].unique().drop_nulls().to_list()
        return frame.with_columns(pl.col(column).replace({each: shown(each) for each in names}))

    def as_reported(self, table: str, **equal: Value | None) -> pl.DataFrame:
        """Rows of one table as the reviews show them, chosen as by `table`: with what people said since the last run.

        Tenants stand under pseudonyms in gold.kpis and in the tables of anomalies. Buckets (gold.storage_outlook) come
        with their owner and with why nothing is advised for them, streams of telemetry with what they are charged.
        """
        import polars as pl

        from assets.report_anomalies import shown_rows
        from assets.report_kpis import KPIS, renamed
        from assets.report_lifecycle import LIFECYCLE_TABLES

        frame = self.table(table, **(equal if table == KPIS else {}))
        if table == KPIS:
            return pl.DataFrame(renamed(frame.to_dicts(), self._shown_tenants()), schema=frame.schema)
        if table in LIFECYCLE_TABLES:
            rows = self._lifecycle(table)
            frame = pl.DataFrame(rows, infer_schema_length=None) if rows else frame.clear()
        elif table.startswith("gold.anomal"):
            frame = pl.DataFrame(shown_rows(self._catalog, table, self._shown_tenants()), schema=frame.schema)
        wanted = {name: value for name, value in equal.items() if value is not None}
        return frame.filter(**wanted) if wanted else frame

    def with_project_names(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with a column `project`: the name of each project_id, else the id itself."""
        import polars as pl

        names = self.table("silver.projects").select("project_id", "project_name")
        joined = frame.join(names, on="project_id", how="left", maintain_order="left")
        return joined.with_columns(pl.coalesce("project_name", "project_id").alias("project")).drop("project_name")

    def _lifecycle(self, table: str) -> list[dict[str, object]]:
        """Rows of a table of storage or telemetry, as of the newest charges."""
        from assets.report_lifecycle import lifecycle_rows
        from pipelines.settings import load_settings

        [(until,)] = self.sql(f"select max(charges_until) from {_PROOF}").rows()
        return [] if until is None else lifecycle_rows(self._catalog, load_settings(), until).get(table, [])

    def _shown_tenants(self) -> Callable[[str | None], str | None]:
        from assets.allocation_pseudonyms import shown_tenants
        from pipelines.settings import load_settings

        return shown_tenants(self._catalog, load_settings().allocation)

    def _require(self, name: str) -> None:
        """The table exists, and the lake holds anything at all."""
        if name not in self._catalog.names():
            raise UsageError(self._unknown(name))
        if self._catalog.state(_PROOF).delta is None:
            root = self._catalog.lake.address.root
            raise UsageError(
                f"table {name} is missing: {root} holds no built tables; run `finops demo`, or `finops run` on your "
                f'account, or name another lake: open_lake("path or s3://bucket/prefix")'
            )

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._catalog.names(), n=1)
        return f"no table is called {name}; " + (f"did you mean {near[0]}?" if near else "tables() lists them")


def _literal(value: Value) -> str:
    """The value as SQL text that nothing can leave."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"{text!r} is not a date; write YYYY-MM-DD") from None
