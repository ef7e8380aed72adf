"""Buckets as dated snapshots tell them, as resources with labels, and what lay in them when they were listed."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from assets.tables import TABLES
from pipelines.lake.measurements import Measurement, keep
from pipelines.sources.objects.buckets import Bucket
from pipelines.sources.objects.rows import bucket_table
from pipelines.sources.objects.tables import STORAGE_SCHEMAS

PROJECT, OTHER_PROJECT = (f"0b0b0b0b-0000-4000-8000-00000000000{number}" for number in (1, 2))
MADE = datetime(2026, 1, 5, 12, tzinfo=UTC)
BEGINNING, END = date(1970, 1, 1), date(9999, 12, 31)


def on(day: int, month: int = 10) -> date:
    return date(2026, month, day)


def bucket(name: str = "media", tags: dict | None = None, **more) -> Bucket:
    told = {"created_at": MADE, "versioning": "never", "lifecycle_rules": "[]", "gaps": (), "project_id": PROJECT}
    return Bucket(region="fr-par", name=name, tags=tags, **{**told, **more})


@pytest.fixture
def storage(answers):
    return StorageLake(answers)


class StorageLake:
    """A lake that takes readings of Object Storage."""

    def __init__(self, answers) -> None:
        self.answers = answers

    def buckets(self, day: date, *found: Bucket, project: str = PROJECT, hour: int = 6) -> None:
        self._keep("buckets", day, f"{project}/fr-par", bucket_table(found, day), project, hour)

    def gap(self, day: date) -> None:
        self._keep("buckets", day, f"{PROJECT}/fr-par", None, PROJECT, 6)

    def listing(self, day: date, name: str, *cells: tuple, hour: int = 6, **more) -> None:
        """Cells are (class, state, age_days_from, size_bytes_to, objects, bytes)."""
        place = self._place(day, name)
        rows = [
            {
                **place,
                "prefix": "",
                "prefix_depth": 0,
                **dict(zip(("storage_class", "state", "age_days_from", "size_bytes_to"), cell[:4], strict=True)),
                "size_bytes_from": cell[3] // 10,
                **dict(zip(("objects", "bytes"), cell[4:], strict=True)),
                "is_sample": False,
            }
            for cell in cells
        ]
        totals = {"objects": sum(cell[4] for cell in cells), "bytes": sum(cell[5] for cell in cells)}
        listed = {**place, **totals, "is_sample": False, "statement": "all", "covers_versions": True, **more}
        self._keep_rows("histograms", day, name, rows, hour)
        self._keep_rows("listings", day, name, [listed], hour)

    def uploads(self, day: date, name: str, *rows: dict) -> None:
        place = {**self._place(day, name), "is_sample": False}
        self._keep_rows("uploads", day, name, [{**place, **row} for row in rows], 6)

    def history(self) -> list[tuple]:
        rows = self.answers.built("silver.buckets")
        return sorted((r["bucket"], r["valid_from"], r["valid_to"], r["tags"] and json.loads(r["tags"])) for r in rows)

    def labels(self, name: str = "media") -> dict:
        (row,) = [row for row in self.answers.built("silver.resource_labels") if row["resource_id"] == name]
        return {**row, "tags_json": json.loads(row["tags_json"])}

    @staticmethod
    def _place(day: date, name: str) -> dict:
        told = {"region_id": "fr-par", "project_id": PROJECT, "bucket": name}
        return {"usage_month": f"{day:%Y-%m}", "as_of": day, **told}

    def _keep_rows(self, kind: str, day: date, name: str, rows: list[dict], hour: int) -> None:
        table = pa.Table.from_pylist(rows, STORAGE_SCHEMAS[f"storage_{kind}"])
        self._keep(kind, day, f"{PROJECT}/fr-par/{name}", table, PROJECT, hour)

    def _keep(self, kind: str, day: date, place: str, rows: pa.Table | None, project: str, hour: int) -> None:
        at = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        note = "" if rows is not None else "buckets: ListBuckets fr-par: HTTP 403"
        line = Measurement(f"storage.{kind}", place, day, at, rows, True, project, "fr-par", note)
        keep(self.answers.lake, TABLES[f"bronze.storage_{kind}"], [line])


# --- buckets


def test_a_bucket_is_one_row_until_its_tags_change_whatever_happens_to_others(storage):
    storage.buckets(on(1), bucket(tags={"env": "dev"}), bucket("old", {}))
    storage.buckets(on(5), bucket(tags={"env": "dev"}))
    storage.gap(on(7))
    storage.buckets(on(9), bucket(tags={"env": "prod"}), bucket("old", {}))
    storage.buckets(on(11), bucket(tags={"env": "prod"}), bucket("old", {}), bucket("new", {}))
    assert storage.history() == [
        ("media", on(1), on(9), {"env": "dev"}),
        ("media", on(9), None, {"env": "prod"}),
        ("new", on(11), None, {}),
        ("old", on(1), on(5), {}),
        ("old", on(9), None, {}),
    ]
    current = {row["bucket"] for row in storage.answers.read("silver.buckets") if row["is_current"]}
    assert current == {"media", "new", "old"}


def test_the_later_of_two_snapshots_of_a_day_counts(storage):
    storage.buckets(on(1), bucket(tags={"n": "1"}), hour=6)
    storage.buckets(on(1), bucket(tags={"n": "2"}), hour=18)
    assert storage.history() == [("media", on(1), None, {"n": "2"})]


def test_what_could_not_be_read_is_as_it_was_read_last_and_never_read_is_null(storage):
    refused = {"gaps": ("tags: GetBucketTagging media fr-par: HTTP 403",)}
    storage.buckets(on(1), bucket(tags={"env": "dev"}), bucket("closed", None, **refused))
    storage.buckets(on(4), bucket(tags=None, versioning="enabled", **refused), bucket("closed", None, **refused))
    storage.buckets(on(6), bucket(tags={"env": "dev"}, versioning="enabled"), bucket("closed", None, **refused))
    rows = storage.answers.built("silver.buckets")
    told = sorted((r["bucket"], r["valid_from"], r["tags"], r["versioning"], r["tags_as_of"]) for r in rows)
    assert told == [
        ("closed", on(1), None, "never", None),
        ("media", on(1), '{"env":"dev"}', "never", on(1)),
        ("media", on(4), '{"env":"dev"}', "enabled", on(6)),
    ]
    assert [list(r["gaps"]) for r in rows if r["bucket"] == "closed"] == [list(refused["gaps"])]


def test_a_bucket_made_anew_under_its_old_name_has_nothing_of_the_old_one(storage):
    storage.buckets(on(1), bucket(tags={"owner": "a"}))
    storage.buckets(on(2), bucket(tags=None, created_at=MADE + timedelta(days=200)))
    assert storage.history() == [("media", on(1), on(2), {"owner": "a"}), ("media", on(2), None, None)]


def test_a_name_that_two_projects_showed_on_one_day_is_the_one_that_still_does(storage):
    storage.buckets(on(1), bucket(tags={"owner": "a"}))
    storage.buckets(on(1), bucket(tags={"owner": "b"}, project_id=OTHER_PROJECT), project=OTHER_PROJECT)
    storage.buckets(on(3))
    assert storage.history() == [("media", on(1), None, {"owner": "b"})]


# --- buckets as resources


def test_a_bucket_is_a_resource_by_its_name_with_place_age_and_tags(storage):
    storage.buckets(on(1), bucket(tags={"Owner": "team-data", "env": "production"}))
    (row,) = storage.answers.built("silver.resources")
    assert (row["resource_id"], row["resource_name"]) == ("media", "media")
    assert (row["resource_type"], row["billed_id"]) == ("object_storage_bucket", "media")
    assert (row["project_id"], row["region_id"], row["availability_zone"]) == (PROJECT, "fr-par", None)
    assert (row["created_at"], row["tags_as_of"]) == (MADE, on(1))
    assert row["tags"] == ["Owner=team-data", "env=production"]
    assert (row["counts_from"], row["counts_until"]) == (BEGINNING, END)
    labels = storage.labels()
    assert (labels["owner"], labels["tagged_environment"], labels["has_tags"]) == ("data", "production", True)


def test_a_key_stays_whole_and_an_empty_value_is_a_bare_tag(storage):
    tags = {"cost:center=x": "a=b:c", "staging": "", "é \"'": "日本"}
    storage.buckets(on(1), bucket(tags=tags))
    labels = storage.labels()
    assert labels["tags_json"] == {"cost:center=x": "a=b:c", "staging": True, "é \"'": "日本"}
    assert labels["tagged_environment"] == "staging"


def test_an_annotation_of_a_bucket_stands_beside_its_tags(storage):
    storage.buckets(on(1), bucket(tags={"env": "dev"}), bucket("bare", {}))
    bound = [
        {"id": f"b{name}", "srn": f"srn::object-storage/bucket/{name}", "key": {"name": "team"}, "value": {"name": "x"}}
        for name in ("media", "bare")
    ]
    at = datetime(2026, 10, 1, 6, tzinfo=UTC)
    storage.answers.answer("bronze.resources", "annotations.bindings", bound, at=at)
    assert storage.labels()["tags_json"] == {"env": "dev", "team": "x"}
    assert storage.labels("bare")["tags_json"] == {"team": "x"}


def test_costs_of_a_bucket_have_the_owner_of_their_day(storage, charge):
    storage.buckets(on(3), bucket(tags={"owner": "team-a", "env": "dev"}))
    storage.buckets(on(5), bucket(tags={"team": "b", "env": "prod"}))
    sku = "/storage/obj/storage/standard/fr-par"
    for day in (1, 4, 5):
        times = {"start_date": f"2026-10-0{day}T00:00:00Z", "end_date": f"2026-10-0{day}T23:59:59.999999Z"}
        made = charge("1", resource_id="media", resource_name="media", sku=sku, project_id=PROJECT, **times)
        storage.answers.charges(f"2026-10-0{day}", made)
    storage.answers.build("silver.labelled_costs", months=["2026-10"])
    rows = storage.answers.read(
        "select charge_date, owner, environment, resource_type, tags_as_of from silver.labelled_costs order by 1"
    )
    kind = "object_storage_bucket"
    assert [tuple(row.values()) for row in rows] == [
        (on(1), "a", "dev", kind, on(3)),
        (on(4), "a", "dev", kind, on(3)),
        (on(5), "b", "prod", kind, on(5)),
    ]


def test_the_history_of_a_bucket_names_the_fields_that_changed(storage):
    rules = '[{"ID": "x", "Status": "Enabled"}]'
    storage.buckets(on(1), bucket(tags={"n": "1"}))
    storage.buckets(on(2), bucket(tags={"n": "1"}, versioning="enabled", lifecycle_rules=rules))
    storage.buckets(on(3), bucket(tags={"n": "2"}, versioning="enabled", lifecycle_rules=rules))
    storage.buckets(on(4))
    rows = sorted(storage.answers.built("silver.resource_history"), key=lambda row: row["valid_from"])
    changed = [list(row["changed_fields"]) for row in rows]
    assert changed == [[], ["lifecycle_rules", "versioning"], ["tags"]]
    assert {(row["first_seen"], row["gone_on"], row["is_current"]) for row in rows} == {(on(1), on(4), False)}


def test_other_resources_are_as_they_were_beside_buckets(storage):
    server = {"id": "s", "name": "s", "project": "p", "tags": ["env=dev", "a:b"], "zone": "fr-par-1"}
    path = "/instance/v1/zones/fr-par-1/servers"
    storage.answers.answer("bronze.resources", "instance.servers", [server], path=path)
    alone = storage.answers.built("silver.resources"), storage.labels("s")
    storage.buckets(on(1), bucket(tags={"env": "dev"}))
    beside = storage.answers.built("silver.resources")
    assert [row for row in beside if row["resource_id"] == "s"] == alone[0]
    assert (len(beside), storage.labels("s")) == (2, alone[1])


# --- what lies in them

SMALL, LARGE = 1_000_000, 10_000_000


def test_the_newest_reading_of_a_day_counts_and_the_newest_day_is_now(storage):
    month = ("2026-10", "2026-11")
    made_anew = bucket("anew", {}, created_at=datetime(2026, 11, 2, tzinfo=UTC))
    storage.buckets(on(1), *(bucket(name, {}) for name in ("media", "never-listed", "gone")))
    storage.buckets(on(2, 11), *(bucket(name, {}) for name in ("media", "never-listed")), made_anew)
    for name in ("media", "gone", "anew"):
        storage.listing(on(1), name, ("STANDARD", "current", 30, SMALL, 1, 10))
    storage.listing(on(8), "media", ("STANDARD", "current", 30, SMALL, 2, 20), hour=6)
    storage.listing(on(8), "media", ("STANDARD", "current", 30, SMALL, 3, 30), hour=18)
    storage.listing(on(1, 11), "media", ("STANDARD", "current", 30, SMALL, 4, 40), is_sample=True)
    storage.uploads(on(1), "media", {"storage_class": "STANDARD", "age_days_from": 7, "uploads": 9})
    storage.uploads(
        on(8),
        "media",
        {"storage_class": "STANDARD", "age_days_from": 7, "uploads": 2, "measured_uploads": 1, "bytes": 5},
        {"storage_class": "GLACIER", "age_days_from": 7, "uploads": 1, "measured_uploads": 0},
    )
    tables = ("silver.storage_listings", "silver.storage_histograms", "silver.storage_uploads", "silver.storage_now")
    storage.answers.build(*tables, months=month)
    listed = storage.answers.read("select bucket, as_of, objects from silver.storage_listings where bucket = 'media'")
    assert {(row["as_of"], row["objects"]) for row in listed} == {(on(1), 1), (on(8), 3), (on(1, 11), 4)}
    cells = storage.answers.read("select as_of, objects, bytes from silver.storage_histograms where bucket = 'media'")
    assert {tuple(row.values()) for row in cells} == {(on(1), 1, 10), (on(8), 3, 30), (on(1, 11), 4, 40)}
    now = {row["bucket"]: row for row in storage.answers.read("silver.storage_now")}
    assert now.keys() == {"media", "never-listed", "anew"}
    media = now["media"]
    assert (media["listed_on"], media["objects"], media["bytes"], media["is_sample"]) == (on(1, 11), 4, 40, True)
    assert (media["uploads_counted_on"], media["incomplete_uploads"]) == (on(8), 3)
    assert (media["measured_uploads"], media["incomplete_upload_bytes"]) == (1, 5)
    for name in ("never-listed", "anew"):
        assert (now[name]["listed_on"], now[name]["objects"], now[name]["incomplete_uploads"]) == (None, None, None)
    one_row_per_grain(storage.answers, *tables)


def test_a_month_of_a_bucket_is_its_last_listing_by_class_and_state(storage):
    storage.listing(on(2), "media", ("STANDARD", "current", 0, SMALL, 99, 99))
    storage.listing(
        on(9),
        "media",
        ("STANDARD", "current", 0, SMALL, 3, 100),
        ("STANDARD", "current", 30, LARGE, 1, 300),
        ("STANDARD", "current", 365, LARGE, 2, 600),
        ("GLACIER", "noncurrent", 90, SMALL, 1, 50),
        (None, "delete_marker", 180, 1, 7, 0),
    )
    storage.uploads(
        on(9),
        "media",
        {"storage_class": "STANDARD", "age_days_from": 7, "uploads": 1, "measured_uploads": 1, "bytes": 20},
        {"storage_class": "STANDARD", "age_days_from": 90, "uploads": 2, "measured_uploads": 1, "bytes": 60},
        {"storage_class": "GLACIER", "age_days_from": 90, "uploads": 2, "measured_uploads": 0},
    )
    storage.uploads(on(9), "none", {"uploads": 0, "measured_uploads": 0, "parts": 0, "bytes": 0})
    storage.answers.build("gold.storage_by_bucket", months=["2026-10", "2026-11"])
    rows = storage.answers.read("gold.storage_by_bucket")
    assert {(row["bucket"], row["usage_month"]) for row in rows} == {("media", "2026-10")}
    told = {(row["storage_class"], row["state"]): row for row in rows}
    ages = ("objects", "bytes", *(f"bytes_{days}_days_old" for days in (30, 90, 180, 365)), "small_bytes", "is_sample")
    assert {key: tuple(row[name] for name in ages) for key, row in told.items()} == {
        ("STANDARD", "current"): (6, 1000, 900, 600, 600, 600, 100, False),
        ("GLACIER", "noncurrent"): (1, 50, 50, 50, 0, 0, 50, False),
        (None, "delete_marker"): (7, 0, 0, 0, 0, 0, 0, False),
        ("STANDARD", "incomplete_upload"): (3, 80, 60, 60, 0, 0, None, True),
        ("GLACIER", "incomplete_upload"): (2, None, None, None, None, None, None, True),
    }
    shares = {key: row["older_than_30_days_share"] for key, row in told.items()}
    assert shares["STANDARD", "current"] == Decimal("0.9")
    assert shares["STANDARD", "incomplete_upload"] == Decimal("0.75")
    assert shares[None, "delete_marker"] is None
    assert told["STANDARD", "current"]["small_objects"] == 3
    one_row_per_grain(storage.answers, "gold.storage_by_bucket")


def one_row_per_grain(answers, *tables: str) -> None:
    for table in tables:
        grain = ", ".join(answers.models.by_name[table].grain)
        (counted,) = answers.read(f"select count(*) as rows, count(distinct ({grain})) as grains from {table}")
        assert 0 < counted["rows"] == counted["grains"], table
