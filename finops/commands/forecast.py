"""`finops forecast check`: the forecaster on any series of time and value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.streams import TableFormat, write_hint, write_json, write_table
from pipelines.errors import PartialResult, UsageError

if TYPE_CHECKING:
    from pipelines.forecast.forecast import Forecast
    from pipelines.forecast.scores import Score
    from pipelines.forecast.series import Reading

Refused = tuple[str, int, str]
"""A line that could not be used: file, number, reason."""

_COLUMNS = ["date", "forecast", "low", "high"]
_TOLD_HORIZONS = (1, 7, 14, 30)
_LINES_TOLD = 10


def check_forecast(
    file: Annotated[Path, typer.Argument(help="csv, csv.gz or parquet with a time and a value in each line.")],
    horizon: Annotated[int, typer.Option("--horizon", help="How many steps ahead, days for a daily series.")] = 30,
    level: Annotated[float, typer.Option("--level", help="The bounds hold in so many percent of the cases.")] = 80,
    format: Annotated[TableFormat, typer.Option("--format", help="How to print it.")] = TableFormat.csv,
    time: Annotated[str | None, typer.Option("--time", help="Column of the time, where its name does not say.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="Column of the value.")] = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="COLUMN=TEXT: only lines with it; repeatable.")
    ] = None,
    holidays: Annotated[
        str, typer.Option("--holidays", help="none, generic or fr: days whose effect may be learnt.")
    ] = "none",
    driver: Annotated[
        Path | None, typer.Option("--driver", help="A second file with what drives the value, such as requests.")
    ] = None,
) -> None:
    """Forecast a series of time and value: date, forecast, low, high.

    Lines may be unsorted. Values of one time are added up, several times within one step are averaged, a missing
    value stays missing and is never zero. A line that cannot be used is named, and the exit code is 6. Beside the
    forecast, on stderr, stands how good earlier ones would have been, and the naive one: the last week again.
    """
    reading, refused = _read(file, time, value, where or [])
    found, more = _forecast(reading, horizon, level, holidays, driver)
    _write(found, reading, format)
    for note in (*reading.notes, *found.notes):
        write_hint(note)
    _tell(found, reading)
    _refuse([*refused, *more])


def _forecast(
    reading: Reading, horizon: int, level: float, holidays: str, driver: Path | None
) -> tuple[Forecast, list[Refused]]:
    """The forecast, with its driver where there is one, and the driver's lines that could not be used."""
    from pipelines.forecast.days import Holidays
    from pipelines.forecast.drivers import Driver
    from pipelines.forecast.forecast import forecast

    if holidays not in list(Holidays):
        raise UsageError(f"--holidays {holidays}: there are {', '.join(Holidays)}")
    driven: Driver | None = None
    refused: list[Refused] = []
    if driver is not None:
        drives, refused = _read(driver, None, None, [])
        driven = Driver(driver.name, drives.series)
    left = _left_of_month(reading, horizon)
    totals = (left,) if left else ()
    found = forecast(reading.series, horizon, level, holidays=Holidays(holidays), driver=driven, totals=totals)
    return found, refused


def _refuse(refused: list[Refused]) -> None:
    """Name the first lines that are left out; the result is then partial."""
    if not refused:
        return
    for name, line, reason in refused[:_LINES_TOLD]:
        write_hint(f"{name}, line {line}: {reason}")
    raise PartialResult(f"{len(refused)} lines could not be used and are left out; correct or remove them")


def _read(file: Path, time: str | None, value: str | None, where: list[str]) -> tuple[Reading, list[Refused]]:
    """The series of a file, and its lines that could not be used."""
    from pipelines.files.lines import refuse_what_is_no_table
    from pipelines.files.opening import Expected, RawFile, open_file
    from pipelines.forecast.series import TIME_NAMES, VALUE_NAMES, choose_columns, is_data, read_series

    if not file.is_file():
        raise UsageError(f"{file}: no such file; name a csv, csv.gz or parquet file of time and value")
    raw: RawFile = open_file(
        file, file.name, Expected("series", (".csv", ".csv.gz", ".parquet"), (*TIME_NAMES, *VALUE_NAMES))
    )
    headless = is_data(raw.names)
    columns = (raw.names[0], raw.names[1]) if headless else choose_columns(raw.names, time, value)
    wanted = [_condition(each, raw.names) for each in where]
    lines = list(_lines(raw, columns, wanted))
    if headless:
        lines.insert(0, (1, *columns))
    refuse_what_is_no_table(file, raw, len(lines), "series")
    reading = read_series(lines)
    return reading, [(file.name, line, reason) for line, reason in sorted(_unusable(raw.ragged, reading))]


