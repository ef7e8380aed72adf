"""The `[units]` section of the settings: what unit costs need to be told."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1)]


class Units(BaseModel):
    """What the cost of a unit of work needs to be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    target_margin: Decimal = Field(
        Decimal("0.3"), ge=0, lt=1, description="A tenant's margin below this share of its price is flagged."
    )
    ci_products: tuple[Name, ...] = Field(("ci",), description="Products whose cost is that of building and testing.")
    ci_pools: tuple[Name, ...] = Field(("ci",), description="Pools of [[allocation.pools]] whose cost is, too.")
    ephemeral_environments: tuple[Name, ...] = Field(
        ("ephemeral", "preview", "review"), description="Environments that live for a test; their cost is the CI's."
    )
    first_entry_sources: tuple[Name, ...] = Field(
        (),
        description="Sources of imported requests that count where these first enter; they come before measured ones.",
    )
    regression_days: int = Field(
        30, ge=10, le=366, description="Least days for telling fixed from marginal cost per unit."
    )
