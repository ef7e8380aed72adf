"""What a table made by Python says of itself."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class PythonTable:
    """Name, meaning and columns of a table that no select makes."""

    name: str
    description: str
    schema: pa.Schema
    partition_by: str | None
