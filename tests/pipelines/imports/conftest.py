"""Files of business numbers, written as somebody would export them, and read to their end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request, open_numbers
from pipelines.imports.schema import NUMBERS_SCHEMA, QUARANTINE_SCHEMA


@dataclass(frozen=True)
class Outcome:
    """Everything that was read of a file."""

    reading: Any
    accepted: list[dict[str, Any]]
    quarantined: list[dict[str, Any]]

    @property
    def reasons(self) -> dict[int, str]:
        """Why lines cannot be used, by their number."""
        return {row["line_number"]: row["reason"] for row in self.quarantined}


@pytest.fixture(scope="session")
def read_numbers():
    """`read_numbers(path, "requests")`: the file, read as lines of a kind; None lets each line say its own."""

    def read(path: Path, kind: str | None, **request: Any) -> Outcome:
        reading = open_numbers(path, path.name, Request(KINDS[kind] if kind else None, "test", **request))
        batches = list(reading.batches())
        accepted = pa.concat_tables([NUMBERS_SCHEMA.empty_table(), *(kept for kept, _ in batches)])
        quarantined = pa.concat_tables([QUARANTINE_SCHEMA.empty_table(), *(refused for _, refused in batches)])
        rows = [{name: value for name, value in row.items() if value is not None} for row in accepted.to_pylist()]
        return Outcome(reading, rows, quarantined.to_pylist())

    return read


@pytest.fixture
def numbers(tmp_path, read_numbers):
    """`numbers("requests", "day,service,…", "…")`: the same of a CSV with these lines."""

    def read(kind: str | None, *lines: str, **request: Any) -> Outcome:
        path = tmp_path / "file.csv"
        path.write_text("".join(f"{line}\n" for line in lines))
        return read_numbers(path, kind, **request)

    return read
