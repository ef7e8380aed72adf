"""Deployment settings: typed, frozen, each with its origin. The only reader of the environment.

First wins: a flag, `FINOPS_*`, the project's `finops.toml` (`FINOPS_CONFIG`, else searched from the current
folder upwards), the user's `finops/finops.toml`, the default. Business thresholds live beside their rule, and
secrets only in the environment or the `scw` profile, never here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from pwd import getpwuid
from typing import Any, Final, Literal

from pydantic import BaseModel, Field, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from pipelines.cockpit_tokens import cockpit_token
from pipelines.errors import ConfigurationError
from pipelines.lake_key import LakeKey, lake_key
from pipelines.scw_profile import Credentials, Profile, credentials, read_profile
from pipelines.secrets import Secret, secret_of
from pipelines.settings_allocation import Allocation
from pipelines.settings_anomalies import ALERT_URLS, Anomalies, alert_urls
from pipelines.settings_budgets import (
    BillingTerms,
    Budgets,
    CommitmentSetting,
    EndDate,
    ForecastSetting,
    KnownChanges,
)
from pipelines.settings_mail import SMTP_LOGIN, Mail, smtp_password
from pipelines.settings_recommendations import Recommendations
from pipelines.settings_schedules import Schedules
from pipelines.settings_sections import Billing, Cockpit, Kpis, LakeS3, OpenCost, Report, Scaleway, Storage
from pipelines.settings_sources import (
    SettingsFile,
    explained,
    flattened,
    project_file,
    settings_files,
    variable_name,
)
from pipelines.settings_units import Units
from pipelines.settings_values import Folder, LakeAddress, Locale, TimeZone

DEFAULT: Final = "default"
DEFAULT_TEXTS: Final = {
    "lake": "`.lake` beside `finops.toml`, else in the current folder",
    "state": "`finops` in `$XDG_STATE_HOME`, else in `~/.local/state`",
    "lake_s3.endpoint_url": "Scaleway's of the region",
    "scaleway.profile": "as `scw` chooses",
    "scaleway.organization_id": "the profile's",
    "allocation.labels": "the usual keys: owner, team, env, tenant, product and their like",
    "allocation.policy": "owner and environment are required",
    "anomalies.alerts": "from medium on, within 14 days, 20 a run",
}
"""Defaults that depend on where the command runs, in words."""
_NOT_SETTINGS: Final = frozenset(
    {
        *("FINOPS_CONFIG", "FINOPS_REFERENCE_DATA", ALERT_URLS, SMTP_LOGIN),
        *("FINOPS_S3_ACCESS_KEY", "FINOPS_S3_SECRET_KEY"),
        *("FINOPS_COCKPIT_TOKEN", "FINOPS_COCKPIT_TOKENS", "FINOPS_OPENCOST_TOKEN"),
    }
)


class _Variables(EnvSettingsSource):
    """The variables that set something: a section's name also begins the names of its secrets."""

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls)
        self.env_vars = {name: value for name, value in self.env_vars.items() if name.upper() not in _NOT_SETTINGS}


class Settings(BaseSettings):
    """Deployment settings of scaleway-finops."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="FINOPS_",
        env_nested_delimiter="_",
        env_nested_max_split=1,
        env_ignore_empty=True,
    )

    lake: LakeAddress = Field(
        default_factory=lambda: str(_home_folder() / ".lake"),
        validate_default=True,
        description="Lake: a folder, file:///folder or s3://bucket/prefix. Default: .lake beside finops.toml.",
    )
    state: Folder = Field(
        default_factory=lambda: _user_folder("XDG_STATE_HOME", ".local/state") / "finops",
        validate_default=True,
        description="Folder of Dagster's history and the runs. Default: the user's state folder.",
    )
    engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="What builds the tables of sql/: duckdb, or spark for what one machine cannot hold."
    )
    locale: Locale = Field("en", description="Language and number format of reports, such as en or fr_FR.")
    time_zone: TimeZone = Field("UTC", description="Time zone times are shown in. Data is always UTC.")
    lake_s3: LakeS3 = Field(default_factory=LakeS3)
    scaleway: Scaleway = Field(default_factory=Scaleway)
    billing: Billing = Field(default_factory=Billing)
    cockpit: Cockpit = Field(default_factory=Cockpit)
    opencost: OpenCost = Field(default_factory=OpenCost)
    storage: Storage = Field(default_factory=Storage)
    imports: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="Columns of imported files by kind, ours to theirs; see docs/business-numbers.md.",
    )
    allocation: Allocation = Field(default_factory=Allocation)
    kpis: Kpis = Field(default_factory=Kpis)
    units: Units = Field(default_factory=Units)
    budgets: Budgets = Field((), description="Budgets, beside those set at Scaleway.")
    billing_terms: BillingTerms = Field(default_factory=BillingTerms)
    commitments: tuple[CommitmentSetting, ...] = Field((), description="Contracts with a minimum spend.")
    end_dates: tuple[EndDate, ...] = Field((), description="What ends and Scaleway does not tell of.")
    forecast: ForecastSetting = Field(default_factory=ForecastSetting)
    known_changes: KnownChanges = Field((), description="Changes of cost that are known and that no history shows.")
    anomalies: Anomalies = Field(default_factory=Anomalies)
    recommendations: Recommendations = Field(default_factory=Recommendations)
    schedules: Schedules = Field((), description="When machines are on; else they are meant to be off.")
    report: Report = Field(default_factory=Report)
    mail: Mail = Field(default_factory=Mail)

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then the environment, then the files; no .env file and no secrets folder."""
        return (init_settings, _Variables(settings_cls), *_files(settings_cls))

    def origin(self, key: str) -> str:
        """Where the value of a dotted key, or the first of a table's, comes from: flag, variable, file or default."""
        below = (origin for name, origin in self._origins.items() if name.startswith(f"{key}."))
        return self._origins.get(key) or next(below, DEFAULT)

    def profile(self) -> Profile:
        """The scw profile in use, unchecked, for showing."""
        return read_profile(os.environ, self.scaleway.profile)

    def credentials(self) -> Credentials:
        """The checked Scaleway key. Raises ConfigurationError with the remedy."""
        return credentials(self.profile(), self.scaleway.organization_id)

    def cockpit_token(self, project_id: str, region: str) -> Secret | None:
        """The token of a project's Cockpit in a region, None when none is set."""
        return cockpit_token(os.environ, project_id, region)

    def opencost_token(self) -> Secret | None:
        """The token OpenCost is asked with, if any."""
        return secret_of(os.environ, "FINOPS_OPENCOST_TOKEN")

    def alert_urls(self) -> dict[str, Secret]:
        """Where alerts go, by name; nowhere when FINOPS_ALERT_URLS is not set."""
        return alert_urls(os.environ)

    def smtp_password(self) -> Secret | None:
        """The password of the mail server, if any."""
        return smtp_password(os.environ)

    def lake_key(self) -> LakeKey:
        """The key of the S3 lake: FINOPS_S3_*, else Scaleway's own."""
        return lake_key(os.environ, self.profile())


