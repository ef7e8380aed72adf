"""Tenants as reports show them: by pseudonyms, unless the settings say `pseudonyms = false`. No Dagster here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa

from assets.allocation_tables import SALTS
from pipelines.allocation.pseudonyms import draw_salt, pseudonym
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import WHOLE, Lake
from pipelines.settings_allocation import Allocation

Shown = Callable[[str | None], str | None]
"""A tenant's name as it may be shown; an unknown tenant stays unknown."""


def salt_of(lake: Lake) -> str | None:
    """The salt of this lake's pseudonyms: the oldest, should two runs have drawn one at once."""
    catalog = Catalog(lake, Layered({}), {SALTS.name: SALTS})
    rows = catalog.query(f"select salt from {SALTS.name} order by made_at, salt limit 1").to_pylist()
    return str(rows[0]["salt"]) if rows else None


def ensure_salt(lake: Lake, now: datetime) -> bool:
    """Draw a salt for a lake that has none; appended, so that one drawn meanwhile is not lost."""
    if salt_of(lake) is not None:
        return False
    salt = draw_salt()
    rows = pa.Table.from_pylist([{"salt": salt, "made_at": now}], schema=SALTS.schema)
    lake.append(SALTS.name, rows, {WHOLE: "drawn"}, None)
    return True


def shown_tenants(catalog: Catalog, allocation: Allocation) -> Shown:
    """How a report names tenants. A lake without a salt shows pseudonyms of one that is drawn for this report alone."""
    if not allocation.pseudonyms:
        return lambda tenant: tenant
    salt = salt_of(catalog.lake) or draw_salt()
    organization = _organization(catalog)
    return lambda tenant: None if tenant is None else pseudonym(organization, tenant, salt)


def _organization(catalog: Catalog) -> str:
    """The organisation that is billed; nothing where only bills of others were imported."""
    if catalog.state("silver.organizations").delta is None:
        return ""
    found = catalog.query("select min(organization_id) as organization_id from silver.organizations").to_pylist()
    return str(found[0]["organization_id"] or "")
