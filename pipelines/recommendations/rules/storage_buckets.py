"""What the rules about Object Storage know of each bucket: its tags, what lies in it, and its one lifecycle plan.

All of them work out the same plan, and the one whose part saves most tells all of it: a bucket has one configuration,
so it gets one advice, and no euro is counted twice. What somebody decided stays: where a bucket has a rule of a kind in
force, the policy adds no other of that kind.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pipelines.lifecycle.choosing import Kind
from pipelines.lifecycle.costs import GIGABYTE, Prices, Reads
from pipelines.lifecycle.plan import Plan, plan_of
from pipelines.lifecycle.policy import Bucket, Policy
from pipelines.lifecycle.rules import LifecycleRule, parse_rules
from pipelines.lifecycle.stock import CURRENT, MARKER, UPLOAD, Cell
from pipelines.recommendations.world import Resource, World

CELLS, OUTLOOK = "gold.storage_cells", "gold.storage_outlook"
BUCKET = "object_storage_bucket"
_MONTH_DAYS = Decimal(730) / 24
_RECREATABLE = frozenset({"recreatable", "derived", "cache", "temporary", "scratch"})
_SECOND_COPY = frozenset({"secondary-backup", "backup-copy", "copy", "replica"})
_READ_OFTEN = frozenset({"hourly", "daily", "nightly", "hot", "frequent", "realtime"})
_LOG_WORDS = frozenset({"log", "logs", "logging", "accesslogs"})
_KEPT_WORDS = frozenset({"audit", "security", "siem", "compliance", "legal", "pci", "journal"})
_BUDGET_EDGES = (365, 180, 90, 60, 30)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Storage:
    """How storage is judged. Ages are in days. Give all rules about lifecycle the same: they share one plan."""

    hot_days: int = 30
    archive_days: int = 180
    noncurrent_days: int = 30
    abort_days: int = 7
    log_days: int = 90  # how long logs are kept where nobody said otherwise
    least_markers: int = 1000
    most_read: float = 0.02  # of what lies there, by the month; what is read more is not archived
    observed_days: int = 14  # of reads, before anything is archived
    least_saving: Decimal = Decimal(1)  # by the month
    budget_months: int = 3  # to come, for which growth is held against a bucket's budget


@dataclass(frozen=True)
class Planned:
    """A bucket and its plan. `deletes_for` says why current objects are deleted: `logs`, `budget` or nothing."""

    resource: Resource
    row: Row
    rules: tuple[LifecycleRule, ...]
    plan: Plan
    deletes_for: str
    read_share: Decimal | None
    cells: Sequence[Cell]

    @property
    def leading(self) -> str:
        """The rule whose part of the plan saves most, empty where there is nothing to do."""
        kinds = {
            "storage_lifecycle": (Kind.tiering, Kind.noncurrent_tiering),
            "noncurrent_versions": (Kind.noncurrent,),
            "incomplete_uploads": (Kind.uploads,),
            "bucket_budget" if self.deletes_for == "budget" else "log_bucket_without_expiry": (Kind.expiry,),
            "delete_markers": (Kind.markers,),
        }
        present = {part.kind for part in self.plan.parts}
        savings = {name: self.plan.of_kind(*each) for name, each in kinds.items() if present & set(each)}
        return max(sorted(savings), key=lambda name: savings[name], default="")

    def size_gb(self, state: str) -> Decimal:
        """What lies there in a state, in GB."""
        return Decimal(sum(cell.size for cell in self.cells if cell.state == state)) / GIGABYTE


def planned(
    world: World, storage: Storage, about: Callable[[Resource, Sequence[Row]], bool] = lambda resource, cells: True
) -> Iterator[Planned | tuple[Resource, str]]:
    """Each bucket that was listed with its plan, or with why it could not be planned.

    `about` says of a bucket and its rows of cells whether it is worth the work of a plan.
    """
    rows = {row["resource_id"]: row for row in world.rows(OUTLOOK)}
    cells: dict[str, list[Row]] = defaultdict(list)
    for cell in world.rows(CELLS):
        cells[cell["resource_id"]].append(cell)
    for resource in world.of_type(BUCKET):
        row = rows.get(resource.resource_id)
        if row is not None and about(resource, cells[resource.resource_id]):
            missing = _missing(resource, row, cells[resource.resource_id])
            if missing:
                yield resource, missing
            else:
                yield _planned(world.today, resource, row, cells[resource.resource_id], storage)


def holds(state: str) -> Callable[[Resource, Sequence[Row]], bool]:
    """Whether a bucket holds anything in a state."""
    return lambda resource, cells: any(cell["state"] == state for cell in cells)


def tags_of(resource: Resource) -> dict[str, str]:
    """Tags by key, in small letters; one without value has an empty one."""
    found = {}
    for tag in resource.tags:
        parts = re.split("[=:]", tag, maxsplit=1)
        found[parts[0].strip().casefold()] = parts[1].strip().casefold() if len(parts) > 1 else ""
    return found


def budget_of(resource: Resource) -> Decimal | None:
    """Euros by the month its tag monthly-budget-eur allows; None without a tag, or with one that is no amount."""
    told = tags_of(resource).get("monthly-budget-eur", "")
    return Decimal(told) if re.fullmatch(r"\d+(\.\d+)?", told) else None


def is_log(name: str) -> bool:
    """Whether a name says logs, and nothing that has to be kept."""
    words = _words(name)
    return bool(words & _LOG_WORDS) and not words & _KEPT_WORDS


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", name.casefold()))


def _missing(resource: Resource, row: Row, cells: Sequence[Row]) -> str:
    if row["is_sample"] is not False:
        return "only a part of its objects was listed; raise the number of requests a listing may take"
    if row["lifecycle_rules"] is None or row["versioning"] is None:
        return "its lifecycle rules or its versioning could not be read; allow s3:GetLifecycleConfiguration"
    if resource.monthly_cost is None or resource.currency != row["billing_currency"]:
        return "nothing was charged for it by itself, or not in the currency of the price list"
    held = {cell["storage_class"] for cell in cells if cell["bytes"]}
    priced = {name for name, price in _list_prices(row).items() if price}
    if not held <= priced:
        return f"the price list has no price for {', '.join(sorted(str(each) for each in held - priced))}"
    if any(cell["bytes"] is None for cell in cells):
        return "the parts of some incomplete uploads were not measured; raise the number of requests"
    return ""


def _planned(today: date, resource: Resource, row: Row, told: Sequence[Row], storage: Storage) -> Planned:
    cells = [_cell(each) for each in told]
    prices = _prices(resource, row, cells)
    rules = parse_rules(row["lifecycle_rules"])
    share = _read_share(resource, row, cells, storage)
    policy, deletes_for = _policy(resource, rules, cells, prices, storage)
    logs = {cell.prefix for cell in cells if cell.prefix and is_log(cell.prefix)}
    if deletes_for or not _may_delete_logs(resource, rules):
        logs = set()
    created = row["created_at"]
    plan = plan_of(
        Bucket(
            region=row["region_id"],
            cells=cells,
            rules=rules,
            is_versioned=row["versioning"] != "never",
            bucket_days=None if created is None else (row["as_of"] - created.date()).days,
            prices=prices,
            reads=None if share is None else Reads(((0, share),)),
            policy=policy,
            policies={each: replace(policy, expire_days=storage.log_days) for each in logs if each},
        ),
        today,
    )
    return Planned(resource, row, rules, plan, deletes_for, share, cells)


def _policy(
    resource: Resource, rules: Sequence[LifecycleRule], cells: Sequence[Cell], prices: Prices, storage: Storage
) -> tuple[Policy, str]:
    """What may be done to the bucket's objects, and why some of the current ones would be deleted."""
    tags = tags_of(resource)
    data_class = tags.get("data-class", tags.get("data_class", ""))
    on = [rule for rule in rules if rule.is_enabled]
    ends = any(rule.expire_days for rule in on) or "retention" in tags
    # what an audit or the law asks for keeps its versions too
    is_kept = "retention" in tags or bool(_words(resource.resource_name) & _KEPT_WORDS)
    policy = Policy(
        hot_days=storage.hot_days,
        archive_days=storage.archive_days,
        may_lose_zones=data_class in _RECREATABLE | _SECOND_COPY,
        # what can be made again is used, or deleted; nobody waits for it to be restored
        may_archive=data_class not in _RECREATABLE,
        noncurrent_days=None if is_kept or any(rule.noncurrent_days for rule in on) else storage.noncurrent_days,
        abort_days=None if any(rule.abort_days for rule in on) else storage.abort_days,
        least_markers=storage.least_markers,
        most_read=Decimal(str(storage.most_read)),
        least_net=12 * storage.least_saving,
    )
    budget = budget_of(resource)
    if budget is not None and not ends and data_class in _RECREATABLE and (resource.monthly_cost or 0) > budget:
        return replace(policy, expire_days=_within(budget, cells, prices)), "budget"
    if is_log(resource.resource_name) and _may_delete_logs(resource, rules):
        return replace(policy, expire_days=storage.log_days), "logs"
    return policy, ""