def _unusable(ragged: list[tuple[int, str, str]], reading: Reading) -> Iterator[tuple[int, str]]:
    yield from ((line, reason) for line, reason, _ in ragged)
    yield from reading.unusable


def _condition(text: str, names: list[str]) -> tuple[str, str]:
    column, sign, wanted = text.partition("=")
    if not sign or column not in names:
        raise UsageError(f"--where {text}: write COLUMN=TEXT with one of the columns {', '.join(names)}")
    return column, wanted


def _lines(raw: Any, columns: tuple[str, str], wanted: list[tuple[str, str]]) -> Iterator[tuple[int, str, str]]:
    from pipelines.files.lines import numbered

    for batch, numbers in numbered(raw):
        texts = [batch.column(name).to_pylist() for name in (*columns, *(column for column, _ in wanted))]
        for number, when, amount, *others in zip(numbers, *texts, strict=True):
            if all(other == text for other, (_, text) in zip(others, wanted, strict=True)):
                yield number, when or "", amount or ""


def _left_of_month(reading: Reading, horizon: int) -> int:
    """Days from the last one of a daily series to the end of its month, 0 where the forecast does not reach it."""
    from datetime import timedelta

    series = reading.series
    if not series.grid.step.is_day:
        return 0
    last = series.grid.time(len(series) - 1)
    left = 0
    while (last + timedelta(days=left + 1)).month == last.month:
        left += 1
    return left if left <= horizon else 0


def _write(found: Forecast, reading: Reading, format: TableFormat) -> None:
    from dataclasses import asdict

    series = reading.series
    rows = [
        {
            "date": series.grid.time(len(series) + index),
            "forecast": _plain(point),
            "low": _plain(low),
            "high": _plain(high),
        }
        for index, (point, low, high) in enumerate(zip(found.points, found.low, found.high, strict=True))
    ]
    if format is not TableFormat.json:
        write_table(rows, format, _COLUMNS)
        return
    write_json(
        {
            "level": found.level,
            "method": found.method,
            "beats_naive": found.beats_naive,
            "rows": rows,
            "naive": [_plain(each) for each in found.naive],
            "backtest": [asdict(each) for each in found.backtest],
            "totals": [asdict(each) for each in found.totals],
            "driver": None if found.driver is None else asdict(found.driver),
            "notes": [*reading.notes, *found.notes],
        }
    )


def _plain(number: float) -> float:
    """Ten digits are more than any forecast knows."""
    return float(f"{number:.10g}") + 0.0


def _tell(found: Forecast, reading: Reading) -> None:
    write_hint(found.method)
    step = reading.series.grid.step
    longest = found.backtest[-1].horizon
    for score in found.backtest:
        if score.horizon in _TOLD_HORIZONS or score.horizon == longest:
            write_hint(f"{step.times(score.horizon)} ahead, {_measured(score, found.level)}")
    for total in found.totals:
        write_hint(
            f"{step.times(total.steps)} left of the month: {total.value:.10g} ({total.low:.10g} to {total.high:.10g}); "
            f"such sums, {_measured(total.score, found.level)}"
        )
    if found.driver is not None:
        fit, use = found.driver, "used" if found.driver.is_used else "not used: it does not lower the error"
        write_hint(f"{fit.name}: {fit.fixed:.6g} + {fit.marginal:.6g} (± {fit.marginal_error:.2g}) each; {use}")


def _measured(score: Score, level: float) -> str:
    """The error of past forecasts in words."""
    if score.wape is None or score.naive_wape is None or score.bias is None:
        return "not measured: no such forecast has an outcome yet, or all outcomes are zero"
    held = "not measured" if score.coverage is None else f"held {score.coverage:.0%}"
    return (
        f"{score.forecasts} forecasts: WAPE {score.wape:.1%} (naive {score.naive_wape:.1%}), bias {score.bias:+.1%}, "
        f"{level:g} % bounds {held}"
    )


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("forecast check", check_forecast),)
