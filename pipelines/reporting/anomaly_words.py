"""How an anomaly is called: its scope, its days, its amounts, its kind and state."""

from datetime import date
from decimal import Decimal

from pipelines.reporting.anomaly_rows import AnomalyRow, ScopeRow
from pipelines.reporting.folding import shortened
from pipelines.reporting.kpi_words import amount_shown, three_digits
from pipelines.reporting.money import MINUS, NOTHING, MoneyFormat, percent, quantized

ORGANIZATION = "the whole organisation"
_HUNDRED, _GIGA = Decimal(100), Decimal(10) ** 9
_TITLE_LENGTH = 84
USUAL_AFTER_DAYS = 28
"""So long an anomaly lasts at most: what goes on after it is what is usual there, and did not end."""
_MANY = 1000  # from here on a count has no digits after the point
_SUBJECTS = {"telemetry": "telemetry", "requests": "requests", "kpi": "a key figure"}


def scope_words(row: ScopeRow) -> str:
    """From the widest to the narrowest part: `sandbox › GPU Instances › pl-waw-2`."""
    label = f"{row.label_key} {row.label_value}" if row.label_key and row.label_value else None
    parts = (
        *(row.project_name or row.project_id, label, row.service_name, row.region, row.sku),
        *(row.resource_name or row.resource_id, row.measure.replace("_", " ") if row.measure else None),
    )
    return " › ".join(part for part in parts if part) or ORGANIZATION


def chain_words(row: AnomalyRow) -> str:
    """The chain down to the root cause, else where it happened."""
    return row.root_cause if row.root_cause and not row.kpi else scope_words(row)


def narrowest(row: ScopeRow) -> str:
    """The last part of the scope, which its causes are told apart by."""
    return scope_words(row).rpartition(" › ")[2]


def kind_words(row: AnomalyRow) -> str:
    """`spike`, `level shift of requests`."""
    kind = row.kind.replace("_", " ")
    subject = _SUBJECTS.get(row.subject)
    return f"{kind} of {subject}" if subject else kind


def when_words(first: date, last: date, year: int | None = None) -> str:
    """`23 Oct`, `23–26 Oct`, `30 Sep – 2 Oct`; with the year where it is not the one given."""
    ends = f"{last.day} {last:%b}" + ("" if last.year == year else f" {last.year}")
    if first == last:
        return ends
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{ends}"
    starts = f"{first.day} {first:%b}" + ("" if first.year == last.year else f" {first.year}")
    return f"{starts} – {ends}"


def span_words(first: date, last: date, year: int | None = None) -> str:
    """As in a sentence: `on 23 Oct`, `from 23 to 26 Oct`, `from 30 Sep to 2 Oct`."""
    if first == last:
        return f"on {when_words(first, last, year)}"
    begins, _, ends = when_words(first, last, year).replace(" – ", "–").partition("–")
    return f"from {begins} to {ends}"


def duration_words(row: AnomalyRow) -> str:
    """`4 days, ended`, `12 days, ongoing`, `28 days, usual since`."""
    days = f"{row.duration_days} day{'' if row.duration_days == 1 else 's'}"
    ended = "usual since" if row.duration_days >= USUAL_AFTER_DAYS else "ended"
    return f"{days}, {'ongoing' if row.is_ongoing else ended}"


def shown(value: Decimal | None, row: ScopeRow, money: MoneyFormat) -> str:
    """An amount in the anomaly's own unit: money, else three digits with the unit."""
    return NOTHING if value is None else _amount(value, row, money)


def shown_change(value: Decimal | None, row: ScopeRow, money: MoneyFormat) -> str:
    """As `shown`, with its sign."""
    return NOTHING if value is None else ("+" if value > 0 else "") + _amount(value, row, money)


def tick(value: Decimal, row: ScopeRow, money: MoneyFormat) -> str:
    """An amount on an axis."""
    if row.currency:
        return amount_shown(value, money) if row.kpi else money.whole(value)
    value, unit = _counted(value, row.unit)
    return f"{_number(value, money)}\xa0{unit}"


def percent_shown(value: Decimal | None, money: MoneyFormat) -> str:
    """A column of per cent with its sign; nothing where nothing was expected."""
    return "" if value is None else percent(value / _HUNDRED, money.locale, plus=True)


def confidence_shown(row: AnomalyRow, money: MoneyFormat) -> str:
    """The measured precision of such alarms."""
    return confidence_words(row.confidence, money)


def confidence_words(value: float | None, money: MoneyFormat) -> str:
    """A precision as a whole percentage, 100 % only where it is exactly so."""
    if value is None:
        return NOTHING
    ratio = Decimal(repr(value))
    return percent(ratio if ratio == 1 else min(ratio, Decimal("0.99")), money.locale, decimals=0)


def event_sentence(row: AnomalyRow, money: MoneyFormat, year: int | None = None) -> str:
    """What happened against what was expected, as a title."""
    where, when = shortened(chain_words(row), _TITLE_LENGTH), span_words(row.first_day, row.last_day, year)
    if row.expected is None:
        return f"{where}: {kind_words(row)} {when}"
    came = "nothing" if row.actual is None else shown(row.actual, row, money)
    return f"{where}: {came} {when}, where {shown(row.expected, row, money)} was expected"


def _amount(value: Decimal, row: ScopeRow, money: MoneyFormat) -> str:
    if row.currency:  # the cost of one unit has digits beyond the cent where that is too coarse
        return amount_shown(value, money) if row.kpi and abs(value) < 1 else money.exact(value)
    value, unit = _counted(value, row.unit)
    return f"{_number(value, money)}\xa0{unit}"


def _counted(value: Decimal, unit: str) -> tuple[Decimal, str]:
    """Bytes as GB, as they are billed."""
    return (value / _GIGA, "GB") if unit == "bytes" else (value, unit)


def _number(value: Decimal, money: MoneyFormat) -> str:
    sign = MINUS if value < 0 else ""
    digits = abs(value) if abs(value) < _MANY else quantized(abs(value), 0)
    return sign + three_digits(digits, money.locale)
