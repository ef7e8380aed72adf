"""How money, changes and shares are written for a person. Amounts are Decimal, and no cent gets lost."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_currency_precision

DEFAULT_LOCALE = "en_IE"
NOTHING = "—"
MINUS = "−"
FLAT_BAND = Decimal("0.05")  # a change within ±5 % is called flat
HEADLINE_FROM = Decimal(1000)  # headlines drop the cents from here on
TINY_BASE = Decimal(1)  # no percentage is formed on a base below one unit of currency

_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)  # decimal(38, 12) and its sums never round by accident


@dataclass(frozen=True)
class MoneyFormat:
    """Writes amounts of one currency in one locale."""

    currency: str
    locale: str = DEFAULT_LOCALE

    def rounded(self, amount: Decimal) -> Decimal:
        """The amount as it is shown: in whole cents (or the currency's own smallest unit), never minus zero."""
        return quantized(amount, get_currency_precision(self.currency))

    def exact(self, amount: Decimal) -> str:
        """To the cent: `€1,234.57`, `1 234,57 €`, `−€3.10`."""
        rounded = self.rounded(amount)
        return _sign(rounded, plus=False) + self._unsigned(rounded)

    def headline(self, amount: Decimal) -> str:
        """As `exact`, without cents from a thousand on."""
        rounded = self._headline_amount(amount)
        return _sign(rounded, plus=False) + self._unsigned(rounded)

    def whole(self, amount: Decimal) -> str:
        """An axis mark: no cents where there are none."""
        digits = 0 if amount == amount.to_integral_value() else get_currency_precision(self.currency)
        return _sign(amount, plus=False) + self._unsigned(quantized(amount, digits))

    def signed(self, amount: Decimal) -> str:
        """As `exact`, with `+` before a positive amount."""
        rounded = self.rounded(amount)
        return _sign(rounded, plus=True) + self._unsigned(rounded)

    def signed_headline(self, amount: Decimal) -> str:
        """As `headline`, with `+` before a positive amount."""
        rounded = self._headline_amount(amount)
        return _sign(rounded, plus=True) + self._unsigned(rounded)

    def signed_whole(self, amount: Decimal) -> str:
        """Signed and without cents, for a column of amounts whose largest needs none."""
        rounded = quantized(amount, 0)
        return _sign(rounded, plus=True) + self._unsigned(rounded)

    def change(self, delta: Decimal | None, base: Decimal | None) -> str:
        """A change with its percentage, `+€2,810 (+6.2%)`; without one, `new` or `—` stands for it."""
        if delta is None:
            return NOTHING
        return f"{self.signed_headline(delta)} ({self.change_ratio(delta, base)})"

    def change_ratio(self, delta: Decimal | None, base: Decimal | None) -> str:
        """The percentage alone; `new` where nothing was before, `—` where the base is tiny or a credit."""
        if delta is None:
            return NOTHING
        if (base is None or base == 0) and delta > 0:
            return "new"
        if base is None or base < TINY_BASE:
            return NOTHING
        return percent(divided(delta, base), self.locale, plus=True)

    def unit_cost(self, amount: Decimal, unit: str) -> str:
        """Three significant digits with the unit: `€0.00412 per GB`."""
        short = amount
        for _ in range(2):  # 0.9996 becomes 1.00: rounding may add a digit, so look twice
            exponent = short.adjusted() - 2 if short else -get_currency_precision(self.currency)
            short = quantized(amount, -exponent)
        written = self._unsigned(quantized(short, max(0, -exponent)))
        return f"{_sign(short, plus=False)}{written} per {unit}"

    def with_digits(self, amount: Decimal, digits: int, *, plus: bool = False) -> str:
        """With so many digits after the point: `€0.0118`, `+€0.0024`."""
        short = quantized(amount, digits)
        return _sign(short, plus=plus) + self._unsigned(short)

    def _headline_amount(self, amount: Decimal) -> Decimal:
        rounded = self.rounded(amount)
        return quantized(amount, 0) if abs(rounded) >= HEADLINE_FROM else rounded

    def _unsigned(self, amount: Decimal) -> str:
        pattern = Locale.parse(self.locale).currency_formats["standard"].pattern.split(";")[0]
        digits = max(0, -int(amount.as_tuple().exponent))
        pattern = pattern.replace("0.00", "0." + "0" * digits if digits else "0")
        with localcontext(_WIDE):
            written = format_currency(abs(amount), self.currency, pattern, locale=self.locale, currency_digits=False)
        return _joined(written)


def percent(ratio: Decimal | None, locale: str = DEFAULT_LOCALE, *, plus: bool = False, decimals: int = 1) -> str:
    """A fraction as a percentage: `6.2%`, `6,2 %`; from 1 000 % on without decimals."""
    if ratio is None:
        return NOTHING
    with localcontext(_WIDE):
        decimals = 0 if abs(ratio) >= 10 else decimals
        shown = quantized(ratio * 100, decimals)
        pattern = Locale.parse(locale).percent_formats[None].pattern
        pattern = pattern.replace("#,##0", "#,##0." + "0" * decimals if decimals else "#,##0")
        written = format_percent(abs(shown) / 100, pattern, locale=locale)
    return _sign(shown, plus=plus) + _joined(written)


def count(number: int, locale: str = DEFAULT_LOCALE) -> str:
    """A whole number with the locale's grouping."""
    return _joined(format_decimal(number, locale=locale))


def divided(numerator: Decimal, denominator: Decimal) -> Decimal:
    """A ratio for display, precise beyond anything shown."""
    return _WIDE.divide(numerator, denominator)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum: 38 digits and more, never rounded to the default context's 28."""
    with localcontext(_WIDE):
        return sum(amounts, Decimal(0))


def is_flat(ratio: Decimal) -> bool:
    """Whether a relative change is small enough to be called "about the same"."""
    return abs(ratio) <= FLAT_BAND


def arrow(amount: Decimal) -> str:
    """The direction as a shape, so that it never rests on colour alone."""
    return "▲" if amount > 0 else "▼" if amount < 0 else "="


def quantized(amount: Decimal, digits: int) -> Decimal:
    """Rounded half to even to so many digits after the point, never minus zero."""
    with localcontext(_WIDE):
        return amount.quantize(Decimal(1).scaleb(-digits)) + 0


def _sign(amount: Decimal, *, plus: bool) -> str:
    return MINUS if amount < 0 else "+" if plus and amount > 0 else ""


def _joined(text: str) -> str:
    """Narrow no-break spaces and plain ones become no-break spaces: a number never breaks over two lines."""
    return text.replace("\u202f", "\xa0").replace(" ", "\xa0")
