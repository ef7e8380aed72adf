"""What a scenario file may say. Every key is listed here; an unknown one is an error."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from simulator.audit_scenario import Actor, Retirement
from simulator.bill_scenario import (
    Budget,
    ConsumptionOnly,
    CreditNote,
    Invoicing,
    Publication,
    Purchase,
    SavingsPlan,
    Voucher,
)
from simulator.cure_scenario import Cure
from simulator.deploys_scenario import Dashboard, Deployment, Requests, Tenant
from simulator.jobs_scenario import Inference, Job, Training
from simulator.s3_scenario import Bucket
from simulator.scenario_values import Amount, Moment, Share, Uuid, Zone
from simulator.telemetry_scenario import Collects, LogStream, Served, Telemetry, Usage, Workload


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organization(_Strict):
    """The organisation and the key that opens it."""

    id: Uuid
    name: str
    access_key: str = "SCW00000000000000000"
    secret_key: Uuid = "11111111-1111-1111-1111-111111111111"  # noqa: S105 the documented test key


class Project(_Strict):
    """A project; its tag templates may use {environment}, {team} and {project}."""

    name: str
    environment: str = ""
    team: str = ""
    description: str = ""
    id: Uuid | None = None
    tags: list[str] = []
    tagged: Share = Decimal(1)


class Burst(_Strict):
    """A stretch of days in which usage is multiplied."""

    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")
    factor: Decimal = Field(gt=0, le=1_000)


class Load(_Strict):
    """How busy a group is: when its machines are on, or how much it uses on each day."""

    shape: Literal["steady", "business-hours", "weekly", "month-end"] = "steady"
    first_hour: int = Field(default=8, ge=0, le=23)
    last_hour: int = Field(default=19, ge=1, le=24)
    weekend: Decimal = Field(default=Decimal("0.35"), ge=0, le=1_000)
    days: int = Field(default=2, ge=1, le=28)
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month")
    noise: Decimal = Field(default=Decimal(0), ge=0, lt=100, description="percent up or down, by day")
    bursts: list[Burst] = []


class Volume(_Strict):
    """A volume attached to each machine of a group."""

    gb: int = Field(gt=0, le=10**9)
    type: Literal["sbs_5k", "sbs_15k", "b_ssd", "l_ssd"] = "sbs_5k"


class Meter(_Strict):
    """One SKU a resource uses: `amount` units at a time, or per day or month for counted units."""

    sku: str
    amount: Amount = Decimal(1)
    per: Literal["day", "month"] = "day"


class TagChange(_Strict):
    at: Moment
    tags: list[str]


class StateChange(_Strict):
    at: Moment
    state: Literal["running", "stopped", "stopped in place", "locked"]
    by: Literal["api", "guest"] = Field(default="api", description="from within the machine no call is made")


class Kapsule(_Strict):
    """The cluster and pool whose nodes, leftovers or control plane a group is."""

    cluster: str
    pool: str = ""


class Resources(_Strict):
    """A group of like resources: the unit a scenario is written in."""

    name: str
    kind: Literal[
        "instance", "block-volume", "local-volume", "block-snapshot", "instance-snapshot", "ip", "image", "service"
    ]
    project: str
    count: int = Field(default=1, ge=1, le=10_000)
    label: str = Field(default="", description="name template: {index}, {short}, {id}")
    named: bool = Field(default=True, description="whether charges carry the resource's name")
    identified_by: Literal["uuid", "name"] = Field(default="uuid", description="buckets and models go by name")
    zone: Zone = "fr-par-1"
    type: str = ""
    gb: int = Field(default=0, ge=0, le=10**9)
    volumes: list[Volume] = []
    public_ip: bool = False
    meters: list[Meter] = []
    tags: list[str] | None = None
    extra_tags: list[str] = []
    tagged: Share | None = None
    tag_changes: list[TagChange] = []
    annotations: dict[str, str] = Field(default={}, description="keys and values bound to it, apart from tags")
    states: list[StateChange] = []
    kapsule: Kapsule | None = None
    bucket: Bucket | None = None
    usage: Usage | None = None
    serves: Served | None = None
    collects: Collects | None = None
    logs: list[LogStream] = []
    workloads: list[Workload] = []
    job: Job | None = None
    inference: Inference | None = None
    continues: str = Field(default="", description="service group whose members these are, after a resize")
    actor: str = Field(default="", description="who creates, changes and deletes it; default: the project's")
    deleted_by: str = Field(default="", description="who deletes it, if that is somebody else")
    committed_until: Moment | None = None
    load: Load = Load()
    charge: Literal["month", "day", "advance"] = Field(
        default="month", description="native length: the life within the month, each day, or the month ahead"
    )
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    detached_at: Moment | None = None


class Price(_Strict):
    """A SKU to add to the price book, or to replace in it."""

    sku: str
    price: str = Field(pattern=r"^\d+(\.\d+)?(/\d+)?$", description="euros per unit, or per /size units")
    unit: str
    billed_unit: str = ""
    category: str
    product_type: str = ""
    product_category: str = ""
    product: str
    label: str = ""
    where: str = Field(
        default="global",
        pattern=r"^(global|zones|regions|[a-z]{2}-[a-z]{3}(-\d)?( [a-z]{2}-[a-z]{3}(-\d)?)*)$",
        description="global, zones, regions, or some of them with spaces between",
    )


class PriceChange(_Strict):
    """On `on` the price goes from `old` to `new`; `skus` may end in `*`."""

    skus: list[str]
    on: Moment
    old: Decimal = Field(ge=0, le=10**6)
    new: Decimal | None = Field(default=None, ge=0, le=10**6, description="default: the price book's")
    unit: Literal["", "hour"] = Field(default="", description="the prices' unit, default the SKU's own")


class Planted(_Strict):
    """Something a reader of the bill should (planted) or should not (trap) point out."""

    id: str
    kind: str
    title: str
    groups: list[str] = []
    skus: list[str] = Field(default=[], description="only these of the groups' SKUs; may end in *")
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    cost_share: Share = Field(default=Decimal(1), description="part of the groups' cost that is meant")
    expected_monthly_cost: Decimal | None = Field(default=None, description="default: from the charges")
    cure: Cure | None = Field(default=None, description="what would end it, to work out what can be saved")
    expect: str


class Fault(_Strict):
    """Every n-th request whose path starts with `path` goes wrong."""

    kind: Literal["429", "502", "truncated", "repeated-token", "slow", "403"]
    every: int = Field(default=1, ge=1)
    path: str = "/"
    seconds: float = Field(default=1.0, ge=0)


class Scenario(_Strict):
    """An organisation, its resources, its bill and what to find in it."""

    name: str
    seed: int
    today: Moment
    start: Moment = Field(description="the first day of history")
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    organization: Organization
    projects: list[Project] = Field(min_length=1)
    resources: list[Resources] = []
    prices: list[Price] = []
    price_changes: list[PriceChange] = []
    planted: list[Planted] = []
    traps: list[Planted] = []
    vouchers: list[Voucher] = []
    budgets: list[Budget] = []
    deploys: list[Deployment] = []
    training: list[Training] = []
    tenants: list[Tenant] = []
    requests: list[Requests] = []
    dashboards: list[Dashboard] = []
    actors: list[Actor] = []
    retirements: list[Retirement] = []
    consumption_only: list[ConsumptionOnly] = []
    savings_plan: SavingsPlan | None = None
    purchases: list[Purchase] = []
    credit_notes: list[CreditNote] = []
    telemetry: Telemetry = Telemetry()
    publication: Publication = Publication()
    invoicing: Invoicing = Invoicing()
    faults: list[Fault] = []

    _settings_file: Path | None = PrivateAttr(default=None)

    @property
    def settings_file(self) -> Path | None:
        """The finops.toml that the organisation wrote, if there is one."""
        return self._settings_file

    def with_settings(self, path: Path | None) -> "Scenario":
        """The same scenario with the organisation's finops.toml."""
        copy = self.model_copy()
        copy._settings_file = path
        return copy
