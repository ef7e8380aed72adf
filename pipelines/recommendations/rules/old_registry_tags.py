"""Tags of registry images that are older than the policy and followed by many newer ones of their image.

Scaleway counts no pulls and tells no size of a tag, and layers are shared between tags: what goes is told as a bound,
and nothing is counted as saved. The newest tags of an image stay, and so do names that speak of no build: `latest`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from pipelines.recommendations.changes.change import Change, scw
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, Row, World

NAME = "old_registry_tags"
TAGS = "gold.registry_tags"
_CENT = Decimal("0.01")
_SHOWN = 20
_LASTING = re.compile(
    r"latest|stable|main|master|prod(uction)?|staging|release|current|v?\d+(\.\d+){0,2}", re.IGNORECASE
)
"""Names that people pull by: branches, environments and versions; builds have dates, numbers or hashes."""


@dataclass(frozen=True)
class Thresholds:
    """What stays of an image, and from when on it is worth a word."""

    least_days: int = 180
    kept_tags: int = 20  # the newest of each image, to go back to
    least_tags: int = 50  # of a namespace that could go
    least_cost: Decimal = Decimal(5)  # of a namespace by the month


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each namespace of the registry."""
    tags: dict[str, list[Row]] = defaultdict(list)
    for tag in world.rows(TAGS):
        tags[tag["namespace_id"]].append(tag)
    for namespace in world.of_type("registry_namespace"):
        yield _judged(world, namespace, tags[namespace.resource_id], thresholds)


def old_tags(world: World, tags: Sequence[Row], thresholds: Thresholds) -> list[Row]:
    """Those of one image that could go, oldest first."""
    before = datetime.combine(world.today, time(), UTC) - timedelta(days=thresholds.least_days)
    dated = sorted(
        (tag for tag in tags if tag["created_at"] is not None), key=lambda tag: (tag["created_at"], tag["tag_id"])
    )
    old = dated[: max(0, len(dated) - thresholds.kept_tags)]
    return [tag for tag in old if tag["created_at"] < before and not _LASTING.fullmatch(tag["tag_name"])]


def _judged(world: World, namespace: Resource, tags: Sequence[Row], thresholds: Thresholds) -> Answer:
    if namespace.monthly_cost is None:
        return Unjudged(NAME, namespace.resource_id, "nothing was charged for it by itself")
    if all(tag["created_at"] is None for tag in tags):
        return Unjudged(NAME, namespace.resource_id, "the tags of its images, or when they were made, are not known")
    by_image: dict[str, list[Row]] = defaultdict(list)
    for tag in tags:
        by_image[tag["image_id"]].append(tag)
    old = [tag for _, each in sorted(by_image.items()) for tag in old_tags(world, each, thresholds)]
    if namespace.monthly_cost < thresholds.least_cost or len(old) < thresholds.least_tags:
        return NothingToDo(NAME, namespace.resource_id, f"{len(old)} of its {len(tags)} tags are old")
    return _advised(world, namespace, old, len(tags), namespace.monthly_cost, thresholds)


def _advised(
    world: World, namespace: Resource, old: Sequence[Row], total: int, cost: Decimal, thresholds: Thresholds
) -> Recommendation:
    count, most = len(old), cost * len(old) / total
    return Recommendation(
        rule=NAME,
        resource_id=namespace.resource_id,
        target="tags by age",
        action=f"Delete {count:,} tags of {namespace.resource_name} that are older than {thresholds.least_days} days",
        reason=f"{count:,} of its {total:,} tags are that old and have at least {thresholds.kept_tags} newer ones of "
        f"their image. They are at most {most:.2f} a month of its storage: tags share layers.",
        evidence={
            "tags": total,
            "old_tags": count,
            "policy_days": thresholds.least_days,
            "saving_at_most_per_month": most.quantize(_CENT),
            "images": dict(sorted(Counter(str(tag["image_name"]) for tag in old).items())),
            "pulls": None,
            "missing_metric": "pulls of registry images, and the size of a tag",
            "query": f"select image_name, tag_name, created_at from {TAGS} "
            f"where namespace_id = '{namespace.resource_id}' order by created_at",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=_change(namespace, old),
        risk=Level.medium,
        effort=Level.low,
    )


def _change(namespace: Resource, tags: Sequence[Row]) -> Change:
    shown = [scw("registry", "tag", "delete", tag["tag_id"], region=namespace.region_id or "") for tag in tags[:_SHOWN]]
    more = (f"# and so on for the other {len(tags) - _SHOWN:,}",) if len(tags) > _SHOWN else ()
    return Change(
        cli=(*shown, *more),
        undo_cli=(),
        notes=(
            "This cannot be undone: copy what may be asked for first (`skopeo copy`).",
            "Pulls are not counted by Scaleway: search clusters, functions and machines for these tags first.",
            "Let the pipeline that pushes them delete old ones from now on; the registry has no rule that does.",
        ),
    )


OLD_REGISTRY_TAGS = Rule(
    name=NAME,
    title="Old tags of registry images",
    about="Looks for registry namespaces with many tags older than the policy, each followed by many newer ones.",
    reads=(TAGS,),
    thresholds=Thresholds(),
    judge=judge,
)
