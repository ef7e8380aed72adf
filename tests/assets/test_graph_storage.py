"""The daily reading of Object Storage: a real S3 server behind a gateway that knows projects, and the simulator's."""

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import botocore.session
import pyarrow as pa
import pytest
from botocore.config import Config

from assets.bronze import storage, storage_ledger
from assets.bronze.storage import read_storage
from assets.opening import open_lake_of, open_scaleway
from assets.tables import TABLES, open_catalog
from pipelines.errors import ConfigurationError
from pipelines.lake.answers import record
from pipelines.lake.build import build
from pipelines.lake.measurements import Measurement, keep
from pipelines.settings import load_settings
from pipelines.sources.objects.client import ObjectStorage
from pipelines.sources.objects.listing import ListingRules

from .s3_gateway import ACCESS_KEY, Gateway

ORGANIZATION = "0a0a0a0a-0000-4000-8000-000000000001"
SHOP, DATA = (f"0b0b0b0b-0000-4000-8000-00000000000{number}" for number in (1, 2))
TODAY = datetime.now(UTC).replace(hour=6) + timedelta(days=40)  # the server dates objects itself: they are 40 days old
TABLE_NAMES = ("storage_buckets", "storage_listings", "storage_histograms", "storage_uploads")


def in_days(days: int) -> datetime:
    return TODAY + timedelta(days=days)


@pytest.fixture(scope="module")
def writer(s3_server):
    """May write, to prepare what is then read."""
    return botocore.session.get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=s3_server.endpoint_url,
        aws_access_key_id=s3_server.access_key,
        aws_secret_access_key=s3_server.secret_key,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=16),
    )


@pytest.fixture(scope="module")
def filled(writer):
    """Two buckets: one with versions, markers, uploads, tags and rules, one of 325 objects in 13 folders."""
    media, logs = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("media", "logs"))
    for name in (media, logs):
        writer.create_bucket(Bucket=name)
    writer.put_bucket_versioning(Bucket=media, VersioningConfiguration={"Status": "Enabled"})
    tag(writer, media, owner="team-shop", env="prod")
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 365}}
    writer.put_bucket_lifecycle_configuration(Bucket=media, LifecycleConfiguration={"Rules": [rule]})
    for size in (5, 2_000_000, 7):
        for key in ("a/one", "b/two"):
            writer.put_object(Bucket=media, Key=key, Body=b"x" * size)
    writer.delete_object(Bucket=media, Key="a/one")
    begun = writer.create_multipart_upload(Bucket=media, Key="a/upload")
    writer.upload_part(Bucket=media, Key="a/upload", UploadId=begun["UploadId"], PartNumber=1, Body=b"z" * 90)

    def put(number: int) -> None:
        writer.put_object(Bucket=logs, Key=f"{number % 13:02}/{number:04}", Body=b"x" * (number % 7))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(325)))
    return media, logs


def tag(writer, name: str, **tags: str) -> None:
    pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
    writer.put_bucket_tagging(Bucket=name, Tagging={"TagSet": pairs})


# --- the reader


class Killed(BaseException):
    """As a signal would end the process: nothing catches it."""


class Account:
    """Two projects whose buckets lie behind the gateway, and a lake."""

    def __init__(self, gateway: Gateway, patch, answered) -> None:
        self.gateway, self.patch = gateway, patch
        self.settings = load_settings()
        self.lake = open_lake_of(self.settings)
        items = [
            {"id": project, "name": name, "organization_id": ORGANIZATION}
            for project, name in ((SHOP, "shop"), (DATA, "data"))
        ]
        record(self.lake, "bronze.projects", [answered("account.projects", items)])

    def read(self, days: int = 0):
        """What came of the reading so many days later."""
        now = in_days(days)
        return read_storage(self.lake, open_scaleway(self.settings, lambda: now), load_settings(), now)

    def read_until_killed(self, what, name: str, dying) -> None:
        """Read with `dying` in the place of `what.name`, and meet the end it comes to."""
        with self.patch.context() as patch:
            patch.setattr(what, name, dying)
            with pytest.raises(Killed):
                self.read()

    def missing(self, days: int = 0) -> list[str]:
        return [line for each in self.read(days).values() for line in each.missing]

    def set(self, key: str, value: str) -> None:
        self.patch.setenv(f"FINOPS_STORAGE_{key}", value)

    def versions(self) -> list[int]:
        catalog = open_catalog(self.lake)
        return [catalog.state(f"bronze.{name}").version for name in ("measurements", *TABLE_NAMES)]

    def rows(self, sql: str) -> list[tuple]:
        return [tuple(row.values()) for row in open_catalog(self.lake).query(sql).to_pylist()]

    def build(self, *tables: str) -> None:
        catalog = open_catalog(self.lake)
        months = sorted({f"{in_days(days):%Y-%m}" for days in range(40)})
        for model in catalog.models:
            if model.table in tables:
                build(catalog, model, months)

    def totals(self) -> dict[str, tuple[int, int]]:
        """Objects and bytes by bucket, added up from the histograms' newest day."""
        rows = self.rows(
            "select bucket, sum(objects)::int, sum(bytes)::int from bronze.storage_histograms "
            "where as_of = (select max(as_of) from bronze.storage_listings) group by bucket"
        )
        return {name: (objects, size) for name, objects, size in rows}


