"""Self-hosted or by the token: each way to answer a workload, as a table."""

from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, amount, text, trace
from pipelines.reporting.folding import shortened
from pipelines.reporting.gpu_rows import ALWAYS, API, BATCH, REALTIME, SCHEDULED, TODAY, Gpu, WayRow
from pipelines.reporting.kpi_words import three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, count

MOST_WORKLOADS = 6
_QUIET = Cell(NOTHING, tone="quiet")
_BLANK = text("")
WORDS = {
    TODAY: "As today",
    REALTIME: "Generative APIs",
    BATCH: "Generative APIs, in batches",
    ALWAYS: "Own machines, always on",
    SCHEDULED: "Own machines, on a schedule",
    "scaled by the hour": "Own machines, scaled by the hour",
    "dedicated": "Dedicated deployment",
}
_MILLION, _BILLION = Decimal(10**6), Decimal(10**9)


def ways_table(gpu: Gpu, money: MoneyFormat) -> Table:
    """Of each workload today's way, then the others from the cheapest on: the best machine of each way."""
    lines: list[Line] = []
    for rows in list(gpu.workloads.values())[:MOST_WORKLOADS]:
        lines += _workload_lines(rows, money)
    rest = len(gpu.workloads) - MOST_WORKLOADS
    if rest > 0:
        label = Cell(f"… and {count(rest, money.locale)} more", "in gold.gpu_break_even")
        lines.append(Line((label, *[_BLANK] * 5), kind="fold"))
    columns = (
        Column("Model, and the way to answer", numeric=False),
        Column("Costs a month", lead=True),
        Column("Machines"),
        Column("First token, 95 %"),
        Column("Tokens a day"),
        Column("Beats the API from"),
    )
    caption = "What is asked today, answered in other ways: from how many tokens a day each beats the API"
    return Table("ways", caption, columns, tuple(lines), "No model's requests or tokens are counted.")


def _workload_lines(rows: Sequence[WayRow], money: MoneyFormat) -> list[Line]:
    today = next((row for row in rows if row.option == TODAY), rows[0])
    others = sorted(_worth_showing(rows), key=lambda row: (row.monthly_cost or 0, row.option))
    place = ", ".join(each for each in (today.project_name or "", _asked_of(today)) if each)
    head = Cell(shortened(today.model, 60), f"{place}: as today" if place else "as today")
    first = Line((head, *_cells(today, money)), trace(today), "total")
    return [first, *(_way_line(row, money) for row in others if row.option != TODAY)]


def _asked_of(row: WayRow) -> str:
    return "Generative APIs" if row.provider == API else row.offer


def _worth_showing(rows: Sequence[WayRow]) -> list[WayRow]:
    """The cheapest of each way whose cost is known; a schedule that is never off is no way of its own."""
    found: dict[str, WayRow] = {}
    for row in sorted(rows, key=lambda row: (row.monthly_cost or Decimal(0), row.offer)):
        if row.monthly_cost is not None:
            found.setdefault(row.option, row)
    always, scheduled = found.get(ALWAYS), found.get(SCHEDULED)
    if always and scheduled and always.monthly_cost == scheduled.monthly_cost:
        del found[SCHEDULED]
    return list(found.values())


def _way_line(row: WayRow, money: MoneyFormat) -> Line:
    note = "; ".join(each for each in (row.offer, _known(row)) if each)
    return Line((Cell(WORDS.get(row.option, row.option), note), *_cells(row, money)), trace(row))


def _known(row: WayRow) -> str:
    if row.reason:
        return row.reason
    return "speed by data sheets" if row.known_by == "data sheets" else ""


def _cells(row: WayRow, money: MoneyFormat) -> tuple[Cell, ...]:
    return (
        amount(row.monthly_cost, money),
        Cell(count(row.machines, money.locale)) if row.machines else _QUIET,
        Cell(f"{three_digits(row.first_token_seconds, money.locale)} s") if row.first_token_seconds else _QUIET,
        _traffic(row.tokens_per_day, row.requests_per_hour, money) if row.option == TODAY else _BLANK,
        _break_even(row, money),
    )


def _break_even(row: WayRow, money: MoneyFormat) -> Cell:
    if row.option in (TODAY, REALTIME, BATCH):
        return _BLANK
    if row.break_even_tokens_per_day is None:
        return Cell("never", tone="quiet") if row.monthly_cost is not None else _QUIET
    return _traffic(row.break_even_tokens_per_day, row.break_even_requests_per_hour, money)


def _traffic(tokens: Decimal | None, requests: Decimal | None, money: MoneyFormat) -> Cell:
    if tokens is None:
        return _QUIET
    asked = f"{three_digits(_rounded(requests), money.locale)}\xa0requests/h" if requests is not None else ""
    return Cell(short_tokens(tokens, money), asked)


def short_tokens(tokens: Decimal, money: MoneyFormat) -> str:
    if tokens >= _BILLION:
        return f"{three_digits(_rounded(tokens / _BILLION), money.locale)}bn"
    if tokens >= _MILLION:
        return f"{three_digits(_rounded(tokens / _MILLION), money.locale)}M"
    return three_digits(_rounded(tokens), money.locale)


def _rounded(value: Decimal) -> Decimal:
    """Without digits nobody reads: from a hundred on a whole number."""
    return value.quantize(Decimal(1)) if value >= 100 else value
