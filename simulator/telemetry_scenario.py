"""What a scenario may say of load and telemetry: how busy things are, what they serve, who sends what to Cockpit."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulator.scenario_values import Moment, Share, Strict

ShapeName = Literal["flat", "idle", "office-hours", "consumer", "seasonal", "nights", "spikes", "month-end"]
Level = Annotated[float, Field(ge=0, le=1)]
Growth = Annotated[float, Field(gt=-50, le=50, description="percent a month; levels are those of the scenario's today")]
HOUR_SECONDS = 3_600


class Telemetry(Strict):
    """How often samples are taken, and how long Cockpit keeps what it was sent."""

    scrape_seconds: int = Field(default=60, ge=5, le=HOUR_SECONDS, description="divides an hour")
    metrics_days: Annotated[int, Field(ge=1, le=1_825)] = 31
    logs_days: Annotated[int, Field(ge=1, le=1_825)] = 7
    traces_days: Annotated[int, Field(ge=1, le=1_825)] = 7

    @model_validator(mode="after")
    def _divides_an_hour(self) -> Self:
        if HOUR_SECONDS % self.scrape_seconds:
            raise ValueError(f"scrape_seconds {self.scrape_seconds} does not divide an hour")
        return self


class Usage(Strict):
    """How much of what they have the members of a group use: half of the time, and at the 95th percentile.

    What is not said follows from the project's environment and from what the group is.
    """

    shape: ShapeName | None = None
    cpu: Level | None = None
    cpu_p95: Level | None = None
    memory: Level | None = None
    memory_p95: Level | None = None
    disk: Level | None = Field(default=None, description="of the operations a second that its volumes allow")
    disk_p95: Level | None = None
    network: Level | None = Field(default=None, description="of the bandwidth")
    network_p95: Level | None = None
    gpu: Level | None = None
    gpu_p95: Level | None = None
    gpu_memory: Level | None = None
    connections: Level | None = Field(default=None, description="of the connections it accepts")
    filesystem: Level | None = Field(default=None, description="of its storage, on the scenario's today")
    filling: float = Field(default=0.005, ge=0, le=0.5, description="by how much that grows each month")
    steal: Level = 0.0
    growth: Growth = 0.0
    agent: bool = Field(default=False, description="whether Cockpit's agent tells memory and network of an Instance")
    quiet_from: Moment | None = Field(default=None, description="from when on nobody uses it any more")

    @model_validator(mode="after")
    def _rises(self) -> Self:
        for name in ("cpu", "memory", "disk", "network", "gpu"):
            half, most = getattr(self, name), getattr(self, f"{name}_p95")
            if half is not None and most is not None and most < half:
                raise ValueError(f"{name}_p95 {most} is less than {name} {half}")
            if half is None and most is not None:
                raise ValueError(f"{name}_p95 needs {name}")
        return self


class Shift(Strict):
    """From `at` on there are `factor` times as many requests."""

    at: Moment
    factor: float = Field(gt=0, le=1_000)


class Served(Strict):
    """What a group serves on a working day, as of the scenario's today: whole requests, split evenly by member."""

    per_day: int = Field(ge=0, le=10**10)
    shape: ShapeName | None = None
    weekend: float = Field(default=1.0, ge=0, le=10)
    growth: Growth = 0.0
    noise: float = Field(default=4.0, ge=0, lt=100, description="percent up or down, by day")
    shifts: tuple[Shift, ...] = ()
    routes: dict[str, Share] = Field(default={}, description="shares by route; what is left has none")
    tenants: dict[str, Share] = Field(default={}, description="shares by tenant; what is left has none")
    model: str = Field(default="", description="the model that a GPU Instance serves with vLLM")
    input_tokens: int = Field(default=850, ge=0, le=10**6, description="of one request to a model")
    output_tokens: int = Field(default=240, ge=0, le=10**6)

    @model_validator(mode="after")
    def _shares_fit(self) -> Self:
        for name in ("routes", "tenants"):
            if sum(getattr(self, name).values()) > 1:
                raise ValueError(f"{name}: the shares are more than 1 together")
        return self


class Collects(Strict):
    """What is pushed to a billed custom source: exporters on the machines of projects and groups. The rest of what it
    takes in are series nobody reads."""

    exporters: tuple[Literal["node", "gpu", "vllm"], ...] = ()
    projects: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class LogStream(Strict):
    """One service in a log source: `share` of what the source takes in, by level."""

    service: str
    share: Share
    levels: dict[str, Share] = Field(default={"info": Decimal(1)}, description="shares by level")
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
    shape: ShapeName = "consumer"
    line_bytes: int = Field(default=240, ge=1, le=10**6)


class Workload(Strict):
    """A controller of a Kapsule cluster, as OpenCost sees it: what it asks for and how much of that it uses."""

    namespace: str
    name: str
    kind: Literal["deployment", "statefulset", "daemonset", "job"] = "deployment"
    replicas: int = Field(default=1, ge=1, le=10_000)
    cpu: float = Field(gt=0, le=1_000, description="cores that one replica asks for")
    memory_gib: float = Field(gt=0, le=10_000)
    cpu_used: float = Field(default=0.4, ge=0, le=10, description="of what it asks for")
    memory_used: float = Field(default=0.7, ge=0, le=10)
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")