@pytest.fixture
def account(s3_server, filled, monkeypatch, tmp_path, answered):
    """Reads one bucket of each project, in one region each."""
    media, logs = filled
    gateway = Gateway(s3_server, {media: (SHOP, "fr-par"), logs: (DATA, "nl-ams")})
    with gateway.served() as url:
        for name, value in {
            "SCW_ACCESS_KEY": ACCESS_KEY,
            "SCW_SECRET_KEY": "0c0c0c0c-0000-4000-8000-000000000001",
            "SCW_DEFAULT_ORGANIZATION_ID": ORGANIZATION,
            "FINOPS_LAKE": str(tmp_path / "lake"),
            "FINOPS_STATE": str(tmp_path / "state"),
            "FINOPS_SCALEWAY_ATTEMPTS": "1",
            "FINOPS_STORAGE_ENDPOINT_URL": url,
            "FINOPS_STORAGE_REGIONS": '["fr-par", "nl-ams"]',
            "FINOPS_STORAGE_REQUESTS_PER_SECOND": "0",
        }.items():
            monkeypatch.setenv(name, value)
        yield Account(gateway, monkeypatch, answered)


SIZES = sum(number % 7 for number in range(325))
CONFIGURED = {"ListBuckets": 4, "GetBucketTagging": 2, "GetBucketVersioning": 2, "GetBucketLifecycleConfiguration": 2}


def test_buckets_of_every_project_and_region_are_read_with_what_lies_in_them(account, filled):
    media, logs = filled
    result = account.read()
    assert [line for each in result.values() for line in each.missing] == []
    found = account.rows(
        "select bucket, project_id, region_id, tags::varchar, versioning, lifecycle_rules::json ->> '$[0].ID', as_of "
        "from bronze.storage_buckets order by bucket desc"
    )
    today = TODAY.date()
    assert found == [
        (media, SHOP, "fr-par", "{env=prod, owner=team-shop}", "enabled", "old", today),
        (logs, DATA, "nl-ams", "{}", "never", None, today),
    ]
    assert account.totals() == {media: (7, 4_000_024), logs: (325, SIZES)}
    listed = account.rows(
        "select bucket, objects, is_sample, expected_objects from bronze.storage_listings order by bucket desc"
    )
    assert listed == [(media, 7, False, None), (logs, 325, False, None)]
    uploads = account.rows("select bucket, uploads, bytes from bronze.storage_uploads order by bucket desc")
    assert uploads == [(media, 1, 90), (logs, 0, 0)]
    kept = {name: (each.kept.asked, each.kept.new, each.kept.rows) for name, each in result.items()}
    assert (kept["storage_buckets"], kept["storage_listings"]) == ((4, 4, 2), (2, 2, 2))
    assert sum(each.calls for each in result.values()) == len(account.gateway.asked)


def test_the_next_days_store_nothing_and_list_nothing_until_a_listing_is_due(account):
    account.read()
    written, first = account.versions(), account.gateway.ways()
    assert {"ListObjectVersions", "ListObjectsV2", "ListMultipartUploads", "ListParts"} < set(first)
    for day in (0, 1, 6):
        result = account.read(day)
        assert account.gateway.ways() == CONFIGURED
        assert (account.versions(), result["storage_buckets"].kept.asked) == (written, 4)
    account.read(7)
    assert account.gateway.ways() == first
    assert account.rows("select count(distinct as_of) from bronze.storage_histograms") == [(2,)]
    assert account.rows("select count(distinct as_of) from bronze.storage_buckets") == [(1,)]
    account.set("LISTING_DAYS", "2")
    account.read(9)
    assert account.gateway.ways() == first


