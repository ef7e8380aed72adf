"""Anomalies as tables: the ones to act on with what they cost, the others counted and folded."""

from collections import Counter
from collections.abc import Sequence

from pipelines.reporting.anomaly_figures import LEGEND, band_figure
from pipelines.reporting.anomaly_rows import COST, Anomalies, AnomalyDayRow, AnomalyRow
from pipelines.reporting.anomaly_words import (
    chain_words,
    confidence_shown,
    confidence_words,
    duration_words,
    event_sentence,
    kind_words,
    percent_shown,
    shown,
    shown_change,
    tick,
    when_words,
)
from pipelines.reporting.display import (
    Cell,
    Chart,
    Column,
    Command,
    Line,
    Table,
    owner_cell,
    sentence_case,
    text,
    trace,
)
from pipelines.reporting.figures import script_json
from pipelines.reporting.folding import shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, total

MOST_LINES = 10
_LONGEST_REASON, _LONGEST_CHAIN = 110, 110
_URGENT = ("urgent", "high")
_COLUMNS = (
    Column("What", numeric=False),
    Column("When", numeric=False),
    Column("Actual"),
    Column("Expected"),
    Column("Impact", lead=True),
    Column("Confidence"),
    Column("Owner", numeric=False),
    Column("State", numeric=False),
)
_ANSWERED_COLUMNS = (
    Column("What", numeric=False),
    Column("When", numeric=False),
    Column("Impact", lead=True),
    Column("State", numeric=False),
    Column("Why", numeric=False),
)


def anomalies_table(
    identifier: str,
    caption: str,
    rows: Sequence[AnomalyRow],
    money: MoneyFormat,
    year: int,
    empty: str,
    quiet: Sequence[AnomalyRow] = (),
) -> Table:
    """One line each, the largest first; those beyond the tenth and the quiet ones are counted, state by state."""
    keep = MOST_LINES + 1 if len(rows) == MOST_LINES + 1 else MOST_LINES
    lines = [_line(row, money, year) for row in rows[:keep]]
    if rest := rows[keep:]:
        lines.append(_fold(f"… and {count(len(rest), money.locale)} more", "in gold.anomalies", rest, money))
    lines += [_fold(label, note, held, money) for label, note, held in _by_state(quiet, money)] if lines else []
    return Table(identifier, caption, _COLUMNS, tuple(lines), empty)


def _line(row: AnomalyRow, money: MoneyFormat, year: int) -> Line:
    severity = row.severity if row.is_open else shortened(row.state_reason or "", _LONGEST_REASON)
    return Line(
        (
            _what(row),
            Cell(when_words(row.first_day, row.last_day, year), duration_words(row)),
            Cell(shown(row.actual, row, money)),
            Cell(shown(row.expected, row, money), _band(row, money)),
            impact_cell(row, money),
            Cell(confidence_shown(row, money)),
            owner_cell(row.owner),
            Cell(row.state, severity, "finding" if row.is_open and row.severity in _URGENT else ""),
        ),
        Command(f"finops anomalies show {row.anomaly_id}"),
    )


def _band(row: AnomalyRow, money: MoneyFormat) -> str:
    """The bounds of what was expected, where they lie apart."""
    low, high = shown(row.low, row, money), shown(row.high, row, money)
    return "" if low == high or None in (row.low, row.high) else f"{low} – {high}"


def _what(row: AnomalyRow) -> Cell:
    """The chain, with the kind and where it is written what to do about it."""
    note = "; ".join(part for part in (sentence_case(kind_words(row)), row.runbook) if part)
    return Cell(shortened(chain_words(row), _LONGEST_CHAIN), note)


def impact_cell(row: AnomalyRow, money: MoneyFormat) -> Cell:
    """The difference to what was expected, with its direction as a shape; a gap has none."""
    if row.impact is None:
        return Cell(NOTHING, note="nothing came" if "missing" in row.kind else "", tone="quiet")
    tone = "more" if row.impact > 0 else "less" if row.impact < 0 else "quiet"
    return Cell(shown_change(row.impact, row, money), percent_shown(row.impact_percent, money), tone, arrow(row.impact))


