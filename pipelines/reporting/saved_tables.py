"""What actions really saved, as tables and a figure: predicted, measured with its interval, and what is counted."""

from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.advice_rows import Advice, RuleAccuracyRow, SavingRow
from pipelines.reporting.display import Cell, Chart, Column, Command, Line, Table, amount, sentence_case, text, trace
from pipelines.reporting.figures import CATEGORY_COLOURS, script_json
from pipelines.reporting.folding import largest, remainder, shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.notebook_charts import Span, span_figure

MOST_LINES = 10
_LONGEST_ACTION, _LONGEST_REASON = 80, 130
_PREDICTED = ("predicted", CATEGORY_COLOURS[1])
_LEGEND = (("saved, with its 90 % interval", CATEGORY_COLOURS[0]), _PREDICTED)
_FINDINGS = ("harmed", "bounced back")
_COLUMNS = (
    Column("Action", numeric=False),
    Column("Done on"),
    Column("Predicted"),
    Column("Measured"),
    Column("Counted", lead=True),
    Column("State", numeric=False),
)


def saved_table(rows: Sequence[SavingRow], money: MoneyFormat) -> Table:
    """One line an action, what is proved first; the rest folded, and what is predicted and counted in all."""
    keep = MOST_LINES + 1 if len(rows) == MOST_LINES + 1 else MOST_LINES
    shown, rest = rows[:keep], rows[keep:]
    lines = [_line(row, money) for row in shown]
    predicted = total(row.predicted_saving or Decimal(0) for row in rows)
    counted = total(row.counted_saving for row in rows)
    left = (
        remainder(predicted, [money.rounded(row.predicted_saving or Decimal(0)) for row in shown], money),
        remainder(counted, [money.rounded(row.counted_saving) for row in shown], money),
    )
    if rest or any(left):
        label = f"… and {count(len(rest), money.locale)} more" if rest else "… rounding"
        note = "in gold.savings" if rest else ""
        lines.append(_sum_line(Cell(label, note), *left, money, "fold"))
    if rows:
        lines.append(_sum_line(text("Total"), predicted, counted, money, "total"))
    empty = "No action was marked as done, or seen done, so far."
    return Table("saved", "What was done, and what it saves a month", _COLUMNS, tuple(lines), empty)


def _sum_line(label: Cell, predicted: Decimal, counted: Decimal, money: MoneyFormat, kind: str) -> Line:
    hoped, proved = (Cell(money.exact(each) if each or kind == "total" else "") for each in (predicted, counted))
    cells = (text(""), hoped, text(""), proved, text(""))
    return Line((label, *cells), Command("finops recommendations --status done"), kind)


