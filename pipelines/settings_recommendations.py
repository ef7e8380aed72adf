"""The `[recommendations]` section of the settings: what is protected, what is left out, and how cautious rules are.

The thresholds of a rule and their defaults lie beside the rule; here only names and values as somebody wrote them.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

PROTECTED_TAGS = ("role=dr-*", "purpose=restore-drill", "legal-hold", "finops:keep")
"""Standby copies, restore drills, what the law holds, and what somebody wants kept."""

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Pattern = Annotated[str, Field(min_length=1)]
Threshold: TypeAlias = bool | int | float | str | tuple[str, ...]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Suppression(_Section):
    """Recommendations somebody answers for until a day: made and kept, and told to nobody."""

    rule: Pattern = Field("*", description="Rule, such as idle_instance; * stands for any letters.")
    resource: Pattern = Field("*", description="Resource, name or id; * stands for any letters.")
    project: Pattern = Field("*", description="Project, name or id; * stands for any letters.")
    tag: Pattern = Field("*", description="Tag of the resource, such as env=dev; * stands for any letters.")
    reason: Text = Field(description="Why nobody has to act.")
    owner: Text = Field(description="Who answers for that.")
    until: date = Field(description="The last day it holds.")

    @model_validator(mode="after")
    def _narrow(self) -> Suppression:
        if all(not each.strip("*") for each in (self.rule, self.resource, self.project, self.tag)):
            raise ValueError(
                f"suppression {self.reason!r} leaves out everything; set one of rule, resource, project or tag"
            )
        return self


class Recommendations(_Section):
    """What may be advised, what is left out, and how cautious each rule is."""

    protected_tags: tuple[Pattern, ...] = Field(
        PROTECTED_TAGS, description="Tags whose resources are never advised away; * stands for any letters."
    )
    dust_floor: Decimal = Field(
        Decimal(1), ge=0, allow_inf_nan=False, description="Smaller savings a month are told in one line."
    )
    suppressions: tuple[Suppression, ...] = Field(
        (), description="Recommendations somebody answers for, each with reason, owner and last day."
    )
    rules: dict[str, dict[str, Threshold]] = Field(
        default_factory=dict, description="Thresholds by rule, as a table of its own; see docs/recommendations.md."
    )
