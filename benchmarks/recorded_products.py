"""What becomes of every answer that Scaleway really gave: read, recorded, built into `silver.resources`, counted.

`python -m benchmarks.recorded_products FOLDER` takes the folder of recorded answers (with its MANIFEST.json) and
prints one row per kind of list: how many answers and items there were, how many of them silver holds, and why not
where it should not. Ends with 1 if a resource was lost or doubled, or a kind of list is in no table here.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assets.tables import open_catalog
from benchmarks.recorded_lists import OTHERS, RESOURCES
from pipelines.lake.address import parse_address
from pipelines.lake.answers import record
from pipelines.lake.build import build
from pipelines.lake.sql_models import load_models
from pipelines.lake.store import Lake
from pipelines.sources.answers import Listing, Question, document_of, items_of
from pipelines.sources.endpoints import Endpoint, Request
from pipelines.sources.inventory import INVENTORY_PRODUCTS, PROJECTS
from pipelines.sources.inventory_products import resource_type_of
from pipelines.sources.paging import listing
from pipelines.sources.transport import Answer, Scaleway

_NOBODY = ("SCW00000000000000000", "11111111-1111-1111-1111-111111111111", "11111111-1111-1111-1111-111111111111")
AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
FAILED = 1

_READ_AS = {  # others that a reader takes page by page
    "GET /account/v3/projects": PROJECTS.source,
    "GET /annotations/v1/bindings": "annotations.bindings",
    "GET /baremetal/v1/offers": "baremetal.offers",
    "GET /instance/v1/products/servers": "instance.server_types",
}
_PRODUCTS: Mapping[str, Endpoint] = {product.source: product for product in INVENTORY_PRODUCTS}


@dataclass(frozen=True)
class Recording:
    """One recorded answer, or the consecutive pages of one."""

    endpoint: str
    name: str
    path: str
    pages: tuple[bytes, ...]
    total_count: str | None


@dataclass
class Row:
    """One kind of list: what there was and what became of it."""

    endpoint: str
    source: str
    answers: int = 0
    pages: int = 0
    recorded: int = 0
    received: int = 0
    ids: set[str] = field(default_factory=set)

    @property
    def reason(self) -> str:
        """Why it holds no resources; empty when it does."""
        return "" if self.source else OTHERS.get(self.endpoint, "IN NO TABLE")


class _Played(Scaleway):
    """A Scaleway that knows one recorded answer."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(*_NOBODY, requests_per_second=0)
        self._recording = recording

    def send(self, request: Request, page: int = 1) -> Answer:
        body = self._recording.pages[page - 1]
        return Answer(body, document_of(body), self._recording.total_count, AT)


def recordings(folder: Path) -> Iterator[Recording]:
    """Every successful answer in JSON, pages of one listing together."""
    entries = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["files"]
    together: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        is_json = (
            entry["file"].endswith(".json") and "s3_" not in entry["endpoint"] and "/loki/" not in entry["endpoint"]
        )
        if entry["status"] == 200 and is_json:
            together.setdefault(entry["page_sequence"] or entry["file"], []).append(entry)
    for name, pages in together.items():
        url = pages[0]["request"]["url"].partition("://")[2]
        yield Recording(
            pages[0]["endpoint"],
            name,
            "/" + url.partition("/")[2].partition("?")[0],
            tuple((folder / page["file"]).read_bytes() for page in pages),
            pages[0]["response_headers"].get("X-Total-Count"),
        )


def is_list(recording: Recording) -> bool:
    """Whether it answers a question for many: it has no identifier of its own, and one list or map of objects."""
    document = document_of(recording.pages[0])
    held = [value for value in document.values() if isinstance(value, list | dict)]
    last = recording.endpoint.rpartition("/")[2]
    is_single = "id" in document or last == "{id}" or last.isdigit() or last in ("config", "current-plan")
    return not is_single and len(held) == 1


def read(recording: Recording) -> Listing:
    """The recorded answer as our reader gives it, whichever version of the API it came from."""
    source = RESOURCES.get(recording.endpoint) or _READ_AS[recording.endpoint]
    endpoint = _PRODUCTS.get(source, PROJECTS)
    arguments: dict[str, Any] = {name: name for name in ("zone", "region") if endpoint.accepts(name)}
    each = getattr(endpoint, "each", None)
    if each:
        arguments[each] = "one"
    found = listing(_Played(recording), endpoint, page_size=100, **arguments)
    return replace(found, question=_question(source, recording))


def single(recording: Recording) -> Listing | None:
    """An answer about one resource, as a listing of one; None for anything else."""
    source = RESOURCES.get(recording.endpoint.removesuffix("/{id}"))
    if source is None or not recording.endpoint.endswith("/{id}"):
        return None
    items, extra = items_of(source, recording.pages[0])
    return Listing(_question(source, recording), recording.pages, items, extra, AT)


def _question(source: str, recording: Recording) -> Question:
    """Every file is a question of its own: the same thing was recorded in several states."""
    return Question(source, recording.path, (("file", recording.name),))