def _line(row: SavingRow, money: MoneyFormat) -> Line:
    place = ", ".join(each for each in (row.project_name, row.owner) if each)
    return Line(
        (
            Cell(shortened(row.action or row.title or row.rule, _LONGEST_ACTION), shortened(place, _LONGEST_ACTION)),
            text(f"{row.done_on}"),
            amount(row.predicted_saving, money),
            _measured(row, money),
            Cell(money.exact(row.counted_saving)),
            Cell(row.shown_state, shortened(_why(row), _LONGEST_REASON), _tone(row)),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )


def _tone(row: SavingRow) -> str:
    return "finding" if row.shown_state in _FINDINGS else ""


def _measured(row: SavingRow, money: MoneyFormat) -> Cell:
    """The saving by the month with the interval that holds it in nine of ten cases."""
    if row.monthly_saving is None:
        return Cell(NOTHING, tone="quiet")
    if row.low is None or row.high is None:
        return Cell(money.exact(row.monthly_saving))
    return Cell(money.exact(row.monthly_saving), f"{money.headline(row.low)} to {money.headline(row.high)}")


def _why(row: SavingRow) -> str:
    if row.is_harmed:
        return row.guard_reason or ""
    if row.bounced_back_on is not None:
        return f"since {row.bounced_back_on}: {row.state_reason or 'what was saved is spent again'}"
    unguarded = row.guard_reason or "" if row.state == "verified" and "not guarded" in (row.guard_reason or "") else ""
    return "; ".join(each for each in (row.state_reason or "", unguarded) if each)


def saved_chart(rows: Sequence[SavingRow], money: MoneyFormat, source: str) -> Chart | None:
    """The largest measured ones with interval and prediction; None where nothing is measured."""
    measured = [row for row in rows if row.monthly_saving is not None and row.low is not None and row.high is not None]
    if not measured:
        return None
    shown = largest(measured, lambda row: abs(row.monthly_saving or Decimal(0)), MOST_LINES).shown
    figure = span_figure([_span(row) for row in shown], (_PREDICTED,), money)
    within = sum(_is_within(row) for row in shown)
    told = f"{count(within, money.locale)} of {count(len(shown), money.locale)} predictions lie"
    told = told if len(shown) > 1 else f"The prediction lies {'' if within else 'not '}".rstrip()
    title = f"{told} within the 90 % interval of what was measured"
    lines = [
        Line(
            (
                text(_label(row)),
                *(amount(value, money) for value in (row.predicted_saving, row.monthly_saving, row.low, row.high)),
            ),
            trace(row),
        )
        for row in shown
    ]
    columns = (Column("Action", numeric=False), Column("Predicted"), Column("Measured", lead=True))
    data = Table("saved-data", "Savings a month", (*columns, Column("Low"), Column("High")), tuple(lines))
    return Chart("saved", title, source, script_json(figure), int(figure.layout.height), data, _LEGEND)


def _span(row: SavingRow) -> Span:
    marks = () if row.predicted_saving is None else ((_PREDICTED[0], row.predicted_saving),)
    middle = row.monthly_saving or Decimal(0)
    return Span(
        _label(row), middle if row.low is None else row.low, middle, middle if row.high is None else row.high, marks
    )


def _label(row: SavingRow) -> str:
    return row.resource_name or row.action or row.rule


def _is_within(row: SavingRow) -> bool:
    return None not in (row.low, row.high, row.predicted_saving) and bool(
        row.low <= row.predicted_saving <= row.high  # type: ignore[operator]
    )


def accuracy_table(rows: Sequence[RuleAccuracyRow], money: MoneyFormat) -> Table | None:
    """What rules predicted and what came of it; None before any action was proved."""
    if not rows:
        return None
    lines = [
        Line(
            (
                text(sentence_case(row.rule.replace("_", " "))),
                Cell(count(row.actions, money.locale)),
                Cell(money.exact(row.predicted_saving)),
                Cell(money.exact(row.realised_saving), _share(row, money)),
                Cell(f"{row.factor.quantize(Decimal('0.01')):f}"),
            ),
            trace(row),
        )
        for row in rows[:MOST_LINES]
    ]
    if rest := rows[MOST_LINES:]:
        label = Cell(f"… and {count(len(rest), money.locale)} more", "in gold.rule_accuracy")
        lines.append(Line((label, *[text("")] * 4), kind="fold"))
    columns = (
        Column("Rule", numeric=False),
        Column("Actions"),
        Column("Predicted"),
        Column("Came true", lead=True),
        Column("Factor for what it says next"),
    )
    return Table("accuracy-of-rules", "What predictions were worth, by rule", columns, tuple(lines))


def _share(row: RuleAccuracyRow, money: MoneyFormat) -> str:
    if row.predicted_saving <= 0:
        return ""
    return percent(divided(row.realised_saving, row.predicted_saving), money.locale, decimals=0)


def saved_lead(advice: Advice, money: MoneyFormat) -> str:
    """How many actions were done, what is proved of what was predicted, and where the others stand."""
    rows = advice.savings or ()
    if not rows:
        return ""
    predicted = total(row.predicted_saving or Decimal(0) for row in rows)
    done = f"{count(len(rows), money.locale)} action{' was' if len(rows) == 1 else 's were'} done"
    proved = f"{money.headline(advice.proved_saving)} a month is proved"
    told = f"{done}: {proved} of the {money.headline(predicted)} predicted."
    words = {
        "bounced back": ("bounced back", "bounced back"),
        "harmed": ("harmed its service", "harmed their services"),
        "waiting": ("waits for its first days on the bill", "wait for their first days on the bill"),
        "unproven": ("cannot be told from noise", "cannot be told from noise"),
        "unjudged": ("has too short a history", "have too short a history"),
    }
    found = [(sum(row.shown_state == state for row in rows), each) for state, each in words.items()]
    parts = [f"{count(number, money.locale)} {one if number == 1 else many}" for number, (one, many) in found if number]
    return f"{told} {', '.join(parts)}." if parts else told
