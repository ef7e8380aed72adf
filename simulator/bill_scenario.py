"""What a scenario may say of the bill apart from what is used: vouchers, budgets, contracts, and when it is issued."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field, field_validator

from simulator.scenario_values import Amount, Days, Moment, MonthName, Share, Strict


class Voucher(Strict):
    """Money off the invoice: a sum that is used up (`value`) or a share (`rate`)."""

    description: str
    mode: Literal["value", "rate"] = "value"
    value: Amount = Field(gt=0)
    category: str = ""
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    coupon: str = ""


class Budget(Strict):
    limit: int = Field(gt=0)
    alerts: tuple[int, ...] = (80, 100)
    enabled: bool = True


class ConsumptionOnly(Strict):
    """A consumption line without a charge: a contract line, or a difference planted on purpose."""

    sku: str
    project: str
    amount: Amount
    product: str
    label: str = ""
    category: str = "Contracts"
    unit: str = "month"
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    kind: Literal["contract", "unexplained"] = "contract"


class SavingsPlan(Strict):
    """A Compute savings plan: a pool of eligible usage by calendar month, cheaper by `discount`, billed used or not."""

    project: str = Field(description="whose lines of the bill tell of it")
    commitment: Amount = Field(gt=0, description="eligible usage committed to by month, at public price")
    discount: Share = Field(gt=0, lt=1, description="part of the public price that is taken off")
    start: Moment = Field(alias="from", description="first day of a month")
    end: Moment = Field(alias="to", description="first day of a month, after the last one")
    charges_are_net: bool = Field(default=True, description="else a line of the bill takes the discount off")

    @field_validator("start", "end")
    @classmethod
    def _with_a_month(cls, moment: datetime) -> datetime:
        if moment != datetime(moment.year, moment.month, 1, tzinfo=UTC):
            raise ValueError("must be the first day of a month, since the plan is a pool of each month")
        return moment


class Purchase(Strict):
    """Something invoiced apart each month: in no consumption and no charge."""

    description: str
    amount: Amount = Field(gt=0)
    start: Moment = Field(alias="from")
    end: Moment | None = Field(default=None, alias="to")
    day: int = Field(default=1, ge=1, le=28)


class CreditNote(Strict):
    on: Moment
    month: MonthName
    amount: Amount = Field(gt=0)
    description: str = ""


class Publication(Strict):
    """When charges become visible, and how many of them late or corrected afterwards."""

    every_hours: int = Field(default=6, ge=1, le=24)
    late_share: Share = Decimal(0)
    late_days: Days = 3
    restated_share: Share = Decimal(0)
    restated_days: Days = 2
    restated_percent: Decimal = Field(default=Decimal(10), gt=-100, le=1_000)
    late_groups: list[str] = Field(default=[], description="groups whose day charges all come late")


class Invoicing(Strict):
    delay_days: Days = 3
    paid_after_days: Days = 10
    due_days: Days = 30
    tax_rate: Share = Decimal("0.20")
    seller: str = "Scaleway SAS"