def _may_delete_logs(resource: Resource, rules: Sequence[LifecycleRule]) -> bool:
    """Whether no rule, tag or name says how long its logs are kept, or that they are more than logs."""
    tags = tags_of(resource)
    ends = "retention" in tags or any(rule.is_enabled and rule.expire_days for rule in rules)
    is_kept = bool(_words(resource.resource_name) & _KEPT_WORDS)
    return not (ends or is_kept) and tags.get("data-class", "") in ("", "logs", "log")


def _within(budget: Decimal, cells: Sequence[Cell], prices: Prices) -> int:
    """The largest of the usual ages such that what is younger costs no more than the budget; else the smallest."""
    for edge in _BUDGET_EDGES:
        kept = [cell for cell in cells if cell.state != CURRENT or cell.age_from < edge]
        cost = sum(
            (prices.by_class[cell.storage_class] * cell.size / GIGABYTE for cell in kept if cell.size), Decimal(0)
        )
        if cost <= budget:
            return edge
    return _BUDGET_EDGES[-1]


def _prices(resource: Resource, row: Row, cells: Sequence[Cell]) -> Prices:
    """List prices, scaled by what is really charged for a byte where that is less.

    Where nobody measured what lay there while it was charged, the last weeks' charges are held against what lies there
    now: of a bucket that grows that is less than its due.
    """
    listed, share = _list_prices(row), row.get("charged_share")
    if share is None:
        cost = sum((listed[cell.storage_class] * cell.size / GIGABYTE for cell in cells if cell.size), Decimal(0))
        charged = sum((each for sku, each in resource.costs.items() if "/obj/storage/" in sku), Decimal(0))
        share = charged / cost if cost else Decimal(1)
    ratio = min(Decimal(1), share)
    return Prices({name: price * ratio for name, price in listed.items()}, restore=row["restore_price"] or Decimal(0))


def _list_prices(row: Row) -> dict[str, Decimal]:
    told = {"STANDARD": "standard_price", "ONEZONE_IA": "onezone_price", "GLACIER": "glacier_price"}
    return {name: row[column] for name, column in told.items() if row[column] is not None}


def _read_share(resource: Resource, row: Row, cells: Sequence[Cell], storage: Storage) -> Decimal | None:
    """Which share of its bytes is read by the month; None where nobody measured it for long enough."""
    if tags_of(resource).get("access", "") in _READ_OFTEN:
        return _MONTH_DAYS
    held = sum(cell.size for cell in cells if cell.state not in (MARKER, UPLOAD))
    if row["egress_bytes"] is None or (row["egress_days"] or 0) < storage.observed_days or not held:
        return None
    daily: Decimal = row["egress_bytes"] / row["egress_days"]
    return daily * _MONTH_DAYS / held


def _cell(row: Row) -> Cell:
    return Cell(
        prefix=row["prefix"],
        storage_class=row["storage_class"] or "",
        state=row["state"],
        age_from=row["age_days_from"],
        age_to=row["age_days_to"],
        is_small=bool(row["is_small"]),
        objects=row["objects"] or 0,
        size=row["bytes"],
    )
