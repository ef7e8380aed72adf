"""What a scenario may say of what would end a waste, so that what it saves is worked out and not told."""

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, model_validator

from simulator.s3_scenario import Age, Rule
from simulator.scenario_values import Strict

_USUAL_AGES = (365, 180, 90, 60, 30)


class Cure(Strict):
    """What is done about a planted item, for good, under the policy that its organisation has. Only one kind of it."""

    rules: tuple[Rule, ...] = Field(
        default=(), description="lifecycle rules, as if they had always acted beside those of the bucket"
    )
    within: Decimal | None = Field(
        default=None,
        ge=0,
        description="euros a month: current objects expire at the largest of `ages` that leaves less",
    )
    ages: tuple[Age, ...] = Field(default=_USUAL_AGES, min_length=1, description="days, for `within`")
    small_bytes: int = Field(default=1_000_000, ge=0, description="objects below this are moved to no other class")
    empties: bool = Field(default=False, description="all that lies in the bucket goes")
    levels: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(
        default={}, description="levels of the logs of services that are not sent any more, by service"
    )
    drops_unread: bool = Field(default=False, description="metrics that nobody reads are not sent any more")
    ends_bursts: bool = Field(default=False, description="the load goes on as if its bursts of these days were over")

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        storage = bool(self.rules) or self.within is not None
        told = [storage, self.empties, bool(self.levels), self.drops_unread, self.ends_bursts]
        if sum(told) != 1:
            raise ValueError(
                "a cure is one of: rules (with or without within), empties, levels, drops_unread, ends_bursts"
            )
        return self
