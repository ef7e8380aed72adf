"""Business numbers from files: each line exactly what it says, or set apart with the reason; whatever the format."""

import csv
import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError, UsageError
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request, open_numbers

GOOD = {
    "requests": {"day": "2026-09-01", "service": "shop", "requests": "10", "successful": "9"},
    "tenants": {"tenant": "acme", "month": "2026-09", "active": "true", "contract_value": "12.5", "currency": "EUR"},
    "deploys": {"at": "2026-09-01T10:00:00Z", "service": "shop", "environment": "prod", "status": "successful"},
    "jobs": {"job": "etl", "started_at": "2026-09-01T10:00:00Z", "duration_s": "90.5", "status": "failed"},
    "inferences": {"day": "2026-09-01", "model": "m", "requests": "5", "input_tokens": "7", "cached_tokens": "2"},
    "training": {
        "run": "t1", "resource_ids": "b;a", "started_at": "2026-09-01T10:00:00Z", "ended_at": "2026-09-01T11:00:00Z",
        "epochs": "3", "status": "completed",
    },
    "queries": {"day": "2026-09-01", "dashboard": "sales", "queries": "4"},
}  # fmt: skip


def line_of(values, names):
    return ",".join(values.get(name, "") for name in names)


@pytest.mark.parametrize("kind", KINDS)
def test_a_line_of_every_kind_is_typed_and_keeps_where_it_came_from(numbers, kind):
    values = GOOD[kind]
    (row,) = numbers(kind, ",".join(values), line_of(values, values)).accepted
    assert (row.pop("source_file"), row.pop("line_number"), row.pop("source")) == ("file.csv", 2, "test")
    assert len(row.pop("source_hash")) == 64
    assert row.pop("kind") == kind
    nine = datetime(2026, 9, 1, 10, tzinfo=UTC)
    assert row == {
        "requests": {"day": date(2026, 9, 1), "service": "shop", "requests": 10, "successful": 9},
        "tenants": {
            "tenant": "acme", "month": "2026-09", "day": date(2026, 9, 1), "active": True,
            "contract_value": Decimal("12.5"), "currency": "EUR",
        },
        "deploys": {"happened_at": nine, "service": "shop", "environment": "prod", "status": "successful"},
        "jobs": {"job": "etl", "started_at": nine, "duration_s": Decimal("90.5"), "status": "failed"},
        "inferences": {
            "day": date(2026, 9, 1), "model": "m", "requests": 5, "input_tokens": 7, "cached_tokens": 2,
        },
        "training": {
            "run": "t1", "resource_ids": ["a", "b"], "started_at": nine, "epochs": 3, "status": "completed",
            "ended_at": datetime(2026, 9, 1, 11, tzinfo=UTC),
        },
        "queries": {"day": date(2026, 9, 1), "service": "sales", "queries": 4},
    }[kind]  # fmt: skip


def test_the_same_lines_are_the_same_in_every_format(tmp_path, read_numbers):
    rows = [
        {"at": f"2026-09-01T10:00:0{n}Z", "service": 'a,"b', "requests": str(10**n), "is_health_check": "false"}
        for n in range(5)
    ]
    names = list(rows[0])
    paths = {name: tmp_path / name for name in ("n.csv", "n.csv.gz", "n.jsonl", "n.jsonl.gz", "n.parquet")}
    with paths["n.csv"].open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(rows)
    paths["n.csv.gz"].write_bytes(gzip.compress(paths["n.csv"].read_bytes()))
    typed = [{**row, "requests": int(row["requests"]), "is_health_check": False} for row in rows]
    paths["n.jsonl"].write_text("\n\n".join(json.dumps(row) for row in typed))
    paths["n.jsonl.gz"].write_bytes(gzip.compress(paths["n.jsonl"].read_bytes()))
    moments = [{**row, "at": datetime.fromisoformat(row["at"])} for row in typed]
    pq.write_table(pa.Table.from_pylist(moments), paths["n.parquet"])
    found = [read_numbers(path, "requests").accepted for path in paths.values()]
    for accepted in found:
        for row in accepted:
            del row["source_file"], row["source_hash"], row["line_number"]
    assert found == [found[0]] * len(found)
    assert [row["requests"] for row in found[0]] == [1, 10, 100, 1000, 10_000]


