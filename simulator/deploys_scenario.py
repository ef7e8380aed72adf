"""What a scenario may say of software and who uses it: deploys, tenants with their contracts, requests, dashboards."""

from decimal import Decimal

from pydantic import Field

from simulator.jobs_scenario import Period
from simulator.scenario_values import Moment, Share, Strict


class Deployment(Strict):
    """How often one service is deployed to one environment, and how that goes."""

    service: str
    environment: str = "prod"
    project: str
    group: str = Field(default="", description="the containers whose image a deploy replaces")
    registry: str = Field(default="", description="the registry its images are pushed to")
    a_week: Decimal = Field(gt=0, le=500, description="deploys a week, on workdays between 08:00 and 17:00 UTC")
    promotes: str = Field(default="", description="environment whose newest image is taken; default: a new one")
    failed: Share = Decimal(0)
    rolled_back: Share = Decimal(0)
    repeated: Share = Field(default=Decimal(0), description="part that deploys the same image once more")
    freezes: tuple[Period, ...] = Field(default=(), description="when nothing is deployed")
    actor: str = Field(default="", description="who redeploys the containers; default: the project's")
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")


class Tenant(Strict):
    """A customer, with a contract."""

    name: str
    plan: str = ""
    monthly_price: Decimal = Field(default=Decimal(0), ge=0, le=10**9)
    weight: Decimal = Field(default=Decimal(1), ge=0, le=10**6, description="its part of the requests")
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month, of that weight")
    start: Moment | None = Field(default=None, alias="from", description="begin of the contract")
    end: Moment | None = Field(default=None, alias="to")


class Requests(Strict):
    """Requests to one route of a service, counted by tenant and day where they come in."""

    service: str
    route: str
    project: str = Field(default="", description="whose service it is")
    environment: str = "prod"
    a_day: int = Field(gt=0, le=10**10)
    weekend: Decimal = Field(default=Decimal(1), ge=0, le=1_000)
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month")
    noise: Decimal = Field(default=Decimal(5), ge=0, lt=100, description="percent up or down, by day")
    errors: Share = Decimal(0)
    bytes: int = Field(default=0, ge=0, le=10**12, description="of an answer, on average")
    is_health_check: bool = Field(default=False, description="asked by machines, so it has no tenant")
    start: Moment | None = Field(default=None, alias="from")


class Dashboard(Strict):
    """Who asks a database or a warehouse for answers: a dashboard, a report, a service."""

    name: str
    group: str = Field(description="what is asked; its first member")
    a_day: int = Field(gt=0, le=10**9)
    weekend: Decimal = Field(default=Decimal(1), ge=0, le=1_000)
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month")
    noise: Decimal = Field(default=Decimal(10), ge=0, lt=100, description="percent up or down, by day")
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
