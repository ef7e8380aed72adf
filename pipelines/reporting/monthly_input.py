"""Dict rows of gold tables, as DuckDB or polars return them, become the typed input of the monthly report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, TypeVar, get_type_hints

from pipelines.errors import UsageError
from pipelines.reporting.advice_rows import (
    DUST_FLOOR,
    Advice,
    AdviceRow,
    RecommendationRow,
    RuleAccuracyRow,
    SavingRow,
    UnjudgedRow,
    advice_of,
    flat,
)
from pipelines.reporting.ahead_rows import Ahead, EndRow, ToldRow
from pipelines.reporting.anomaly_rows import (
    Anomalies,
    AnomalyDayRow,
    AnomalyRow,
    CauseRow,
    ChangeRow,
    anomalies_of,
)
from pipelines.reporting.gpu_rows import gpu_of
from pipelines.reporting.kpi_bridge_rows import KpiBridgeRow
from pipelines.reporting.kpi_rows import KpiRow
from pipelines.reporting.monthly_closing import ClosedMonth
from pipelines.reporting.monthly_rows import (
    HEADLINE_BASIS,
    CoverageRow,
    DailyRow,
    FailedCheck,
    FreshnessRow,
    GoldRow,
    InvoiceRow,
    MonthlyInput,
    MoverRow,
    ResidualRow,
    SpenderRow,
    SummaryRow,
    WaterfallRow,
)
from pipelines.reporting.outlook_rows import (
    OUTLOOK_ROWS,
    AccuracyRow,
    BillRow,
    BudgetRow,
    ForecastRow,
    Outlook,
    VoucherRow,
)
from pipelines.reporting.storage_rows import BucketRow, EgressRow, Storage, StoredRow
from pipelines.reporting.telemetry_rows import StreamRow, Telemetry, telemetry_of

Rows = Mapping[str, Sequence[Mapping[str, Any]]]
HISTORY_MONTHS = 13
TABLES = (
    *(SummaryRow.TABLE, DailyRow.TABLE, MoverRow.TABLE, SpenderRow.TABLE, CoverageRow.TABLE),
    *(ResidualRow.TABLE, InvoiceRow.TABLE, WaterfallRow.TABLE, FreshnessRow.TABLE, KpiRow.TABLE),
    *(row.TABLE for row in OUTLOOK_ROWS),
    KpiBridgeRow.TABLE,
)

Row = TypeVar("Row", bound=GoldRow)
Advised = TypeVar("Advised", bound=AdviceRow)


def currencies(rows_by_table: Rows, month: str) -> tuple[str, ...]:
    """Currencies charged in the month, the euro first."""
    found = {
        str(row["billing_currency"]) for row in rows_by_table.get(SummaryRow.TABLE, ()) if row["billing_month"] == month
    }
    return tuple(sorted(found, key=lambda currency: (currency != "EUR", currency)))


def monthly_input(
    rows_by_table: Rows,
    month: str,
    currency: str,
    *,
    organization_name: str,
    as_of: datetime,
    product_version: str,
    checks_failed: Sequence[FailedCheck] = (),
    headline_basis: str = HEADLINE_BASIS,
    closing: ClosedMonth | None = None,
    dust_floor: Decimal = DUST_FLOOR,
) -> MonthlyInput:
    """Typed rows of one month and currency, out of dict rows of tables that may hold more than that.

    A missing column, a float where money is expected or a month without summary is refused.
    """

    def read(kind: type[Row], *, all_months: bool = False) -> tuple[Row, ...]:
        return read_rows(rows_by_table, kind, None if all_months else month, currency)

    history = _history(read(SummaryRow, all_months=True), month, currency)
    is_first = currency in currencies(rows_by_table, month)[:1]
    return MonthlyInput(
        organization_name=organization_name,
        month=month,
        currency=currency,
        as_of=as_of,
        product_version=product_version,
        summary=history[-1],
        history=history,
        checks_failed=tuple(checks_failed),
        headline_basis=headline_basis,
        closing=closing,
        kpis=read(KpiRow, all_months=True),
        kpi_bridge=read(KpiBridgeRow),
        gpu=gpu_of(read),
        **_of_the_bill(read),
        **_of_the_present(rows_by_table, currency, is_first=is_first, dust_floor=dust_floor),
    )


def _of_the_bill(read: Callable[[Any], tuple[Any, ...]]) -> dict[str, Any]:
    """Fields of `MonthlyInput` that tell of the month's charges: what they were, and whether the bill agrees."""
    return {
        "daily": read(DailyRow),
        "movers": read(MoverRow),
        "top_spenders": tuple(sorted(read(SpenderRow), key=lambda row: (row.dimension, row.rank))),
        "coverage": read(CoverageRow),
        "residuals": read(ResidualRow),
        "invoice": next(iter(read(InvoiceRow)), None),
        "waterfall": tuple(sorted(read(WaterfallRow), key=lambda row: row.step_number)),
        "freshness": tuple(sorted(read(FreshnessRow), key=lambda row: row.source)),
    }


