"""The same small organisation with its lake in a bucket: the same tables, and clear words when the key is wrong."""

import uuid

import pytest

MONTHS_READ = ("--scenario", "small")


@pytest.fixture(scope="module")
def bucket_lake(s3_server, lake_bucket, tmp_path_factory, session_state, finops_at):
    """The small demo with its lake in a bucket, and the command to go on with."""
    folder = tmp_path_factory.mktemp("s3")
    lake = f"s3://{lake_bucket}/{uuid.uuid4().hex[:12]}"
    finops = finops_at(
        folder,
        FINOPS_STATE=str(session_state),
        FINOPS_LAKE=lake,
        FINOPS_LAKE_S3_ENDPOINT_URL=s3_server.endpoint_url,
        FINOPS_LAKE_S3_ALLOW_HTTP="true",
        FINOPS_S3_ACCESS_KEY=s3_server.access_key,
        FINOPS_S3_SECRET_KEY=s3_server.secret_key,
    )
    return finops, finops("--debug", "demo", *MONTHS_READ), lake


def test_a_bucket_holds_the_same_tables_as_a_folder(bucket_lake, small, view, s3_server):
    from pipelines.lake.address import S3Access, parse_address

    _, ran, lake = bucket_lake
    assert ran.code == 0, ran.err
    access = S3Access(s3_server.access_key, s3_server.secret_key, s3_server.endpoint_url)
    in_bucket, in_folder = view(parse_address(lake, access)).contents(), small.view.contents()
    assert in_bucket.keys() == in_folder.keys()
    assert [name for name in in_folder if in_bucket[name] != in_folder[name]] == []


def test_its_secret_is_nowhere(bucket_lake, s3_server):
    finops, ran, _ = bucket_lake
    told = ran.out + ran.err
    state = finops.variables["FINOPS_STATE"]
    assert s3_server.secret_key not in told
    assert s3_server.secret_key not in finops("--debug", "config", "show").out
    from pathlib import Path

    for path in (each for each in Path(state).rglob("*") if each.is_file()):
        assert s3_server.secret_key.encode() not in path.read_bytes(), path


def test_questions_and_checks_work_on_a_bucket(bucket_lake):
    finops, _, _ = bucket_lake
    asked = finops("sql", "select round(billed_cost, 2) from gold.monthly_summary order by 1 desc", "--format", "csv")
    assert asked.code == 0, asked.err
    assert asked.out.splitlines()[1] == "1121.62"
    assert finops("lake", "check").code == 0


@pytest.mark.parametrize(
    ("variables", "code"),
    [
        ({"FINOPS_S3_SECRET_KEY": "not-the-secret"}, 7),
        ({"FINOPS_S3_ACCESS_KEY": "NOBODY", "FINOPS_S3_SECRET_KEY": "not-the-secret"}, 7),
        ({"FINOPS_S3_SECRET_KEY": ""}, 3),
        ({"FINOPS_LAKE": "s3://no-such-bucket-here/lake"}, 7),
    ],
)
def test_a_wrong_key_or_bucket_is_one_clear_line(bucket_lake, variables, code):
    ran = bucket_lake[0]("lake", "check", **variables)
    assert ran.code == code, ran.err
    assert ran.complaint
    assert "not-the-secret" not in ran.err
