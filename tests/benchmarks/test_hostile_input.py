"""A slice of the hostile cases, the harness that judges them, and each bound a reader keeps."""

import gzip
import json
import os
import time

import pytest

from benchmarks import hostile_run
from benchmarks.hostile_case import ACCEPTED, FAILED, REFUSED, Counts, Reader, random_of
from benchmarks.hostile_grammar import damaged, mutated, spelled
from benchmarks.hostile_input import all_readers
from benchmarks.hostile_run import judged, outcomes
from benchmarks.hostile_server import Answer, HostileServer, gzip_bomb
from benchmarks.pages import write_section
from pipelines.errors import SourceUnavailable, UsageError
from pipelines.files import opening
from pipelines.files.json_lines import open_json_lines
from pipelines.files.small import read_small, unpacked
from pipelines.focus.read import read_focus
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request, open_numbers
from pipelines.sources import billing, received
from pipelines.sources.objects.client import ObjectStorage, S3Key
from pipelines.sources.transport import Scaleway

SLICE = (
    "billing.charges",
    "inventory",
    "prometheus.query_range",
    "s3.objects",
    "focus csv",
    "numbers jsonl",
    "settings",
)


@pytest.mark.parametrize("name", SLICE)
def test_a_slice_of_the_cases_of_a_reader_is_accepted_or_refused_in_one_line(name, tmp_path):
    for case in range(1000, 1004):
        found = judged(all_readers()[name], case, 1, tmp_path)
        assert found.kind in (ACCEPTED, REFUSED), found.told


def test_a_seed_makes_the_same_case_again():
    document = {"charges": [{"id": "a", "price": {"units": 1}}], "total_count": 1}

    def made(seed):
        rng = random_of(seed, "x", 3)
        return damaged(rng, spelled(mutated(rng, document)).encode("utf-8", "surrogatepass"))

    assert made(1) == made(1)
    assert len({made(seed) for seed in range(20)}) > 10


def _fails(_, __):
    raise KeyError("id")


def _loses(_, __):
    return Counts(3, 2)


def _two_lines(_, __):
    raise UsageError("one\ntwo")


def _dies(_, __):
    os._exit(9)


def _hangs(_, __):
    time.sleep(60)


def _good(_, __):
    return Counts(3, 1, 2)


BAD = {each.__name__: Reader(each.__name__, each) for each in (_fails, _loses, _two_lines, _dies, _hangs, _good)}


def test_the_harness_sees_each_way_to_fail_and_goes_on(monkeypatch):
    monkeypatch.setattr(hostile_run, "SECONDS", 0.3)
    told = [(found.reader, found.kind) for found in outcomes(lambda: BAD, [(name, 1) for name in BAD], 1)]
    assert told == [*((name, FAILED) for name in BAD if name != "_good"), ("_good", ACCEPTED)]


# --- bounds


@pytest.fixture(scope="module")
def hostile():
    return HostileServer().start()


def asked(url):
    key = ("SCW00000000000000000", "11111111-1111-1111-1111-111111111111", "22222222-2222-4222-8222-222222222222")
    return Scaleway(*key, url, requests_per_second=0, attempts=2, sleep=lambda _: None, backoff=(0.0, 0.0))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b'{"budgets": []}', spaces=8 << 20),
        Answer(b'{"budgets": []}', spaces=8 << 20, is_chunked=True),
        Answer(gzip_bomb(8 << 20), headers=(("Content-Encoding", "gzip"),)),
    ],
    ids=["spaces", "spaces in chunks", "gzip bomb"],
)
def test_an_answer_larger_than_any_page_is_refused_while_it_is_read_and_not_asked_for_again(
    hostile, answer, monkeypatch
):
    monkeypatch.setattr(received, "LARGEST_BODY", 2 << 20)
    script = hostile.play(answer)
    with pytest.raises(SourceUnavailable, match=r"larger than 2 MiB.*ask for a shorter time"):
        billing.budgets(asked(hostile.url))
    assert script.asked == 1


def test_an_answer_that_drips_is_ended(hostile, monkeypatch):
    monkeypatch.setattr(received, "LONGEST_READING_SECONDS", -1.0)
    hostile.play(Answer(b'{"budgets": []}'))
    with pytest.raises(SourceUnavailable, match="was not complete after"):
        billing.budgets(asked(hostile.url))


def test_storage_is_read_with_the_same_bound_and_a_status_without_a_body_is_no_empty_listing(hostile, monkeypatch):
    monkeypatch.setattr(received, "LARGEST_BODY", 2 << 20)
    key = S3Key("SCW00000000000000000", "11111111-1111-1111-1111-111111111111")
    region = ObjectStorage(key, "fr-par", hostile.url, requests_per_second=0, attempts=1, sleep=lambda _: None)
    hostile.play(Answer(b"<ListBucketResult></ListBucketResult>", spaces=8 << 20))
    with pytest.raises(SourceUnavailable, match="larger than 2 MiB"):
        region.call("ListObjectsV2", Bucket="b")
    hostile.play(Answer(b"", status=204))
    with pytest.raises(SourceUnavailable, match="HTTP 204, which is no whole answer"):
        region.call("ListObjectsV2", Bucket="b")