@pytest.mark.parametrize(
    ("kind", "changes", "reason"),
    [
        ("requests", {"requests": ""}, "requests is missing"),
        ("requests", {"requests": "NULL"}, "requests is missing"),
        ("requests", {"service": "null"}, "service is missing"),
        ("requests", {"service": "  "}, "service is missing"),
        ("requests", {"requests": "-1"}, "requests '-1' is negative"),
        ("requests", {"requests": "1.5"}, "requests '1.5' is not a whole number"),
        ("requests", {"requests": "nan"}, "requests 'nan' is not a number"),
        ("requests", {"requests": "Infinity"}, "requests 'Infinity' is not a number"),
        ("requests", {"requests": "1 000"}, "requests '1 000' is not a number"),
        ("requests", {"requests": "9223372036854775808"}, "is more than anything counts to"),
        ("requests", {"successful": "11"}, "successful 11 is more than requests 10"),
        ("requests", {"day": "2026-02-30"}, "day '2026-02-30' is not a date of the calendar"),
        ("requests", {"day": "01/09/2026"}, "is not a date and time"),
        ("requests", {"day": "2026-09-01T10:00:00Z"}, "is a time, not a UTC day; give it as at"),
        ("requests", {"day": ""}, "day or at is missing"),
        ("requests", {"day": "", "at": "2026-09-01 10:00"}, "names no time zone"),
        ("requests", {"at": "2026-09-02T00:00:00Z"}, "day 2026-09-01 is not the UTC day of at 2026-09-02"),
        ("inferences", {"cached_tokens": "8"}, "cached_tokens 8 is more than input_tokens 7"),
        ("deploys", {"status": "exploded"}, "status 'exploded' is none of successful, failed, rolled_back"),
        ("deploys", {"at": "2026-09-01"}, "names no time zone"),
        ("deploys", {"environment": ""}, "environment is missing"),
        ("jobs", {"duration_s": ""}, "ended_at or duration_s is missing"),
        ("jobs", {"duration_s": "-0.5"}, "duration_s '-0.5' is negative"),
        ("jobs", {"ended_at": "2026-09-01T09:00:00Z"}, "is before started_at"),
        ("training", {"resource_ids": ";"}, "resource_ids ';' names no id"),
        ("training", {"epochs": ""}, "epochs is missing"),
        ("tenants", {"active": "maybe"}, "active 'maybe' is neither true nor false"),
        ("tenants", {"currency": ""}, "contract_value has no currency"),
        ("tenants", {"currency": "Euro"}, "currency 'Euro' is not a currency code"),
        ("tenants", {"month": "2026-13"}, "month '2026-13' is not a month"),
        ("tenants", {"day": "2026-10-01"}, "day 2026-10-01 is not in month 2026-09"),
        ("tenants", {"contract_value": "0.1234567890123"}, "has more than 12 decimals"),
    ],
)
def test_a_line_that_cannot_be_used_is_set_apart_with_its_number_reason_and_text(numbers, kind, changes, reason):
    names = [*GOOD[kind], *(name for name in changes if name not in GOOD[kind]), "note"]
    good, bad = GOOD[kind], GOOD[kind] | changes
    found = numbers(kind, ",".join(names), line_of(good | {"note": "1"}, names), line_of(bad | {"note": "2"}, names))
    assert [row["line_number"] for row in found.accepted] == [2]
    (refused,) = found.quarantined
    assert (refused["line_number"], refused["kind"], refused["source_file"]) == (3, kind, "file.csv")
    assert reason in refused["reason"]
    assert refused["raw_line"] == line_of(bad | {"note": "2"}, names)


