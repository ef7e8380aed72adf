"""What a scenario may say of work that runs to an end: serverless jobs and training runs."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from simulator.scenario_values import Moment, Share, Strict

Hour = Annotated[int, Field(ge=0, le=23)]


class Period(Strict):
    start: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class Job(Strict):
    """When a serverless job runs, on what, for how long, and how it ends. Its meters follow its runs."""

    hours: tuple[Hour, ...] = Field(default=(2,), min_length=1, description="hours of the day, UTC, at which it starts")
    workdays: bool = Field(default=False, description="not at weekends")
    minutes: Decimal = Field(gt=0, le=1_440, description="how long a run takes")
    noise: Decimal = Field(default=Decimal(10), ge=0, lt=100, description="percent up or down, by run")
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month, of how long it takes")
    cpu: int = Field(default=1_000, ge=70, le=6_000, description="mvCPU")
    memory: int = Field(default=2_048, ge=128, le=32_768, description="MiB")
    timeout: int = Field(default=86_400, ge=1, le=86_400, description="seconds after which a run is ended")
    failed: Share = Field(default=Decimal(0), description="part of the runs that end with an error")
    stuck: tuple[Period, ...] = Field(default=(), description="when runs hang until they are ended")
    image: str = Field(default="", description="name of its image; default: the job's name")


class Training(Strict):
    """Training runs of a model on the machines of a group, while these are on."""

    model: str
    group: str = Field(description="the machines; one run on each at a time")
    a_week: Decimal = Field(gt=0, le=7, description="runs a week and machine")
    hours: Decimal = Field(gt=0, le=24, description="how long a run takes")
    epochs: int = Field(default=10, ge=1, le=10_000)
    failed: Share = Decimal(0)
    abandoned: Share = Decimal(0)
    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")


class Inference(Strict):
    """The model that a dedicated inference deployment serves."""

    model: str = "meta/llama-3.1-8b-instruct:bf16"
    bits: int = Field(default=16, ge=1, le=32)
