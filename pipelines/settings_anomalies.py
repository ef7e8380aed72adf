"""The `[anomalies]` section of the settings: what counts as unusual, what is left out, and who is told how.

Where alerts go holds passwords and tokens, so it comes from the environment alone: FINOPS_ALERT_URLS.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from string import Formatter
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.errors import ConfigurationError
from pipelines.secrets import Secret

ALERT_URLS: Final = "FINOPS_ALERT_URLS"
RUNBOOK_PARTS: Final = ("kind", "project", "service")
_BETWEEN_URLS: Final = re.compile(r"[\s,]+(?=(?:[\w.-]+=)?[A-Za-z][A-Za-z0-9+.-]*://)")
_NAMED_URL: Final = re.compile(r"(?:(?P<name>[\w.-]+)=)?(?P<url>[A-Za-z][A-Za-z0-9+.-]*://\S+)")


class Severity(StrEnum):
    """How much an anomaly matters, the most first."""

    urgent = "urgent"
    high = "high"
    medium = "medium"
    low = "low"

    def is_at_least(self, other: Severity) -> bool:
        """Whether this matters as much as the other, or more."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Text = Annotated[str, Field(min_length=1, pattern=r"\S")]
Pattern = Annotated[str, Field(min_length=1)]


class Suppression(_Section):
    """Anomalies somebody answers for until a day: found and shown, and told to nobody."""

    name: str = Field("", description="What people call it.")
    project: Pattern = Field("*", description="Project, name or id; * stands for any letters.")
    service: Pattern = Field("*", description="Service; * stands for any letters.")
    sku: Pattern = Field("*", description="SKU; * stands for any letters.")
    kind: Pattern = Field("*", description="Kind of anomaly, such as spike; * stands for any letters.")
    reason: Text = Field(description="Why nobody has to act.")
    owner: Text = Field(description="Who answers for that.")
    until: date = Field(description="The last day it holds.")

    @model_validator(mode="after")
    def _narrow(self) -> Suppression:
        if all(not each.strip("*") for each in (self.project, self.service, self.sku, self.kind)):
            raise ValueError(
                f"suppression {self.name or self.reason!r} leaves out everything; "
                "set one of project, service, sku or kind"
            )
        return self


class Alerts(_Section):
    """Which anomalies are told by e-mail or webhook; where to is said by FINOPS_ALERT_URLS."""

    least_severity: Severity = Field(Severity.medium, description="Less severe ones are not sent.")
    subject_prefix: str = Field("[FinOps]", description="How every subject begins.")
    newest_days: int = Field(14, ge=0, le=366, description="What ended more days ago is not sent any more.")
    most_per_run: int = Field(20, ge=1, le=1000, description="Messages of one run; the rest waits for the next.")


def _runbook(value: str) -> str:
    try:
        parts = [part for _, part, _, _ in Formatter().parse(value) if part is not None]
    except ValueError:
        raise ValueError("expected a URL; write {kind}, {project} or {service} where they go") from None
    unknown = [part for part in parts if part not in RUNBOOK_PARTS]
    if unknown or not re.match(r"https?://[^\s/@]+", value):
        raise ValueError("expected a URL such as https://wiki.example.org/runbooks/{kind}, with {project} or {service}")
    return value


Runbook = Annotated[str, AfterValidator(_runbook)]


class Anomalies(_Section):
    """What counts as unusual, what is left out, and which anomalies are told."""

    percent_floor: Decimal = Field(
        Decimal(15), ge=0, allow_inf_nan=False, description="Deviations below so many percent are none."
    )
    amount_floor: Decimal = Field(
        Decimal(1), ge=0, allow_inf_nan=False, description="Deviations below so much a day are none, in its currency."
    )
    maturing_days: int = Field(
        1, ge=0, le=30, description="Newest days whose charges still come in: a fall is not judged yet."
    )
    false_discovery_rate: Decimal = Field(
        Decimal("0.1"), gt=0, lt=1, description="Share of a day's anomalies that may be false."
    )
    runbook: Runbook | None = Field(
        None, description="Address of what to do; {kind}, {project} and {service} are replaced."
    )
    suppressions: tuple[Suppression, ...] = Field(
        (), description="Anomalies somebody answers for, each with reason, owner and last day."
    )
    alerts: Alerts = Field(default_factory=Alerts, description="Which anomalies are sent, as a table of its own.")


def alert_urls(environment: Mapping[str, str]) -> dict[str, Secret]:
    """Where alerts go, by name, as FINOPS_ALERT_URLS says: `URL` or `name=URL`, between them commas or spaces.

    A URL without a name is called after its scheme, the second of a scheme with its number. Raises
    ConfigurationError, which shows no URL.
    """
    found: dict[str, Secret] = {}
    text = environment.get(ALERT_URLS, "").strip().strip(",")
    for number, part in enumerate(_BETWEEN_URLS.split(text) if text else (), start=1):
        entry = _NAMED_URL.fullmatch(part.strip())
        if entry is None:
            raise ConfigurationError(
                f"{ALERT_URLS}: entry {number} is no address; write mailtos://…, json://… or name=URL, "
                "separated by commas"
            )
        name = entry["name"] or _free_name(entry["url"].partition("://")[0].lower(), found)
        if name in found:
            raise ConfigurationError(f"{ALERT_URLS}: two entries are named {name!r}; give each its own name")
        found[name] = _kept_secret(entry["url"])
    return found


def _free_name(scheme: str, taken: Mapping[str, Secret]) -> str:
    name, number = scheme, 2
    while name in taken:
        name, number = f"{scheme}-{number}", number + 1
    return name


def _kept_secret(url: str) -> Secret:
    """The URL as a secret; its password too is masked wherever it may turn up."""
    from urllib.parse import unquote

    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    person, at, _ = authority.rpartition("@")
    if at and ":" in person:
        password = person.partition(":")[2]
        Secret(password)
        Secret(unquote(password))
    return Secret(url)
