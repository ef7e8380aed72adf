"""Business numbers through the command: in, replaced, refused; each complaint one line and the documented exit code."""

import json
from datetime import UTC, datetime

import pytest

from assets.import_metrics import import_metrics
from assets.tables import open_catalog
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request
from pipelines.lake.store import Lake

HEADER = "day,service,requests"


@pytest.fixture
def write(project):
    """`write("day,…", "2026-…", name="r.csv")` writes a file and answers its name."""

    def make(*lines, name="r.csv"):
        (project / name).write_text("".join(f"{line}\n" for line in lines))
        return name

    return make


@pytest.fixture
def asked(finops):
    def rows(sql):
        code, out, err = finops("sql", sql, "--format", "json")
        assert code == 0, err
        return json.loads(out)["rows"]

    return rows


def told_of(out):
    return json.loads(out)["files"]


def complaint(err):
    last = err.splitlines()[-1]
    assert last.startswith("finops: ")
    assert "Traceback" not in err
    return last


def test_a_file_is_in_the_lake_at_once_and_the_same_file_again_changes_nothing(finops, write, asked):
    file = write(HEADER, "2026-09-01,shop,10", "2026-09-02,shop,20")
    code, out, err = finops("import", "metrics", file, "--kind", "requests", "--source", "edge")
    assert code == 0, err
    assert out.splitlines()[-1].split() == ["r.csv", "requests", "2", "2", "0", "true"]
    numbers = asked("select source, usage_date, service, requests from silver.business_numbers order by usage_date")
    assert [tuple(row.values()) for row in numbers] == [
        ("edge", "2026-09-01", "shop", 10),
        ("edge", "2026-09-02", "shop", 20),
    ]
    code, out, _ = finops("import", "metrics", file, "--kind", "requests", "--source", "edge", "--json")
    assert (code, told_of(out)[0]["changed"]) == (0, False)


def test_what_a_file_says_now_replaces_what_it_said_and_another_source_stands_beside_it(finops, write, asked):
    finops("import", "metrics", write(HEADER, "2026-09-01,shop,10", "2026-09-02,shop,20"), "--kind", "requests")
    finops("import", "metrics", "r.csv", "--kind", "requests", "--source", "other")
    _, out, _ = finops("import", "metrics", write(HEADER, "2026-09-02,shop,25"), "--kind", "requests", "--json")
    assert told_of(out)[0]["changed"] is True
    rows = asked("select source, usage_date, requests from silver.business_numbers order by all")
    assert [(row["source"], row["usage_date"][-1], row["requests"]) for row in rows] == [
        ("import", "2", 25),
        ("other", "1", 10),
        ("other", "2", 20),
    ]


def test_lines_that_cannot_be_used_are_set_apart_told_and_exit_6(finops, write, asked):
    file = write(
        HEADER,
        "2026-09-01,shop,10",
        "2026-09-01,shop,10",
        "2026-09-02,shop,NULL",
        "2026-09-03,shop,-1",
        "2026-09-04,shop,nan",
        "2026-09-05T10:00:00,shop,1",
        "2026-09-06,shop",
    )
    code, out, err = finops("import", "metrics", file, "--kind", "requests", "--json")
    (told,) = told_of(out)
    assert code == 6
    assert (told["received"], told["accepted"], told["quarantined"]) == (7, 1, 6)
    assert "6 lines could not be used" in complaint(err)
    apart = asked("select line_number, reason, raw_line from bronze.business_quarantine order by line_number")
    assert [row["line_number"] for row in apart] == [3, 4, 5, 6, 7, 8]
    assert all(f"{file}, line {row['line_number']}: {row['reason']}" in err for row in apart[:5])
    assert apart[1]["raw_line"] == "2026-09-02,shop,NULL"
    code, out, _ = finops("import", "metrics", file, "--kind", "requests", "--json")
    assert (code, told_of(out)[0]["changed"]) == (6, False)


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (b"day,service\n2026-09-01,shop\n", ("--kind", "requests"), "lacks requests, which requests need"),
        (b"day,service,requests\n", ("--kind", "requests"), "has a header and no line"),
        (b"day,service,requests\n2026-09-01,shop,1\n", (), "nothing says what its lines are"),
        (b"day,service,requests\n2026-09-01,shop,1\n", ("--kind", "request"), "did you mean requests?"),
        (b"PK\x03\x04\x00\x00 a spreadsheet", ("--kind", "requests"), "is not a UTF-8 CSV"),
        (b"<!DOCTYPE html><html></html>", ("--kind", "requests"), "is a web page"),
        (b"", ("--kind", "requests"), "is empty"),
        (None, ("--kind", "requests"), "no such file or folder"),
    ],
)
def test_what_cannot_be_read_at_all_is_exit_2_and_leaves_no_lake(finops, project, content, words, said):
    if content is not None:
        (project / "r.csv").write_bytes(content)
    code, out, err = finops("import", "metrics", "r.csv", *words)
    assert (code, out) == (2, "")
    assert said in complaint(err)
    assert [path.name for path in project.iterdir()] == (["r.csv"] if content is not None else [])


