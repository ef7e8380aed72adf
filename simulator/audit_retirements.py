"""Offers that come to an end, as the catalogue and the Instance API tell it once it is announced."""

from typing import Any

from simulator.audit_scenario import Retirement
from simulator.instants import seconds, zulu
from simulator.price_book import PriceBook
from simulator.scenario import Scenario

_STEPS = ("end_of_growth", "end_of_sale", "end_of_life")


class Retirements:
    """Which SKUs are given up, and when."""

    def __init__(self, scenario: Scenario, book: PriceBook) -> None:
        self._by_sku: dict[str, Retirement] = {
            sku: retirement
            for retirement in scenario.retirements
            for pattern in retirement.skus
            for sku in book.matching(pattern)
        }

    def of(self, sku: str, now: int) -> Retirement | None:
        """What was announced for a SKU until now."""
        found = self._by_sku.get(sku)
        return found if found and seconds(found.announced) <= now else None

    def dates(self, sku: str, now: int) -> dict[str, Any]:
        """The status and the three dates of a catalogue entry."""
        found, status = self.of(sku, now), "general_availability"
        told: dict[str, Any] = {}
        for step in _STEPS:
            moment = getattr(found, step) if found else None
            told[f"{step}_at"] = zulu(seconds(moment)) if moment else None
            if moment and seconds(moment) <= now:
                status = step
        return {"status": status, **told}

    def replacements(self, sku: str, now: int) -> list[str]:
        found = self.of(sku, now)
        return list(found.replacements) if found else []

    def has_ended(self, sku: str, now: int) -> bool:
        """Whether nothing new of it is sold any more."""
        found = self.of(sku, now)
        last = found and (found.end_of_sale or found.end_of_life)
        return bool(last and seconds(last) <= now)
