"""Advice as tables: how much work it is, the largest with what to type, what overlaps, what costs more."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipelines.reporting.advice_rows import EFFORTS, Advice, RecommendationRow
from pipelines.reporting.anomaly_words import when_words
from pipelines.reporting.display import ALL_ADVICE, Cell, Column, Command, Line, Table, sentence_case, text
from pipelines.reporting.folding import cents_adding_up, remainder, shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, percent, total

MOST_LINES, MOST_SPENDING = 10, 5
_LONGEST_REASON, _LONGEST_ACTION = 230, 110
ADVICE_COLUMNS = (
    Column("Action", numeric=False),
    Column("Saves a month", lead=True),
    Column("Once"),
    Column("Effort", numeric=False),
    Column("Risk", numeric=False),
    Column("Judged on"),
    Column("Owner", numeric=False),
)
_BLANK = text("")


def effort_table(advice: Advice, money: MoneyFormat) -> Table:
    """What can all be followed, by how much work it is: the sums count nothing twice and add up to the cent."""
    groups = [(effort, [row for row in advice.counted if row.effort == effort]) for effort in EFFORTS]
    groups = [(effort, rows) for effort, rows in groups if rows]
    savings = cents_adding_up([_saving(rows) for _, rows in groups], advice.counted_saving, money)
    onces = cents_adding_up([_once(rows) for _, rows in groups], _once(advice.counted), money)
    lines = [
        Line(_effort_cells(sentence_case(effort), rows, saving, once, money), ALL_ADVICE)
        for (effort, rows), saving, once in zip(groups, savings, onces, strict=True)
    ]
    whole = _effort_cells("Total", advice.counted, advice.counted_saving, _once(advice.counted), money)
    lines.append(Line(whole, ALL_ADVICE, kind="total"))
    columns = (
        Column("Effort", numeric=False),
        Column("Actions"),
        Column("Saves a month", lead=True),
        Column("Costs once"),
        Column("Need a restart"),
        Column("Without an owner"),
    )
    return Table("effort", "What can be saved, by how much work it is", columns, tuple(lines) if groups else ())


def _effort_cells(
    label: str, rows: Sequence[RecommendationRow], saving: Decimal, once: Decimal, money: MoneyFormat
) -> tuple[Cell, ...]:
    unowned = sum(_owner(row) is None for row in rows)
    return (
        text(label),
        Cell(count(len(rows), money.locale)),
        Cell(money.exact(saving)),
        _once_cell(once, money),
        _some(sum(row.restart_needed for row in rows), money),
        _some(unowned, money, "finding"),
    )


def _once_cell(once: Decimal, money: MoneyFormat) -> Cell:
    return Cell(money.exact(once)) if once else Cell(NOTHING, tone="quiet")


def _saving(rows: Sequence[RecommendationRow]) -> Decimal:
    return total(row.monthly_saving for row in rows)


def _once(rows: Sequence[RecommendationRow]) -> Decimal:
    return total(row.one_off_cost for row in rows)


def _some(number: int, money: MoneyFormat, tone: str = "") -> Cell:
    return Cell(count(number, money.locale), tone=tone) if number else Cell(NOTHING, tone="quiet")


def advice_table(advice: Advice, money: MoneyFormat) -> Table:
    """The ten that save most of those that can all be followed; the rest, dust and what overlaps below them."""
    large = [row for row in advice.counted if not _is_dust(row, advice)]
    dust = [row for row in advice.counted if _is_dust(row, advice)]
    keep = MOST_LINES + 1 if len(large) == MOST_LINES + 1 else MOST_LINES
    lines = [line_of(row, money) for row in large[:keep]]
    folds = _folds(large[keep:], dust, advice, money)
    lines += _adding_up(large[:keep], folds, advice, money)
    if advice.counted:
        cells = (Cell(money.exact(advice.counted_saving)), _once_cell(_once(advice.counted), money))
        lines.append(Line((text("Total"), *cells, *[_BLANK] * 4), ALL_ADVICE, kind="total"))
    if others := [row for row in advice.saving if not row.is_counted]:
        label = f"{count(len(others), money.locale)} more that overlap{'s' if len(others) == 1 else ''}"
        note = f"not added: the same cost is saved {_rival(others[0], advice)}"
        lines.append(_fold(label, note, _saving(others), _once(others), money))
    caption = "The largest savings, of which each can be followed beside the others"
    return Table("advice", caption, ADVICE_COLUMNS, tuple(lines), "No rule advises to save anything now.")


_Fold = tuple[str, str, Sequence[RecommendationRow]]


def _folds(
    rest: Sequence[RecommendationRow], dust: Sequence[RecommendationRow], advice: Advice, money: MoneyFormat
) -> list[_Fold]:
    folds: list[_Fold] = []
    if rest:
        folds.append((f"… and {count(len(rest), money.locale)} more", "finops recommendations", rest))
    if dust:
        label = f"… and {count(len(dust), money.locale)} that save less than {money.exact(advice.dust_floor)} each"
        folds.append((label, "finops recommendations --all", dust))
    return folds


def _adding_up(
    shown: Sequence[RecommendationRow], folds: Sequence[_Fold], advice: Advice, money: MoneyFormat
) -> list[Line]:
    """The folded lines, of which the last takes up the rounding."""
    savings = [money.rounded(row.monthly_saving) for row in shown]
    onces = [money.rounded(row.one_off_cost) for row in shown]
    lines = []
    for label, note, rows in folds[:-1]:
        savings.append(money.rounded(_saving(rows)))
        onces.append(money.rounded(_once(rows)))
        lines.append(_fold(label, note, savings[-1], onces[-1], money))
    saving = remainder(advice.counted_saving, savings, money)
    once = remainder(_once(advice.counted), onces, money)
    if folds:
        lines.append(_fold(*folds[-1][:2], saving, once, money))
    elif saving or once:
        lines.append(_fold("… rounding", "", saving, once, money))
    return lines


def line_of(row: RecommendationRow, money: MoneyFormat, *, spends: bool = False) -> Line:
    """One piece of advice: what and why, for how much, at what risk, on which days, whose, and the command to copy."""
    return Line(
        (
            Cell(
                shortened(row.action, _LONGEST_ACTION),
                first_sentence(row.reason),
                code=f"finops plan {row.recommendation_id}",
            ),
            saving_cell(row, money, spends=spends),
            Cell(money.exact(row.one_off_cost)) if row.one_off_cost else Cell(NOTHING, tone="quiet"),
            Cell(row.effort),
            Cell(row.risk, _risk_words(row, money)),
            _window_cell(row),
            owner_cell(row),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )


def saving_cell(row: RecommendationRow, money: MoneyFormat, *, spends: bool = False) -> Cell:
    """By the month, with its share of what it acts on and whose price it is."""
    if spends and not row.monthly_saving:
        return Cell("nothing")
    amount = abs(row.monthly_saving) if spends else row.monthly_saving
    notes = []
    if row.monthly_cost and not spends:
        notes.append(f"of {money.exact(row.monthly_cost)}")
    if row.basis != "charged":
        notes.append(row.basis.replace(" ", "\xa0"))
    return Cell(money.exact(amount), ", ".join(notes))


def first_sentence(words: str) -> str:
    """The first sentence, without its middle where that is long."""
    first = words.replace("`", "").partition(". ")[0].rstrip(".")
    return shortened(first, _LONGEST_REASON) + ("." if first else "")


def _risk_words(row: RecommendationRow, money: MoneyFormat) -> str:
    words = ["restart"] if row.restart_needed else []
    words.append("can be undone" if row.can_be_undone else "no way back")
    if row.confidence is not None:
        words.append(f"{percent(Decimal(repr(row.confidence)), money.locale, decimals=0)} sure")
    return ", ".join(words)


def _window_cell(row: RecommendationRow) -> Cell:
    """The days of the evidence (the end is exclusive); older judgement is said."""
    note = f"last judged {row.judged_on}" if row.judgement == "not judged" else ""
    if row.evaluation_start is None or row.evaluation_end is None:
        return Cell(NOTHING, note, "quiet")
    last = max(row.evaluation_start, date.fromordinal(row.evaluation_end.toordinal() - 1))
    days = (last - row.evaluation_start).days + 1
    words = when_words(row.evaluation_start, last, last.year).replace(" ", "\xa0")
    return Cell(words, note or f"{days} day{'' if days == 1 else 's'}")


def _owner(row: RecommendationRow) -> str | None:
    return row.owner or row.team


def owner_cell(row: RecommendationRow) -> Cell:
    """Who answers for it, and that it was accepted."""
    said = f"accepted by {row.status_owner}" if row.status == "accepted" and row.status_owner else ""
    note = "; ".join(each for each in (row.project_name or "", said) if each)
    owner = _owner(row)
    return Cell(shortened(owner, 40) if owner else "no owner", shortened(note, 60), "" if owner else "finding")


def _is_dust(row: RecommendationRow, advice: Advice) -> bool:
    return row.monthly_saving < advice.dust_floor and row.status != "accepted"


def _rival(row: RecommendationRow, advice: Advice) -> str:
    """The action that leaves no room for one that is not counted."""
    counted = {each.recommendation_id for each in advice.to_do if each.is_counted}
    found = next((each for each in row.overlapping if each in counted), None)
    return f"by another action, that of {row.recommendation_id} by {found}" if found else "by another action"


def _fold(label: str, note: str, saving: Decimal, once: Decimal, money: MoneyFormat) -> Line:
    cells = (Cell(money.exact(saving)), Cell(money.exact(once)) if once else _BLANK)
    return Line((Cell(label, note), *cells, *[_BLANK] * 4), ALL_ADVICE, kind="fold")


def spending_table(advice: Advice, money: MoneyFormat) -> Table | None:
    """Where to spend more, or to prevent; None where no rule asks for it."""
    rows = advice.spending
    if not rows:
        return None
    lines = [line_of(row, money, spends=True) for row in rows[:MOST_SPENDING]]
    if rest := rows[MOST_SPENDING:]:
        blanks = [_BLANK] * 6
        lines.append(Line((text(f"… and {count(len(rest), money.locale)} more"), *blanks), ALL_ADVICE, kind="fold"))
    columns = (ADVICE_COLUMNS[0], Column("Costs more a month", lead=True), *ADVICE_COLUMNS[2:])
    return Table("spending", "Where to spend more, or to set a limit, so that nothing breaks", columns, tuple(lines))