def test_of_several_files_one_that_cannot_be_read_keeps_all_of_them_out(finops, write, project):
    write(HEADER, "2026-09-01,shop,1", name="good.csv")
    write("name,amount", "x,1", name="bad.csv")
    code, _, err = finops("import", "metrics", "good.csv", "bad.csv", "--kind", "requests")
    assert code == 2
    assert "bad.csv: lacks" in complaint(err)
    assert sorted(path.name for path in project.iterdir()) == ["bad.csv", "good.csv"]


def test_two_files_of_one_name_are_refused_and_a_folder_tells_them_apart(finops, project, asked):
    for name, day in (("a", "01"), ("b", "02")):
        (project / name).mkdir()
        (project / name / "r.csv").write_text(f"{HEADER}\n2026-09-{day},shop,1\n")
    code, _, err = finops("import", "metrics", "a/r.csv", "b/r.csv", "--kind", "requests")
    assert code == 2
    assert "have one name" in complaint(err)
    code, _, err = finops("import", "metrics", ".", "--kind", "requests")
    assert code == 0, err
    assert len(asked("select * from silver.business_numbers")) == 2


def test_columns_and_zone_come_from_the_settings_and_a_wrong_one_is_exit_3(finops, project, write, asked):
    (project / "finops.toml").write_text('[imports.deploys]\nat = "finished"\ntime_zone = "Europe/Paris"\n')
    file = write("finished,service,environment,status", "2026-07-01 12:00:00,shop,prod,success", name="d.csv")
    code, _, err = finops("import", "metrics", file, "--kind", "deploys")
    assert code == 0, err
    assert asked("select happened_at from bronze.business_numbers") == [{"happened_at": "2026-07-01T10:00:00Z"}]
    code, _, err = finops("import", "metrics", file, "--kind", "deploys", "--time-zone", "Europe/Pari")
    assert code == 3
    assert "time zone 'Europe/Pari' is not known" in complaint(err)
    (project / "finops.toml").write_text('[imports.deploys]\nstage = "x"\n')
    code, _, err = finops("import", "metrics", file, "--kind", "deploys")
    assert code == 3
    assert "[imports.deploys] stage" in complaint(err)


def test_a_dry_import_says_the_same_and_writes_nothing(finops, write, project):
    file = write(HEADER, "2026-09-01,shop,1", "2026-09-02,shop,x")
    code, out, _ = finops("import", "metrics", file, "--kind", "requests", "--dry-run", "--json")
    assert code == 6
    assert (told_of(out)[0]["accepted"], told_of(out)[0]["changed"]) == (1, False)
    assert [path.name for path in project.iterdir()] == [file]


def test_a_file_of_several_kinds_serves_them_all(finops, write, asked):
    file = write(
        '{"kind": "requests", "day": "2026-09-01", "service": "shop", "requests": 5}',
        '{"kind": "tenants", "month": "2026-09", "tenant": "acme", "active": true}',
        '{"kind": "training", "run": "t", "resource_id": "r", "started_at": "2026-09-01T00:00:00Z", '
        '"ended_at": "2026-09-01T01:00:00Z", "epochs": 2, "status": "completed"}',
        name="all.jsonl",
    )
    code, out, err = finops("import", "metrics", file, "--json")
    assert code == 0, err
    assert told_of(out)[0]["kinds"] == {"requests": 1, "tenants": 1, "training": 1}
    assert [row["completed_epochs"] for row in asked("select completed_epochs from silver.training_runs")] == [2]


def test_a_lake_in_a_bucket_takes_the_same_files_once_and_again(address, tmp_path):
    lake = Lake(address)
    path = tmp_path / "r.csv"
    path.write_text(f"{HEADER}\n2026-09-01,shop,1\n2026-09-01,shop,1\n")
    request = Request(KINDS["requests"], "edge")
    now = datetime(2026, 10, 1, tzinfo=UTC)
    (first,) = import_metrics(lake, [path], request, now)
    (again,) = import_metrics(lake, [path], request, now)
    assert (first.accepted, first.quarantined, first.changed, again.changed) == (1, 1, True, False)
    path.write_text(f"{HEADER}\n2026-09-01,shop,2\n")
    import_metrics(lake, [path], request, now)
    catalog = open_catalog(lake)
    assert catalog.query("select requests from silver.business_numbers").to_pylist() == [{"requests": 2}]
    assert catalog.query("select * from bronze.business_quarantine").num_rows == 0
    assert catalog.state("bronze.business_numbers").version == 1
