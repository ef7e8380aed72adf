"""Which metrics are read, under which names: `metrics.toml` beside this module, and what a deployment sets over it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any, TypeVar

from pipelines.errors import ConfigurationError
from pipelines.sources.cockpit.promql import metric_names
from pipelines.sources.cockpit.windows import HOUR

SHIPPED = Path(__file__).with_name("metrics.toml")
KINDS = ("gauge", "counter", "histogram")
READINGS = ("counter", "rate")
MEASURES = ("requests", "input_tokens", "output_tokens")
ORIGINS = ("scaleway", "custom")
CONFIDENCES = ("A", "B", "C", "D")
_SAMPLE = "last_over_time($name[$step])"
_PLAIN = {"gauge": _SAMPLE, "counter": "irate($name[$rate])"}
_STEPS = tuple(seconds for seconds in range(1, 3601) if 3600 % seconds == 0)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric that is aggregated by the hour. `step` is in seconds and divides an hour."""

    key: str
    name: str
    resource_type: str
    confidence: str
    kind: str
    unit: str
    origin: str
    step: int
    resource_id: str
    resource_name: str
    expression: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def sampled(self) -> timedelta:
        """The time between two samples."""
        return timedelta(seconds=self.step)

    def query(self, name: str | None = None) -> str:
        """The expression to evaluate, with the metric under its own name or another."""
        return _filled(self.expression or _PLAIN[self.kind], name or self.name, self.step)

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric the expression needs, its own name first."""
        return (self.name, *(each for each in metric_names(self.query()) if each != self.name))


@dataclass(frozen=True, kw_only=True)
class RequestCount:
    """One metric that counts the requests or tokens of a day. `measures` maps values of the label it names under
    `label` to columns; otherwise all goes into `measure`. `route` and `tenant` are labels, if a series has them."""

    key: str
    name: str
    service_type: str
    reading: str
    confidence: str
    origin: str
    step: int
    resource_id: str
    resource_name: str
    measure: str | None = None
    measures: Mapping[str, str] | None = None
    route: str = "route"
    tenant: str = "tenant"
    aliases: tuple[str, ...] = ()

    @property
    def sampled(self) -> timedelta:
        """The time between two samples."""
        return timedelta(seconds=self.step)

    def query(self, name: str | None = None) -> str:
        """The samples themselves; what they mean is told by `reading`."""
        return _filled(_SAMPLE, name or self.name, self.step)

    @property
    def names(self) -> tuple[str, ...]:
        """Every metric it needs."""
        return (self.name,)

    def measure_of(self, labels: Mapping[str, str]) -> str | None:
        """The column that a series belongs to; None when it belongs to none."""
        if self.measures is None:
            return self.measure
        return self.measures.get(labels.get(self.measures["label"], ""))


@dataclass(frozen=True)
class TelemetryNames:
    """How Cockpit counts its own samples, and which labels group logs, the preferred first."""

    ingested_samples: str
    origin_label: str
    service_labels: tuple[str, ...]
    level_labels: tuple[str, ...]


@dataclass(frozen=True)
class Catalogue:
    """Everything that is asked of Cockpit."""

    metrics: Mapping[str, Metric]
    requests: Mapping[str, RequestCount]
    telemetry: TelemetryNames


Entry = TypeVar("Entry", Metric, RequestCount)


def as_sampled(entry: Entry, measured: timedelta | None) -> Entry:
    """The entry with the step that its samples have here, if that is longer."""
    if measured is None or measured <= entry.sampled:
        return entry
    return replace(entry, step=dividing_an_hour(measured) // timedelta(seconds=1))


def dividing_an_hour(measured: timedelta) -> timedelta:
    """The shortest step of whole seconds that divides an hour and is not shorter; an hour at most."""
    seconds = next((each for each in _STEPS if each >= measured.total_seconds()), _STEPS[-1])
    return timedelta(seconds=seconds)


def load_catalogue(overrides: Mapping[str, Any] | None = None) -> Catalogue:
    """The shipped catalogue with a deployment's tables of the same form over it, field by field; an entry set to
    `false` is left out. Raises ConfigurationError with the key and what is expected."""
    tables = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    given = dict(overrides or {})
    if unknown := set(given) - set(tables):
        raise ConfigurationError(f"metrics: unknown table '{min(unknown)}'; known: {', '.join(tables)}")
    defaults = {**tables["defaults"], **given.get("defaults", {})}
    telemetry = {**tables["telemetry"], **given.get("telemetry", {})}
    request_defaults = {name: value for name, value in defaults.items() if name not in ("kind", "unit")}
    return Catalogue(
        {key: _metric(key, row) for key, row in _merged("metrics", tables, given, defaults).items()},
        {key: _request(key, row) for key, row in _merged("requests", tables, given, request_defaults).items()},
        _telemetry(telemetry),
    )


def _telemetry(row: Mapping[str, Any]) -> TelemetryNames:
    known = {field.name for field in fields(TelemetryNames)}
    if unknown := set(row) - known:
        raise ConfigurationError(f"telemetry: unknown field '{min(unknown)}'; known: {', '.join(sorted(known))}")
    return TelemetryNames(
        str(row["ingested_samples"]),
        str(row["origin_label"]),
        tuple(row["service_labels"]),
        tuple(row["level_labels"]),
    )


def _merged(
    table: str, shipped: Mapping[str, Any], given: Mapping[str, Any], defaults: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    over = given.get(table, {})
    keys = dict.fromkeys([*shipped[table], *over])
    return {
        key: {**defaults, **shipped[table].get(key, {}), **over.get(key, {})}
        for key in keys
        if over.get(key) is not False
    }


def _metric(key: str, row: Mapping[str, Any]) -> Metric:
    checked = _checked(f"metrics.{key}", row, Metric, {"kind": KINDS})
    if checked["kind"] == "histogram" and not checked.get("expression"):
        raise ConfigurationError(f"metrics.{key}: a histogram needs an expression, such as histogram_quantile(…)")
    return Metric(key=key, **checked)


def _request(key: str, row: Mapping[str, Any]) -> RequestCount:
    place = f"requests.{key}"
    checked = _checked(place, row, RequestCount, {"reading": READINGS})
    measures = checked.get("measures")
    if (checked.get("measure") is None) == (measures is None):
        raise ConfigurationError(f"{place}: set either measure or measures")
    columns = [checked["measure"]] if measures is None else [v for k, v in measures.items() if k != "label"]
    if measures is not None and not isinstance(measures.get("label"), str):
        raise ConfigurationError(f"{place}.measures: name the label whose values tell the column")
    if wrong := [column for column in columns if column not in MEASURES]:
        raise ConfigurationError(f"{place}: '{wrong[0]}' is no measure; one of {', '.join(MEASURES)}")
    return RequestCount(key=key, **checked)


def _checked(place: str, row: Mapping[str, Any], kind: type, choices: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)} - {"key"}
    if unknown := set(row) - known:
        raise ConfigurationError(f"{place}: unknown field '{min(unknown)}'; known: {', '.join(sorted(known))}")
    optional = {"expression", "aliases", "measure", "measures", "route", "tenant"}
    if missing := known - optional - set(row):
        raise ConfigurationError(f"{place}: {min(missing)} is missing")
    for name, allowed in {**choices, "origin": ORIGINS, "confidence": CONFIDENCES}.items():
        if row[name] not in allowed:
            raise ConfigurationError(f"{place}: {name} = '{row[name]}'; expected one of {', '.join(allowed)}")
    step = row["step"]
    if not isinstance(step, int) or step < 1 or HOUR % timedelta(seconds=step):
        raise ConfigurationError(f"{place}: step = {step}; expected seconds that divide an hour")
    aliases = row.get("aliases", [])
    if not isinstance(aliases, list):
        raise ConfigurationError(f"{place}: aliases = '{aliases}'; expected a list of names")
    return {**row, "aliases": tuple(aliases)}


def _filled(expression: str, name: str, step: int) -> str:
    return Template(expression).safe_substitute(name=name, step=f"{step}s", rate=f"{2 * step}s")
