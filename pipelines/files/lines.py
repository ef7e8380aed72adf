"""Lines of an opened file: their numbers, their text as received, and what a file that is no table ends in."""

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.files.opening import RawFile


def numbered(raw: RawFile) -> Iterator[tuple[pa.Table, list[int]]]:
    """Each batch with its lines' numbers; a header is line 1, blank lines do not count."""
    next_line = raw.first_line
    for batch in raw.batches:
        numbers = _line_numbers(next_line, batch.num_rows, {line for line, _, _ in raw.ragged})
        next_line = numbers[-1] + 1 if numbers else next_line
        yield batch, numbers


def _line_numbers(first: int, count: int, skipped: set[int]) -> list[int]:
    if not skipped:
        return list(range(first, first + count))
    numbers: list[int] = []
    line = first
    while len(numbers) < count:
        if line not in skipped:
            numbers.append(line)
        line += 1
    return numbers


def refuse_what_is_no_table(path: Path, raw: RawFile, good: int, what: str) -> None:
    """Raise UsageError when more lines are ragged than not: then it is something else altogether."""
    if len(raw.ragged) > good:
        raise UsageError(
            f"{path}: is not {'a CSV' if raw.form == 'CSV' else raw.form}: {len(raw.ragged)} of "
            f"{len(raw.ragged) + good} lines {raw.rule}; export the {what} again"
        )


def raw_line(text: dict[str, pa.Array], row: int) -> str:
    """The line as received, field by field, quoted again where CSV needs it."""
    fields = []
    for values in text.values():
        value = values[row].as_py()
        if value is None:
            fields.append("")
        else:
            fields.append('"' + value.replace('"', '""') + '"' if re.search('[",\r\n]', value) else value)
    return ",".join(fields)