def _of_the_present(rows_by_table: Rows, currency: str, *, is_first: bool, dust_floor: Decimal) -> dict[str, Any]:
    """Fields of `MonthlyInput` that stand as they are now, whatever the month."""
    return {
        "outlook": read_outlook(rows_by_table, currency),
        "anomalies": read_anomalies(rows_by_table, currency, is_first=is_first),
        "advice": read_advice(rows_by_table, currency, is_first=is_first, dust_floor=dust_floor),
        "ahead": read_ahead(rows_by_table, currency, is_first=is_first),
        "storage": read_storage(rows_by_table, currency, is_first=is_first),
        "telemetry": read_telemetry(rows_by_table, currency, is_first=is_first),
    }


def read_outlook(rows_by_table: Rows, currency: str) -> Outlook:
    """Budgets and forecasts of one currency, of whatever month."""
    return Outlook(
        forecasts=read_rows(rows_by_table, ForecastRow, None, currency),
        accuracy=read_rows(rows_by_table, AccuracyRow, None, currency),
        budgets=read_rows(rows_by_table, BudgetRow, None, currency),
        vouchers=read_rows(rows_by_table, VoucherRow, None, currency),
        bills=read_rows(rows_by_table, BillRow, None, currency),
    )


def read_anomalies(rows_by_table: Rows, currency: str, *, is_first: bool) -> Anomalies | None:
    """Every anomaly in the rows that speaks of this currency's money; None where nothing was ever judged.

    What is counted in other units stands with the currency that is shown first.
    """
    if AnomalyRow.TABLE not in rows_by_table:
        return None
    rows = [
        row
        for row in read_rows(rows_by_table, AnomalyRow, None, currency)
        if (row.currency == currency if row.currency else is_first)
    ]
    return anomalies_of(
        rows,
        read_rows(rows_by_table, CauseRow, None, currency),
        read_rows(rows_by_table, AnomalyDayRow, None, currency),
        read_rows(rows_by_table, ChangeRow, None, currency),
    )


def read_advice(
    rows_by_table: Rows, currency: str, *, is_first: bool, dust_floor: Decimal = DUST_FLOOR
) -> Advice | None:
    """What was advised, judged and saved in this currency; None where no rule was ever asked.

    What has no currency, since nothing is charged for it, stands with the currency that is shown first.
    """
    if RecommendationRow.TABLE not in rows_by_table:
        return None
    advised = {RecommendationRow.TABLE: [flat(row) for row in rows_by_table[RecommendationRow.TABLE]]}

    def read(kind: type[Advised], tables: Rows) -> tuple[Advised, ...]:
        return _in_currency(read_rows(tables, kind, None, currency), currency, is_first=is_first)

    return advice_of(
        read(RecommendationRow, advised),
        read(UnjudgedRow, rows_by_table),
        read(SavingRow, rows_by_table) if SavingRow.TABLE in rows_by_table else None,
        read(RuleAccuracyRow, rows_by_table),
        dust_floor,
    )


