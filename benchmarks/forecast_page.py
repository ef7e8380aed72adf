"""The figures of `benchmarks.forecast` as a page: how good forecasts are, and where a target is missed."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.forecast_margin import Margin

OURS = "ours"
TOLERANCE = 0.05


@dataclass(frozen=True)
class Row:
    """One horizon of one group of series: mean WAPE by method, ours with its bias and how often its bounds held, and
    ours beside the best other one."""

    ahead: str
    wape: Mapping[str, float]
    bias: float
    held: float
    forecasts: int
    best: Margin


@dataclass(frozen=True)
class Group:
    """The series of one folder or kind."""

    name: str
    rows: Sequence[Row]
    labels: Sequence[str]


def read_lake(lake: str) -> list[dict[str, Any]]:
    """What a lake says of the organisation's forecasts, as they are published."""
    from finops import catalog_of

    sql = (
        "select target, first_day_ahead, last_day_ahead, forecasts, wape, bias, coverage, run_rate_wape, "
        "seasonal_naive_wape from gold.forecast_accuracy where level = 'organization' and billing_currency = 'EUR' "
        "order by last_day_ahead, first_day_ahead"
    )
    rows: list[dict[str, Any]] = catalog_of(lake).query(sql).to_pylist()
    return rows


def lake_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """As a table in markdown."""
    if not rows:
        return []
    head = ["| Forecast of | Days ahead | Error (WAPE) | Bias | In the band | Run-rate | Last week again | How many |"]
    return [
        *head,
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {row['target']} | {row['first_day_ahead']} to {row['last_day_ahead']} | {_percent(row['wape'], 2)} | "
            f"{_percent(row['bias'], 2)} | {_percent(row['coverage'])} | {_percent(row['run_rate_wape'], 2)} | "
            f"{_percent(row['seasonal_naive_wape'], 2)} | {row['forecasts']} |"
            for row in rows
        ),
    ]


def page(groups: Sequence[Group], lake: Sequence[Mapping[str, Any]], chosen: argparse.Namespace) -> str:
    """The whole page."""
    level, origins = chosen.level, chosen.origins
    options = f"--origins {origins}"
    if chosen.held_out:
        options += f" --held-out {chosen.held_out} --made-origins {chosen.made_origins}"
    options += " --lake LAKE" if lake else ""
    lines = [
        "# How good the forecasts are",
        "",
        "Written by `benchmarks/forecast.py`; every figure was measured, none is edited. Each forecast is made as of",
        f"an earlier day from what was known then, at up to {origins} days spread over the past of each series",
        f"({min(origins, chosen.made_origins)} of a made-up one), and set against what came. The error is the WAPE:",
        "absolute errors over absolute values. `month` is the rest of the current month as an error of all of it.",
        "*Run-rate* is the mean day of the month so far, *last season* the last week again, *line 30 d* a straight",
        "line through 30 days without outliers; *ETS* and *Prophet-like* are what a statistics library would say by",
        "default. Every series counts alike.",
        "",
        "*Ours less the best other* is the difference in percentage points with its standard error, which allows for",
        "forecasts of neighbouring days and of parts of one bill that err together (Diebold and Mariano's test with",
        "Bartlett's weights up to one and a half horizons; 95 % limits for few stretches by Kiefer and Vogelsang).",
        "*Clear* is a difference that chance hardly explains.",
        "",
        f"Targets: the lowest error of all, and {level:g} % bounds that hold in {level - 100 * TOLERANCE:g} to "
        f"{level + 100 * TOLERANCE:g} % of the cases.",
    ]
    for group in groups:
        lines += ["", f"## {group.name}", "", f"{len(group.labels)} series.", "", *_table(group)]
        missed = _missed(group, level / 100)
        lines += ["", _told(missed)]
    if lake:
        lines += [
            "",
            "## The organisation of the demo, as published",
            "",
            "`gold.forecast_accuracy`: bounds and errors of the very figures in `gold.forecasts`. A band is told from",
            "four stretches without overlap on, and so is how often it held; a dash says that there are fewer.",
            "",
            *lake_lines(lake),
            "",
            _told(_missed_of_lake(lake, level / 100)),
        ]
    return "\n".join([*lines, "", *_again(options, bool(lake))]) + "\n"


def _table(group: Group) -> list[str]:
    names = list(group.rows[0].wape) if group.rows else []
    lines = [
        f"| Days ahead | {' | '.join(names)} | bias | in the band | how many | ours less the best other |",
        "|---|" + "---|" * (len(names) + 4),
    ]
    for row in group.rows:
        best = min(row.wape.values())
        cells = (f"**{each:.2%}**" if each == best else f"{each:.2%}" for each in row.wape.values())
        ours = f"{row.bias:+.1%} | {row.held:.0%} | {row.forecasts} | {margin_words(row)}"
        lines.append(f"| {row.ahead} | {' | '.join(cells)} | {ours} |")
    return lines


def margin_words(row: Row) -> str:
    """Ours less the best other one, such as -0.52 ± 0.20 ETS, clear."""
    best = row.best
    error = "" if best.error is None else f" ± {100 * best.error:.2f}"
    return f"{100 * best.difference:+.2f}{error} {best.rival}{', clear' if best.is_clear else ''}"


def _missed(group: Group, level: float) -> list[str]:
    found = []
    for row in group.rows:
        better = [name for name, each in row.wape.items() if each < row.wape[OURS]]
        if better:
            chance = "clearly" if row.best.is_clear else "by no more than chance explains"
            found.append(f"{_ahead(row)}: {' and '.join(better)} missed by less, {row.best.rival} {chance}")
        if abs(row.held - level) > TOLERANCE:
            found.append(f"{_ahead(row)}: bounds held in {row.held:.1%}")
    return found


def _missed_of_lake(rows: Sequence[Mapping[str, Any]], level: float) -> list[str]:
    found = []
    for row in rows:
        better = [name for name in ("run_rate", "seasonal_naive") if (row[f"{name}_wape"] or 0) < (row["wape"] or 0)]
        if better:
            found.append(f"{row['target']}: {' and '.join(better)} missed by less".replace("_", " "))
        if row["coverage"] is None:
            found.append(f"{row['target']}: too few outcomes to tell how often bounds held")
        elif abs(row["coverage"] - level) > TOLERANCE:
            found.append(f"{row['target']}: bounds held in {row['coverage']:.1%}")
    return found


def _told(missed: Sequence[str]) -> str:
    return "Missed: " + "; ".join(missed) + "." if missed else "All targets are met."


def _ahead(row: Row) -> str:
    return "the month" if row.ahead == "month" else f"day {row.ahead}"


def _again(options: str, has_lake: bool) -> list[str]:
    lines = [
        "## How to repeat it",
        "",
        "```",
        f"python -m benchmarks.forecast DIR… {options} --write docs/accuracy.md",
        "```",
        "",
        "DIR holds csv files of a time and a value, with columns of text where one file holds several series; the",
        "held-out kinds are in `benchmarks/forecast_held_out.py`: no model was made for them, though a few constants",
        "of the weights and bounds were chosen by them and by other series. None was chosen by those of DIR.",
    ]
    return [*lines, "LAKE is one that `finops demo --lake LAKE` made."] if has_lake else lines


def _percent(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}%}"
