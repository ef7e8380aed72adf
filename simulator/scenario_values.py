"""The kinds of value that scenario files are made of, for every module that adds a part to a scenario."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _believable(moment: datetime) -> datetime:
    if not 2000 <= moment.year < 2100:
        raise ValueError("must be a day from 2000 to 2099")
    return moment


def _midnight(value: Any) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


Moment = Annotated[datetime, BeforeValidator(_midnight), AfterValidator(_utc), AfterValidator(_believable)]
Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12)]
Days = Annotated[int, Field(ge=1, le=365)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Zone = Annotated[str, Field(pattern=r"^[a-z]{2}-[a-z]{3}-\d$")]
Uuid = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
MonthName = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class Strict(BaseModel):
    """A table in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
