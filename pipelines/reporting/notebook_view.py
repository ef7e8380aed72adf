"""What a notebook looks at: one month in one currency, and how amounts are written."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from pipelines.errors import UsageError
from pipelines.reporting.figures import TEMPLATE, register_template
from pipelines.reporting.money import DEFAULT_LOCALE, MoneyFormat
from pipelines.reporting.monthly_facts import data_until, status
from pipelines.reporting.monthly_input import currencies, monthly_input
from pipelines.reporting.monthly_rows import MonthlyInput, SummaryRow
from pipelines.reporting.notebook_page import library, style
from pipelines.reporting.sentence import headline_sentence, month_name

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class View:
    """Every finding of a notebook is about this. Shown as a cell's result, it also brings the charts' library."""

    report: MonthlyInput
    money: MoneyFormat
    summary: "pl.DataFrame"

    @property
    def month(self) -> str:
        """`YYYY-MM`."""
        return self.report.month

    @property
    def currency(self) -> str:
        """Of all amounts."""
        return self.report.currency

    @property
    def name(self) -> str:
        """The month in words."""
        return month_name(self.month)

    def with_rows(self, **tables: "pl.DataFrame") -> MonthlyInput:
        """The month with rows of further gold tables, each under its name without `gold.`."""
        return _input({"monthly_summary": self.summary, **tables}, self.month, self.currency)

    def source(self, *tables: str) -> str:
        """The caption of a chart."""
        return f"Source: {', '.join(tables)} · {self.currency} · data until {data_until(self.report)}, UTC"

    def newest_source(self, *tables: str) -> str:
        """The caption of what speaks of the days to come: it rests on the newest charges, not on the month's."""
        rows = [row for row in self.summary.to_dicts() if row["billing_currency"] == self.currency]
        until = max((row["charges_until"] for row in rows if row["charges_until"]), default=None)
        last = until - timedelta(days=1) if until else None
        told = f"{last.day} {month_name(f'{last:%Y-%m}')}" if last else "unknown"
        return f"Source: {', '.join(tables)} · {self.currency} · data until {told}, UTC"

    def __str__(self) -> str:
        return f"{self.name} · {self.currency} · data until {data_until(self.report)}, UTC"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        state, detail = status(self.report)
        told = f"{headline_sentence(self.report, self.money)} {state}: {detail}"
        shown = (
            f'<h4 class="answer">{escape(told)}</h4><p class="source">{escape(self.source("gold.monthly_summary"))}</p>'
        )
        page = f'<style>{style()}</style><div class="finops">{shown}</div>{library()}'
        return {"text/html": page, "text/plain": str(self)}


def view_of(
    summary: "pl.DataFrame", month: str | None = None, currency: str | None = None, locale: str = DEFAULT_LOCALE
) -> View:
    """The view of a month of `gold.monthly_summary`; None is the last complete month, and the first currency of it.

    Plotly's template `finops` is registered and becomes the default of this process.
    """
    import plotly.io as pio

    register_template()
    pio.templates.default = TEMPLATE
    rows = summary.to_dicts()
    complete = [row["billing_month"] for row in rows if row["is_complete"]]
    found = sorted({str(row["billing_month"]) for row in rows})
    if not found:
        raise UsageError(f"{SummaryRow.TABLE} is empty; run `finops demo`, or `finops run` on your account")
    chosen = month or max(complete, default=found[-1])
    if chosen not in found:
        raise UsageError(f"month {chosen} is not in the lake; it holds {found[0]} to {found[-1]}")
    money = currency or currencies({SummaryRow.TABLE: rows}, chosen)[0]
    return View(_input({"monthly_summary": summary}, chosen, money), MoneyFormat(money, locale), summary)


def _input(tables: Mapping[str, "pl.DataFrame"], month: str, currency: str) -> MonthlyInput:
    rows = {f"gold.{name}": frame.to_dicts() for name, frame in tables.items()}
    until = max((row["charges_until"] for row in rows[SummaryRow.TABLE] if row["charges_until"]), default=date.min)
    return monthly_input(
        rows,
        month,
        currency,
        organization_name="",
        as_of=datetime.combine(until, time(), UTC),
        product_version="",
    )