def test_a_changed_tag_is_dated_a_new_bucket_is_listed_and_one_that_went_is_noticed(account, filled, writer):
    media, logs = filled
    account.read()
    account.gateway.ways()
    new = f"new-{uuid.uuid4().hex[:8]}"
    writer.create_bucket(Bucket=new)
    writer.put_object(Bucket=new, Key="k", Body=b"12345")
    account.gateway.owners[new] = (SHOP, "fr-par")
    del account.gateway.owners[logs]
    tag(writer, media, owner="team-data", env="prod")
    try:
        account.read(2)
    finally:
        tag(writer, media, owner="team-shop", env="prod")
    assert account.gateway.ways()["ListObjectsV2"] == 1
    account.build("silver.buckets", "silver.resource_annotations", "silver.resource_periods", "silver.resources")
    account.build("silver.resource_labels", "silver.storage_listings", "silver.storage_uploads")
    start, changed = TODAY.date(), in_days(2).date()
    assert account.rows(
        "select resources.resource_id, labels.owner, resources.valid_from, resources.valid_to from silver.resources "
        "left join silver.resource_labels as labels using (resource_id, valid_from) order by 1, 3"
    ) == sorted(
        [
            (logs, None, start, changed),
            (media, "shop", start, changed),
            (media, "data", changed, None),
            (new, None, changed, None),
        ],
        key=lambda row: (row[0], row[2]),
    )
    now = account.rows("select bucket, listed_on, objects from silver.storage_now order by bucket")
    assert now == [(media, start, 7), (new, changed, 1)]


# --- kills


@pytest.fixture
def small_pages(monkeypatch):
    """Pages of 25 keys, with a checkpoint after every third."""
    monkeypatch.setattr(storage, "ListingRules", partial(ListingRules, page_size=25, pages_between_checkpoints=3))


@pytest.mark.parametrize("later", [0, 1])
def test_a_reading_killed_in_a_listing_goes_on_there_and_ends_with_the_truth(
    account, filled, small_pages, monkeypatch, later
):
    _, logs = filled
    real, pages = ObjectStorage.call, Counter()

    def dying(self, operation, budget=None, **parameters):
        pages[operation] += 1
        if pages["ListObjectsV2"] == 9:
            raise Killed
        return real(self, operation, budget, **parameters)

    account.read_until_killed(ObjectStorage, "call", dying)
    assert account.rows("select count(*) from bronze.storage_buckets") == [(2,)]
    assert account.gateway.ways()["ListObjectsV2"] == 8
    assert len(list((account.settings.state / "listings").iterdir())) == 1
    account.read(later)
    assert account.gateway.ways()["ListObjectsV2"] == 13 - 6
    assert account.rows("select sum(objects)::int, sum(bytes)::int from bronze.storage_histograms") == [
        (332, SIZES + 4_000_024)
    ]
    assert account.rows(f"select as_of, requests from bronze.storage_listings where bucket = '{logs}'") == [
        (TODAY.date(), 13)
    ]
    assert list((account.settings.state / "listings").iterdir()) == []


def test_a_reading_killed_before_its_listings_were_stored_lists_the_last_pages_again(account, small_pages, monkeypatch):
    def dying(lake, table, measurements):
        if table.name == "bronze.storage_listings" and measurements:
            raise Killed
        return keep(lake, table, measurements)

    account.read_until_killed(storage_ledger, "keep", dying)
    assert account.gateway.ways()["ListObjectsV2"] == 13
    account.read()
    assert account.gateway.ways()["ListObjectsV2"] == 1
    assert sum(objects for objects, _ in account.totals().values()) == 332
    assert account.rows("select count(*), count(distinct bucket) from bronze.storage_listings") == [(2, 2)]
    written = account.versions()
    account.read()
    assert account.versions() == written


def test_a_long_reading_is_stored_on_the_way(account, filled, monkeypatch):
    monkeypatch.setattr(storage_ledger, "STORE_AFTER_REQUESTS", 1)
    real = ObjectStorage.call

    def dying(self, operation, budget=None, **parameters):
        if operation == "ListObjectsV2":
            raise Killed
        return real(self, operation, budget, **parameters)

    account.read_until_killed(ObjectStorage, "call", dying)
    assert account.totals() == {filled[0]: (7, 4_000_024)}
    account.gateway.ways()
    account.read()
    assert "ListObjectVersions" not in account.gateway.ways()
    assert account.totals() == {filled[0]: (7, 4_000_024), filled[1]: (325, SIZES)}


# --- what may not be read


