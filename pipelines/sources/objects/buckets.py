"""Buckets of one region and project, and how each is set up."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pipelines.errors import NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.pages import Marker, following_marker
from pipelines.sources.objects.refusals import Absent, Refused
from pipelines.sources.objects.turning import LastNames, fitting, last_names

NEVER = "never"
_PROJECT_AS_OWNER = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):\1")


@dataclass(frozen=True)
class Bucket:
    """A bucket and its configuration. None is 'could not be read', and `gaps` says why; what was never configured is
    an empty mapping, no rules or 'never'."""

    region: str
    project_id: str | None
    name: str
    created_at: datetime | None
    tags: dict[str, str] | None
    versioning: str | None  # never, enabled or suspended
    lifecycle_rules: str | None  # JSON list as S3 names it, with sorted keys
    gaps: tuple[str, ...]

    @property
    def may_hold_versions(self) -> bool:
        """Whether more than the current objects may be stored, and billed."""
        return self.versioning != NEVER


def buckets(storage: ObjectStorage) -> list[Bucket]:
    """Every bucket of the key's project in this region; what may not be read of one is among its gaps.

    Raises PermissionDenied when not even names can be read, and SourceUnavailable when two buckets in a row do not
    answer: then the source is down.
    """
    found: list[Bucket] = []
    failed = False
    for name, created_at in named(storage):
        try:
            found.append(described(storage, name, created_at))
            failed = False
        except SourceUnavailable as error:
            if failed:
                raise
            failed = True
            gap = f"configuration: {error}"
            found.append(Bucket(storage.region, storage.project_id, name, created_at, None, None, None, (gap,)))
    return found


def named(storage: ObjectStorage) -> list[tuple[str, datetime | None]]:
    """Name and creation of every bucket of the key's project in this region.

    Raises PermissionDenied too when the answer is another project's, as its owner says.
    """
    found: list[dict[str, Any]] = []
    marker: Marker | None = {}
    last: LastNames = {}
    while marker is not None:
        ask = partial(storage.call, "ListBuckets", None, **marker)
        answer = fitting(ask, marker, last, f"ListBuckets {storage.region}")
        _check_owner(storage, str(answer.get("Owner", {}).get("ID") or ""))
        found += answer.get("Buckets", [])
        marker, last = following_marker(answer), last_names(answer, last)
    return [(each["Name"], each.get("CreationDate")) for each in found]


def _check_owner(storage: ObjectStorage, owner: str) -> None:
    """Scaleway names the project as the owner of its buckets, twice; other servers have other owners."""
    told = _PROJECT_AS_OWNER.fullmatch(owner)
    if told and storage.project_id and told[1] != storage.project_id.lower():
        raise PermissionDenied(
            f"ListBuckets {storage.region}: answered for project {told[1]} instead of the one asked for; "
            "read each project with an API key that prefers it"
        )


def described(storage: ObjectStorage, name: str, created_at: datetime | None) -> Bucket:
    """One bucket with its configuration, as far as it may be read."""
    gaps: list[str] = []

    def ask(what: str, operation: str, read: Callable[[dict[str, Any]], Any], unset: Any) -> Any:
        try:
            return read(storage.call(operation, Bucket=name))
        except Absent as absent:
            if absent.code != "NoSuchBucket":
                return unset
            gaps.append(f"{what}: {absent}")
        except (PermissionDenied, NotOffered, Refused) as error:
            gaps.append(f"{what}: {error}")
        return None

    return Bucket(
        region=storage.region,
        project_id=storage.project_id,
        name=name,
        created_at=created_at,
        tags=ask("tags", "GetBucketTagging", _tags, {}),
        versioning=ask("versioning", "GetBucketVersioning", _versioning, NEVER),
        lifecycle_rules=ask("lifecycle rules", "GetBucketLifecycleConfiguration", _rules, "[]"),
        gaps=tuple(gaps),
    )


def _tags(answer: dict[str, Any]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in answer.get("TagSet", [])}


def _versioning(answer: dict[str, Any]) -> str:
    return str(answer.get("Status") or NEVER).lower()


def _rules(answer: dict[str, Any]) -> str:
    return json.dumps(answer.get("Rules", []), sort_keys=True, default=_text, ensure_ascii=False)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise Refused("lifecycle rules that are not of the form S3 documents; report it")