def read_ahead(rows_by_table: Rows, currency: str, *, is_first: bool) -> Ahead:
    """What ends and what was forecast; an end without an amount stands with the currency that is shown first."""
    told = rows_by_table.get(EndRow.TABLE, ())
    ends = [row for row in told if (row["billing_currency"] == currency if row["billing_currency"] else is_first)]
    return Ahead(
        ends=tuple(typed(EndRow, row) for row in ends),
        told=tuple(sorted(read_rows(rows_by_table, ToldRow, None, currency), key=lambda row: row.made_on)),
    )


def read_storage(rows_by_table: Rows, currency: str, *, is_first: bool) -> Storage | None:
    """Buckets charged in this currency and what left them; what lies there stands with the first. None before any."""
    if BucketRow.TABLE not in rows_by_table:
        return None
    return Storage(
        buckets=_in_currency(read_rows(rows_by_table, BucketRow, None, currency), currency, is_first=is_first),
        stored=read_rows(rows_by_table, StoredRow, None, currency) if is_first else (),
        egress=read_rows(rows_by_table, EgressRow, None, currency),
    )


def read_telemetry(rows_by_table: Rows, currency: str, *, is_first: bool) -> Telemetry | None:
    """Streams of data sources charged in this currency; None where none was read."""
    if StreamRow.TABLE not in rows_by_table:
        return None
    rows = read_rows(rows_by_table, StreamRow, None, currency)
    return telemetry_of(_in_currency(rows, currency, is_first=is_first))


def _in_currency(rows: Sequence[Advised], currency: str, *, is_first: bool) -> tuple[Advised, ...]:
    """Those charged in it; what nothing is charged for stands with the currency that is shown first."""
    return tuple(row for row in rows if (row.currency == currency if row.currency else is_first))


def _history(rows: tuple[SummaryRow, ...], month: str, currency: str) -> tuple[SummaryRow, ...]:
    """The months up to this one, oldest first, this one last."""
    until = sorted((row for row in rows if row.billing_month <= month), key=lambda row: row.billing_month)
    if not until or until[-1].billing_month != month:
        raise UsageError(f"no {currency} row for {month} in {SummaryRow.TABLE}; build that month first")
    return tuple(until[-HISTORY_MONTHS:])


def read_rows(rows_by_table: Rows, kind: type[Row], month: str | None, currency: str) -> tuple[Row, ...]:
    """Rows of the month (None: of all) and currency; a table without these columns is taken whole."""
    return tuple(
        typed(kind, row)
        for row in rows_by_table.get(kind.TABLE, ())
        if row.get("billing_currency", currency) == currency
        and (month is None or row.get("billing_month", month) == month)
    )


def typed(kind: type[Row], row: Mapping[str, Any]) -> Row:
    """One dict row as its dataclass; columns the report does not use are ignored."""
    columns = _columns(kind)  # type: ignore[arg-type]
    missing = [name for name, (_, is_required) in columns.items() if is_required and name not in row]
    if missing:
        raise UsageError(f"{kind.TABLE} has no column {', '.join(missing)}; rebuild it with `finops run`")
    table = kind.TABLE
    return kind(
        **{name: _value(table, name, allowed, row[name]) for name, (allowed, _) in columns.items() if name in row}
    )


@cache
def _columns(kind: type[GoldRow]) -> Mapping[str, tuple[tuple[Any, ...], bool]]:
    """By column, the types it may have and whether the table must have it; found out once, since that takes long."""
    types = get_type_hints(kind)
    return {
        field.name: (getattr(types[field.name], "__args__", (types[field.name],)), field.default is MISSING)
        for field in fields(kind)  # type: ignore[arg-type]
    }


def _value(table: str, name: str, allowed: tuple[Any, ...], value: Any) -> Any:
    if type(value) in allowed and not isinstance(value, datetime):
        return value
    if value is None:
        raise UsageError(f"{table}.{name} is null, and the report needs it; rebuild it with `finops run`")
    if Decimal in allowed and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if int in allowed and isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        raise UsageError(f"{table}.{name} is {value}, a time without zone; the lake holds UTC times only")
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return moment.date() if date in allowed else moment
    if not isinstance(value, allowed):
        expected = " or ".join(each.__name__ for each in allowed)
        raise UsageError(f"{table}.{name} is {type(value).__name__} {value!r}, expected {expected}")
    return value