def test_what_a_bucket_refuses_is_one_line_a_cause_and_the_rest_is_read(account, filled):
    media, logs = filled
    refused = [("GetBucketTagging", media), ("GetBucketTagging", logs), ("ListObjectsV2", logs)]
    account.gateway.refused = dict.fromkeys([*refused, ("ListMultipartUploads", media)], 403)
    lines = account.missing()
    told = [line.partition(": HTTP 403 AccessDenied; add the permission set ObjectStorageReadOnly ") for line in lines]
    assert sorted((what, advice[-80:].partition("allow ")[2].partition(" ")[0]) for what, _, advice in told) == [
        (f"Object Storage: incomplete uploads of {media}", "s3:ListBucketMultipartUploads"),
        (f"Object Storage: objects of {logs}", "s3:ListBucket"),
        (f"Object Storage: tags of 2 buckets ({media}, {logs})", "s3:GetBucketTagging"),
    ]
    assert account.totals() == {media: (7, 4_000_024)}
    assert account.rows("select tags, versioning from bronze.storage_buckets where tags is not null") == []
    gaps = "select source, split_part(note, ':', 1), is_final from bronze.measurements where measured_rows is null"
    assert sorted(account.rows(gaps)) == [
        ("storage.listings", "objects", False),
        ("storage.uploads", "incomplete uploads", False),
    ]
    written = account.versions()
    assert account.missing(1) == lines
    assert account.versions() == written
    account.gateway.refused = {}
    assert account.missing(2) == []
    assert account.rows(f"select objects, as_of from bronze.storage_listings where bucket = '{logs}'") == [
        (325, in_days(2).date())
    ]
    assert account.gateway.ways()["ListObjectVersions"] == 1


def test_a_project_that_refuses_keeps_its_buckets_and_says_so_once(account, filled):
    media, logs = filled
    account.read()
    account.gateway.refused = {("ListBuckets", f"{DATA}/{region}"): 403 for region in ("fr-par", "nl-ams")}
    (line,) = account.missing(1)
    assert line.startswith(
        "Object Storage: buckets of 2 projects and regions (data in fr-par, data in nl-ams): HTTP 403"
    )
    assert "ObjectStorageReadOnly" in line
    written = account.versions()
    assert account.missing(2) == [line]
    assert account.versions() == written
    account.build("silver.buckets")
    assert account.rows("select bucket from silver.buckets where is_current order by 1") == sorted([(media,), (logs,)])


def test_a_region_that_is_down_costs_two_questions_and_the_others_are_read(account, filled, answered):
    media, logs = filled
    items = [{"id": f"{SHOP[:-1]}{n}", "name": f"p{n}", "organization_id": ORGANIZATION} for n in range(1, 6)]
    later = answered("account.projects", items, at=datetime(2026, 11, 2, tzinfo=UTC))
    record(account.lake, "bronze.projects", [later])
    account.gateway.refused = {("ListBuckets", f"{item['id']}/fr-par"): 503 for item in items}
    (line,) = account.missing()
    named = "(p1 in fr-par, p2 in fr-par, p3 in fr-par, …)"
    assert line.startswith(f"Object Storage: buckets of 5 projects and regions {named}: HTTP 503")
    assert account.gateway.ways()["ListBuckets"] == 2 + 5
    assert account.totals() == {logs: (325, SIZES)}
    account.gateway.refused = {}
    assert account.missing() == []
    assert account.totals() == {media: (7, 4_000_024), logs: (325, SIZES)}


def test_what_was_not_asked_for_after_a_region_broke_off_is_named(account, filled, writer):
    media, logs = filled
    more = [f"more-{number}-{uuid.uuid4().hex[:8]}" for number in range(2)]
    for name in more:
        writer.create_bucket(Bucket=name)
        account.gateway.owners[name] = (DATA, "nl-ams")
    broken = sorted([logs, *more])
    ways = ("ListObjectsV2", "ListMultipartUploads")
    account.gateway.refused = {(way, name): 503 for way in ways for name in broken}
    lines = account.missing()
    assert sorted(line.partition(": HTTP 503")[0] for line in lines) == sorted(
        [
            f"Object Storage: objects of 3 buckets ({', '.join(broken)})",
            f"Object Storage: incomplete uploads of 3 buckets ({', '.join(broken)})",
        ]
    )
    assert account.totals() == {media: (7, 4_000_024)}


