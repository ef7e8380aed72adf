import json
import os
import re
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.__main__ import main, schema
from simulator.instants import seconds
from simulator.loading import SCENARIOS, SETTINGS, load, parse
from simulator.truth import truth
from simulator.world import build

ROOT = Path(__file__).parents[2]
_PRICE = """[[prices]]
sku = "/x/{zone}"
price = "1"
unit = "hour"
category = "Labs"
product = "X"
where = "regions"
"""
OURS = sorted(path for path in SCENARIOS.glob("*.toml") if not path.name.endswith(SETTINGS))
SMALL = (SCENARIOS / "small.toml").read_text(encoding="utf-8")


def _command(*arguments: str, seed: str = "0", text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("wrong", "right", "expected"),
    [
        ('team = "checkout"', 'taem = "checkout"', "unknown key projects[1].taem; did you mean team?"),
        ("[invoicing]", "[invoiceing]", "unknown key invoiceing; did you mean invoicing?"),
        ("noise = 10,", "nosie = 10,", "unknown key resources[8].load.nosie; did you mean noise?"),
        ('type = "PRO2-XS"', 'type = "PRO2-QXS"', "'PRO2-QXS' is not sold in fr-par-1; did you mean PRO2-XS?"),
        ('project = "lab"', 'project = "lob"', "no such name 'lob'; did you mean lab?"),
        ("db-dev-s/fr-par1", "db-dev-s/fr-par9", "is not in the price book; did you mean /storage/rdb/node/db-dev-s"),
        ("start = 2026-05-01", "start = 2026-12-01", "start 2026-12-01 is not before today 2026-07-10"),
        ("seed = 7", 'seed = "many"', "seed: input should be a valid integer"),
        ('name = "web"', 'name = "notebook"', "resources notebook is named twice"),
        ("start = 2026-05-01", "start = 2009-05-01", "start 2009-05-01 is more than ten years before today"),
        ("start = 2026-05-01", "start = 1969-05-01", "start: must be a day from 2000 to 2099"),
        ("amount = 35", "amount = 1e300", "consumption_only[0].amount: input should be less than or equal to"),
        ("count = 2", "count = 1000000", "resources[0].count: input should be less than or equal to 10000"),
        ("seed = 7", "seed = 7 7", "not TOML:"),
        ("pvc-{id}", "pvc-{uuid}", "resources.pvc-leftover.label: 'pvc-{uuid}' uses {uuid}; it may use {group}"),
        ("env:{environment}", "env:{environment", "projects.lab.tags: 'env:{environment' is not a template"),
        ("gb = 50\n", 'gb = 50\ntype = "sbs_6k"\n', "'sbs_6k' is no volume type; did you mean sbs_5k?"),
        ('type = "l_ssd"', 'type = "lssd"', "resources[1].volumes[0].type: input should be"),
        ('groups = ["forgotten"]', 'groups = ["forgoten"]', "no such name 'forgoten'; did you mean forgotten?"),
        ("[[budgets]]", _PRICE + "[[budgets]]", "prices.sku: '/x/{zone}' uses {zone}; it may use {COUNTRY}, {REGION}"),
        ("/compute/l4_1_24g/*", "/compute/l5/*", "'/compute/l5/*' matches no SKU"),
    ],
)
def test_a_wrong_scenario_ends_in_one_line_and_exit_code_2(tmp_path, capsys, wrong, right, expected):
    assert wrong in SMALL
    path = tmp_path / "wrong.toml"
    path.write_text(SMALL.replace(wrong, right, 1), encoding="utf-8")
    assert main(["truth", "--scenario", str(path)]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert expected in output.err
    assert output.err.startswith(f"simulator: {path}: ")
    assert output.err.count("\n") == 1


def test_malformed_toml_names_the_line(tmp_path, capsys):
    path = tmp_path / "broken.toml"
    path.write_text('name = "x"\nseed = = 1\n', encoding="utf-8")
    assert main(["serve", "--scenario", str(path)]) == 2
    assert "line 2" in capsys.readouterr().err


@pytest.mark.parametrize("reference", ["nowhere", "nowhere.toml"])
def test_a_scenario_that_is_not_there_is_one_line(capsys, reference):
    assert main(["truth", "--scenario", reference]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_bytes_that_are_not_text_are_one_line(tmp_path, capsys):
    path = tmp_path / "binary.toml"
    path.write_bytes(b"name = \xff\xfe")
    assert main(["truth", "--scenario", str(path)]) == 2
    assert "not UTF-8" in capsys.readouterr().err


@pytest.mark.parametrize("now", ["yesterday", "2031-01-01T00:00:00Z"])
def test_a_clock_outside_the_world_is_one_line(capsys, now):
    assert main(["truth", "--scenario", "small", "--now", now]) == 2
    assert capsys.readouterr().err.startswith("simulator: --now")


def test_the_committed_schema_is_that_of_the_models():
    committed = (ROOT / "simulator" / "scenario.schema.json").read_text(encoding="utf-8")
    assert committed == schema(), "run: python -m simulator schema > simulator/scenario.schema.json"


def test_the_schema_describes_the_scenarios_we_ship():
    import tomllib

    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(schema()))
    for path in OURS:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        plain = json.loads(json.dumps(table, default=lambda moment: moment.isoformat()))
        assert [error.message for error in validator.iter_errors(plain)] == []


def test_the_same_seed_gives_the_same_bytes_in_any_process():
    first = _command("truth", "--scenario", "small", seed="1")
    second = _command("truth", "--scenario", "small", seed="2")
    assert first.stderr == second.stderr == ""
    assert first.stdout == second.stdout
    assert json.loads(first.stdout)["scenario"] == "small"


def test_another_seed_gives_other_identifiers_and_keeps_the_steady_prices(small):
    other = build(small.model_copy(update={"seed": 8}))
    same = build(small)
    assert {r.id for r in other.resources}.isdisjoint(r.id for r in same.resources if r.group.identified_by == "uuid")
    price = {c.rate for c in same.charges if c.line.resource.group.name == "web"}
    assert price == {c.rate for c in other.charges if c.line.resource.group.name == "web"}


def test_no_code_knows_a_scenario_by_the_names_in_it():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "simulator").glob("*.py"))
    known = {"volume", "support", "sandbox"}  # words of the trade
    for path in OURS:
        scenario = load(path.stem)
        groups = [group.name for group in scenario.resources]
        names = {scenario.organization.name, *(project.name for project in scenario.projects), *groups}
        for name in names - known - {"default"}:
            assert not re.search(rf"[\"']{re.escape(name)}[\"']", code), name


