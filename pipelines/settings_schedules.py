"""The `[[schedules]]` of the settings: when machines are meant to be off, which ones, and what excuses a night.

Machines that are switched on and off by habit need no line here: their hours are read off their charges.
"""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.settings_values import TimeZone

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WORKDAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")


def _text(value: object) -> object:
    """A time of TOML as text; text stays."""
    return f"{value:%H:%M}" if isinstance(value, time) else value


Clock = Annotated[str, BeforeValidator(_text), Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]
Pattern = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Pause(_Section):
    """Days on which a schedule does not hold, such as a deploy freeze or a load test."""

    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="The day after the last one.")
    reason: str = Field(min_length=1, pattern=r"\S", description="Why machines may run then.")

    @model_validator(mode="after")
    def _in_order(self) -> Pause:
        if self.starts_on >= self.ends_on:
            raise ValueError(f"pause {self.reason!r} ends on {self.ends_on}, before it starts; swap the days")
        return self


class ScheduleSetting(_Section):
    """Machines that are on in these hours of these days and off in all others."""

    name: str = Field(min_length=1, pattern=r"\S", description="What people call it, such as office-hours.")
    tags: tuple[Pattern, ...] = Field((), description="Machines with one of these tags; * stands for any letters.")
    projects: tuple[Pattern, ...] = Field((), description="Machines of these projects, by name or id.")
    on_from: Clock = Field("07:00", description="When they are switched on, such as 07:00.")
    on_until: Clock = Field("20:00", description="When they are switched off, such as 20:00.")
    days: tuple[Day, ...] = Field(_WORKDAYS, min_length=1, description="Days on which they are on: mon to sun.")
    time_zone: TimeZone = Field("UTC", description="Time zone of these hours.")
    holidays_off: bool = Field(False, description="Whether they are off on the holidays of [forecast] too.")
    override_tags: tuple[Pattern, ...] = Field(
        ("schedule-override", "schedule-override=*", "keep-on", "keep-on=*"),
        description="Tags that let a machine run all the same while it has them.",
    )
    month_end_days: int = Field(0, ge=0, le=10, description="Last days of a month on whose nights they may run.")
    pauses: tuple[Pause, ...] = Field((), description="Days on which it does not hold.")

    @property
    def weekdays(self) -> frozenset[int]:
        """Its days as Python counts them: 0 is Monday."""
        return frozenset(get_args(Day).index(day) for day in self.days)

    @property
    def minutes_on(self) -> tuple[int, int]:
        """From when until when it is on, in minutes since midnight."""
        return _minutes(self.on_from), _minutes(self.on_until)

    @model_validator(mode="after")
    def _sensible(self) -> ScheduleSetting:
        if self.on_from >= self.on_until:
            raise ValueError(f"schedule {self.name!r} is on from {self.on_from} until {self.on_until}; swap them")
        if not self.tags and not self.projects:
            raise ValueError(f"schedule {self.name!r} is about no machine; set tags or projects")
        return self


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


def refuse_same_schedules(schedules: tuple[ScheduleSetting, ...]) -> tuple[ScheduleSetting, ...]:
    """Raises ValueError when two schedules have one name: nights are told by it."""
    names = [each.name for each in schedules]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two schedules are named {name!r}; name each its own way")
    return schedules


Schedules = Annotated[tuple[ScheduleSetting, ...], AfterValidator(refuse_same_schedules)]
