"""Buckets whose name or tags are not as this organisation agreed: the convention is in the settings of this rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pipelines.errors import ConfigurationError
from pipelines.recommendations.changes.storage import looked_into
from pipelines.recommendations.recommendation import Answer, Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.storage_buckets import BUCKET, OUTLOOK, Row, tags_of
from pipelines.recommendations.world import Resource, World

NAME = "bucket_convention"


@dataclass(frozen=True)
class Thresholds:
    """What was agreed. Nothing is said while neither is."""

    name_pattern: str = ""  # a regular expression for whole names, such as "[a-z]+-(prod|staging|dev)-[a-z0-9-]+"
    required_tags: tuple[str, ...] = ()  # keys in small letters, such as "owner", "data-class"


def judge(world: World, thresholds: Thresholds) -> Iterator[Answer]:
    """One answer for each bucket that was listed. Raises ConfigurationError for a pattern that is none."""
    try:
        pattern = re.compile(thresholds.name_pattern)
    except re.error as error:
        place = f"recommendations.rules.{NAME}.name_pattern"
        raise ConfigurationError(f"{place}: {thresholds.name_pattern!r} is no regular expression: {error}") from None
    rows = {row["resource_id"]: row for row in world.rows(OUTLOOK)}
    for bucket in world.of_type(BUCKET):
        if bucket.resource_id in rows:
            yield _judged(world, bucket, rows[bucket.resource_id], pattern, thresholds)


def _judged(world: World, bucket: Resource, row: Row, pattern: re.Pattern[str], thresholds: Thresholds) -> Answer:
    if not thresholds.name_pattern and not thresholds.required_tags:
        return NothingToDo(NAME, bucket.resource_id, "no convention is written in the settings")
    if thresholds.required_tags and row["tags"] is None:
        return Unjudged(NAME, bucket.resource_id, "its tags could not be read; allow s3:GetBucketTagging")
    fits = not thresholds.name_pattern or pattern.fullmatch(bucket.resource_name) is not None
    has = tags_of(bucket)
    missing = [key for key in thresholds.required_tags if not has.get(key.casefold())]
    if fits and not missing:
        return NothingToDo(NAME, bucket.resource_id, "its name and tags are as agreed")
    return _advised(world, bucket, fits, missing, thresholds)


def _advised(world: World, bucket: Resource, fits: bool, missing: list[str], thresholds: Thresholds) -> Recommendation:
    name, shown = bucket.resource_name, ", ".join(missing)
    parts = [f"the tags {shown} are missing or empty"] if missing else []
    parts += [] if fits else [f"its name does not fit {thresholds.name_pattern}"]
    told = " and ".join(parts)
    return Recommendation(
        rule=NAME,
        resource_id=bucket.resource_id,
        target="as agreed",
        action=f"Tag {name} with {shown}" if missing else f"Move {name} to a bucket whose name fits the convention",
        reason=f"{told[:1].upper()}{told[1:]}.",
        evidence={
            "missing_tags": shown,
            "name_fits": fits,
            "tags": len(bucket.tags),
            "query": f"select tags from {OUTLOOK} where resource_id = '{bucket.resource_id}'",
        },
        evaluation_start=world.known_until - timedelta(days=28),
        evaluation_end=world.known_until,
        monthly_saving=Decimal(0),
        change=looked_into(
            bucket,
            (
                "put-bucket-tagging replaces all tags of a bucket: give it those that are there too.",
                "A bucket cannot be renamed: a new one is made, its objects copied, and readers told.",
            ),
        ),
        risk=Level.low,
        effort=Level.low if fits else Level.medium,
    )


BUCKET_CONVENTION = Rule(
    name=NAME,
    title="Buckets that are not named or tagged as agreed",
    about="Looks for buckets whose name does not fit the convention in the settings, or that lack tags it asks for.",
    reads=(OUTLOOK,),
    thresholds=Thresholds(),
    judge=judge,
)
