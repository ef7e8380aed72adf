"""`finops recommendations`, `finops plan` and `finops actions`: a person's work with recommendations."""

import csv
import io
import json

import hcl2
import pytest

from assets import recommendation_actions
from pipelines.recommendations.changes.change import as_mapping
from pipelines.recommendations.changes.telemetry import dashboard_removed, series_dropped

from ..assets.recommendation_lake import RecommendationLake  # noqa: TID252 - tests are no package


@pytest.fixture
def held(project, monkeypatch) -> RecommendationLake:
    """A lake with four recommendations, and a person at the keyboard."""
    lake = RecommendationLake(project / "lake").fill()
    monkeypatch.setenv("FINOPS_LAKE", lake.address)
    monkeypatch.setenv("LOGNAME", "mira")
    return lake


@pytest.fixture
def ids(held) -> dict[str, str]:
    rows = held.rows("select rule || ' ' || resource_id as name, recommendation_id from gold.recommendations")
    return {row["name"]: row["recommendation_id"] for row in rows}


def listed(out: str) -> list[str]:
    lines = out.splitlines()
    return [line.split()[0] for line in lines[2 : lines.index("")]] if "" in lines else []


def test_the_best_is_first_dust_is_folded_and_the_sum_counts_nothing_twice(held, ids, finops):
    code, out, err = finops("recommendations")
    assert code == 0
    lines = out.splitlines()
    first, second = (line.split()[0] for line in lines[2:4])
    assert (first, second) == (ids["idle aweb"], ids["size aweb"])
    assert "€100.00" in lines[2]
    assert f"overlaps with {ids['idle aweb']}, not counted; restart" in lines[3]
    assert "and 1 that save less than 1 each, together €0.25 (--all)" in lines
    assert "Together €130.75 a month; €180.75 if none overlapped" in lines
    assert "1 resource could not be judged by some rule, most often:" in lines
    assert "  1 × no cpu metric; an agent would measure it" in lines
    assert err.strip() == "4 recommendations listed"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), ["idle aweb", "size aweb", "idle adb", "idle dust"]),
        (("--rule", "size"), ["size aweb"]),
        (("--project", "SHOP"), ["idle aweb", "size aweb", "idle adb", "idle dust"]),
        (("--owner", "checkout"), ["idle aweb", "size aweb", "idle dust"]),
        (("--status", "done"), []),
        (("--all",), ["idle aweb", "size aweb", "idle adb", "idle dust"]),
    ],
)
def test_the_list_is_narrowed_by_rule_project_owner_and_status(held, ids, finops, words, found):
    code, out, _ = finops("recommendations", *words, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, [row["recommendation_id"] for row in rows]) == (0, [ids[name] for name in found])


def test_json_holds_exact_figures_evidence_as_values_and_what_could_not_be_judged(held, finops):
    _, out, _ = finops("recommendations", "--json")
    told = json.loads(out)
    assert (told["rows"][0]["monthly_saving"], told["monthly_saving"]) == (
        "100.000000000000",
        {"EUR": "130.750000000000"},
    )
    assert told["rows"][0]["evidence"]["cpu_p95_percent"] == 1.5
    assert told["unjudged"]["reasons"] == [{"reason": "no cpu metric; an agent would measure it", "count": 1}]


def test_one_is_shown_with_its_numbers_and_its_history(held, ids, finops):
    finops("actions", "accept", ids["idle aweb"], "--reason", "in  May")
    code, out, _ = finops("recommendations", ids["idle aweb"][:6])
    wanted = (
        f"{ids['idle aweb']}  accepted  Delete aweb-1", "nobody uses it", "€100.00 of €100.00", "what was charged",
        "10.00 kg CO2e, 1.000 m³", "cpu_p95_percent  1.5", "2026-11-18  first advised", "accepted by mira: in May",
        f"finops plan {ids['idle aweb']}", f"{ids['size aweb']}; counted",
    )  # fmt: skip
    assert (code, [each for each in wanted if each not in out]) == (0, [])


def test_a_plan_holds_commands_terraform_notes_and_the_way_back(held, ids, finops):
    code, out, _ = finops("plan", ids["size aweb"])
    wanted = (
        "# Resize to PRO2-S aweb-1", "# It needs a restart.", "# Take a snapshot first.",
        "scw instance server update aweb zone=fr-par-1", "# Undo", "scw instance server start aweb zone=fr-par-1",
        f"# It overlaps with {ids['idle aweb']}: follow one of them.",
    )  # fmt: skip
    assert (code, [each for each in wanted if each not in out.splitlines()[0:30] and each not in out]) == (0, [])
    _, out, _ = finops("plan", ids["size aweb"], "--format", "terraform")
    assert hcl2.loads(out)["resource"]
    _, out, _ = finops("plan", ids["size aweb"], "--format", "cli", "--undo")
    commands = [line for line in out.splitlines() if not line.startswith("#")]
    assert commands == ["scw instance server start aweb zone=fr-par-1"]
    _, out, _ = finops("plan", ids["size aweb"], "--format", "json")
    told = json.loads(out)
    assert (told["target"], told["undo"]["cli"]) == ("PRO2-S", commands)