def test_a_line_that_speaks_of_the_same_as_an_earlier_one_is_set_apart_and_other_columns_tell_lines_apart(numbers):
    found = numbers(
        "requests",
        "day,service,requests,path",
        "2026-09-01,shop,1,/a",
        "2026-09-01,shop,2,/b",
        "2026-09-01,shop,1,/a",
        "2026-09-01,shop,3,/a",
        "2026-09-01,shop,x,/c",
        "2026-09-01,shop,4,/c",
    )
    assert [row["line_number"] for row in found.accepted] == [2, 3, 7]
    assert [row["labels"] for row in found.accepted] == ['{"path":"/a"}', '{"path":"/b"}', '{"path":"/c"}']
    repeated = "speaks of the same day, service, path as line 2; a file says a thing once"
    assert found.reasons == {4: repeated, 5: repeated, 6: "requests 'x' is not a number"}


def test_a_repeat_is_found_wherever_it_is_in_a_long_file_that_is_handed_on_in_pieces(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w") as stream:
        stream.write("at,service,requests\n")
        for n in range(150_000):
            stream.write(f"2026-09-01T{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z,shop-{n // 86400},{n}\n")
        stream.write("2026-09-01T00:00:01Z,shop-0,7\n")
    reading = open_numbers(path, path.name, Request(KINDS["requests"], "test"))
    pieces = list(reading.batches())
    assert (reading.received, reading.quarantined) == (150_001, 1)
    assert len(pieces) > 2
    assert max(kept.num_rows for kept, _ in pieces) < 100_000
    (refused,) = [row for _, refused in pieces for row in refused.to_pylist()]
    assert refused["line_number"] == 150_002
    assert refused["reason"] == "speaks of the same at, service as line 3; a file says a thing once"


def test_each_line_may_say_its_own_kind_and_one_of_another_kind_is_set_apart(numbers):
    lines = (
        "kind,day,at,service,environment,status,requests",
        "requests,2026-09-01,,shop,,,10",
        "deploys,,2026-09-01T10:00:00Z,shop,prod,success,",
        "wishes,,,,,,",
        ",2026-09-02,,shop,,,10",
        "training,,,,,,",
    )
    found = numbers(None, *lines)
    assert {row["line_number"]: row["kind"] for row in found.accepted} == {2: "requests", 3: "deploys"}
    assert found.reasons == {
        4: f"kind 'wishes' is none of {', '.join(KINDS)}",
        5: "kind is missing",
        6: "run, resource_ids, started_at, ended_at, epochs: training need it, and the file has no such column",
    }
    found = numbers("requests", *lines[:3])
    assert found.reasons == {3: "kind 'deploys' is not the requests the file was imported as"}


def test_columns_are_found_by_the_settings_an_alias_or_their_name_in_any_case(numbers):
    imports = {"deploys": {"environment": "stage", "at": "finished", "version": "git_tag", "time_zone": "UTC"}}
    found = numbers(
        "deploys",
        "Finished,SERVICE,stage,Status,environment",
        "2026-09-01 10:00:00,shop,prod,Success,ignored",
        imports=imports,
    )
    (row,) = found.accepted
    assert (row["environment"], row["status"], row["service"]) == ("prod", "successful", "shop")
    assert row["labels"] == '{"environment":"ignored"}'
    assert found.reading.notes == ["no column 'git_tag', which [imports.deploys] takes for version: taken as empty"]
    (row,) = numbers("training", "run,resource_id,started_at,ended_at,epochs,status",
                     "t,r-1,2026-09-01T00:00:00Z,2026-09-01T01:00:00Z,1,success").accepted  # fmt: skip
    assert row["resource_ids"] == ["r-1"]


def test_a_time_without_a_zone_is_in_the_zone_that_was_told_and_a_doubtful_hour_is_set_apart(numbers):
    times = ("2026-07-01 12:00:00", "2026-10-25 02:30:00", "2026-03-29 02:30:00", "2026-10-25T02:30:00+01:00")
    lines = [f"{time},shop,prod,success" for time in times]
    found = numbers("deploys", "at,service,environment,status", *lines, time_zone="Europe/Paris")
    assert [row["happened_at"] for row in found.accepted] == [
        datetime(2026, 7, 1, 10, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    ]
    assert "comes twice in Europe/Paris" in found.reasons[3]
    assert "is left out by a clock change in Europe/Paris" in found.reasons[4]


LOG = {"at": "timestamp", "input_tokens": "input_length", "model": "=llama", "requests": "=1"}


def test_a_log_of_requests_is_taken_by_a_mapping_alone_and_its_lines_may_say_the_same(tmp_path, read_numbers):
    path = tmp_path / "trace.jsonl"
    line = '{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47], "images": 2}\n'
    path.write_text(line * 2)
    settings = {**LOG, "time_unit": "ms", "time_origin": "2026-09-01T00:00:00Z", "output_tokens": "output_length"}
    found = read_numbers(path, "inferences", imports={"inferences": settings})
    assert found.quarantined == []
    first, second = found.accepted
    assert first["happened_at"] == second["happened_at"] == datetime(2026, 9, 1, 0, 0, 27, 482000, tzinfo=UTC)
    assert (first["model"], first["requests"], first["input_tokens"], first["output_tokens"]) == ("llama", 1, 6955, 52)
    assert "46" in first["labels"]
    assert '"images"' in first["labels"]


def test_a_number_is_no_time_without_its_unit_and_what_is_said_of_all_lines_is_read_like_a_column(numbers):
    line = ("timestamp,input_length", "12.5,3")
    assert "is not a date and time" in numbers("inferences", *line, imports={"inferences": LOG}).reasons[2]
    (row,) = numbers("inferences", *line, imports={"inferences": {**LOG, "time_unit": "s"}}).accepted
    assert row["happened_at"] == datetime(1970, 1, 1, 0, 0, 12, 500000, tzinfo=UTC)
    wrong = {**LOG, "time_unit": "s", "requests": "=many"}
    assert "requests 'many'" in numbers("inferences", *line, imports={"inferences": wrong}).reasons[2]


@pytest.mark.parametrize(
    ("imports", "says"),
    [
        ({"deploys": {"time_unit": "days"}}, "time_unit 'days' is none of s, ms, us, ns"),
        ({"deploys": {"time_origin": "soon"}}, "time_origin 'soon' is not a date and time"),
        ({"deploy": {}}, r"\[imports.deploy\]: there is no such kind; .*; did you mean deploys\?"),
        ({"deploys": {"enviroment": "x"}}, r"\[imports.deploys\] enviroment: .*; did you mean environment\?"),
        ({"deploys": {"time_zone": "Paris/Europe"}}, "time zone 'Paris/Europe' is not known"),
    ],
)
def test_settings_that_mean_nothing_are_named(numbers, imports, says):
    with pytest.raises(ConfigurationError, match=says):
        numbers("deploys", "at,service,environment,status", "2026-09-01T00:00:00Z,s,prod,success", imports=imports)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"day,service,requests\n", "has a header and no line"),
        (b"<!DOCTYPE html><html></html>", "is a web page"),
        (b"PK\x03\x04\x00\x00 a spreadsheet", "is not a UTF-8 CSV, JSON lines or Parquet file"),
        (b"day,service\n2026-09-01,shop\n", "lacks requests, which requests need; .*in finops.toml"),
        (b"service,requests\nshop,1\n", "lacks day or at, which requests need"),
        (b"day,service,requests\n" + b"caf\xe9\n" * 3, "is not UTF-8 text"),
        (b"day,service,requests\nonly one field\n", "is not a CSV: 1 of 1 lines"),
        (b"day,service,requests,day\n", "column 'day' appears twice"),
        (b'[{"day": "2026-09-01"}]', "is not JSON lines"),
        (b'{"day": "2026-09-01", "service": "s", "requests": 1}\nnope\nnope\n', "is not JSON lines: 2 of 3 lines"),
        (gzip.compress(b"day,service,requests\n" * 50, mtime=0)[:40], "damaged gzip"),
        (b"PAR1 and then nothing", "damaged Parquet"),
    ],
)
def test_what_is_no_table_of_numbers_ends_in_one_line_that_names_the_file(tmp_path, read_numbers, content, says):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=says) as error:
        read_numbers(path, "requests")
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_json_lines_keep_every_digit_and_a_broken_line_is_set_apart(tmp_path, read_numbers):
    path = tmp_path / "n.jsonl"
    good = {"tenant": "a", "month": "2026-09", "currency": "EUR", "region": {"name": "fr-par"}, "none": None}
    lines = [json.dumps(good)[:-1] + ', "contract_value": 0.100000000001}', "{broken", '["list"]', json.dumps(good)]
    lines[3] = lines[3].replace('"a"', '"b"')
    path.write_text("\n".join(lines))
    found = read_numbers(path, "tenants")
    assert [row["line_number"] for row in found.accepted] == [1, 4]
    assert found.accepted[0]["contract_value"] == Decimal("0.100000000001")
    assert json.loads(found.accepted[0]["labels"]) == {"region": '{"name": "fr-par"}'}
    assert found.reasons == {2: "is not JSON", 3: "is JSON, but not an object"}


