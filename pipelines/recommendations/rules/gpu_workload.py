"""What rules about models at Generative APIs share: what is asked of a model in a project, and its prices. No rule."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pipelines.recommendations.recommendation import Fact
from pipelines.recommendations.world import Row, World

WORKLOADS, PRICES = "gold.gpu_workloads", "silver.model_prices"
API, OWN = "generative-apis", "self-hosted"
_MILLION = Decimal(1_000_000)


def monthly_factor(row: Row) -> Decimal:
    """From the four weeks to 730 hours."""
    days: int = (row["known_until"] - row["known_from"]).days
    return Decimal(730) / (24 * days)


def about(row: Row) -> str:
    """What advice is about where no resource is: the model in its project."""
    return f"{row['project_id']}/{row['model']}"


def days_counted(row: Row) -> int:
    """Whole days of hours of which something is known."""
    return int(row["hours_counted"] or 0) // 24


def counted_tokens(row: Row) -> list[float]:
    """Tokens of the hours that were counted, in their order."""
    return [float(each) for each in row["hourly_tokens"] or () if each is not None]


def prices_of(world: World, row: Row, mode: str) -> Mapping[str, Decimal]:
    """What a million tokens of its model cost in a mode, by kind of token; empty where the list has none."""
    found: dict[str, Decimal] = {}
    for price in world.rows(PRICES):
        is_its = price["model"].lower() == row["model"].lower() and price["billing_currency"] == row["billing_currency"]
        if is_its and price["consumption_mode"] == mode:
            known = found.get(price["token_type"], price["million_price"])
            found[price["token_type"]] = min(known, price["million_price"])
    return found


def listed_cost(row: Row, prices: Mapping[str, Decimal]) -> Decimal | None:
    """The tokens of four weeks at those prices; None where a kind that was counted has none."""
    total = Decimal(0)
    for column, kind in (("input_tokens", "input_token"), ("output_tokens", "output_token")):
        if row[column]:
            if kind not in prices:
                return None
            total += row[column] * prices[kind] / _MILLION
    return total if prices else None


def evidence(row: Row) -> dict[str, Fact]:
    """What all of these rules stand on."""
    facts: dict[str, Any] = {name: row[name] for name in ("model", "input_tokens", "output_tokens", "window_cost")}
    return {
        **facts,
        "days_counted": days_counted(row),
        "query": f"select * from {WORKLOADS} where project_id = '{row['project_id']}' and provider = '{API}'",
    }