@dataclass(frozen=True)
class Report:
    """Every kind of list, and what silver made of all of them together with the answers about one resource."""

    rows: list[Row]
    singles: int
    silver: Mapping[str, Sequence[str]]
    expected: Mapping[str, set[str]]

    @property
    def problems(self) -> list[str]:
        """Resources lost, doubled or made up, and kinds of lists that are in no table."""
        unknown = [f"{row.endpoint}: in no table" for row in self.rows if row.reason == "IN NO TABLE"]
        wrong = [
            f"{kind}: {len(self.expected.get(kind, set()))} recorded, {len(self.silver.get(kind, ()))} in silver"
            for kind in sorted({*self.expected, *self.silver})
            if sorted(self.expected.get(kind, set())) != sorted(self.silver.get(kind, ()))
        ]
        lost = [
            f"{row.endpoint}: {row.recorded} items, {row.received} read"
            for row in self.rows
            if (row.source or row.endpoint in _READ_AS) and row.recorded != row.received
        ]
        return [*unknown, *wrong, *lost]


def report(folder: Path, lake_folder: Path) -> Report:
    """Read every recorded answer, record those about resources and build silver from them."""
    rows: dict[str, Row] = {}
    listings: list[Listing] = []
    singles = 0
    for recording in recordings(folder):
        if not is_list(recording):
            one = single(recording)
            if one is not None:
                singles += 1
                listings.append(one)
            continue
        row = rows.setdefault(recording.endpoint, Row(recording.endpoint, RESOURCES.get(recording.endpoint, "")))
        row.answers += 1
        row.pages += len(recording.pages)
        row.recorded += sum(_count(page) for page in recording.pages)
        if recording.endpoint in RESOURCES or recording.endpoint in _READ_AS:
            found = read(recording)
            row.received += len(found.items)
            row.ids |= {str(item["id"]) for item in found.items if "id" in item}
            if row.source:
                listings.append(found)
    expected: dict[str, set[str]] = {}
    listings.sort(key=lambda each: each.question.source == "ipam.ips")  # a second view of addresses others list
    for each in listings:
        ids = expected.setdefault(resource_type_of(each.question.source), set())
        listed = set().union(*(found for kind, found in expected.items() if kind != "ipam_ip"))
        own = {str(item["id"]) for item in each.items}
        ids |= own - listed if each.question.source == "ipam.ips" else own
    return Report(
        sorted(rows.values(), key=lambda row: (not row.source, row.endpoint)),
        singles,
        _silver(listings, lake_folder),
        {kind: ids for kind, ids in expected.items() if ids},
    )


def _count(page: bytes) -> int:
    """Items of a page, counted without a reader."""
    (held,) = [value for value in json.loads(page).values() if isinstance(value, list | dict)]
    return len(held)


def _silver(listings: Sequence[Listing], folder: Path) -> dict[str, list[str]]:
    lake = Lake(parse_address(str(folder)))
    record(lake, "bronze.resources", listings)
    catalog = open_catalog(lake)
    needed = ("silver.buckets", "silver.resource_periods", "silver.resource_annotations", "silver.resources")
    for model in load_models():
        if model.table in needed:
            build(catalog, model, [])
            catalog = open_catalog(lake)
    found: dict[str, list[str]] = {}
    for row in catalog.query("select resource_type, resource_id from silver.resources").to_pylist():
        found.setdefault(row["resource_type"], []).append(row["resource_id"])
    return found


def lines(told: Report) -> Iterator[str]:
    """The table, as text."""
    yield f"{'list':<62} {'answers':>7} {'pages':>5} {'items':>6} {'read':>6} {'ids':>5} {'silver':>6}  why not"
    for row in told.rows:
        held = set(told.silver.get(resource_type_of(row.source), ())) if row.source else set()
        silver = str(len(row.ids & held)) if row.source else "-"
        received = str(row.received) if row.source or row.endpoint in _READ_AS else "-"
        yield (
            f"{row.endpoint.removeprefix('GET '):<62} {row.answers:>7} {row.pages:>5} {row.recorded:>6} {received:>6} "
            f"{len(row.ids) or '-':>5} {silver:>6}  {row.reason}"
        )
    kept = [row for row in told.rows if row.source]
    total = sum(len(ids) for ids in told.silver.values())
    yield (
        f"{len(told.rows)} kinds of lists in {sum(row.answers for row in told.rows)} answers; {len(kept)} kinds hold "
        f"resources: {sum(row.recorded for row in kept)} items in, {sum(row.received for row in kept)} read"
    )
    yield f"with {told.singles} answers about one resource: {total} different resources in silver, none doubled"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the recorded answers, with their MANIFEST.json")
    folder = parser.parse_args(arguments).folder
    if not (folder / "MANIFEST.json").is_file():
        parser.error(f"{folder}: no MANIFEST.json there; give the folder of recorded answers")
    with tempfile.TemporaryDirectory() as lake:
        told = report(folder, Path(lake))
    for line in lines(told):
        print(line)
    for problem in told.problems:
        print(problem, file=sys.stderr)
    return FAILED if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
