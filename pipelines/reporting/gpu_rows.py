"""What the review shows of GPUs and models: machines, requests and tokens, training, and ways to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.reporting.money import total
from pipelines.reporting.monthly_rows import GoldRow

API, DEDICATED = "generative-apis", "dedicated"
TODAY, REALTIME, BATCH = "as today", "API", "API in batches"
ALWAYS, SCHEDULED = "always on", "on a schedule"
_ZERO = Decimal(0)


@dataclass(frozen=True)
class MachineRow(GoldRow):
    """A machine with GPUs in the month; parts of its cost are None where DCGM saw none of its hours."""

    TABLE = "gold.gpu_days"
    KEYS = ("billing_month", "resource_id", "billing_currency")

    billing_month: str
    resource_id: str
    resource_name: str | None
    resource_type: str | None
    project_name: str | None
    environment: str | None
    owner: str | None
    commercial_type: str | None
    billing_currency: str
    allocation_cost: Decimal
    busy_cost: Decimal | None
    queue_idle_cost: Decimal | None
    warm_idle_cost: Decimal | None
    nobodys_cost: Decimal | None
    unsorted_idle_cost: Decimal | None
    unmeasured_cost: Decimal
    training_cost: Decimal | None

    @property
    def label(self) -> str:
        """Its name, or its id."""
        return self.resource_name or self.resource_id

    @property
    def idle_cost(self) -> Decimal:
        """Of hours that were seen."""
        parts = (self.queue_idle_cost, self.warm_idle_cost, self.nobodys_cost, self.unsorted_idle_cost)
        return total(part for part in parts if part is not None)


@dataclass(frozen=True)
class ModelRow(GoldRow):
    """What requests to a model and their tokens cost in the month, at allocation and truly busy."""

    TABLE = "gold.cost_per_inference"
    KEYS = ("period", "period_start", "provider", "resource_id", "project_id", "model", "version", "billing_currency")

    billing_month: str
    period: str
    period_start: date
    is_sum: bool
    provider: str
    resource_id: str | None
    resource_name: str | None
    project_id: str | None
    project_name: str | None
    model: str | None
    version: str | None
    billing_currency: str | None
    completed_requests: Decimal | None
    failed_requests: Decimal | None
    allocation_cost: Decimal | None
    busy_cost: Decimal | None
    failed_cost: Decimal | None
    uncounted_cost: Decimal | None
    thousand_requests_cost: Decimal | None
    busy_thousand_requests_cost: Decimal | None
    million_input_tokens_cost: Decimal | None
    busy_million_input_tokens_cost: Decimal | None
    million_output_tokens_cost: Decimal | None
    busy_million_output_tokens_cost: Decimal | None
    cached_saved_cost: Decimal | None
    reason: str | None

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Of the row itself, not of those it sums up."""
        return (*super().keys(), ("is_sum", str(self.is_sum).lower()))

    @property
    def cost(self) -> Decimal:
        """All that was paid for it, days whose requests nobody counted included."""
        return (self.allocation_cost or _ZERO) + (self.uncounted_cost or _ZERO)


@dataclass(frozen=True)
class TrainingRow(GoldRow):
    """Runs of a model that ended in one way."""

    TABLE = "gold.cost_per_training"
    KEYS = ("billing_month", "scope", "model", "status", "project_id", "billing_currency")

    billing_month: str
    scope: str
    model: str | None
    status: str | None
    project_id: str | None
    project_name: str | None
    billing_currency: str | None
    runs: int
    epochs: int | None
    run_hours: Decimal | None
    allocation_cost: Decimal | None
    waste_cost: Decimal | None
    over_typical_cost: Decimal | None
    epoch_cost: Decimal | None
    busy_epoch_cost: Decimal | None


