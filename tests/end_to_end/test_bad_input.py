"""What goes wrong ends in one line that names the value and the remedy, and in the documented exit code."""

import os
import shutil

import pytest

BILL = ("--only", "billing", "--since", "2026-06-01", "--until", "2026-07-01")
CHARGES = "/billing/v2beta1/charges"


@pytest.fixture
def account(watched, finops):
    """A command that is signed in to the small organisation."""
    scaleway = watched("small")
    finops.variables.update(scaleway.sign_in, FINOPS_SCALEWAY_ATTEMPTS="2", FINOPS_SCALEWAY_TIMEOUT_SECONDS="20")
    return finops, scaleway


# --- scenario, settings, key


MINIMAL = """
name = "x"
seed = 1
start = 2025-01-01
today = 2025-01-20
[organization]
id = "22222222-2222-4222-8222-222222222222"
name = "X"
[[projects]]
name = "p"
"""


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("moon = 'full'\n" + MINIMAL, "moon"),
        (MINIMAL + "environmnet = 'prod'\n", "environmnet"),
        (MINIMAL + "[[[[\n", "line 11"),
        (MINIMAL.replace("seed = 1", "seed = 'many'"), "seed"),
        (None, "no-such.toml"),
    ],
)
def test_a_scenario_that_cannot_be_used_is_exit_2_and_leaves_no_lake(finops, scenario, said):
    file = finops.folder / ("no-such.toml" if scenario is None else "mine.toml")
    if scenario is not None:
        file.write_text(scenario)
    ran = finops("demo", "--scenario", str(file), "--lake", "lake")
    assert ran.code == 2
    assert said in ran.complaint
    assert not (finops.folder / "lake").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("lake = \n", "line 1"),
        ("laek = '.lake'\n", "did you mean lake"),
        ("[scaleway]\nsecret_key = 'x'\n", "keys and secrets come only from"),
        ("[scaleway]\nattempts = 0\n", "scaleway.attempts"),
    ],
)
def test_settings_that_cannot_be_used_are_exit_3(finops, settings, said):
    (finops.folder / "finops.toml").write_text(settings)
    ran = finops("run")
    assert ran.code == 3
    assert said in ran.complaint
    assert "finops.toml" in ran.complaint


@pytest.mark.parametrize("missing", ["SCW_ACCESS_KEY", "SCW_SECRET_KEY", "SCW_DEFAULT_ORGANIZATION_ID"])
def test_a_missing_part_of_the_key_is_exit_3_and_named_with_its_remedy(finops, missing):
    key = {
        "SCW_ACCESS_KEY": "SCW00000000000000000",
        "SCW_SECRET_KEY": "11111111-1111-1111-1111-111111111111",
        "SCW_DEFAULT_ORGANIZATION_ID": "22222222-2222-4222-8222-222222222222",
    }
    ran = finops("run", **{**key, missing: ""})
    assert ran.code == 3
    assert missing.split("_")[-2].lower() in ran.complaint  # access, secret, organization
    assert missing in ran.complaint  # the remedy


# --- the source


def test_a_wrong_key_is_exit_3_and_never_shown(account):
    finops, _ = account
    wrong = "5ec2e75e-c2e7-4ec2-8e75-ec2e75ec2e75"
    ran = finops("--debug", "run", *BILL, SCW_SECRET_KEY=wrong)
    assert ran.code == 3
    assert "HTTP 401" in ran.err
    assert wrong not in ran.out + ran.err
    plain = finops("run", *BILL, SCW_SECRET_KEY=wrong)
    assert plain.code == 3
    assert "401" in plain.complaint


def test_an_organisation_out_of_reach_is_exit_3(account):
    finops, _ = account
    ran = finops("run", *BILL, SCW_DEFAULT_ORGANIZATION_ID="00000000-0000-4000-8000-000000000000")
    assert ran.code == 3
    assert "403" in ran.complaint


def test_an_api_nobody_answers_for_is_exit_5_and_named(account, free_port):
    finops, _ = account
    ran = finops("run", *BILL, SCW_API_URL=f"http://127.0.0.1:{free_port}", FINOPS_SCALEWAY_ATTEMPTS="1")
    assert ran.code == 5
    assert f"127.0.0.1:{free_port}" in ran.complaint
    assert "SCW_API_URL" in ran.complaint