def test_a_scenario_of_ones_own_needs_no_code():
    table = {
        "name": "bakery",
        "seed": 1,
        "currency": "CHF",
        "start": date(2027, 1, 1),
        "today": datetime(2027, 3, 1, tzinfo=UTC),
        "organization": {"id": "44444444-4444-4444-8444-444444444444", "name": "Bakery"},
        "projects": [{"name": "ovens"}],
        "prices": [
            {"sku": "/quantum/bread/{zone}", "price": "2.5/10", "unit": "loaf", "category": "Labs", "product": "Bread",
             "where": "fr-par-1 nl-ams-1"}
        ],
        "resources": [
            {"name": "batch", "kind": "service", "project": "ovens", "from": date(2019, 1, 1), "to": date(2030, 1, 1),
             "meters": [{"sku": "/quantum/bread/nl-ams-1", "amount": 40}]}
        ],
    }  # fmt: skip
    world = build(parse(table))
    told = truth(world, seconds(world.scenario.today))
    assert told["currency"] == "CHF"
    assert list(told["months"]) == ["2027-01", "2027-02", "2027-03"]
    assert Decimal(told["months"]["2027-02"]["charges"]) == 28 * 40 * Decimal("0.25")
    assert told["months"]["2027-02"]["invoice"]["state"] == "draft"


def test_the_server_says_one_line_and_leaves_when_its_input_closes():
    done = _command("serve", "--scenario", "small", "--exit-with-stdin", text="")
    assert done.returncode == 0
    assert re.fullmatch(r"simulator listening on http://127\.0\.0\.1:\d+\n", done.stdout)
    assert done.stderr == ""


def test_a_truth_file_that_cannot_be_written_is_one_line(tmp_path, capsys):
    target = tmp_path / "missing" / "truth.json"
    assert main(["serve", "--scenario", "small", "--truth", str(target)]) == 2
    assert str(target) in capsys.readouterr().err