@dataclass(frozen=True)
class WayRow(GoldRow):
    """One way to answer a workload, by the month."""

    TABLE = "gold.gpu_break_even"
    KEYS = ("billing_month", "project_id", "provider", "model", "gpu_name", "option", "offer", "billing_currency")

    billing_month: str
    project_id: str
    project_name: str | None
    owner: str | None
    provider: str
    model: str
    gpu_name: str | None
    option: str
    offer: str
    billing_currency: str
    monthly_cost: Decimal | None
    million_tokens_cost: Decimal | None
    machines: int | None
    requests_per_hour: Decimal | None
    peak_requests_per_hour: Decimal | None
    tokens_per_day: Decimal | None
    break_even_requests_per_hour: Decimal | None
    break_even_tokens_per_day: Decimal | None
    first_token_seconds: Decimal | None
    known_by: str | None
    is_same_model: bool
    reason: str | None

    @property
    def workload(self) -> tuple[str, ...]:
        """What is asked, and of whom."""
        return (self.project_id, self.provider, self.model, self.gpu_name or "")


@dataclass(frozen=True)
class PointRow(GoldRow):
    """What a way costs by the month at one level of traffic."""

    TABLE = "gold.gpu_break_even_curve"
    KEYS = ("billing_month", "project_id", "provider", "model", "gpu_name", "option", "offer", "billing_currency")

    billing_month: str
    project_id: str
    provider: str
    model: str
    gpu_name: str | None
    option: str
    offer: str
    billing_currency: str
    tokens_per_day: Decimal
    requests_per_hour: Decimal | None
    monthly_cost: Decimal
    is_today: bool

    @property
    def workload(self) -> tuple[str, ...]:
        """What is asked, and of whom."""
        return (self.project_id, self.provider, self.model, self.gpu_name or "")


@dataclass(frozen=True)
class Gpu:
    """GPUs and models of one month and currency."""

    machines: tuple[MachineRow, ...] = ()
    models: tuple[ModelRow, ...] = ()
    training: tuple[TrainingRow, ...] = ()
    ways: tuple[WayRow, ...] = ()
    points: tuple[PointRow, ...] = ()

    @property
    def month(self) -> str:
        """The month it is of; empty where there are no rows."""
        rows: tuple[MachineRow | ModelRow | TrainingRow, ...] = (*self.machines, *self.models, *self.training)
        return next((row.billing_month for row in rows), "")

    @property
    def machine_cost(self) -> Decimal:
        """Of all machines with GPUs, volumes and addresses included, as billed."""
        return total(row.allocation_cost for row in self.machines)

    @property
    def api_cost(self) -> Decimal:
        """Of Generative APIs, as billed."""
        return total(row.cost for row in self.models if row.provider == API)

    @property
    def workloads(self) -> Mapping[tuple[str, ...], tuple[WayRow, ...]]:
        """The ways of each workload, the dearest workload first."""
        found: dict[tuple[str, ...], list[WayRow]] = {}
        for row in self.ways:
            found.setdefault(row.workload, []).append(row)
        ranked = sorted(found, key=lambda key: (-_today_cost(found[key]), key))
        return {key: tuple(found[key]) for key in ranked}


def _today_cost(rows: list[WayRow]) -> Decimal:
    return total(row.monthly_cost or _ZERO for row in rows if row.option == TODAY)


GPU_ROWS = (MachineRow, ModelRow, TrainingRow, WayRow, PointRow)
GPU_TABLES = tuple(row.TABLE for row in GPU_ROWS)


def gpu_of(read: Callable[[Any], tuple[Any, ...]]) -> Gpu | None:
    """The rows of a month and currency that `read` gives for each kind; None where there are none of any."""
    models = tuple(row for row in read(ModelRow) if row.period == "month" and row.is_sum)
    training = tuple(row for row in read(TrainingRow) if row.scope == "model")
    machines = tuple(sorted(read(MachineRow), key=lambda row: (-row.allocation_cost, row.resource_id)))
    found = Gpu(machines, models, training, tuple(read(WayRow)), tuple(read(PointRow)))
    return None if found == Gpu() else found