NASTY = st.one_of(
    st.sampled_from(
        ["", "NULL", "-", "-1", "0", "1e3", "NaN", "inf", "2026-09-05", "2026-09-05T10:00:00Z", "2026-09", "true",
         "success", "EUR", "requests", "=1+1", '"', "a\nb", "9" * 30, "0001-01-01 00:00:00",
         "9999-12-31T23:59:59-05:00"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
)  # fmt: skip
NAMES = sorted({name for kind in KINDS.values() for name in kind.names})


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([*KINDS, None]),
    changes=st.lists(st.dictionaries(st.sampled_from([*NAMES, "kind", "other"]), NASTY, max_size=5), max_size=8),
    broken=st.lists(st.sampled_from(["a,b", "x"]), max_size=1),
    is_json=st.booleans(),
    zone=st.sampled_from([None, "Europe/Paris"]),
)
def test_every_line_received_is_either_accepted_or_set_apart(
    tmp_path, read_numbers, kind, changes, broken, is_json, zone
):
    first = GOOD[kind or "requests"]
    lines = [{"kind": kind or "requests", **first}, *({"kind": kind or "jobs", **first, **each} for each in changes)]
    names = sorted({name for line in lines for name in line})
    path = tmp_path / "mutated"
    if is_json:
        path.write_text("\n".join([*(json.dumps(line) for line in lines), *broken]), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names, restval="")
            writer.writeheader()
            writer.writerows(lines)
            stream.write("".join(f"{row}\r\n" for row in broken))
    found = read_numbers(path, kind, time_zone=zone)
    assert len(found.accepted) + len(found.quarantined) == found.reading.received == len(lines) + len(broken)
    kept = [row["line_number"] for row in found.accepted]
    start = 1 if is_json else 2
    assert sorted([*kept, *found.reasons]) == list(range(start, start + len(lines) + len(broken)))
    assert start in kept
    assert all(found.reasons.values())
    for row in found.accepted:
        needed = {each.name for each in KINDS[row["kind"]].fields if each.is_required} - {"at"}
        assert needed <= set(row)
        assert all(row[name] >= 0 for name in ("requests", "epochs", "queries", "contract_value") if name in row)