def test_files_of_a_plan_are_written_once_and_never_over_others(held, ids, finops, tmp_path):
    folder = tmp_path / "plan" / "new"
    for _ in range(2):
        code, out, _ = finops("plan", ids["size aweb"], "--out", str(folder))
        assert (code, out) == (0, f"{folder / 'change.tf'}\n")
        assert hcl2.loads((folder / "change.tf").read_text())["resource"]
    (folder / "change.tf").write_text("mine")
    code, _, err = finops("plan", ids["size aweb"], "--out", str(folder))
    assert (code, "name another folder" in err) == (2, True)
    assert (folder / "change.tf").read_text() == "mine"


def test_a_plan_shows_and_writes_the_configurations_that_come_with_it(held, ids, finops, tmp_path, monkeypatch):
    told = [series_dropped(["node_flags", "node_interrupts_total"], 60, is_checked=False)]
    files = {file.name: file.text for file in told[0].files}
    real = recommendation_actions.find_recommendation

    def found(rows, identifier):
        return {**real(rows, identifier), "change": json.dumps(as_mapping(told[-1]))}

    monkeypatch.setattr(recommendation_actions, "find_recommendation", found)
    code, out, _ = finops("plan", ids["size aweb"])
    assert (code, all(f"# File {name}: " in out and text in out for name, text in files.items())) == (0, True)
    _, out, _ = finops("plan", ids["size aweb"], "--format", "cli")
    assert all(line.startswith("#") for line in out.splitlines()), "nothing that no shell can read"
    finops("plan", ids["size aweb"], "--out", str(tmp_path / "files"))
    assert {path.name: path.read_text() for path in (tmp_path / "files").iterdir()} == files
    told.append(dashboard_removed("closing"))
    code, _, err = finops("plan", ids["size aweb"], "--out", str(tmp_path / "none"))
    assert (code, "has no files" in err, (tmp_path / "none").exists()) == (2, True, False)


def test_what_was_said_is_listed_and_holds_at_once(held, ids, finops):
    code, out, _ = finops(
        "actions", "suppress", ids["idle adb"], "--reason", "test", "--until", "2099-01-31", "--owner", "ops"
    )
    assert (code, out) == (0, f"{ids['idle adb']} (Delete adb-1): suppressed until 2099-01-31; test\n")
    finops("actions", "reject", ids["idle aweb"], "--reason", "a spare", "--by", "ada")
    _, out, err = finops("recommendations")
    assert listed(out)[0] == ids["size aweb"]
    assert err.strip() == "2 recommendations listed; not listed: 1 rejected, 1 suppressed (--all)"
    _, out, _ = finops("actions", "list", "--json")
    rows = json.loads(out)["rows"]
    assert [(row["word"], row["said_by"], row["owner"]) for row in rows] == [
        ("rejected", "ada", None), ("suppressed", "mira", "ops"),
    ]  # fmt: skip
    _, out, err = finops("actions", "reject", ids["idle aweb"], "--reason", "a spare", "--by", "ada")
    assert "It was said before; nothing was written." in err
    code, out, _ = finops("actions", "reopen", ids["idle aweb"], "--reason", "no spare")
    assert out == f"{ids['idle aweb']} (Delete aweb-1): open; no spare\n"
    code, out, _ = finops("actions", "done", ids["idle aweb"], "--dry-run")
    assert out.startswith("Would be ")
    assert held.rows("select count(*) as n from gold.recommendation_actions") == [{"n": 3}]


def test_bad_words_get_one_line_with_the_remedy(held, ids, finops):
    first = ids["idle aweb"]
    for words, said in (
        (("recommendations", "--rule", "idel"), "no recommendation has the rule 'idel'; did you mean idle?"),
        (("recommendations", "--project", "x"), "no recommendation has the project 'x'; there are some of shop"),
        (("plan", "zz"), f"no recommendation is called 'zz'; the largest are {first} (Delete aweb-1)"),
        (("actions", "reject", first, "--reason", " "), "a reason is wanted"),
        (("actions", "suppress", first, "--reason", "x", "--until", "soon"), "--until 'soon' is not a day"),
        (("actions", "suppress", first, "--reason", "x", "--until", "2020-01-01"), "2020-01-01 is over"),
        (("actions", "reopen", first, "--reason", "x"), f"{first} is open already"),
    ):
        code, out, err = finops(*words)
        assert (code, out, len(err.strip().splitlines())) == (2, "", 1), (words, err)
        assert said in err, err


def test_before_anything_was_judged_the_way_there_is_told(project, finops):
    code, _, err = finops("recommendations", "--lake", str(project / "empty"))
    assert (code, "no rule was asked yet; run `finops demo`" in err) == (2, True)
