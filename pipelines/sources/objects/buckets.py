"""Buckets of one region and project, and how each is set up."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.errors import NotOffered, PermissionDenied
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.pages import Marker
from pipelines.sources.objects.refusals import Absent

NEVER = "never"


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
    """Every bucket of the key's project in this region. Raises PermissionDenied when not even names can be read."""
    return [described(storage, name, created_at) for name, created_at in named(storage)]


def named(storage: ObjectStorage) -> list[tuple[str, datetime | None]]:
    """Name and creation of every bucket of the key's project in this region."""
    found: list[dict[str, Any]] = []
    following: Marker = {}
    while True:
        answer = storage.call("ListBuckets", None, **following)
        found += answer.get("Buckets", [])
        token = answer.get("ContinuationToken")
        if not token or token == following.get("ContinuationToken"):
            return [(each["Name"], each.get("CreationDate")) for each in found]
        following = {"ContinuationToken": token}


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
        except (PermissionDenied, NotOffered) as error:
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


def _text(value: datetime) -> str:
    return value.isoformat()
