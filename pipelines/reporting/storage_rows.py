"""What the review shows of Object Storage: buckets as they were last listed, what lies in them, what left them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reporting.advice_rows import AdviceRow, RecommendationRow
from pipelines.reporting.money import total
from pipelines.reporting.monthly_rows import GoldRow, ResidualRow

OBJECT_STORAGE = "/storage/obj/"
CLASSES = {"standard": "STANDARD", "onezone_ia": "ONEZONE_IA", "glacier": "GLACIER"}
DELETING = frozenset({"expire-objects", "expire-old-versions", "abort-incomplete-uploads"})
"""Parts of a plan, as evidence names them, that take away what nobody can bring back."""
CLASS_NAMES = {"STANDARD": "Standard", "ONEZONE_IA": "One Zone", "GLACIER": "Glacier"}


@dataclass(frozen=True)
class BucketRow(AdviceRow):
    """A bucket that was listed. `left` says why nothing is advised for it, `spared_by` which tag protects it."""

    TABLE = "gold.storage_outlook"
    KEYS = ("usage_month", "resource_id")

    usage_month: str
    resource_id: str
    resource_name: str
    project_name: str | None
    owner: str | None
    monthly_cost: Decimal | None
    as_of: date
    bytes: int | None
    is_sample: bool | None
    left: str | None
    spared_by: str | None


@dataclass(frozen=True)
class StoredRow(GoldRow):
    """What lay in a bucket, by class and state."""

    TABLE = "gold.storage_by_bucket"
    KEYS = ("usage_month", "region_id", "project_id", "bucket", "storage_class", "state")

    usage_month: str
    region_id: str
    bucket: str
    storage_class: str | None
    state: str
    as_of: date
    objects: int
    bytes: int | None
    bytes_30_days_old: int | None
    bytes_180_days_old: int | None
    small_objects: int | None


@dataclass(frozen=True)
class EgressRow(GoldRow):
    """What traffic out of a bucket cost in the last four weeks, beside its usual day."""

    TABLE = "gold.storage_egress"
    KEYS = ("billing_month", "resource_id", "billing_currency")

    billing_month: str
    billing_currency: str
    resource_id: str
    owner: str | None
    usual_daily_cost: Decimal | None
    recent_cost: Decimal | None
    recent_days: int
    rising_since: date | None
    known_from: date
    known_until: date


@dataclass(frozen=True)
class Storage:
    """All of one currency."""

    buckets: tuple[BucketRow, ...] = ()
    stored: tuple[StoredRow, ...] = ()
    egress: tuple[EgressRow, ...] = ()

    @property
    def as_of(self) -> date | None:
        """The day of the newest listing."""
        return max((row.as_of for row in self.stored), default=None)

    def held(self, storage_class: str, region_id: str) -> tuple[StoredRow, ...]:
        """What lies in a class of a region."""
        return tuple(row for row in self.stored if (row.storage_class, row.region_id) == (storage_class, region_id))


@dataclass(frozen=True)
class PlanMonth:
    """A month of a plan: what the bucket costs as it is, and with the plan."""

    before: Decimal
    after: Decimal


@dataclass(frozen=True)
class BucketPlan:
    """A lifecycle plan with its twelve months, as its recommendation tells it."""

    row: RecommendationRow
    listed_on: date
    size_gb: Decimal
    read_percent: Decimal | None
    cost_now: Decimal
    cost_then: Decimal
    net_saving: Decimal
    months: tuple[PlanMonth, ...]
    does: tuple[str, ...]

    @property
    def amounts(self) -> tuple[Decimal, Decimal, Decimal]:
        """What it costs by the month, what the plan saves by the month, and net over its twelve."""
        return self.cost_now, self.row.monthly_saving, self.net_saving

    @property
    def deletes(self) -> bool:
        """Whether its rules delete what cannot be brought back."""
        return any(each in DELETING for each in self.does)


def plan_of(row: RecommendationRow) -> BucketPlan | None:
    """The plan a recommendation is about; None where it is about something else."""
    facts = row.facts
    if not facts.get("months") or "listed_on" not in facts:
        return None
    return BucketPlan(
        row=row,
        listed_on=date.fromisoformat(facts["listed_on"]),
        size_gb=_number(facts["size_gb"]),
        read_percent=None if facts.get("read_percent_a_month") is None else _number(facts["read_percent_a_month"]),
        cost_now=_number(facts["monthly_cost_now"]),
        cost_then=_number(facts["monthly_cost_then"]),
        net_saving=_number(facts["net_saving_12_months"]),
        months=tuple(PlanMonth(_number(each["cost_now"]), _number(each["cost_then"])) for each in facts["months"]),
        does=tuple(str(each["does"]) for each in facts.get("parts") or ()),
    )


def plans_of(rows: Sequence[RecommendationRow]) -> tuple[BucketPlan, ...]:
    """The plans among recommendations, in their order."""
    return tuple(plan for plan in map(plan_of, rows) if plan is not None)


def _number(value: Any) -> Decimal:
    """A number of JSON evidence as it is written there."""
    return Decimal(str(value))


def storage_costs(residuals: Sequence[ResidualRow]) -> Mapping[str, Decimal]:
    """What each SKU of Object Storage was charged in the month, over all projects; those without a cost are not in."""
    return costs_of(residuals, OBJECT_STORAGE)


def costs_of(residuals: Sequence[ResidualRow], start: str) -> Mapping[str, Decimal]:
    """The same of all SKUs that begin so."""
    parts: dict[str, list[Decimal]] = {}
    for row in residuals:
        if row.sku and row.sku.startswith(start) and row.charged_cost:
            parts.setdefault(row.sku, []).append(row.charged_cost)
    return {sku: total(parts[sku]) for sku in sorted(parts)}


def place_of(sku: str) -> tuple[str, str] | None:
    """Class and region of a SKU for what lies there; None for traffic and requests."""
    parts = sku.removeprefix(OBJECT_STORAGE).split("/")
    if len(parts) == 3 and parts[0] == "storage" and parts[1] in CLASSES:
        return CLASSES[parts[1]], parts[2]
    return None


def name_of(sku: str) -> str:
    """A SKU in words: `Standard, fr-par`, `Traffic out of fr-par`."""
    place = place_of(sku)
    if place is not None:
        return f"{CLASS_NAMES[place[0]]}, {place[1]}"
    kind, *rest = sku.removeprefix(OBJECT_STORAGE).split("/")
    if kind == "bandwidth" and rest:
        return f"Traffic out of {rest[-1]}"
    return " ".join((kind, *rest)).replace("-", " ").replace("_", " ")