def _by_state(rows: Sequence[AnomalyRow], money: MoneyFormat) -> list[tuple[str, str, list[AnomalyRow]]]:
    """What stands below the lines: how many of each state, with the reason most of them have."""
    found = []
    for state in dict.fromkeys(sorted(_group(row) for row in rows)):
        held = [row for row in rows if _group(row) == state]
        reasons = Counter(_reason(row) for row in held).most_common()
        reason = reasons[0][0] if len(reasons) == 1 else f"such as: {reasons[0][0]}"
        found.append((f"{count(len(held), money.locale)} {state}", reason, held))
    return found


def _group(row: AnomalyRow) -> str:
    return "more that ask for no action" if row.is_open else row.state


def _reason(row: AnomalyRow) -> str:
    return "" if row.is_open else shortened(row.explanation or row.state_reason or "", _LONGEST_REASON)


def _fold(label: str, note: str, rows: Sequence[AnomalyRow], money: MoneyFormat) -> Line:
    costs = [row.impact for row in rows if row.subject == COST and row.impact is not None]
    impact = Cell(money.signed(total(costs))) if costs else text("")
    blanks = [text("")] * 3
    return Line((Cell(label, note), *blanks, impact, *blanks), Command("finops anomalies"), kind="fold")


def answered_table(
    rows: Sequence[AnomalyRow],
    money: MoneyFormat,
    year: int,
    caption: str = "Nobody has to act on these",
    empty: str = "",
) -> Table:
    """Those nobody has to act on, each with the reason."""
    lines = [
        Line(
            (
                _what(row),
                text(when_words(row.first_day, row.last_day, year)),
                impact_cell(row, money),
                text("open" if row.is_open else row.state),
                text(shortened(row.explanation or row.state_reason or NOTHING, _LONGEST_REASON)),
            ),
            Command(f"finops anomalies show {row.anomaly_id}"),
        )
        for row in rows[:MOST_LINES]
    ]
    if rest := rows[MOST_LINES:]:
        label = f"… and {count(len(rest), money.locale)} more"
        lines.append(Line((Cell(label, "in gold.anomalies"), *[text("")] * 4), Command("finops anomalies"), "fold"))
    return Table("answered", caption, _ANSWERED_COLUMNS, tuple(lines), empty)


def precision_words(rows: Sequence[AnomalyRow], money: MoneyFormat) -> str:
    """The measured precision of the alarms shown, as a sentence; empty where none was measured."""
    known = sorted({row.confidence for row in rows if row.confidence is not None})
    if not known:
        return "How often such alarms are right has not been measured yet."
    low, high = (confidence_words(value, money) for value in (known[0], known[-1]))
    share = low if low == high else f"{low} to {high}"
    measured = f"Measured on series whose anomalies are known, {share} of such alarms were right"
    return f"{measured}: see docs/anomaly_accuracy.md."


def event_chart(row: AnomalyRow, anomalies: Anomalies, money: MoneyFormat, year: int, table: str = "") -> Chart | None:
    """The days around one anomaly with the band of what was expected; None where no day is kept."""
    days = anomalies.days_of(row)
    if not days:
        return None
    figure = band_figure(days, lambda value: shown(value, row, money), lambda value: tick(value, row, money))
    unit = "GB" if row.unit == "bytes" else row.unit
    judged = f" · judged on {row.judged_on}" if row.judged_on else ""
    source = f"Source: {table or AnomalyDayRow.TABLE} · {unit} · {kind_words(row)} {row.anomaly_id}{judged}, UTC"
    identifier = f"anomaly-{row.anomaly_id}"
    title = event_sentence(row, money, year)
    data = days_table(row, days, money)
    return Chart(identifier, title, source, script_json(figure), int(figure.layout.height), data, LEGEND)


def days_table(row: AnomalyRow, days: Sequence[AnomalyDayRow], money: MoneyFormat) -> Table:
    """The chart as numbers, the unusual days marked."""
    lines = [
        Line(
            (
                text(f"{day.day:%a} {day.day.day} {day.day:%b}", note="unusual" if day.is_unusual else ""),
                *(Cell(shown(value, row, money)) for value in (day.actual, day.expected, day.low, day.high)),
            ),
            trace(day),
            kind="total" if day.is_unusual else "",
        )
        for day in days
    ]
    columns = (
        Column("Day", numeric=False),
        Column("Actual", lead=True),
        *(Column(label) for label in ("Expected", "Low", "High")),
    )
    return Table("anomaly-days", "Actual and expected by day", columns, tuple(lines), wide=True)
