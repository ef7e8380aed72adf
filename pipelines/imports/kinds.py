"""The kinds of business numbers and their columns: one entry is all a new column takes.

A line says one thing once. What it speaks of (day or time, service, tenant, …) is its identity; counts, amounts, flags
and the outcome are what it says of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from pipelines.errors import ConfigurationError, UsageError

IDENTIFYING = frozenset({"text", "ids", "day", "month", "time", "mark"})
"""Types of columns that tell what a line speaks of; a mark is a flag that does."""


@dataclass(frozen=True)
class Field:
    """One column. `type` says how its text is read, `choices` which words it may hold and what each means."""

    name: str
    type: str
    meaning: str
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """One kind of lines; of each group in `one_of` a line needs one column at least."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    one_of: tuple[tuple[str, ...], ...] = ()

    @property
    def by_name(self) -> dict[str, Field]:
        """Its columns by their name."""
        return {each.name: each for each in self.fields}

    @property
    def names(self) -> list[str]:
        """Every name a column may have in a file."""
        return [name for each in self.fields for name in (each.name, *each.aliases)]


def _required(name: str, type_: str, meaning: str, **more: object) -> Field:
    return Field(name, type_, meaning, is_required=True, **more)  # type: ignore[arg-type]


DEPLOY_OUTCOMES = {
    **dict.fromkeys(("successful", "success", "succeeded"), "successful"),
    **dict.fromkeys(("failed", "failure", "error"), "failed"),
    **dict.fromkeys(("rolled_back", "rolled-back", "rollback"), "rolled_back"),
}
JOB_OUTCOMES = {
    **dict.fromkeys(("succeeded", "success", "successful", "completed"), "succeeded"),
    **dict.fromkeys(("failed", "failure", "error"), "failed"),
    **dict.fromkeys(("interrupted", "cancelled", "canceled"), "interrupted"),
}
TRAINING_OUTCOMES = {
    **dict.fromkeys(("completed", "succeeded", "successful", "success"), "completed"),
    **dict.fromkeys(("failed", "failure", "error"), "failed"),
    **dict.fromkeys(("abandoned", "cancelled", "canceled", "interrupted"), "abandoned"),
}

_DAY = Field("day", "day", "The UTC day; taken from `at` when absent.")
_AT = Field("at", "time", "When it happened; its UTC day is the day.")
_RESOURCE = Field("resource_id", "text", "Scaleway's id of what served it.")
_PROJECT = Field("project_id", "text", "Scaleway's id of the project.")
_ENVIRONMENT = Field("environment", "text", "prod, staging, dev, … in any usual spelling.")
_TENANT = Field("tenant", "text", "The customer it was for.")
_WHEN = ("day", "at")

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "requests",
            "How many requests a service answered, as counted where they enter.",
            (
                _DAY,
                _AT,
                _required("service", "text", "What was asked."),
                _RESOURCE,
                _PROJECT,
                _ENVIRONMENT,
                _TENANT,
                Field("route", "text", "The path or operation."),
                Field("is_health_check", "mark", "Asked by machines to see whether it lives; counted apart."),
                _required("requests", "count", "All of them, whatever their outcome."),
                Field("successful", "count", "Those of them that were answered well."),
                Field("failed", "count", "Those of them that were not; instead of or beside the successful ones."),
            ),
            (_WHEN,),
        ),
        Kind(
            "tenants",
            "Which customers were active, and what their contract is worth.",
            (
                _required("tenant", "text", "The customer."),
                Field("day", "day", "The UTC day."),
                Field("month", "month", "The month, instead of a day."),
                Field("contract_start", "day", "First day of a contract that goes on, instead of a day or month."),
                Field("contract_end", "end", "The day it ended, which is no part of it."),
                Field("active", "flag", "Whether it used anything; true or false."),
                Field("contract_value", "money", "What the contract brings in that day or month, or each month."),
                Field("currency", "currency", "Its currency, such as EUR."),
            ),
            (("day", "month", "contract_start"),),
        ),
        Kind(
            "deploys",
            "Deployments as the CI saw them.",
            (
                _required("at", "time", "When it ended."),
                _required("service", "text", "What was deployed."),
                _required("environment", "text", _ENVIRONMENT.meaning),
                _required("status", "choice", "How it ended.", choices=DEPLOY_OUTCOMES),
                Field("digest", "text", "Of the image that was deployed."),
                Field("version", "text", "Of what was deployed."),
            ),
        ),
        Kind(
            "jobs",
            "Runs of jobs that Scaleway does not know of: cron, CI, workflow engines.",
            (
                _required("job", "text", "The job's name."),
                Field("run_id", "text", "The run's id; a run that Scaleway lists too counts once.", aliases=("run",)),
                _required("started_at", "time", "When the run began."),
                Field("ended_at", "time", "When it ended."),
                Field("duration_s", "amount", "How long it took in seconds, instead of or beside its end."),
                _required("status", "choice", "How it ended.", choices=JOB_OUTCOMES),
                Field("resource_id", "text", "Scaleway's id of the machine it ran on, or of the job's definition."),
                Field("cpu", "amount", "vCPUs it had."),
                Field("memory", "amount", "Memory it had, in GB."),
            ),
            (("ended_at", "duration_s"),),
        ),
        Kind(
            "inferences",
            "Requests to models, and their tokens.",
            (
                _AT,
                _DAY,
                _required("model", "text", "The model."),
                Field("version", "text", "The model's version."),
                Field("deployment", "text", "Name or id of the deployment that answered."),
                _RESOURCE,
                _TENANT,
                _required("requests", "count", "All of them; a stream is one, an item of a batch is one."),
                Field("input_tokens", "count", "Tokens that were sent."),
                Field("cached_tokens", "count", "Those of them that came from a cache."),
                Field("output_tokens", "count", "Tokens that were generated."),
                Field("failed", "count", "Requests that were aborted or failed, warm-up included."),
            ),
            (_WHEN,),
        ),
        Kind(
            "training",
            "Runs that trained a model.",
            (
                _required("run", "text", "The run's name or id."),
                _required(
                    "resource_ids", "ids", "Scaleway's ids of its machines, `;` between them.", aliases=("resource_id",)
                ),
                _required("started_at", "time", "When the run began."),
                _required("ended_at", "time", "When it ended."),
                _required("epochs", "count", "Epochs that were completed."),
                _required("status", "choice", "How it ended.", choices=TRAINING_OUTCOMES),
                Field("model", "text", "The model."),
            ),
        ),
        Kind(
            "queries",
            "Queries by the dashboard or service that asked them.",
            (
                _required("day", "day", "The UTC day."),
                _required("service", "text", "Who asked.", aliases=("dashboard",)),
                Field("resource_id", "text", "Scaleway's id of what was asked."),
                _required("queries", "count", "How many."),
            ),
        ),
    )
}