def test_json_that_is_cut_off_for_ever_is_exit_5_and_what_else_was_answered_is_kept(account, view):
    finops, scaleway = account
    scaleway.change = lambda path, _, body: body[: len(body) * 2 // 3] if path == CHARGES else body
    ran = finops("run", *BILL)
    assert ran.code == 5
    assert CHARGES in ran.complaint
    assert "2 attempts" in ran.complaint
    answers = view(finops.folder / ".lake").rows("select distinct source from bronze.answers order by all")
    sources = {row["source"] for row in answers}
    assert "billing.charges" not in sources
    assert {"billing.consumptions", "billing.taxes"} <= sources


def test_json_that_is_cut_off_once_is_asked_for_again(account, view):
    finops, scaleway = account
    spoiled = []

    def once(path, _, body):
        if path == CHARGES and not spoiled:
            spoiled.append(path)
            return body[:-10]
        return body

    scaleway.change = once
    ran = finops("run", *BILL)
    assert ran.code == 0, ran.err
    lake = view(finops.folder / ".lake")
    assert lake.one("select count(distinct question_hash) from bronze.answers where source = 'billing.charges'") == 30


# --- the lake


def test_a_lake_that_cannot_be_written_is_exit_7(account):
    finops, _ = account
    (finops.folder / "a-file").write_text("not a folder")
    ran = finops("run", *BILL, FINOPS_LAKE=str(finops.folder / "a-file" / "lake"))
    assert ran.code == 7
    assert "a-file" in ran.complaint
    assert "address" in ran.complaint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_lake_without_permission_is_exit_7(account):
    finops, _ = account
    (finops.folder / "locked").mkdir(mode=0o500)
    ran = finops("run", *BILL, FINOPS_LAKE=str(finops.folder / "locked" / "lake"))
    assert ran.code == 7
    assert "can be written" in ran.complaint


def test_a_lost_file_is_named_by_the_check_with_exit_7(finops, small_copy):
    lost = next((small_copy / "silver" / "costs").rglob("*.parquet"))
    lost.unlink()
    ran = finops("lake", "check", FINOPS_LAKE=str(small_copy))
    assert ran.code == 7
    assert "silver.costs" in ran.complaint
    assert lost.name in ran.complaint
    asked = finops("sql", "select sum(billed_cost) from silver.costs", FINOPS_LAKE=str(small_copy))
    assert asked.code == 7
    assert "finops lake check" in asked.complaint


def test_a_demo_never_mixes_with_another_organisations_lake(finops, small_copy, view):
    before = view(small_copy).versions()
    ran = finops("demo", "--lake", str(small_copy))
    assert ran.code == 2
    assert "22222222-2222-4222-8222-222222222222" in ran.complaint
    assert view(small_copy).versions() == before


# --- questions


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("drop table gold.daily_costs", "one select"),
        ("select 1; select 2", "2 statements"),
        ("select * from read_csv('/etc/passwd')", "etc/passwd"),
        ("select * from '/etc/passwd'", "etc/passwd"),
        ("copy (select 1) to '/tmp/never.csv'", "one select"),
        ("attach '/tmp/never.db'", "one select"),
        ("select * from gold.dayly_costs", "did you mean gold.daily_costs"),
        ("select no_such_column from gold.daily_costs", "no_such_column"),
        ("selct 1", "sql"),
        ("", "one select"),
    ],
)
def test_only_one_select_over_the_lake_is_answered(finops, small, query, said):
    ran = finops("sql", query, FINOPS_LAKE=str(small.lake))
    assert ran.code == 2
    assert said in ran.complaint
    assert ran.out == ""
    assert "root:" not in ran.err


def test_an_unexplained_residual_is_exit_10_when_asked_for(finops, small):
    plain = finops("reconcile", FINOPS_LAKE=str(small.lake))
    assert plain.code == 0
    failing = finops("reconcile", "--fail-on", "alarms", FINOPS_LAKE=str(small.lake))
    assert failing.code == 10
    assert "/ip/reserved" in failing.out
    assert "1 line" in failing.complaint
    june = finops("reconcile", "--month", "2026-06", "--fail-on", "alarms", FINOPS_LAKE=str(small.lake))
    assert june.code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "monthly", "--period", "2020-01"), "2020-01"),
        (("report", "monthly", "--period", "June"), "June"),
        (("reconcile", "--month", "2026-13"), "2026-13"),
        (("trace", "gold.daily_costs", "charge_date=1999-01-01"), "1999-01-01"),
        (("trace", "gold.no_such_table", "a=b"), "gold.no_such_table"),
        (("export", "parquet", "--table", "gold.nothing"), "gold.nothing"),
        (("run", "--since", "2026-07-01", "--until", "2026-06-01"), "2026-07-01"),
        (("run", "--since", "yesterday"), "yesterday"),
        (("backfill",), "--since"),
        (("import", "focus", "no-such-bill.csv"), "no-such-bill.csv"),
    ],
)
def test_wrong_words_are_exit_2_and_named(finops, small, words, said):
    ran = finops(*words, FINOPS_LAKE=str(small.lake))
    assert ran.code == 2
    assert said in ran.complaint


def test_an_empty_lake_says_what_to_do(finops):
    for words in (
        ("report", "monthly"),
        ("reconcile",),
        ("sql", "select * from gold.daily_costs"),
        ("export", "focus"),
    ):
        ran = finops(*words, FINOPS_LAKE=str(finops.folder / "nothing"))
        assert ran.code == 2, words
        assert "finops run" in ran.complaint, words
    assert not (finops.folder / "nothing").exists()


def test_a_copied_lake_is_whole(finops, small, tmp_path):
    """Nothing in a lake names the place it was made at."""
    moved = shutil.copytree(small.lake, tmp_path / "a place with spaces, ünd more")
    ran = finops("lake", "check", FINOPS_LAKE=str(moved))
    assert ran.code == 0, ran.err
    asked = finops("sql", "select count(*) as n from gold.monthly_summary", "--format", "csv", FINOPS_LAKE=str(moved))
    assert asked.out == "n\n3\n"
