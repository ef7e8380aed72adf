"""Settings as assets: one step writes what `finops.toml` says into the lake, before any label or figure is decided."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.allocation_pseudonyms import ensure_salt
from assets.allocation_tables import ALLOCATION_TABLES, SALTS
from assets.descriptions import Readers, described
from assets.resources import ClockResource, LakeResource
from assets.settings_tables import all_rows, store
from assets.unit_tables import UNIT_SETTINGS
from pipelines.lake.tables.decisions import KPI_SETTINGS, SAVINGS_PLAN_TERMS, SAVINGS_PLANS
from pipelines.settings import load_settings

SETTINGS_TABLES = (KPI_SETTINGS, SAVINGS_PLANS, SAVINGS_PLAN_TERMS, UNIT_SETTINGS, *ALLOCATION_TABLES)


def settings_asset(readers: Readers) -> dg.AssetsDefinition:
    """All tables of settings, and the salt, which is no setting and is drawn beside them."""

    @dg.multi_asset(
        name="settings",
        specs=[
            dg.AssetSpec(
                key=table.name.split("."),
                description=described(
                    table.description,
                    grain="salt" if table is SALTS else "line of the settings",
                    source="drawn at random, once" if table is SALTS else "`finops.toml`",
                    kept="Written whole, when it differs from what is stored.",
                    used_by=readers.get(table.name, ()),
                ),
                group_name="bronze",
                owners=["team:finops"],
                kinds={"deltalake"},
            )
            for table in SETTINGS_TABLES
        ],
    )
    def settings(lake: LakeResource, clock: ClockResource) -> Iterator[dg.MaterializeResult[Any]]:
        opened = lake.open()
        written = store(opened, all_rows(load_settings()))
        if ensure_salt(opened, clock.read()):
            written.append(SALTS.name)
        for table in SETTINGS_TABLES:
            yield dg.MaterializeResult(
                asset_key=table.name.split("."),
                metadata={
                    "dagster/table_name": table.name,
                    "dagster/uri": opened.uri(table.name),
                    "written": table.name in written,
                },
            )

    return settings
