"""Multipart uploads that were begun and never completed: invisible in a listing of objects, and billed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from pipelines.sources.objects.client import Budget, BudgetSpent, ObjectStorage
from pipelines.sources.objects.histogram import AGE_EDGES_DAYS, Ages
from pipelines.sources.objects.pages import Marker, following_marker
from pipelines.sources.objects.refusals import Absent
from pipelines.sources.objects.turning import fitting

PAGE = 1000


class UploadRow(NamedTuple):
    """Uploads of one storage class and age. `bytes` is the sum of the measured ones' parts, None if none was."""

    storage_class: str
    age_days_from: int
    age_days_to: int | None
    uploads: int
    measured_uploads: int
    parts: int | None
    bytes: int | None
    oldest_at: datetime
    newest_at: datetime


@dataclass
class Uploads:
    """Incomplete uploads of one bucket. `is_complete` is False when the budget ended their listing, and then counts
    hold for the first ones in key order only."""

    bucket: str
    rows: list[UploadRow]
    is_complete: bool
    requests: int

    @property
    def count(self) -> int:
        """Uploads seen."""
        return sum(row.uploads for row in self.rows)


@dataclass
class _Cell:
    uploads: int = 0
    measured: int = 0
    parts: int = 0
    bytes: int = 0
    instants: list[datetime] = field(default_factory=list)  # the oldest and the newest


def incomplete_uploads(
    storage: ObjectStorage,
    bucket: str,
    today: date,
    most_requests: int | None = None,
    age_edges_days: tuple[int, ...] = AGE_EDGES_DAYS,
    page_size: int = PAGE,
) -> Uploads:
    """Count what lies in a bucket's incomplete uploads. Sizes cost a request per upload: a quarter of the budget is
    kept for counting, so that all are counted before all are measured."""
    budget = Budget(most_requests)
    ages, cells = Ages(today, age_edges_days), dict[tuple[str, int], _Cell]()
    reserve = 0 if most_requests is None else most_requests // 4
    is_complete = True
    try:
        for upload in _listed(storage, bucket, budget, page_size):
            begun = upload["Initiated"]
            cell = cells.setdefault((upload.get("StorageClass") or "STANDARD", ages.index(begun)), _Cell())
            cell.uploads += 1
            cell.instants = [min([*cell.instants[:1], begun]), max([*cell.instants[1:], begun])]
            if budget.left > reserve:
                _measure(storage, bucket, upload, budget, cell)
    except BudgetSpent:
        is_complete = False
    rows = [
        UploadRow(
            storage_class,
            *ages.bounds(age),
            cell.uploads,
            cell.measured,
            cell.parts if cell.measured else None,
            cell.bytes if cell.measured else None,
            *cell.instants,
        )
        for (storage_class, age), cell in sorted(cells.items())
    ]
    return Uploads(bucket, rows, is_complete, budget.used)


def _listed(storage: ObjectStorage, bucket: str, budget: Budget, page_size: int) -> Iterator[dict[str, Any]]:
    marker: Marker | None = {}
    while marker is not None:
        # keys come plain: servers differ in what they encode when asked to, and botocore undoes it for objects only
        ask = partial(storage.call, "ListMultipartUploads", budget, Bucket=bucket, MaxUploads=page_size, **marker)
        answer = fitting(ask, marker, {}, f"ListMultipartUploads {bucket}")
        yield from answer.get("Uploads", ())
        marker = following_marker(answer)


def _measure(storage: ObjectStorage, bucket: str, upload: dict[str, Any], budget: Budget, cell: _Cell) -> None:
    """Add one upload's parts, all or none; an upload that ended meanwhile stays counted and is not measured."""
    parts = size = 0
    marker: Marker | None = {}
    of = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
    while marker is not None:
        try:
            answer = fitting(
                partial(storage.call, "ListParts", budget, **of, **marker), marker, {}, f"ListParts {bucket}"
            )
        except (Absent, BudgetSpent):
            return
        found = answer.get("Parts", ())
        parts, size = parts + len(found), size + sum(part["Size"] for part in found)
        marker = following_marker(answer)
    cell.measured, cell.parts, cell.bytes = cell.measured + 1, cell.parts + parts, cell.bytes + size
