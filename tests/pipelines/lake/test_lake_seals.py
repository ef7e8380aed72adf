"""Each file of a lake is sealed with its checksum: damage is found by name, and repaired or said to be lost."""

import hashlib
import random
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.errors import UsageError
from pipelines.lake.address import S3Access, parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.integrity import check_table
from pipelines.lake.repairing import repair, unflipped
from pipelines.lake.restoring import restore, versions
from pipelines.lake.sql_models import Layered
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

SCHEMA = pa.schema([("cost", pa.int64()), ("billing_month", pa.string())])
NAMES = ("silver.things", "bronze.things")


def write(lake, name, month, cost):
    rows = pa.Table.from_pylist([{"cost": cost, "billing_month": month}], schema=SCHEMA)
    lake.replace(name, rows, {month: PartitionState(f"{cost}")}, "billing_month")


def read(lake, name="silver.things"):
    return sorted(row["cost"] for row in lake.state(name).delta.to_pyarrow_table().to_pylist())


def health(lake, name="silver.things"):
    catalog = Catalog(
        Lake(lake.address), Layered({}), {each: PythonTable(each, "", SCHEMA, "billing_month") for each in NAMES}
    )
    return check_table(catalog, name)


def folder(lake, name="silver.things") -> Path:
    return lake.address.folder / name.replace(".", "/")


def log(lake, version, kind="json") -> Path:
    return folder(lake) / "_delta_log" / f"{version:020}.{kind}"


def flip(path: Path, bit=1000):
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


@pytest.fixture
def lake(tmp_path):
    made = Lake(parse_address(str(tmp_path / "lake")))
    for number in range(12):
        write(made, "silver.things", f"2026-0{number % 2 + 3}", number)
    return made


def test_every_file_is_named_by_a_seal_that_sha256sum_could_check(lake):
    told = {}
    for seal in sorted(folder(lake).glob("_delta_log/*.sha256")):
        lines = seal.read_text().splitlines()
        told |= {line[66:]: line[:64] for line in lines[:-1]}
        assert lines[-1].startswith("# ")
    files = [path for path in folder(lake).rglob("*") if path.is_file() and path.suffix != ".sha256"]
    assert {str(path.relative_to(folder(lake))) for path in files} == told.keys()
    for path, value in told.items():
        assert hashlib.sha256((folder(lake) / path).read_bytes()).hexdigest() == value
    assert health(lake).problems == ()
    assert health(lake).remarks == ()


@pytest.mark.parametrize(
    "file",
    ["00000000000000000003.json", "00000000000000000009.checkpoint.parquet", "_last_checkpoint",
     "00000000000000000011.json", "00000000000000000004.sha256"],
)  # fmt: skip
def test_a_flipped_bit_of_the_log_is_found_and_turned_back(lake, file):
    before, path = read(lake), folder(lake) / "_delta_log" / file
    content = path.read_bytes()
    flip(path, 99)
    (problem,) = health(lake).problems
    assert problem.startswith(f"_delta_log/{file} is damaged")
    told = repair(Lake(lake.address), "silver.things")
    assert told.done
    assert not told.lost
    assert health(lake).problems == ()
    assert read(Lake(lake.address)) == before
    if not file.endswith(".sha256"):
        assert path.read_bytes() == content


def test_a_lost_commit_costs_the_versions_from_it_on_and_it_is_said(lake):
    log(lake, 11).unlink()
    (problem,) = health(lake).problems
    assert problem.startswith(f"_delta_log/{log(lake, 11).name} is missing")
    told = repair(Lake(lake.address), "silver.things")
    assert told.lost == ("versions 11 to 11: version 10 is the newest; run again",)
    assert read(Lake(lake.address)) == [9, 10]
    assert health(lake).problems == ()
    write(Lake(lake.address), "silver.things", "2026-04", 11)
    assert read(Lake(lake.address)) == [10, 11]


def test_a_commit_that_a_checkpoint_tells_of_can_be_lost_without_losing_a_row(lake):
    before = read(lake)
    log(lake, 5).unlink()
    assert [each.partition(" ")[2][:10] for each in health(lake).problems] == ["is missing"]
    told = repair(Lake(lake.address), "silver.things")
    assert [each[:9] for each in told.lost] == ["version 5"]
    assert read(Lake(lake.address)) == before
    assert health(lake).problems == ()


