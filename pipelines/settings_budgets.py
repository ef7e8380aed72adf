"""Settings of budgets, contracts and the forecast: what was agreed, and how money is counted in it."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.settings_values import Currency

_MONTH: Final = r"[0-9]{4}-(0[1-9]|1[0-2])"


def _month(value: str) -> str:
    if not re.fullmatch(_MONTH, value):
        raise ValueError("expected a month such as 2026-11")
    return value


Month = Annotated[str, AfterValidator(_month), Field(json_schema_extra={"pattern": f"^{_MONTH}$"})]
Amount = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Percent = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]


class BudgetScope(StrEnum):
    """Whose cost a budget bounds."""

    organization = "organization"
    project = "project"
    team = "team"
    product = "product"
    tag = "tag"
    kpi = "kpi"


class CostBasis(StrEnum):
    """How a budget counts: as the costs here do, or as an invoice or Scaleway's console does."""

    cost = "cost"
    cost_with_tax = "cost with tax"
    after_discounts = "after discounts"
    invoice = "after discounts with tax"

    @property
    def is_after_discounts(self) -> bool:
        return self in (CostBasis.after_discounts, CostBasis.invoice)

    @property
    def has_tax(self) -> bool:
        return self in (CostBasis.cost_with_tax, CostBasis.invoice)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BudgetSetting(_Section):
    """One budget: an amount for every month, or for the months that `months` names."""

    name: Name = Field(description="What people call it; each budget has its own.")
    scope: BudgetScope = Field(
        BudgetScope.organization, description="organization, project, team, product, tag or kpi."
    )
    value: str = Field(
        "",
        description="Which one: a project (name or id), team, product, tag (key=value) or KPI (kpi, or kpi=scope).",
    )
    amount: Amount | None = Field(None, description="For every month; of a KPI the highest value of one unit.")
    months: dict[Month, Amount] = Field(default_factory=dict, description="Amounts of single months, before `amount`.")
    currency: Currency = Field("EUR", description="Currency of the amounts; costs in others do not count.")
    basis: CostBasis = Field(
        CostBasis.cost,
        description="How it counts: cost (before vouchers and VAT), cost with tax, after discounts, "
        "after discounts with tax (as Scaleway's own).",
    )
    thresholds: tuple[Percent, ...] = Field(
        (Decimal(80), Decimal(100)), description="Percentages of the amount; each is told once a month."
    )

    @model_validator(mode="after")
    def _complete(self) -> BudgetSetting:
        if self.amount is None and not self.months:
            raise ValueError(f"budget {self.name!r} has no amount; set amount, or months")
        if (self.scope is BudgetScope.organization) == bool(self.value):
            raise ValueError(f"budget {self.name!r}: value names the {self.scope}; an organization has none")
        if self.scope is BudgetScope.tag and not all(self.value.partition("=")):
            raise ValueError(f"budget {self.name!r}: value {self.value!r} is no tag; write key=value")
        if self.scope is BudgetScope.kpi and self.basis is not CostBasis.cost:
            raise ValueError(f"budget {self.name!r}: a KPI is counted as cost; leave basis out")
        return self

    def amount_of(self, month: str) -> Decimal | None:
        """The amount of a month, None where the budget says nothing of it."""
        return self.months.get(month, self.amount)


class BillingTerms(_Section):
    """What lies between a cost and its invoice, to convert budgets from one to the other."""

    tax_rate: Decimal | None = Field(
        None, ge=0, lt=1, description="VAT, 0.2 for 20 %. Default: that of the newest tax on the bill."
    )
    discount_rate: Decimal = Field(
        Decimal(0),
        ge=0,
        le=1,
        description="The contract's rate that charges do not hold yet, 0.1 for 10 %.",
    )


