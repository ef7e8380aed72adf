"""The sections of the settings, each with its keys, defaults and what they mean."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from pipelines.settings_values import Currency, Folder, HttpUrl, Uuid

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LakeS3(_Section):
    """Object Storage that holds the lake; unused while `lake` is a folder."""

    region: str = Field("fr-par", min_length=1, description="Region of the bucket.")
    endpoint_url: HttpUrl = Field(
        default_factory=lambda known: f"https://s3.{known.get('region', 'fr-par')}.scw.cloud",
        description="Address of the S3 service. Default: Scaleway's of the region.",
    )
    allow_http: bool = Field(False, description="Accept an endpoint without TLS; for a server on this machine.")

    @model_validator(mode="after")
    def _encrypted(self) -> LakeS3:
        if self.endpoint_url.startswith("http://") and not self.allow_http:
            raise ValueError(f"endpoint_url {self.endpoint_url!r} is not encrypted; use https or set allow_http = true")
        return self


class Scaleway(_Section):
    """How Scaleway's API is asked. The key comes from the environment or the `scw` profile."""

    profile: str | None = Field(None, min_length=1, description="scw profile; else SCW_PROFILE, else the active one.")
    organization_id: Uuid | None = Field(None, description="Organisation; else the profile's default.")
    requests_per_second: float = Field(5, ge=0, description="Ceiling per product; 0 is none.")
    attempts: int = Field(12, ge=1, le=20, description="Tries per call before the source counts as unavailable.")
    patience_seconds: float = Field(240, gt=0, le=3600, description="Time after which a call is not tried again.")
    timeout_seconds: float = Field(60, gt=0, le=600, description="Longest wait for one answer.")


class SavingsPlan(_Section):
    """A Compute savings plan: what is committed to each month, and what it takes off the public price."""

    monthly_commitment: Decimal = Field(gt=0, description="Eligible usage committed to, at public price.")
    discount: Decimal = Field(gt=0, lt=1, description="Share taken off the public price, such as 0.15.")
    currency: Currency = Field("EUR", description="Currency of the commitment.")
    starts_on: date = Field(description="First day.")
    ends_on: date = Field(description="Day after the last one.")

    @model_validator(mode="after")
    def _in_order(self) -> SavingsPlan:
        if self.ends_on <= self.starts_on:
            raise ValueError(f"ends_on {self.ends_on} is not after starts_on {self.starts_on}")
        return self


class SavingsPlanTerm(_Section):
    """What a new Compute savings plan takes off the public price, for how long and for which commitments."""

    months: Literal[12, 36] = Field(description="How long it binds.")
    discount: Decimal = Field(gt=0, lt=1, description="Share taken off the public price, such as 0.15.")
    least: int = Field(50, ge=50, le=9_999, description="Smallest monthly commitment it is offered for.")
    most: int = Field(9_999, ge=50, le=9_999, description="Largest monthly commitment it is offered for.")
    currency: Currency = Field("EUR", description="Currency of the commitment.")
    valid_from: date = Field(description="Day from which it is offered so.")


class Billing(_Section):
    """What is read of the bill."""

    history_months: int = Field(13, ge=1, le=120, description="Complete months the first run reads back.")
    reconciliation_tolerance: Decimal = Field(
        Decimal("0.01"),
        ge=0,
        description="Difference per project, SKU and month that is no alarm, in the bill's currency.",
    )
    charges_are_net: bool | None = Field(
        None,
        description="Whether charges are net of savings plan and contract: true, false, or unset while nobody knows.",
    )
    savings_plans: tuple[SavingsPlan, ...] = Field(
        (), description="Compute savings plans, which no API tells of: commitment, discount, first and last day."
    )
    savings_plan_terms: tuple[SavingsPlanTerm, ...] = Field(
        (), description="Discounts offered on new plans, with their day; without them no plan is advised."
    )

    @field_validator("charges_are_net", mode="before")
    @classmethod
    def _unset(cls, value: object) -> object:
        return None if value == "unset" else value


class Cockpit(_Section):
    """What is read of Cockpit: metrics, requests and the volume of telemetry. Its tokens come from the environment:
    FINOPS_COCKPIT_TOKENS holds `project=token` or `project/region=token` pairs, FINOPS_COCKPIT_TOKEN one for all."""

    enabled: bool = Field(True, description="Read Cockpit at all.")
    history_days: int = Field(31, ge=1, le=400, description="Complete days of metrics the first run reads back.")
    request_history_days: int = Field(
        400, ge=1, le=1825, description="Complete days of request counts the first run reads back, if they are kept."
    )
    metric_names: int = Field(50, ge=1, le=1000, description="Metrics counted by name, those with most series.")
    requests_per_second: float = Field(10, ge=0, description="Ceiling per data source; 0 is none.")
    catalogue: dict[str, Any] = Field(
        default_factory=dict, description="Tables over the shipped metric catalogue, field by field; false leaves out."
    )


class OpenCost(_Section):
    """OpenCost in the clusters that run it; a token, if it wants one, is FINOPS_OPENCOST_TOKEN."""

    clusters: dict[str, HttpUrl] = Field(default_factory=dict, description="Address of OpenCost by cluster id.")
    currency: Currency = Field("EUR", description="Currency of the prices OpenCost was given.")
    history_days: int = Field(14, ge=1, le=400, description="Complete days the first run reads back.")


class Storage(_Section):
    """What is read of Object Storage: buckets, and their objects counted by class, age, size and prefix."""

    enabled: bool = Field(True, description="Read Object Storage at all.")
    regions: tuple[str, ...] = Field(
        ("fr-par", "nl-ams", "pl-waw", "it-mil"), min_length=1, description="Regions whose buckets are read."
    )
    endpoint_url: HttpUrl = Field(
        "https://s3.{region}.scw.cloud",
        description="Address of the S3 service; {region} is replaced. Without TLS on this machine only.",
    )
    listing_days: int = Field(7, ge=1, le=366, description="Days after which a bucket's objects are listed again.")
    requests_per_bucket: int = Field(
        20_000, ge=1, description="Requests one listing may take (1,000 objects each); what is beyond is sampled."
    )
    requests_per_second: float = Field(20, ge=0, description="Ceiling per region; 0 is none.")
    prefix_depth: int = Field(2, ge=0, le=8, description="Folders of a key that objects are counted by.")

    @model_validator(mode="after")
    def _encrypted(self) -> Storage:
        parts = urlsplit(self.endpoint_url)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError(f"endpoint_url {self.endpoint_url!r} is not encrypted; use https")
        return self


class Kpis(_Section):
    """Where a key figure needs a line to be drawn."""

    idle_below: Decimal = Field(
        Decimal("0.05"),
        gt=0,
        lt=1,
        description="An hour is idle when 95 % of its samples show less CPU than this, for a GPU machine less GPU.",
    )


class Report(_Section):
    """Where reports go and how they show money."""

    out: Folder = Field(Path("reports"), validate_default=True, description="Folder the reports are written to.")
    currency: Currency = Field("EUR", description="Headline currency when the lake holds several; none is converted.")
