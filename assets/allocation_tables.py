"""Tables of `[allocation]`: the settings as data, so that a decision can be traced to its rule as it was written, and
the salt of the tenants' pseudonyms. No Dagster here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.lake.tables import PythonTable
from pipelines.settings_allocation import DIMENSIONS, MATCHERS, Allocation, LabelFilter, Policy, Pool, ProductPolicy

_TEXT = pa.string()
_TEXTS = pa.list_(pa.string())
_NUMBER = pa.int64()

LABEL_KEYS = PythonTable(
    "bronze.allocation_label_keys",
    "Keys of tags and annotations by label, as finops.toml names them; a label without a row has the usual ones.",
    pa.schema([("dimension", _TEXT), ("position", _NUMBER), ("tag_key", _TEXT)]),
    None,
)
RULES = PythonTable(
    "bronze.allocation_rules",
    "Rules, defaults of projects and pools of finops.toml in their order: patterns as of `like ... escape '~'` in "
    "lower case, and the labels they set.",
    pa.schema(
        [
            *(("kind", _TEXT), ("position", _NUMBER), ("name", _TEXT), ("overrides_tags", pa.bool_())),
            *((matcher, _TEXTS) for matcher in MATCHERS),
            *((dimension, _TEXT) for dimension in DIMENSIONS),
        ]
    ),
    None,
)
POOLS = PythonTable(
    "bronze.allocation_pools",
    "Shared pools of finops.toml in their order: the labels of their charges, and how they are split among whom.",
    pa.schema(
        [
            *(("position", _NUMBER), ("name", _TEXT), ("has_matchers", pa.bool_())),
            *((f"with_{dimension}", _TEXTS) for dimension in DIMENSIONS),
            *(("split", _TEXT), ("by", _TEXTS), ("weights", _TEXT), ("pools", _TEXTS)),
            *((f"only_{dimension}", _TEXTS) for dimension in DIMENSIONS),
        ]
    ),
    None,
)
POLICY = PythonTable(
    "bronze.allocation_policy",
    "What finops.toml demands of labels and names: kind is 'label' or 'name'; types are the product types of a policy "
    "of their own, in lower case as of `like`, null for the general one. An empty demand means none.",
    pa.schema([("kind", _TEXT), ("position", _NUMBER), ("types", _TEXTS), ("demand", _TEXT)]),
    None,
)
TERMS = PythonTable(
    "bronze.allocation_terms",
    "Who answers for cost that nobody bears.",
    pa.schema([("unallocated_owner", _TEXT)]),
    None,
)
SALTS = PythonTable(
    "bronze.pseudonym_salts",
    "The random salt of the tenants' pseudonyms, drawn once; the oldest counts.",
    pa.schema([("salt", _TEXT), ("made_at", pa.timestamp("us", tz="UTC"))]),
    None,
)
ALLOCATION_TABLES = (LABEL_KEYS, RULES, POOLS, POLICY, TERMS, SALTS)

Row = Mapping[str, Any]


def rows_of(allocation: Allocation) -> Mapping[PythonTable, Sequence[Row]]:
    """What the settings say, as rows of each table."""
    return {
        LABEL_KEYS: [
            {"dimension": dimension, "position": position, "tag_key": key}
            for dimension in DIMENSIONS
            for position, key in enumerate(getattr(allocation.labels, dimension) or (), 1)
        ],
        RULES: [*_rules(allocation), *_project_defaults(allocation), *_pool_matchers(allocation)],
        POOLS: [_pool(position, pool) for position, pool in enumerate(allocation.pools, 1)],
        POLICY: _policies(allocation.policy),
        TERMS: [{"unallocated_owner": allocation.unallocated_owner}],
    }


def like(pattern: str) -> str:
    """`*` and `?` as `like` writes them, in lower case."""
    escaped = "".join(f"~{letter}" if letter in "~%_" else letter for letter in pattern.lower())
    return escaped.replace("*", "%").replace("?", "_")


def _patterns(patterns: Sequence[str] | None) -> list[str] | None:
    return None if patterns is None else [like(pattern) for pattern in patterns]


def _matchers(section: Any) -> dict[str, list[str] | None]:
    return {matcher: _patterns(getattr(section, matcher)) for matcher in MATCHERS}


def _rules(allocation: Allocation) -> list[Row]:
    return [
        {
            "kind": "rule",
            "position": position,
            "name": rule.name,
            "overrides_tags": rule.overrides_tags,
            **_matchers(rule),
            **rule.sets.model_dump(),
        }
        for position, rule in enumerate(allocation.rules, 1)
    ]


def _project_defaults(allocation: Allocation) -> list[Row]:
    return [
        {
            "kind": "project default",
            "position": position,
            "name": " or ".join(default.project),
            "overrides_tags": False,
            "project": _patterns(default.project),
            **default.sets.model_dump(),
        }
        for position, default in enumerate(allocation.projects, 1)
    ]


def _pool_matchers(allocation: Allocation) -> list[Row]:
    return [
        {"kind": "pool", "position": position, "name": pool.name, "overrides_tags": False, **_matchers(pool)}
        for position, pool in enumerate(allocation.pools, 1)
        if _has_matchers(pool)
    ]


def _has_matchers(pool: Pool) -> bool:
    return any(getattr(pool, matcher) for matcher in MATCHERS)


def _pool(position: int, pool: Pool) -> Row:
    return {
        "position": position,
        "name": pool.name,
        "has_matchers": _has_matchers(pool),
        **_filter("with", pool.labels),
        "split": pool.split,
        "by": list(pool.by),
        "weights": json.dumps({name: str(weight) for name, weight in sorted(pool.weights.items())}),
        "pools": list(pool.pools),
        **_filter("only", pool.receivers),
    }


def _filter(prefix: str, labels: LabelFilter) -> dict[str, list[str] | None]:
    return {f"{prefix}_{dimension}": _patterns(getattr(labels, dimension)) for dimension in DIMENSIONS}


def _policies(policy: Policy) -> list[Row]:
    """Product types first, in order, then the general policy; a part that is not given says nothing."""
    parts: tuple[ProductPolicy | Policy, ...] = (*policy.products, policy)
    return [row for position, part in enumerate(parts, 1) for row in _demands(position, part)]


def _demands(position: int, part: ProductPolicy | Policy) -> list[Row]:
    types = _patterns(part.type) if isinstance(part, ProductPolicy) else None
    labels = None if part.required is None else (*part.required,) or ("",)
    told = [("label", label) for label in labels or ()]
    if part.name_pattern is not None:
        told.append(("name", part.name_pattern))
    return [{"kind": kind, "position": position, "types": types, "demand": demand} for kind, demand in told]