def test_a_bucket_beyond_its_budget_is_sampled_by_prefixes_when_metrics_tell_its_size(account, filled, small_pages):
    _, logs = filled
    hour = TODAY.replace(hour=3, minute=0, second=0, microsecond=0)
    usage = TABLES["bronze.usage_hourly"].schema.empty_table().drop_columns("reading_hash").to_pylist()
    for count, at in ((5.0, hour - timedelta(hours=1)), (325.0, hour)):
        usage.append({"metric": "bucket_objects", "resource_id": logs, "hour": at, "max": count})
    schema = TABLES["bronze.usage_hourly"].schema
    rows = pa.Table.from_pylist([{**row, "usage_month": f"{hour:%Y-%m}"} for row in usage], pa.schema(list(schema)[1:]))
    line = Measurement("cockpit.usage", "d", hour.date(), TODAY, rows)
    keep(account.lake, TABLES["bronze.usage_hourly"], [line])
    account.set("REQUESTS_PER_BUCKET", "7")
    assert account.missing() == []
    columns = "is_sample, sample_method, expected_objects, requests"
    (told,) = account.rows(f"select {columns} from bronze.storage_listings where bucket = '{logs}'")
    assert told == (True, "whole prefixes", 325, 7)
    account.gateway.ways()
    account.read(1)
    assert account.gateway.ways() == CONFIGURED


def test_storage_that_is_turned_off_is_not_asked(account):
    account.set("ENABLED", "false")
    result = account.read()
    assert (account.gateway.asked, account.versions()) == ([], [-1] * 5)
    assert {name: each.missing for name, each in result.items()} == dict.fromkeys(TABLE_NAMES, ())


def test_an_address_without_tls_is_for_this_machine_only(monkeypatch):
    monkeypatch.setenv("FINOPS_STORAGE_ENDPOINT_URL", "http://s3.{region}.scw.cloud/path")
    with pytest.raises(ConfigurationError, match="not encrypted; use https"):
        load_settings()
    monkeypatch.setenv("FINOPS_STORAGE_ENDPOINT_URL", "http://127.0.0.1:8080/s3/{region}/")
    assert load_settings().storage.endpoint_url == "http://127.0.0.1:8080/s3/{region}"


# --- the whole step


def test_a_run_over_the_demo_organisation_finds_what_it_truly_holds(simulator, monkeypatch, tmp_path):
    from assets.runs import run_build
    from simulator.s3_truth import storage_truth

    served = simulator("demo")
    organization = served.world.scenario.organization
    for name, value in {
        "SCW_ACCESS_KEY": organization.access_key,
        "SCW_SECRET_KEY": organization.secret_key,
        "SCW_DEFAULT_ORGANIZATION_ID": organization.id,
        "SCW_API_URL": served.url,
        "FINOPS_STORAGE_ENDPOINT_URL": f"{served.url}/s3/{{region}}",
        "FINOPS_STORAGE_REQUESTS_PER_SECOND": "0",
        "FINOPS_SCALEWAY_REQUESTS_PER_SECOND": "0",
        "FINOPS_LAKE": str(tmp_path / "lake"),
    }.items():
        monkeypatch.setenv(name, value)
    moment = served.world.scenario.today
    outcome = run_build([f"{moment:%Y-%m}"], tmp_path / "state", now=moment.isoformat(), only=["storage"])
    outcome.raise_if_failed()
    assert {f"bronze/{name}" for name in TABLE_NAMES} == set(outcome.tables_written)
    catalog = open_catalog(open_lake_of(load_settings()))
    truth = storage_truth(served.world, served.clock.instant)
    assert len(truth) > 10
    stored = catalog.query(
        "select bucket, storage_class, sum(objects)::bigint as objects, sum(bytes)::bigint as bytes "
        "from bronze.storage_histograms where storage_class is not null group by all"
    ).to_pylist()
    by_class: dict[str, dict] = {name: {} for name in truth}
    for row in stored:
        by_class[row["bucket"]][row["storage_class"]] = {"objects": row["objects"], "bytes": row["bytes"]}
    assert by_class == {name: told["by_class"] for name, told in truth.items()}
    states = "select bucket, coalesce(sum({}) filter (where state like '{}'), 0)::bigint as n {} group by all"
    cells = "from bronze.storage_histograms"
    for column, state, key in (("bytes", "noncurrent", "noncurrent_bytes"), ("objects", "%marker", "delete_markers")):
        found = {row["bucket"]: row["n"] for row in catalog.query(states.format(column, state, cells)).to_pylist()}
        assert found == {name: told[key] for name, told in truth.items()}
    uploads = catalog.query(
        "select bucket, sum(uploads)::bigint as n, sum(bytes)::bigint as b from bronze.storage_uploads group by all"
    )
    assert {row["bucket"]: (row["n"], row["b"]) for row in uploads.to_pylist()} == {
        name: (told["incomplete_uploads"], told["incomplete_bytes"]) for name, told in truth.items()
    }
