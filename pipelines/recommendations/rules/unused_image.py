"""Machine images that no server was made from and that a newer one of the same name replaces.

What an image costs are the snapshots it is made of. The newest image of a name always stays.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.changes.cleanup import deleted
from pipelines.recommendations.recommendation import Answer, NothingToDo, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.deletion import ATTACHMENTS, Unused, advised, attachments, days_since, identifiers
from pipelines.recommendations.world import Resource, World

NAME = "unused_image"
_VERSION = re.compile(r"[-_. ]*v?\d[\d._:-]*$")


@dataclass(frozen=True)
class Thresholds:
    """How old an image is before it is said, and how many of a name stay."""

    least_days: int = 90
    kept_images: int = 2  # the newest, and the one to go back to


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each image of one's own."""
    rows = attachments(world)
    families: dict[tuple[str | None, str], list[Resource]] = defaultdict(list)
    for image in world.of_type("instance_image"):
        families[image.project_id, family(image.resource_name)].append(image)
    for images in families.values():
        newest = sorted(images, key=lambda image: (str(image.created_at or ""), image.resource_id), reverse=True)
        kept = {image.resource_id for image in newest[: max(1, thresholds.kept_images)]}
        for image in images:
            yield _judged(world, image, rows.get(image.resource_id), image.resource_id in kept, len(images), thresholds)


def family(name: str) -> str:
    """The name without the version or date at its end: `runner-2026.11.02` is a `runner`."""
    return _VERSION.sub("", name.lower()) or name.lower()


def _judged(
    world: World, image: Resource, row: dict[str, Any] | None, is_kept: bool, count: int, thresholds: Thresholds
) -> Answer:
    if is_kept:
        return NothingToDo(NAME, image.resource_id, "it is among the newest of its name")
    if row is None or row["used_by"] is None or row["created_on"] is None:
        return Unjudged(NAME, image.resource_id, "what was made from it, or when it was made, is not known")
    days = days_since(world, row["created_on"])
    if row["used_by"] or days is None or days < thresholds.least_days:
        return NothingToDo(NAME, image.resource_id, "servers are made from it, or it is young")
    snapshots = tuple(world.resources[part] for part in row["parts"] or () if part in world.resources)
    notes = (
        "This cannot be undone: an image that is deleted is gone. Search for its identifier in Terraform and in "
        "autoscaling templates first.",
    )
    return advised(
        world,
        NAME,
        Unused(
            resource=image,
            reason=f"No server was made from it, it is {days} days old, and {count - 1} others of its name exist.",
            action=f"Delete the image {image.resource_name} and its snapshots",
            change=deleted(image, notes, with_snapshots=True),
            unused_days=days,
            evidence={
                "age_days": days,
                "servers_made_from_it": 0,
                "images_of_its_name": count,
                "snapshots": identifiers(snapshots),
                "query": f"select * from {ATTACHMENTS} where resource_id = '{image.resource_id}'",
            },
            others=snapshots,
            gone=True,
        ),
    )


UNUSED_IMAGE = Rule(
    name=NAME,
    title="Images no server is made from",
    about="Looks for old machine images that nothing was made from, while newer ones of the same name exist.",
    reads=(ATTACHMENTS,),
    thresholds=Thresholds(),
    judge=judge,
)