def test_lost_data_of_a_made_table_goes_back_to_a_version_that_needs_none_of_it(lake):
    [file] = [Path(uri) for uri in lake.state("silver.things").files(["2026-04"])]
    file.unlink()
    (problem,) = health(lake).problems
    assert problem == f"billing_month=2026-04/{file.name} is missing; restore it with `finops lake restore`"
    told = repair(Lake(lake.address), "silver.things")
    assert any("it is as in version 10" in each for each in told.done)
    assert read(Lake(lake.address)) == [9, 10]
    assert health(lake).problems == ()


def test_lost_data_that_was_read_is_not_made_up(lake):
    write(lake, "bronze.things", "2026-03", 7)
    [file] = [Path(uri) for uri in lake.state("bronze.things").files()]
    file.write_bytes(random.Random(1).randbytes(file.stat().st_size))
    assert len(health(lake, "bronze.things").problems) == 1
    told = repair(Lake(lake.address), "bronze.things")
    assert not told.done
    assert told.lost[-1] == "what was read into bronze.things (2026-03); take it from a copy of the lake"
    assert len(health(lake, "bronze.things").problems) == 1


def test_a_damaged_version_is_not_gone_back_to_and_one_that_is_gone_back_to_is_sealed(lake):
    [file] = [Path(uri) for uri in lake.state_at("silver.things", 1).files(["2026-03"])]
    flip(file)
    assert {each.version: each.missing_files for each in versions(lake, "silver.things")} == {
        number: int(number in (0, 1)) for number in range(12)
    }
    restore(lake, "silver.things", 7)
    assert read(lake) == [6, 7]
    assert [each for each in health(lake).problems if file.name not in each] == []
    assert health(lake).remarks == ()


def test_a_version_whose_writer_died_before_sealing_it_is_sealed_by_the_next(lake):
    log(lake, 11, "sha256").unlink()
    assert health(lake).problems == ()
    assert health(lake).remarks == ("version 11 has no checksums",)
    write(lake, "silver.things", "2026-05", 12)
    assert health(lake).remarks == ()


def test_what_an_earlier_release_wrote_has_no_seals_and_is_read_to_be_checked(lake):
    for seal in folder(lake).glob("_delta_log/*.sha256"):
        seal.unlink()
    told = health(lake)
    assert told.problems == ()
    assert len(told.remarks) == 12
    [file] = [Path(uri) for uri in lake.state("silver.things").files(["2026-04"])]
    file.write_bytes(b"\0" * file.stat().st_size)
    (problem, *_) = health(lake).problems
    assert problem.startswith(f"billing_month=2026-04/{file.name} cannot be read")


def test_damage_in_a_bucket_is_found_and_made_good_in_the_same_way(s3_server, lake_bucket):
    access = S3Access(s3_server.access_key, s3_server.secret_key, s3_server.endpoint_url)
    lake = Lake(parse_address(f"s3://{lake_bucket}/sealed", access))
    for number in range(3):
        write(lake, "silver.things", f"2026-0{number % 2 + 3}", number)
    [file] = lake.state("silver.things").files(["2026-03"])
    root, files = f"{lake_bucket}/sealed/silver/things", s3_server.client()
    commit = f"{root}/_delta_log/{1:020}.json"
    content = files.cat_file(commit)
    files.pipe_file(commit, bytes([content[0] ^ 1, *content[1:]]))
    files.rm_file(file)
    assert [each.partition(" ")[0] for each in health(lake).problems] == [commit.removeprefix(f"{root}/")]
    told = repair(Lake(lake.address), "silver.things")
    assert [each.partition(":")[0] for each in told.done[:1]] == [commit.removeprefix(f"{root}/")]
    assert read(Lake(lake.address)) == [0, 1]
    assert health(lake).problems == ()


def test_one_flipped_bit_is_found_by_its_checksum_and_two_are_not():
    content = random.Random(2).randbytes(200)
    wanted = hashlib.sha256(content).hexdigest()
    one = bytes([*content[:77], content[77] ^ 16, *content[78:]])
    assert unflipped(one, wanted) == content
    assert unflipped(bytes([one[0] ^ 1, *one[1:]]), wanted) is None


def test_a_table_that_was_never_written_cannot_be_repaired(lake):
    assert health(lake, "bronze.things") is None
    with pytest.raises(UsageError, match="was never written here"):
        repair(lake, "bronze.things")
