"""How a key figure is written: three significant digits, changes in per cent or in points."""

from decimal import Decimal, localcontext

from babel.numbers import format_decimal

from pipelines.reporting.display import Cell
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, percent

_DIGITS = 3
_UNIT = "unit"


def amount_shown(value: Decimal | None, money: MoneyFormat) -> str:
    """The cost of one unit, which is named elsewhere: `€0.00412`."""
    return NOTHING if value is None else money.unit_cost(value, _UNIT).removesuffix(f" per {_UNIT}")


def three_digits(value: Decimal | None, locale: str) -> str:
    """A number that is no money: `0.00412`, `12.4`, `1,234.5` is `1,230`; a count stays exact."""
    if value is None:
        return NOTHING
    if value == value.to_integral_value():
        return count(int(value), locale)
    with localcontext(prec=60):
        shown = value
        for _ in range(2):  # 0.9996 becomes 1.00: rounding may add a digit, so look twice
            exponent = shown.adjusted() - _DIGITS + 1
            shown = value.quantize(Decimal(1).scaleb(exponent))
        digits = max(0, -exponent)
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        written = format_decimal(shown.quantize(Decimal(1).scaleb(-digits)), pattern, locale=locale)
    return str(written).replace("\u202f", "\xa0").replace(" ", "\xa0").replace("-", "−")


def ratio_cell(ratio: Decimal | None, money: MoneyFormat) -> Cell:
    """A relative change with its direction as a shape; a quiet dash where there is nothing to compare with."""
    if ratio is None:
        return Cell(NOTHING, tone="quiet")
    with localcontext(prec=60):
        shown = ratio.quantize(Decimal("0.001"))
    tone = "more" if shown > 0 else "less" if shown < 0 else "quiet"
    return Cell(percent(shown, money.locale, plus=True), tone=tone, arrow=arrow(shown))


def points_shown(difference: Decimal | None, money: MoneyFormat) -> Cell:
    """The difference of two shares in percentage points; whether more is better depends on the share."""
    if difference is None:
        return Cell(NOTHING, tone="quiet")
    shown = percent(difference, money.locale, plus=True)
    number = shown.replace("\xa0", "").removesuffix("%")
    return Cell(f"{number}\xa0pp", arrow=arrow(difference.quantize(Decimal("0.001"))))
