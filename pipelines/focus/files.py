"""Which files may be bills; how they are opened is the same for every import."""

from pathlib import Path

from pipelines.files.opening import Expected, RawFile, find_files, open_file
from pipelines.focus.columns import BY_NAME

BILLS = Expected("bill", (".csv", ".csv.gz", ".parquet"), BY_NAME)


def bill_files(path: Path) -> list[tuple[Path, str]]:
    """The files to read, each with the name it is known by."""
    return find_files(path, BILLS)


def open_bill(path: Path, source_file: str) -> RawFile:
    """One bill's columns, and its lines as text."""
    return open_file(path, source_file, BILLS)
