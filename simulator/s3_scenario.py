"""What a scenario may say of a bucket: what is written into it over time, and the rules that tidy it."""

from decimal import Decimal
from string import Formatter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from simulator.scenario_values import Moment, Share, Strict

StorageClass = Literal["STANDARD", "ONEZONE_IA", "GLACIER"]
S3Call = Literal[
    "ListBuckets", "GetBucketTagging", "GetBucketVersioning", "GetBucketLifecycleConfiguration", "ListObjectsV2",
    "ListObjectVersions", "ListMultipartUploads", "ListParts",
]  # fmt: skip
Age = Annotated[int, Field(ge=1, le=36_500)]

_DATE_WORDS = ("year", "month", "day", "hour")
_NAME_WORDS = ("id", "index")


class Stream(Strict):
    """Objects that are alike, or uploads that nobody completes, written one after the other."""

    key: str = Field(default="{id}", description="template: {year}, {month}, {day}, {hour}, {id}, {index}")
    kind: Literal["objects", "uploads"] = "objects"
    count: int = Field(ge=1, le=100_000, description="how many are written until the scenario's today, or until `to`")
    gb: Decimal = Field(
        gt=0, le=10**9, description="what lies there of them on the scenario's today; if nothing is left, all of them"
    )
    storage_class: StorageClass = Field(default="STANDARD", alias="class", description="the class they are written in")
    start: Moment | None = Field(default=None, alias="from", description="default: the bucket's creation")
    end: Moment | None = Field(default=None, alias="to")
    growth: Decimal = Field(default=Decimal(0), gt=-100, le=100, description="percent a month, of their number")
    rhythm: Literal["steady", "nightly", "weekly", "monthly"] = "steady"
    spread: Decimal = Field(default=Decimal(1), ge=1, le=10**9, description="the largest is so many times the smallest")
    keys: int = Field(default=0, ge=0, description="keys that are written again in turn; 0: each has its own")
    deleted: Share = Field(default=Decimal(0), description="part of the keys that their writer deletes")
    deleted_after: int = Field(default=1, ge=0, le=36_500, description="days after which it does")
    parts: int = Field(default=8, ge=1, le=1_000, description="most parts of an upload")

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        try:
            used = {name for _, name, _, _ in Formatter().parse(self.key) if name is not None}
        except ValueError as error:
            raise ValueError(f"key {self.key!r} is not a template: {error}") from None
        allowed = _NAME_WORDS if self.keys else (*_DATE_WORDS, *_NAME_WORDS)
        if used - set(allowed):
            words = ", ".join("{" + word + "}" for word in allowed)
            raise ValueError(f"key {self.key!r} uses {{{min(used - set(allowed))}}}; it may use {words}")
        if not used & set(_NAME_WORDS):
            raise ValueError(f"key {self.key!r} gives all objects one name; use {{id}} or {{index}}")
        if self.keys and (self.deleted or self.kind == "uploads"):
            raise ValueError("keys that are written again are objects, and not deleted by their writer")
        return self


class Transition(Strict):
    days: Age
    storage_class: Literal["ONEZONE_IA", "GLACIER"] = Field(alias="class")


class Rule(Strict):
    """One lifecycle rule; it acts at midnight UTC on what has reached its age."""

    id: str = Field(min_length=1, max_length=255)
    prefix: str = ""
    enabled: bool = True
    start: Moment | None = Field(default=None, alias="from", description="when it was made; default: with the bucket")
    transitions: tuple[Transition, ...] = ()
    expire: Age | None = Field(default=None, description="days")
    noncurrent_transitions: tuple[Transition, ...] = ()
    expire_noncurrent: Age | None = Field(default=None, description="days since they were superseded")
    expire_markers: bool = Field(default=False, description="delete markers with nothing behind them")
    abort_uploads: Age | None = Field(default=None, description="days")


class Bucket(Strict):
    """What makes a resource a bucket. Its tags are those of the resource, its storage meters follow its objects."""

    versioning: Literal["never", "enabled"] = "never"
    rules: tuple[Rule, ...] = ()
    objects: tuple[Stream, ...] = ()
    denied: tuple[S3Call, ...] = Field(default=(), description="calls that a policy of the bucket refuses to the key")
