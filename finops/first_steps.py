"""What `finops init` writes and prints: a commented finops.toml, and the commands an administrator runs once.

Nothing here is executed: the commands are text for a person to read first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from pipelines.settings import Settings, all_keys
from pipelines.sources.inventory_products import INVENTORY_PRODUCTS

APPLICATION: Final = "scaleway-finops"
_MISSING_ORGANIZATION: Final = "ORGANIZATION_ID"


@dataclass(frozen=True)
class Feature:
    """What a permission set is for. Sets of one scope go into one rule, as IAM asks."""

    name: str
    permission_sets: tuple[str, ...]
    on_organization: bool = False


_EVERYTHING: Final = "AllProductsReadOnly"
_INVENTORY_SETS: Final = {product.permission_set for product in INVENTORY_PRODUCTS if product.permission_set}

FEATURES: Final = (
    Feature("billing (required)", ("BillingReadOnly",), on_organization=True),
    Feature("projects", ("ProjectReadOnly",), on_organization=True),
    Feature("inventory", tuple(sorted(_INVENTORY_SETS - {_EVERYTHING}))),
    Feature("annotations, autoscaling and queues, which have no set of their own", (_EVERYTHING,)),
    Feature("metrics and logs, with the token below", ("ObservabilityReadOnly",)),
    Feature("buckets and what lies in them", ("ObjectStorageReadOnly",)),
    Feature("carbon and water", ("EnvironmentalImpactReadOnly",), on_organization=True),
    Feature("who changed what", ("AuditTrailReadOnly",), on_organization=True),
)
LAKE_FEATURE: Final = Feature(
    "the lake's bucket", ("ObjectStorageReadOnly", "ObjectStorageObjectsWrite", "ObjectStorageObjectsDelete")
)


def settings_text(schema: str, chosen: dict[str, str]) -> str:
    """A finops.toml with every key: the chosen ones set, the others commented out at their default."""
    lines = [
        f"#:schema {schema}",
        "# Settings of scaleway-finops. A commented line shows the default; environment variables (FINOPS_*) win.",
        "# No keys here: they come from the environment or the scw profile. `finops config show --origin` tells all.",
    ]
    section = ""
    # what has no section comes before the sections, or it would belong to the last of them
    for key, field in sorted(all_keys().items(), key=lambda each: "." in each[0]):
        prefix, _, name = key.rpartition(".")
        if prefix != section:
            section = prefix
            about = " ".join((Settings.model_fields[section].annotation.__doc__ or "").split())
            lines += ["", f"# {about}", f"[{section}]"]
        lines += ["", f"# {field.description}"] if not prefix else [f"# {field.description}"]
        lines.append(f"{name} = {chosen[key]!r}" if key in chosen else f"# {name} = {_default(field, key)}")
    return "\n".join(lines) + "\n"


def policy_commands(organization_id: str | None, lake: str) -> Iterator[str]:
    """The scw commands that make a read-only application with its policy and key."""
    scope = organization_id or _MISSING_ORGANIZATION
    yield "# Least privilege, read only. An administrator runs this once; finops runs none of it."
    for feature in FEATURES:
        yield f"#   {feature.name}: {', '.join(feature.permission_sets)}"
    yield f"scw iam application create name={APPLICATION} organization-id={scope}"
    yield f"scw iam policy create name={APPLICATION}-read application-id=APPLICATION_ID organization-id={scope} \\"
    yield from _rule(0, f"organization-id={scope}", [f for f in FEATURES if f.on_organization], more=True)
    yield from _rule(1, f"organization-id={scope}", [f for f in FEATURES if not f.on_organization], more=False)
    if lake.startswith("s3://"):
        yield f"#   {LAKE_FEATURE.name} {lake}, in its own project: {', '.join(LAKE_FEATURE.permission_sets)}"
        yield f"scw iam policy create name={APPLICATION}-lake application-id=APPLICATION_ID organization-id={scope} \\"
        yield from _rule(0, "project-ids.0=PROJECT_OF_THE_BUCKET", [LAKE_FEATURE], more=False)
    yield f"scw iam api-key create application-id=APPLICATION_ID description={APPLICATION}"


def cockpit_commands(region: str) -> Iterator[str]:
    """The scw command that makes a Cockpit token; a token opens one project in one region."""
    yield "# Metrics, requests and logs, optional: one token per project and region; its secret is shown only once."
    yield (
        f"scw cockpit token create name={APPLICATION} project-id=PROJECT_ID "
        f"token-scopes.0=read_only_metrics token-scopes.1=read_only_logs region={region}"
    )
    yield "# finops takes the tokens from its environment, as pairs of project (or project/region) and token:"
    yield f"# export FINOPS_COCKPIT_TOKENS=PROJECT_ID/{region}=SECRET_KEY,OTHER_PROJECT_ID/{region}=SECRET_KEY"
    yield "# One project alone: export FINOPS_COCKPIT_TOKEN=SECRET_KEY. None at all: cockpit.enabled = false."


def _rule(index: int, scope: str, features: list[Feature], more: bool) -> Iterator[str]:
    names = [name for feature in features for name in feature.permission_sets]
    words = [f"rules.{index}.permission-set-names.{position}={name}" for position, name in enumerate(names)]
    yield "  " + " ".join([f"rules.{index}.{scope}", *words]) + (" \\" if more else "")


def _default(field: Any, key: str) -> str:
    """The default as TOML; an example where the default depends on the machine or is nothing."""
    examples = {
        "lake": '".lake"',
        "state": '"~/.local/state/finops"',
        "lake_s3.endpoint_url": '"https://s3.fr-par.scw.cloud"',
        "scaleway.profile": '"finops"',
        "billing.charges_are_net": "true",
        "billing_terms.tax_rate": '"0.2"',
        "anomalies.runbook": '"https://wiki.example.org/runbooks/{kind}"',
        "scaleway.organization_id": '"11111111-1111-1111-1111-111111111111"',
        "mail.sender": '"FinOps <finops@example.org>"',
        "mail.host": '"scaleway-tem"',
        "mail.port": "465",
        "mail.user": '"11111111-1111-1111-1111-111111111111"',
        "mail.report_url": '"https://reports.example.org/{file}"',
        "mail.unsubscribe": '"finops@example.org"',
    }
    if field.default is None or (field.default is PydanticUndefined and key in examples):
        return examples[key]
    made = field.get_default(call_default_factory=True)
    return _toml(made.model_dump(mode="json", exclude_none=True) if isinstance(made, BaseModel) else made)


def _toml(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(str(value), ensure_ascii=False)
