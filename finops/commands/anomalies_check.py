"""`finops anomalies check`: the detector on any file of times and values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from finops.commands.anomalies_series import SeriesFile, read_series_file
from finops.streams import TableFormat, exact_text, write_hint, write_json, write_line, write_table
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from pipelines.anomalies.series import Caution, Judged

VERDICT_COLUMNS: Final = ("score", "expected", "low", "high", "is_anomaly")
_ROWS_AT_ONCE: Final = 10_000


class Holidays(StrEnum):
    """Countries whose public holidays are known."""

    fr = "fr"


class CheckFormat(StrEnum):
    """How the rows are printed."""

    csv = "csv"
    table = "table"
    json = "json"


def check(
    file: Annotated[Path, typer.Argument(help="csv or csv.gz with a time and a value on each line.")],
    time_column: Annotated[str | None, typer.Option("--time", help="Column of times; else found by its name.")] = None,
    value_column: Annotated[str | None, typer.Option("--value", help="Column of values; else found by name.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="COLUMN=TEXT: only lines with it; repeatable.")
    ] = None,
    format: Annotated[CheckFormat, typer.Option("--format", help="How to print.")] = CheckFormat.csv,
    only_anomalies: Annotated[bool, typer.Option("--only-anomalies", help="Leave the other rows out.")] = False,
    share_floor: Annotated[
        float | None, typer.Option("--percent", min=0, help="Daily: smaller deviations, in percent, are none.")
    ] = None,
    amount_floor: Annotated[
        float, typer.Option("--amount", min=0, help="Daily: smaller deviations, in the file's unit, are none.")
    ] = 0.0,
    maturing_days: Annotated[
        int, typer.Option("--maturing", min=0, help="Newest days whose values still grow: not judged.")
    ] = 0,
    holidays: Annotated[Holidays | None, typer.Option("--holidays", help="Country whose holidays are quiet.")] = None,
) -> None:
    """Say which points of a series are unusual, each judged with what was known at its time.

    The rows come back in their order with score (0 to 1), expected, low, high and is_anomaly. Where an anomaly
    begins, is_anomaly is true and the score one half or more; the points that continue it stay below. Any step will
    do, or none; points of one time share the verdict of their mean. A line whose time or value cannot be read comes
    back with an empty verdict and is counted on stderr. A value that is empty or NaN is missing, not zero.
    """
    import numpy as np

    from pipelines.anomalies.series import judge_series

    read = read_series_file(file, time_column, value_column, where or [])
    usable = [at for at, second in enumerate(read.seconds) if second is not None]
    if not usable:
        first = f"; first, {read.refused[0]}" if read.refused else ""
        raise UsageError(f"{file}: no line holds a time and a value{first}; name the columns with --time and --value")
    seconds = np.array([read.seconds[at] for at in usable], dtype=np.int64)
    values = np.array([read.values[at] for at in usable])
    years = range(1970 + int(seconds.min()) // 31_557_600, 1972 + int(seconds.max()) // 31_557_600)
    judged = judge_series(seconds, values, _caution(share_floor, amount_floor, maturing_days, holidays, years))
    rows = _rows(read, usable, judged, only_anomalies)
    names = [*read.names, *_free_names(read.names)]
    if format is CheckFormat.json:
        write_json({"rows": list(rows), "events": _events(judged)})
    elif format is CheckFormat.table:
        write_table(list(rows), TableFormat.table, names)
    else:
        _write_csv(rows, names)
    _tell(read, seconds, values, judged)


def _caution(percent: float | None, amount: float, maturing: int, country: Holidays | None, years: range) -> Caution:
    from pipelines.anomalies.days import french_holidays
    from pipelines.anomalies.series import Caution
    from pipelines.anomalies.verdicts import DailyCaution

    usual = DailyCaution()
    return Caution(
        DailyCaution(
            share_floor=usual.share_floor if percent is None else percent / 100,
            amount_floor=amount,
            maturing_days=maturing,
            holidays=french_holidays(years) if country is Holidays.fr else frozenset(),
        )
    )


def _write_csv(rows: Iterable[Mapping[str, Any]], names: Sequence[str]) -> None:
    """As every command writes csv, bit by bit: a file may hold a million lines."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    writer.writerow(names)
    for number, row in enumerate(rows, start=1):
        buffer.write("\n")
        writer.writerow([exact_text(row.get(name)) for name in names])
        if number % _ROWS_AT_ONCE == 0:
            write_line(buffer.getvalue().removeprefix("\n"))
            buffer.seek(0)
            buffer.truncate()
    if buffer.tell():
        write_line(buffer.getvalue().removeprefix("\n"))


def _rows(read: SeriesFile, usable: Sequence[int], judged: Judged, only_anomalies: bool) -> Iterator[dict[str, Any]]:
    verdicts, place = judged.verdicts, {line: at for at, line in enumerate(usable)}
    names = _free_names(read.names)
    for line, row in enumerate(read.rows):
        shown: dict[str, Any] = dict(zip(read.names, row, strict=True))
        at = place.get(line)
        if at is not None:
            bounds = [_number(found[at]) for found in (verdicts.expected, verdicts.low, verdicts.high)]
            flag = bool(verdicts.is_anomaly[at])
            shown |= dict(zip(names, [round(float(verdicts.score[at]), 4), *bounds, flag], strict=True))
        if not only_anomalies or shown.get(names[-1]) is True:
            yield shown


def _free_names(names: Sequence[str]) -> list[str]:
    """The names of our columns; a file that has one of them already keeps its own."""
    taken = {name.casefold() for name in names}
    return [f"anomaly_{name}" if name in taken else name for name in VERDICT_COLUMNS]


def _number(value: float) -> float | None:
    """As many digits as mean something."""
    return float(f"{value:.8g}") if value == value else None


def _events(judged: Judged) -> list[dict[str, Any]]:
    return [
        {
            "start": _time(start),
            "end": _time(end),
            "kind": event.kind.word,
            "impact": None if event.impact is None else _number(event.impact),
            "score": round(event.score, 4),
            "is_open": event.is_open,
        }
        for start, end, event in judged.events
    ]


def _time(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")


def _tell(read: SeriesFile, seconds: Any, values: Any, judged: Judged) -> None:
    """What a person should know about the file, on stderr."""
    import numpy as np

    kinds = Counter(event.kind.word for _, _, event in judged.events)
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) or "none"
    points = "1 point" if len(seconds) == 1 else f"{len(seconds)} points"
    write_hint(f"{points} judged as {'days' if judged.is_daily else 'a stream'}; events: {found}")
    for note in read.notes:
        write_hint(note)
    twice = len(seconds) - len(np.unique(seconds))
    if twice:
        write_hint(f"{twice} points share the time of another: judged by the mean of each time")
    missing = int(np.isnan(values).sum())
    if missing:
        write_hint(f"{missing} points have no value: missing, not zero")
    if read.refused:
        shown = "; ".join(read.refused[:3])
        more = f" and {len(read.refused) - 3} more" if len(read.refused) > 3 else ""
        write_hint(f"{len(read.refused)} lines could not be used and have no verdict: {shown}{more}")
