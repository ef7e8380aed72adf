"""`[allocation]` as tables of the lake: written when finops.toml says something else than they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.allocation_pseudonyms import ensure_salt, salt_of
from assets.allocation_tables import ALLOCATION_TABLES, SALTS, rows_of
from assets.descriptions import Readers, described
from assets.resources import ClockResource, LakeResource
from pipelines.lake.content import ContentDigest
from pipelines.lake.store import WHOLE, Lake, PartitionState
from pipelines.settings import load_settings
from pipelines.settings_allocation import Allocation

__all__ = ["allocation_settings_asset", "salt_of", "store_settings"]


def allocation_settings_asset(readers: Readers) -> dg.AssetsDefinition:
    """All tables, in one step, before any label is decided."""

    @dg.multi_asset(
        name="allocation_settings",
        specs=[
            dg.AssetSpec(
                key=table.name.split("."),
                description=described(
                    table.description,
                    grain="salt" if table is SALTS else "line of the settings",
                    source="drawn at random, once" if table is SALTS else "`[allocation]` of `finops.toml`",
                    kept="Written whole, when it differs from what is stored.",
                    used_by=readers.get(table.name, ()),
                ),
                group_name="bronze",
                owners=["team:finops"],
                kinds={"deltalake"},
            )
            for table in ALLOCATION_TABLES
        ],
    )
    def allocation_settings(lake: LakeResource, clock: ClockResource) -> Iterator[dg.MaterializeResult[Any]]:
        opened = lake.open()
        written = store_settings(opened, load_settings().allocation)
        if ensure_salt(opened, clock.read()):
            written.append(SALTS.name)
        for table in ALLOCATION_TABLES:
            yield dg.MaterializeResult(
                asset_key=table.name.split("."),
                metadata={
                    "dagster/table_name": table.name,
                    "dagster/uri": opened.uri(table.name),
                    "written": table.name in written,
                },
            )

    return allocation_settings


def store_settings(lake: Lake, allocation: Allocation) -> list[str]:
    """Make the tables say what the settings do; those that said something else are returned.

    A table of settings nobody ever gave is not made.
    """
    written = []
    for table, rows in rows_of(allocation).items():
        content = pa.Table.from_pylist([dict(row) for row in rows], schema=table.schema)
        digest = ContentDigest(table.schema)
        digest.add(content)
        stored = lake.state(table.name).partitions.get(WHOLE)
        if (stored is None and not rows) or (stored is not None and stored.content == digest.hexdigest()):
            continue
        lake.replace(table.name, content, {WHOLE: PartitionState(digest.hexdigest())}, None)
        written.append(table.name)
    return written
