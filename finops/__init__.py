"""The face: the `finops` command, and `open_lake()` for notebooks and scripts.

from finops import open_lake

lake = open_lake()
lake.sql("select billing_month, sum(billed_cost) from gold.monthly_costs group by all")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.notebook_lake import OpenLake
    from pipelines.lake.engine import Catalog

__all__ = ["catalog_of", "open_lake"]


def catalog_of(lake: str | None = None) -> Catalog:
    """Tables and models of the lake at this address, else of the settings' lake."""
    from assets.opening import open_lake_of
    from assets.tables import open_catalog
    from pipelines.settings import load_settings

    return open_catalog(open_lake_of(load_settings({"lake": lake})))


def open_lake(lake: str | None = None) -> OpenLake:
    """The lake as polars frames: the demo's, a folder's or a bucket's, by the same settings as the command."""
    from finops.notebook_lake import OpenLake

    return OpenLake(catalog_of(lake))
