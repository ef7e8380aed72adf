"""The `[allocation]` sections of the settings: keys of labels, rules, defaults of projects, shared pools, policy.

Patterns are matched without regard to case; `*` stands for any characters and `?` for one. A matcher may be one pattern
or a list of them, of which one must match; of several matchers all must.
"""

from __future__ import annotations

import re
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Dimension = Literal["owner", "team", "environment", "tenant", "product"]
DIMENSIONS: tuple[Dimension, ...] = ("owner", "team", "environment", "tenant", "product")
Split = Literal["cost", "even", "weight", "requests", "telemetry", "kubernetes"]


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Patterns = Annotated[tuple[Text, ...], BeforeValidator(_one_or_more), Field(min_length=1)]
LabelPatterns = Annotated[tuple[str, ...], BeforeValidator(_one_or_more), Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LabelKeys(_Section):
    """Keys of tags and annotations that name a label, the first that a resource carries counts."""

    owner: tuple[Text, ...] | None = Field(None, description="Default: owner, team, squad.")
    team: tuple[Text, ...] | None = Field(None, description="Default: team, squad.")
    environment: tuple[Text, ...] | None = Field(None, description="Default: env, environment, stage.")
    tenant: tuple[Text, ...] | None = Field(None, description="Default: tenant, customer, client.")
    product: tuple[Text, ...] | None = Field(None, description="Default: product, service, app, application.")


class LabelValues(_Section):
    """What a rule or a project's default says; at least one."""

    owner: Text | None = Field(None, description="Who answers for the cost.")
    team: Text | None = Field(None, description="Team.")
    environment: Text | None = Field(None, description="Environment, in any of its spellings.")
    tenant: Text | None = Field(None, description="Customer the cost serves.")
    product: Text | None = Field(None, description="Product or service the cost serves.")

    @model_validator(mode="after")
    def _says_something(self) -> LabelValues:
        if not any(getattr(self, name) for name in DIMENSIONS):
            raise ValueError(f"nothing is set; set one of {', '.join(DIMENSIONS)}")
        return self


class LabelFilter(_Section):
    """Patterns of labels; an empty text means that nobody decided the label."""

    owner: LabelPatterns | None = Field(None, description="Patterns of the owner.")
    team: LabelPatterns | None = Field(None, description="Patterns of the team.")
    environment: LabelPatterns | None = Field(None, description="Patterns of the environment.")
    tenant: LabelPatterns | None = Field(None, description="Patterns of the tenant.")
    product: LabelPatterns | None = Field(None, description="Patterns of the product.")


MATCHERS = ("project", "service", "sku", "region", "resource", "tag")


class _Matchers(_Section):
    project: Patterns | None = Field(None, description="Name or id of the project.")
    service: Patterns | None = Field(None, description="Service, as in gold.daily_costs.")
    sku: Patterns | None = Field(None, description="SKU.")
    region: Patterns | None = Field(None, description="Region.")
    resource: Patterns | None = Field(None, description="Name or id of the resource; k8s:<namespace> for a namespace.")
    tag: Patterns | None = Field(None, description="A tag or annotation as key=value, or a bare tag.")


class Rule(_Matchers):
    """Who bears the charges that match; the first rule that sets a label decides it."""

    name: Text = Field(description="Shown beside every decision of the rule.")
    sets: LabelValues = Field(description="Labels the charges get.")
    overrides_tags: bool = Field(False, description="Decide before the tags of the resource do.")

    @model_validator(mode="after")
    def _matches_something(self) -> Rule:
        if not any(getattr(self, matcher) for matcher in MATCHERS):
            raise ValueError(f"rule {self.name!r} would match every charge; give one of {', '.join(MATCHERS)}")
        return self


class ProjectDefault(_Section):
    """Labels of a project's charges that neither a tag nor a rule decides."""

    project: Patterns = Field(description="Name or id of the project.")
    sets: LabelValues = Field(description="Labels the charges get.")


class Pool(_Matchers):
    """Shared cost, and how it is split among those who bear it; a charge belongs to the first pool that matches it."""

    name: Text = Field(description="Name of the pool.")
    labels: LabelFilter = Field(default_factory=LabelFilter, description="Labels of the charges, after the rules.")
    split: Split = Field("cost", description="What the receivers' shares are proportional to.")
    by: tuple[Dimension, ...] = Field(DIMENSIONS, min_length=1, description="Labels that tell receivers apart.")
    weights: dict[str, Annotated[Decimal, Field(ge=0)]] = Field(
        default_factory=dict, description="Weight by receiver, for split = 'weight'; `by` then names one label."
    )
    receivers: LabelFilter = Field(default_factory=LabelFilter, description="Only these bear the pool.")
    pools: tuple[Text, ...] = Field((), description="Other pools that bear a part too, and pass it on.")

    @field_validator("by")
    @classmethod
    def _once(cls, by: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        return tuple(name for name in DIMENSIONS if name in by)

    @model_validator(mode="after")
    def _can_be_split(self) -> Pool:
        matches = any(getattr(self, matcher) for matcher in MATCHERS)
        if not matches and not any(getattr(self.labels, name) for name in DIMENSIONS):
            raise ValueError(f"pool {self.name!r} would hold every charge; give labels or one of {', '.join(MATCHERS)}")
        if (self.split == "weight") != bool(self.weights):
            raise ValueError(f"pool {self.name!r}: split = 'weight' and weights go together")
        if self.pools and self.split not in ("cost", "even", "weight"):
            raise ValueError(
                f"pool {self.name!r}: {self.split} tells no part of other pools; split by cost, even or weight"
            )
        if self.split == "weight" and len(self.by) != 1:
            raise ValueError(f"pool {self.name!r}: name the one label of its weights, such as by = ['team']")
        return self


class ProductPolicy(_Section):
    """The policy of some product types, in place of the general one."""

    type: Patterns = Field(description="Product type as in gold.tag_compliance.")
    required: tuple[Dimension, ...] | None = Field(None, description="Labels that must be there.")
    name_pattern: Text | None = Field(None, description="Regular expression the whole name must match.")

    @field_validator("name_pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return _regular(pattern)


class Policy(_Section):
    """Labels and names that every resource must have."""

    required: tuple[Dimension, ...] | None = Field(None, description="Default: owner, environment.")
    name_pattern: Text | None = Field(None, description="Regular expression the whole name must match. Default: none.")
    products: tuple[ProductPolicy, ...] = Field((), description="Product types with a policy of their own.")

    @field_validator("name_pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        return _regular(pattern)


def _regular(pattern: str | None) -> str | None:
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise ValueError(f"expected a regular expression ({error})") from None
    return pattern


class Allocation(_Section):
    """Who bears which cost. Of each label decides: a rule that overrides tags, a tag of the resource, an annotation, a
    rule, the project's default, and of the environment the project's name."""

    unallocated_owner: Text = Field("finops", description="Who answers for cost that nobody else bears.")
    pseudonyms: bool = Field(True, description="Show tenants by pseudonyms in reports; the tables keep their names.")
    labels: LabelKeys = Field(
        default_factory=LabelKeys,
        description="Keys of tags and annotations by label (owner, team, environment, tenant, product).",
    )
    rules: tuple[Rule, ...] = Field(
        (),
        description="In order: name, patterns of project, service, sku, region, resource, tag; sets = labels; "
        "overrides_tags. The first that matches and sets a label decides it.",
    )
    projects: tuple[ProjectDefault, ...] = Field(
        (), description="Defaults: pattern of the project, and sets = labels for what nothing else decides."
    )
    pools: tuple[Pool, ...] = Field(
        (),
        description="Shared cost: name, patterns as of a rule, labels; split = cost, even, weight, requests, telemetry "
        "or kubernetes; by = labels that tell receivers apart; weights, receivers, pools.",
    )
    policy: Policy = Field(
        default_factory=Policy,
        description="Labels that must be there (required) and name_pattern; products = the same by product type.",
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Allocation:
        for what, names in (("rules", [r.name for r in self.rules]), ("pools", [p.name for p in self.pools])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two {what} are named {twice[0]!r}; give each its own name")
        known = {pool.name for pool in self.pools}
        for pool in self.pools:
            if unknown := sorted({*pool.pools} - known):
                raise ValueError(f"pool {pool.name!r} passes on to {unknown[0]!r}, which is no pool; define it")
        try:
            TopologicalSorter({pool.name: pool.pools for pool in self.pools}).prepare()
        except CycleError as circle:
            raise ValueError(
                f"pools feed each other in a circle: {' -> '.join(circle.args[1])}; take one out"
            ) from None
        return self