def load_settings(flags: Mapping[str, object] | None = None) -> Settings:
    """The settings in force here; `flags` are dotted keys, and None means not given.

    Raises ConfigurationError: one line with the place, the key, the value and what is expected.
    """
    given = _nested({key: value for key, value in (flags or {}).items() if value is not None})
    origins: dict[str, str] = {}
    try:
        origins = _origins(given)
        settings = Settings(**given)
    except SettingsError as error:
        raise ConfigurationError(f"environment: {error}; set one variable per key instead") from None
    except ValidationError as error:
        raise ConfigurationError(explained(error, Settings, origins)) from None
    settings._origins.update(origins)
    return settings


def settings_schema() -> dict[str, Any]:
    """JSON Schema of finops.toml, the same on every machine."""
    schema = Settings.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "finops.toml"}


def used_files() -> list[Path]:
    """The settings files found here, the strongest first."""
    return settings_files(os.environ, Path.cwd())


def current_user() -> str | None:
    """Who runs this process, as the environment or else the machine's accounts say; None where neither does."""
    named = (os.environ.get(name) for name in ("LOGNAME", "USER", "USERNAME"))
    try:
        return next((name for name in named if name), None) or getpwuid(os.getuid()).pw_name
    except KeyError:
        return None


def unknown_variables() -> list[str]:
    """One warning per FINOPS_* variable that sets nothing, with the name that was probably meant."""
    known = _NOT_SETTINGS | {variable_name(key) for key in (*all_keys(), *Settings.model_fields)}
    warnings = []
    for name in sorted(os.environ):
        if name.startswith("FINOPS_") and name not in known:
            close = get_close_matches(name, known, n=1)
            warnings.append(f"{name} sets nothing" + (f"; did you mean {close[0]}?" if close else ""))
    return warnings


def all_keys() -> dict[str, Any]:
    """Every dotted key with its field: its type, default and description."""
    keys: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys.update({f"{name}.{inner}": child for inner, child in kind.model_fields.items()})
        else:
            keys[name] = field
    return keys


def _files(settings_cls: type[BaseSettings]) -> list[SettingsFile]:
    return [SettingsFile(settings_cls, file) for file in used_files()]


def _origins(flags: Mapping[str, Any]) -> dict[str, str]:
    """Dotted key to where its value comes from, the strongest source last written."""
    origins: dict[str, str] = {}
    for file in reversed(_files(Settings)):
        origins.update(dict.fromkeys(flattened(file()), str(file.toml_file_path)))
    from_environment = flattened(_Variables(Settings)())
    origins.update({key: variable_name(key) for key in from_environment})
    origins.update(dict.fromkeys(flattened(flags), "flag"))
    return origins


def _nested(dotted: Mapping[str, object]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for key, value in dotted.items():
        *sections, name = key.split(".")
        table = nested
        for section in sections:
            table = table.setdefault(section, {})
        table[name] = value
    return nested


def _home_folder() -> Path:
    """The folder of the project's finops.toml, else the current one."""
    file = project_file(os.environ, Path.cwd())
    return file.parent if file else Path.cwd()


def _user_folder(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback)
