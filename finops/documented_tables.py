"""The contracts of the stored tables: the release's own, numbered after those of the releases before it."""

from __future__ import annotations

import sys
import tomllib
from functools import cache
from pathlib import Path

from pipelines.lake.contracts import Contracts, as_json, contracts, from_json, numbered

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "schemas" / "tables"


@cache
def contracts_document() -> tuple[str, str]:
    """Path of this release's contracts in the repository, and what the file there has to say."""
    version = this_version()
    return f"schemas/tables/{version}.json", as_json(numbered(contracts_before(version), present_contracts()))


def this_version() -> str:
    """The version of the project, as its own file tells it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def contracts_before(version: str) -> Contracts:
    """Contracts of the newest release before a version; none where there was no such release."""
    earlier = [file for file in FOLDER.glob("*.json") if _ordered(file.stem) < _ordered(version)]
    newest = max(earlier, key=lambda file: _ordered(file.stem), default=None)
    return {} if newest is None else from_json(newest.read_text(encoding="utf-8"))


def present_contracts() -> Contracts:
    """Contracts of the tables as this code writes them, each under the number of a new table."""
    from assets import recommendations_tables  # noqa: F401 - tells grains of tables that others declare
    from assets.made_tables import MadeTable
    from assets.tables import TABLES
    from pipelines.lake.sql_models import load_models

    loaded = [vars(module).values() for name, module in [*sys.modules.items()] if name.startswith("assets.")]
    made = [value for values in loaded for value in values if isinstance(value, MadeTable)]
    return contracts(load_models(), TABLES, {table.name: table.grain for table in made})


def _ordered(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
