"""Rows of gold.kpi_bridge as the report shows them: one figure with the sums of its parts' effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pipelines.reporting.money import divided, total
from pipelines.reporting.monthly_rows import GoldRow


@dataclass(frozen=True)
class KpiBridgeRow(GoldRow):
    """One part of one figure; a figure without a split has one row, without amounts and with the reason."""

    TABLE = "gold.kpi_bridge"
    KEYS = ("billing_month", "kpi", "scope", "item", "billing_currency")

    billing_month: str
    kpi: str
    scope: str
    item: str
    billing_currency: str
    unit: str
    previous_value: Decimal | None
    value: Decimal | None
    change: Decimal | None
    price_effect: Decimal | None
    volume_effect: Decimal | None
    mix_effect: Decimal | None
    efficiency_effect: Decimal | None
    new_effect: Decimal | None
    gone_effect: Decimal | None
    not_separable_effect: Decimal | None
    reason: str | None

    def effects(self) -> tuple[Decimal, ...]:
        """Price, volume, mix, efficiency, new, gone, not separable: together the change."""
        found = (
            *(self.price_effect, self.volume_effect, self.mix_effect, self.efficiency_effect),
            *(self.new_effect, self.gone_effect, self.not_separable_effect),
        )
        return tuple(each or Decimal(0) for each in found)


@dataclass(frozen=True)
class FigureBridge:
    """One figure, month against month: its change and the sums of the effects, or the reason why there is no split."""

    kpi: str
    scope: str
    unit: str
    before: Decimal | None
    now: Decimal | None
    effects: tuple[Decimal, ...]
    reason: str | None
    largest_part: KpiBridgeRow | None

    @property
    def change(self) -> Decimal | None:
        """The sum of the parts' changes."""
        return total(self.effects) if self.effects else None

    @property
    def ratio(self) -> Decimal | None:
        """The change relative to the figure before."""
        return divided(self.change, self.before) if self.change is not None and self.before else None


def figure_bridges(rows: Sequence[KpiBridgeRow]) -> tuple[FigureBridge, ...]:
    """The figures of one month and currency, by name."""
    grouped: dict[tuple[str, str], list[KpiBridgeRow]] = {}
    for row in rows:
        grouped.setdefault((row.kpi, row.scope), []).append(row)
    return tuple(_figure(held) for _, held in sorted(grouped.items()))


def _figure(rows: Sequence[KpiBridgeRow]) -> FigureBridge:
    parts = [row for row in rows if row.change is not None]
    sums = tuple(total(column) for column in zip(*(row.effects() for row in parts), strict=True))
    largest = max(parts, key=lambda row: (abs(row.change or Decimal(0)), row.item), default=None)
    first = (*parts, *rows)[0]
    reason = next((row.reason for row in rows if row.reason), None)
    values = (first.previous_value, first.value)
    return FigureBridge(first.kpi, first.scope, first.unit, *values, sums, reason, largest)