class CommitmentSetting(_Section):
    """A contract with a minimum spend."""

    name: Name = Field(description="What people call it.")
    minimum: Amount = Field(description="What is paid from its start to its end, used or not, before vouchers and VAT.")
    currency: Currency = Field("EUR", description="Currency of the minimum.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="The day after the last one.")
    project: str | None = Field(None, min_length=1, description="Only this project's cost counts; else all.")

    @model_validator(mode="after")
    def _in_order(self) -> CommitmentSetting:
        if self.starts_on >= self.ends_on:
            raise ValueError(f"commitment {self.name!r} ends on {self.ends_on}, before it starts; swap the days")
        return self


class EndDate(_Section):
    """Something that ends and that Scaleway does not tell of."""

    subject: Name = Field(description="What ends.")
    on: date = Field(description="The day on which it is over.")
    kind: str = Field(
        "contract_end", pattern="^[a-z_]+$", description="Such as contract_end, end_of_life, end_of_sale, option_end."
    )
    amount: Decimal | None = Field(None, description="Money at stake, where that is known.")
    currency: Currency = Field("EUR", description="Currency of the amount.")
    note: str | None = Field(None, min_length=1, description="What to know of it.")


class KnownChangeSetting(_Section):
    """Something that will change costs and that no history shows: exactly one of factor, once, monthly and ends."""

    name: Name = Field(description="What people call it; each change has its own.")
    on: date = Field(description="First day on which it holds.")
    until: date | None = Field(None, description="The day after the last one, of a factor or a monthly amount.")
    project: Name = Field("*", description="Projects that it reaches, by name or id; * stands for anything.")
    service: Name = Field("*", description="Services that it reaches.")
    sku: Name = Field("*", description="SKUs that it reaches.")
    factor: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None, description="Costs are multiplied by it: 1.05 for 5 % more, 0.5 for half."
    )
    once: Annotated[Decimal, Field(allow_inf_nan=False)] | None = Field(
        None, description="An amount on that day, below zero for less."
    )
    monthly: Annotated[Decimal, Field(allow_inf_nan=False)] | None = Field(
        None, description="An amount more (or, below zero, less) each month, day by day."
    )
    ends: bool = Field(False, description="What it reaches costs nothing from that day on.")
    currency: Currency = Field("EUR", description="Currency of the amount, and of the costs that it reaches.")

    @model_validator(mode="after")
    def _one_effect(self) -> KnownChangeSetting:
        given = [name for name in ("factor", "once", "monthly") if getattr(self, name) is not None]
        given += ["ends"] if self.ends else []
        if len(given) != 1:
            told = " and ".join(given) or "nothing"
            raise ValueError(f"known change {self.name!r} sets {told}; set one of factor, once, monthly or ends = true")
        if self.until is not None and (given[0] in ("once", "ends") or self.until <= self.on):
            raise ValueError(
                f"known change {self.name!r}: until {self.until} needs a factor or a monthly amount that began before"
            )
        return self


class HolidaySetting(StrEnum):
    """Whose holidays a forecast may use, where the history shows their effect."""

    none = "none"
    generic = "generic"
    fr = "fr"


class ForecastSetting(_Section):
    """How the forecast is made."""

    holidays: HolidaySetting = Field(
        HolidaySetting.fr, description="Whose holidays may matter: fr, generic (most of Europe) or none."
    )


def refuse_same_changes(changes: tuple[KnownChangeSetting, ...]) -> tuple[KnownChangeSetting, ...]:
    """Raises ValueError when two changes have one name: each is a line of the forecast."""
    seen: set[str] = set()
    for change in changes:
        if change.name in seen:
            raise ValueError(f"two known changes are named {change.name!r}; name each its own way")
        seen.add(change.name)
    return changes


KnownChanges = Annotated[tuple[KnownChangeSetting, ...], AfterValidator(refuse_same_changes)]


def refuse_same_names(budgets: tuple[BudgetSetting, ...]) -> tuple[BudgetSetting, ...]:
    """Raises ValueError when two budgets have one name: what was told is remembered by it."""
    seen: set[str] = set()
    for budget in budgets:
        if budget.name in seen:
            raise ValueError(f"two budgets are named {budget.name!r}; name each its own way")
        seen.add(budget.name)
    return budgets


Budgets = Annotated[tuple[BudgetSetting, ...], AfterValidator(refuse_same_names)]