@pytest.mark.parametrize(
    "entry",
    [
        "<Key>a</Key><Size>1</Size>",
        "<Key>a</Key><Size>-1</Size><LastModified>2026-01-01T00:00:00Z</LastModified>",
        "<Key>a</Key><Size>many</Size><LastModified>2026-01-01T00:00:00Z</LastModified>",
        "<Key>a</Key><Size>1</Size><LastModified>soon</LastModified>",
    ],
)
def test_an_object_without_a_size_or_a_time_is_no_answer(hostile, entry):
    key = S3Key("SCW00000000000000000", "11111111-1111-1111-1111-111111111111")
    region = ObjectStorage(key, "fr-par", hostile.url, requests_per_second=0, attempts=1, sleep=lambda _: None)
    hostile.play(Answer(f"<ListBucketResult><Contents>{entry}</Contents></ListBucketResult>".encode()))
    with pytest.raises(SourceUnavailable, match="HTTP 200 with"):
        region.call("ListObjectsV2", Bucket="b")


def test_a_number_beyond_any_measure_is_no_answer(hostile):
    for number in ("1e999999999", "1e99999999999999999999"):
        hostile.play(Answer(f'{{"budgets": [], "total_count": {number}}}'.encode()))
        with pytest.raises(SourceUnavailable, match="not a JSON object"):
            billing.budgets(asked(hostile.url))


def test_a_packed_file_that_becomes_many_times_its_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(opening, "_LARGEST_UNPACKED", 1 << 20)
    header = b"BilledCost,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd\n"
    bill, numbers = tmp_path / "bill.csv.gz", tmp_path / "numbers.jsonl.gz"
    bill.write_bytes(gzip.compress(header) + gzip_bomb(32 << 20))
    numbers.write_bytes(gzip.compress(b'{"day": "2026-01-01"}\n') + gzip_bomb(32 << 20))
    with pytest.raises(UsageError, match="over 200 times its size"):
        read_focus(bill, lenient=True)
    with pytest.raises(UsageError, match="over 200 times its size"):
        open_numbers(numbers, numbers.name, Request(KINDS["requests"], "import"))


def test_lines_and_keys_of_json_lines_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.files.json_lines._LONGEST_LINE", 1000)
    file = tmp_path / "n.jsonl"
    file.write_bytes(b'{"a": 1}' + b" " * 2000)
    with pytest.raises(UsageError, match="line 1 is longer than"):
        open_json_lines(file, "n.jsonl", "file", compressed=False)
    monkeypatch.setattr("pipelines.files.json_lines._MOST_EMPTY", 100)
    file.write_bytes(b'{"a": 1}' + b"\n" * 200)
    with pytest.raises(UsageError, match="more than 100 empty lines"):
        open_json_lines(file, "n.jsonl", "file", compressed=False)
    monkeypatch.setattr("pipelines.files.json_lines._MOST_OTHERS", 50)
    file.write_bytes(b'{"a": 1}\n' + b"x\n" * 60)
    with pytest.raises(UsageError, match="51 lines are no JSON object"):
        open_json_lines(file, "n.jsonl", "file", compressed=False)
    file.write_text("\n".join(json.dumps({f"k{n}": 1}) for n in range(2100)))
    with pytest.raises(UsageError, match="more than 2,000 different keys"):
        open_json_lines(file, "n.jsonl", "file", compressed=False)


@pytest.mark.parametrize("broken", [b'{"day": "\\ud800"}', b'{"day": "\xed\xa0\x80"}'])
def test_half_a_character_sets_its_line_apart(tmp_path, broken):
    file = tmp_path / "n.jsonl"
    good = b'{"day": "2026-01-01", "service": "web", "requests": 1}'
    file.write_bytes(good + b"\n" + broken)
    reading = open_numbers(file, file.name, Request(KINDS["requests"], "import"))
    set_apart = [row for _, bad in reading.batches() for row in bad.to_pylist()]
    assert (reading.received, reading.accepted["requests"], len(set_apart)) == (2, 1, 1)


def test_small_files_are_small_and_every_member_of_a_packed_one_counts(tmp_path):
    file = tmp_path / "a.toml"
    file.write_bytes(b" " * 5000)
    with pytest.raises(OSError, match="larger than"):
        read_small(file, 4999)
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert unpacked(packed, 7) == b"one two"
    with pytest.raises(OSError, match="larger than"):
        unpacked(packed, 6)
    with pytest.raises(EOFError):
        unpacked(packed[:-4], 7)


def test_a_section_of_a_page_is_replaced_and_the_rest_of_it_stays(tmp_path):
    page = tmp_path / "security.md"
    write_section(page, "Security", "a", "## A\none")
    page.write_text(page.read_text() + "\nBy hand.\n")
    write_section(page, "Security", "b", "## B")
    write_section(page, "Security", "a", "## A\ntwo \\1")
    text = page.read_text()
    assert text.startswith("# Security\n")
    assert text.index("two \\1") < text.index("By hand.") < text.index("## B")
    assert "one" not in text