PARTS = (("successful", "requests"), ("failed", "requests"), ("cached_tokens", "input_tokens"))
"""Counts that are part of another, and so never more than it."""

KIND_COLUMN = "kind"
TIME_ZONE = "time_zone"
"""Not a column: `[imports.<kind>] time_zone` says what times without a zone mean."""
TIME_UNIT, TIME_ORIGIN = "time_unit", "time_origin"
"""Neither are these: the unit of times that are plain numbers, and the moment they count from, else 1970."""
NO_COLUMNS = (TIME_ZONE, TIME_UNIT, TIME_ORIGIN)


def kind_named(name: str) -> Kind:
    """The kind of that name. Raises UsageError."""
    if name not in KINDS:
        raise UsageError(f"--kind {name!r} is none of {', '.join(KINDS)}{_meant(name, list(KINDS))}")
    return KINDS[name]


def check_columns(imports: Mapping[str, Mapping[str, str]]) -> None:
    """Raise ConfigurationError for a kind or column of `[imports]` that there is not."""
    for name, columns in imports.items():
        if name not in KINDS:
            raise ConfigurationError(
                f"[imports.{name}]: there is no such kind; write one of {', '.join(KINDS)}{_meant(name, list(KINDS))}"
            )
        known = [*KINDS[name].names, *NO_COLUMNS]
        for column in columns:
            if column not in known:
                raise ConfigurationError(
                    f"[imports.{name}] {column}: {name} have no such column; write one of {', '.join(known)}"
                    f"{_meant(column, known)}"
                )


def _meant(word: str, words: list[str]) -> str:
    close = get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]}?" if close else ""


_TYPES = {
    "text": "text",
    "ids": "ids",
    "day": "day",
    "end": "day",
    "month": "month",
    "time": "time",
    "mark": "true or false",
    "flag": "true or false",
    "count": "whole number",
    "amount": "number",
    "money": "number",
    "currency": "currency",
}


def kinds_as_markdown() -> str:
    """Every kind with its columns, as the documentation lists them."""
    lines: list[str] = []
    for kind in KINDS.values():
        lines += [
            f"### {kind.name}",
            "",
            kind.meaning,
            "",
            "| Column | Holds | Needed | Meaning |",
            "|---|---|---|---|",
        ]
        lines += [_row(each, kind) for each in kind.fields]
        lines.append("")
    return "\n".join(lines).rstrip()


def _row(field: Field, kind: Kind) -> str:
    names = " or ".join(f"`{name}`" for name in (field.name, *field.aliases))
    held = _TYPES.get(field.type) or ", ".join(dict.fromkeys(field.choices.values()))
    others = [name for group in kind.one_of if field.name in group for name in group if name != field.name]
    needed = "yes" if field.is_required else f"or {', '.join(others)}" if others else ""
    return f"| {names} | {held} | {needed} | {field.meaning} |"
