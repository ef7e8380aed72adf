"""Telemetry as tables: euros by metrics, logs and traces, and the streams that cost most with what becomes of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pipelines.reporting.display import (
    Cell,
    Column,
    Line,
    Table,
    Trace,
    name,
    owner_cell,
    rows_of_skus,
    text,
    trace,
    traced,
)
from pipelines.reporting.folding import cents_adding_up, remainder
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, quantized, total
from pipelines.reporting.telemetry_rows import COCKPIT, LOGS, StreamRow, Telemetry, name_of

MOST_STREAMS = 12
_GIGABYTE = 10**9
_MILLION = 10**6
_QUIET = Cell(NOTHING, tone="quiet")


def signals_table(costs: Mapping[str, Decimal], month: str, money: MoneyFormat) -> Table:
    """One line a SKU that was charged, the dearest first."""
    ranked = sorted(costs, key=lambda sku: (-costs[sku], sku))
    whole = total(costs.values())
    cents = cents_adding_up([costs[sku] for sku in ranked], whole, money)
    lines = []
    for sku, cost in zip(ranked, cents, strict=True):
        keys = (("billing_month", month), ("sku", sku), ("billing_currency", money.currency))
        share = percent(divided(costs[sku], whole), money.locale) if whole else NOTHING
        lines.append(
            Line((text(name_of(sku)), Cell(money.exact(cost)), Cell(share)), Trace("gold.reconciliation", keys))
        )
    if len(lines) > 1:
        source = rows_of_skus("silver.labelled_costs", COCKPIT, month, money.currency)
        lines.append(Line((text("Total"), Cell(money.exact(whole)), text("")), source, kind="total"))
    columns = (Column("Telemetry", numeric=False), Column("Cost in the month", lead=True), Column("Share"))
    empty = "Nothing was charged for telemetry in this month."
    return Table("telemetry-signals", "What telemetry cost, by kind", columns, tuple(lines), empty)


def streams_table(telemetry: Telemetry, plans: Mapping[tuple[str, str], str], money: MoneyFormat) -> Table:
    """The dearest services and metrics, each with its worth and what becomes of it; the rest is folded.

    The column adds up to what the data sources of these streams are charged for them.
    """
    rows = telemetry.priced
    keep = MOST_STREAMS + 1 if len(rows) == MOST_STREAMS + 1 else MOST_STREAMS
    shown, rest = rows[:keep], rows[keep:]
    whole = total(row.cost or Decimal(0) for row in rows)
    lines = [_stream_line(row, plans, money) for row in shown]
    source = rows_of_skus("gold.resource_costs", COCKPIT, rows[0].usage_month, money.currency) if rows else None
    left = remainder(whole, [row.cost or Decimal(0) for row in shown], money)
    blanks = [text("")] * 5
    if rest or left:
        label = f"… and {count(len(rest), money.locale)} more" if rest else "… rounding"
        note = "in gold.telemetry_streams" if rest else ""
        lines.append(Line((Cell(label, note), Cell(money.exact(left)), *blanks), source, kind="fold"))
    if len(lines) > 1:
        lines.append(Line((text("Total"), Cell(money.exact(whole)), *blanks), source, kind="total"))
    columns = (
        Column("Stream", numeric=False),
        Column("Costs a month", lead=True),
        Column("Of its source"),
        Column("Taken in"),
        Column("Queries for a euro"),
        Column("What becomes of it", numeric=False),
        Column("Owner", numeric=False),
    )
    return Table("telemetry-streams", "The services and metrics that cost most", columns, tuple(lines))


def _stream_line(row: StreamRow, plans: Mapping[tuple[str, str], str], money: MoneyFormat) -> Line:
    if row.signal == LOGS:
        taken = Cell(f"{count(round((row.bytes or 0) / _GIGABYTE), money.locale)} GB")
    else:
        taken = Cell(f"{count(round((row.samples or 0) / _MILLION), money.locale)} M samples")
    score = row.queries_for_each_euro
    worth = Cell("not told", tone="quiet") if score is None else Cell(f"{quantized(score, 1):f}")
    return Line(
        (
            name(row.label, note=row.source_name),
            traced(Cell(money.exact(row.cost or Decimal(0))), _charged(row)),
            Cell(percent(row.share, money.locale)),
            taken,
            worth,
            fate(row, plans),
            owner_cell(row.owner),
        ),
        trace(row),
    )


def _charged(row: StreamRow) -> Trace:
    """What its data source is charged, of which it is a part."""
    keys = (("billing_month", row.usage_month), ("resource_id", row.data_source_id))
    return Trace("gold.resource_costs", keys)


def fate(row: StreamRow, plans: Mapping[tuple[str, str], str]) -> Cell:
    """What a plan does to a stream; one that is protected stays whole, whatever plans say."""
    if row.is_protected:
        return Cell("stays whole", f"{row.log_class} is protected", "good")
    planned = plans.get((row.data_source_id, row.metric_name or f"{row.service_name}, {row.log_class}"))
    return Cell(planned) if planned else Cell("stays", tone="quiet")


def protected_words(telemetry: Telemetry, money: MoneyFormat) -> str:
    """What no plan may touch, and what it costs; nothing where no logs were read."""
    logs = [row for row in telemetry.streams if row.signal == LOGS]
    if not logs:
        return ""
    kept: Sequence[StreamRow] = [row for row in logs if row.is_protected]
    cost = total(row.cost or Decimal(0) for row in kept)
    size = sum(row.bytes or 0 for row in kept)
    told = "Lines of audit, security and errors, those that are slow, and those that say nothing of themselves"
    if not kept:
        return f"{told} are never sampled, dropped or kept shorter than the policy says; none was found."
    return (
        f"{told} are never sampled, dropped or kept shorter than the policy says: "
        f"{count(round(size / _GIGABYTE), money.locale)} GB, {money.headline(cost)} a month."
    )
