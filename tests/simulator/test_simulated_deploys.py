"""Deploys, jobs, training, tenants and ends of sale: the same from the API, from the files and from the bill."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from simulator.__main__ import main
from simulator.deploys_exports import EXPORTS, write_export
from simulator.instants import DAY, day_start, month_of, parse_rfc3339, zulu
from simulator.loading import load
from simulator.loads import hours_on
from simulator.story import refreshed, story
from simulator.truth import truth
from simulator.world import build

STORY = Path(__file__).parents[2] / "docs" / "demo-story.md"


@pytest.fixture(scope="module")
def running(run_simulator):
    return run_simulator(build(load("depot")))


@pytest.fixture(scope="module")
def demo():
    return build(load("demo"))


@pytest.fixture
def depot(running):
    running.clock.now = running.world.scenario.today
    return running


@pytest.fixture(scope="module")
def told(running):
    return truth(running.world, int(running.world.scenario.today.timestamp()))


@pytest.fixture
def exported(depot, tmp_path):
    """`exported(kind)`: the rows of a file written for the scenario's today, read back as a program would."""

    def read(kind):
        path = tmp_path / f"{kind}.csv"
        count = write_export(depot.world, depot.clock.instant, kind, path)
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) == count > 0
        return rows

    return read


def _seconds(row, start="started_at", end="finished_at"):
    return int(parse_rfc3339(row[end]) - parse_rfc3339(row[start]))


def test_successes_count_each_image_once_and_failures_every_time(exported, told):
    counted, seen = {}, set()
    for row in exported("deploys"):
        if row["environment"] != "prod":
            continue
        month, image = row["started_at"][:7], (row["service"], row["digest"])
        name = row["status"]
        if name == "successful" and image in seen:
            name = "repeated"
        seen |= {image} if name == "successful" else set()
        counted.setdefault(month, {}).setdefault(row["service"], Counter())[name] += 1
    assert {month: {service: dict(counts) for service, counts in each.items()} for month, each in counted.items()} == {
        month: {service: {name: n for name, n in counts.items() if n} for service, counts in each.items()}
        for month, each in told["deploys"].items()
    }
    assert {name for each in told["deploys"].values() for name, n in each["crane-api"].items() if n} == {
        "successful", "failed", "rolled_back", "repeated",
    }  # fmt: skip


def test_a_container_runs_what_was_deployed_last_and_was_not_taken_back(depot, exported):
    rows = [row for row in exported("deploys") if row["environment"] == "prod"]
    moments = sorted({row[name] for row in rows for name in ("at", "rolled_back_at") if row[name]}, key=parse_rfc3339)
    expected, images = None, set()
    for moment in moments:
        for row in rows:
            if row["at"] == moment and row["status"] != "failed":
                before, expected = expected or row["digest"], row["digest"]
            elif row["rolled_back_at"] == moment:
                expected = before
        depot.clock.now = datetime.fromtimestamp(parse_rfc3339(moment), UTC) + timedelta(seconds=1)
        if expected is None or moment < "2026-05-04T09":
            continue
        (container,) = depot.json("/containers/v1/regions/fr-par/containers")["containers"]
        assert container["image"].endswith(f"/crane-api@{expected}")
        images.add(container["image"])
    assert len(images) > 15
    assert any(row["rolled_back_at"] for row in rows)


def test_nothing_is_deployed_at_weekends_or_while_deploys_are_frozen(exported):
    for row in exported("deploys"):
        moment = datetime.fromtimestamp(parse_rfc3339(row["started_at"]), UTC)
        assert moment.weekday() < 5
        assert row["environment"] == "staging" or not datetime(2026, 6, 15, tzinfo=UTC) <= moment < datetime(
            2026, 6, 20, tzinfo=UTC
        )


def test_what_production_runs_was_pushed_to_the_registry_and_tried_before(depot, exported):
    rows = exported("deploys")
    tried = {}
    for row in rows:
        if row["environment"] == "staging" and row["status"] == "successful":
            tried.setdefault(row["digest"], row["at"])
    first = min(tried.values(), key=parse_rfc3339)
    for row in rows:
        if row["environment"] == "prod" and row["started_at"] > first:
            assert tried[row["digest"]] < row["started_at"]
    (image,) = depot.json("/registry/v1/regions/fr-par/images")["images"]
    tags = depot.json(f"/registry/v1/regions/fr-par/images/{image['id']}/tags", page_size=100)["tags"]
    assert [tag["name"] for tag in tags] == image["tags"]
    assert len(tags) == 41
    assert tags[0]["digest"] == tags[1]["digest"]
    assert image["updated_at"][:19] == tags[0]["updated_at"][:19]
    pushed = {row["digest"] for row in rows if row["environment"] == "staging"}
    assert {tag["digest"] for tag in tags} <= pushed
    depot.clock.now = datetime(2026, 5, 20, tzinfo=UTC)
    (earlier,) = depot.json("/registry/v1/regions/fr-par/images")["images"]
    assert earlier["updated_at"] < image["updated_at"]


def test_a_jobs_runs_are_what_each_of_its_days_is_billed_for(depot, exported, told):
    used = {}
    for row in exported("jobs"):
        day = day_start(int(parse_rfc3339(row["started_at"])))
        vcpu, memory = used.get(day, (0, 0))
        seconds = int(row["duration_s"])
        used[day] = vcpu + seconds * int(row["cpu"]), memory + seconds * int(row["memory"])
    whole = {day: amounts for day, amounts in used.items() if day + DAY <= day_start(depot.clock.instant)}
    billed = {}
    for row in depot.charges("2026-05-01T00:00:00Z", "2026-07-02T00:00:00Z"):
        if row["sku"].startswith("/paas/jobs/"):
            day = int(parse_rfc3339(row["start_date"]))
            nanos = row["price"]["units"] * 10**9 + row["price"]["nanos"]
            billed.setdefault(day, {})[row["sku"].split("/")[3]] = nanos
    assert {day: (each["vcpu"] // 10_000, each["memory"] // 1_000) for day, each in billed.items()} == whole
    runs = Counter(row["started_at"][:7] for row in exported("jobs"))
    assert {month: each["sort-mail"] for month, each in told["job_runs"].items()} == runs


def test_the_api_lists_sixty_days_of_runs_with_their_states_and_ends(depot, exported):
    path = "/serverless-jobs/v1alpha2/regions/fr-par/job-runs"
    listed = [row for page in (1, 2) for row in depot.json(path, page=page, page_size=100)["job_runs"]]
    assert len({row["id"] for row in listed}) == len(listed) == 121
    assert min(row["created_at"] for row in listed)[:10] == "2026-05-03"
    (definition,) = depot.json("/serverless-jobs/v1alpha2/regions/fr-par/job-definitions")["job_definitions"]
    assert {row["job_definition_id"] for row in listed} == {definition["id"]}
    stuck = [row for row in listed if row.get("reason") == "timeout"]
    assert {(row["state"], row["run_duration"]) for row in stuck} == {("failed", definition["job_timeout"])}
    assert {row["created_at"][:10] for row in stuck} == {"2026-06-10", "2026-06-11"}
    assert {row["state"] for row in listed} == {"succeeded", "failed"}
    files = {row["run_id"]: row["status"] for row in exported("jobs")}
    assert {row["id"]: row["state"] for row in listed}.items() <= files.items()
    for seconds, state in ((2, "queued"), (600, "running")):
        depot.clock.now = datetime(2026, 7, 1, 14, tzinfo=UTC) + timedelta(seconds=seconds)
        newest = depot.json(path)["job_runs"][0]
        assert (newest["state"], newest["terminated_at"], newest["run_duration"]) == (state, None, None)
        assert (newest["started_at"] is None) == (state == "queued")


def test_training_runs_on_a_machine_that_is_on_one_at_a_time(depot, exported, told):
    world = depot.world
    machines = {row.id: row for row in world.resources}
    busy, counted = {}, {}
    for row in exported("training"):
        machine = machines[row["resource_ids"]]
        started = int(parse_rfc3339(row["started_at"]))
        assert int(row["gpus"]) == world.book.types[machine.type, machine.zone].gpus == 1
        assert started >= busy.get(machine.id, 0)
        ended = busy[machine.id] = int(parse_rfc3339(row["ended_at"]))
        on = hours_on(machine.load, day_start(started))
        assert on is not None
        assert on[0] <= started < ended <= on[1]
        assert (int(row["epochs"]) == int(row["epochs_planned"])) == (row["status"] == "completed")
        counts = counted.setdefault(row["started_at"][:7], Counter())
        counts[row["status"]] += 1
        counts["epochs"] += int(row["epochs"])
        counts["seconds"] += ended - started
    assert {month: dict(counts) for month, counts in counted.items()} == {
        month: {name: n for name, n in each["handwriting"].items() if n}
        for month, each in told["training_runs"].items()
    }


def test_requests_are_split_among_tenants_with_a_contract_and_health_checks_have_none(exported, told):
    tenants = {row["tenant"]: row for row in exported("tenants")}
    counted = {}
    for row in exported("requests"):
        if row["is_health_check"] == "true":
            assert (row["tenant"], row["route"], row["requests"]) == ("", "/healthz", "1440")
            continue
        tenant = tenants[row["tenant"]]
        assert tenant["contract_start"] <= row["day"]
        assert not tenant["contract_end"] or row["day"] < tenant["contract_end"]
        assert int(row["response_bytes"]) == 700 * int(row["requests"])
        counts = counted.setdefault(row["day"][:7], {}).setdefault(row["tenant"], {"requests": 0, "failed": 0})
        counts["requests"] += int(row["requests"])
        counts["failed"] += int(row["failed"])
    assert counted == told["tenant_requests"]
    assert [len(each) for each in counted.values()] == [2, 1, 1]
    asked = {tenant: counts["requests"] for tenant, counts in counted["2026-05"].items()}
    assert 0.15 < asked["Petit Phare"] / sum(asked.values()) < 0.4


@pytest.mark.parametrize("kind", sorted(set(EXPORTS) - {"inferences"}))  # of which this organisation has none
def test_json_lines_say_the_same_as_csv_and_an_earlier_file_is_the_beginning_of_a_later(tmp_path, capsys, kind):
    for name, now in (("a.jsonl", "2026-07-02T00:00:00Z"), ("a.csv", "2026-07-02T00:00:00Z"),
                      ("b.jsonl", "2026-06-11T12:00:00Z")):  # fmt: skip
        wanted = ["events", "--scenario", "depot", "--kind", kind, "--out", str(tmp_path / name), "--now", now]
        assert main(wanted) == 0
    assert f" {kind} in " in capsys.readouterr().out
    late, early = (
        [json.loads(line) for line in (tmp_path / name).read_text(encoding="utf-8").splitlines()]
        for name in ("a.jsonl", "b.jsonl")
    )
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    as_text = {None: "", True: "true", False: "false"}
    assert rows == [
        {
            name: as_text[value] if value is None or isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in late
    ]
    assert 0 < len(early) <= len(late)
    changing = {"status", "rolled_back_at"}
    kept = [{name: value for name, value in row.items() if name not in changing} for row in late]
    assert all({name: value for name, value in row.items() if name not in changing} in kept for row in early)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("events", "--kind", "deploys", "--out", "deploys.xlsx"), "give a name that ends in .csv, .jsonl or .ndjson"),
        (("events", "--kind", "deploys", "--out", "nowhere/deploys.csv"), "No such file or directory"),
        (("story", "--into", "nowhere.md"), "No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(capsys, tmp_path, monkeypatch, arguments, problem):
    monkeypatch.chdir(tmp_path)
    assert main([arguments[0], "--scenario", "depot", *arguments[1:]]) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_an_offer_that_ends_says_so_once_it_is_announced(depot):
    path, types = "/product-catalog/v2alpha1/public-catalog/products", "/instance/v1/zones/fr-par-1/products/servers"

    def at(day):
        depot.clock.now = datetime.fromisoformat(day).replace(tzinfo=UTC)
        products = depot.json(path, product_types="instance", zone="fr-par-1", page_size=1000)["products"]
        (product,) = [row for row in products if row["product"] == "GP1-XS"]
        servers = depot.json("/instance/v1/zones/fr-par-1/servers", per_page=100)["servers"]
        (desk,) = [row for row in servers if row["name"] == "old-desk"]
        kind = depot.json(types, per_page=100)["servers"]["GP1-XS"]
        assert kind["end_of_service"] == desk["end_of_service"]
        dates = [product[name] for name in ("end_of_growth_at", "end_of_sale_at", "end_of_life_at")]
        replacements = product["properties"]["instance"]["recommended_replacement_offer_ids"]
        return product["status"], dates, replacements, desk["end_of_service"]

    planned = ["2026-06-10T00:00:00Z", "2026-07-01T00:00:00Z", "2026-12-31T00:00:00Z"]
    assert at("2026-05-31") == ("general_availability", [None] * 3, [], False)
    assert at("2026-06-01") == ("general_availability", planned, ["PRO2-XS"], False)
    assert at("2026-06-10") == ("end_of_growth", planned, ["PRO2-XS"], False)
    assert at("2026-07-01") == ("end_of_sale", planned, ["PRO2-XS"], True)


def test_inference_and_commitments_are_the_scenarios(depot, run_simulator, demo):
    (model,) = depot.json("/inference/v1/regions/fr-par/deployments")["deployments"]
    assert (model["model_name"], model["quantization"], model["node_type_name"], model["size"]) == (
        "mistral/mistral-7b-instruct-v0.3:bf16", {"bits": 16}, "L4", 1,
    )  # fmt: skip
    shop = run_simulator(demo)
    clusters = {row["name"]: row for row in shop.json("/k8s/v1/regions/fr-par/clusters")["clusters"]}
    assert clusters["shop"]["commitment_ends_at"] == "2027-01-31T00:00:00Z"
    assert clusters["platform"]["commitment_ends_at"] is None
    created = datetime.fromisoformat(clusters["ml"]["created_at"].replace("Z", "+00:00"))
    ended = datetime.fromisoformat(clusters["ml"]["commitment_ends_at"].replace("Z", "+00:00"))
    assert (ended - created).days in (29, 30)


def test_the_demos_story_tells_what_is_in_the_demo(demo):
    world, now = demo, int(demo.scenario.today.timestamp())
    text = STORY.read_text(encoding="utf-8")
    assert refreshed(text, world, now) == text, (
        "run: python -m simulator story --scenario demo --into docs/demo-story.md"
    )
    told = set(re.findall(r"<!-- table: ([a-z-]+) -->", text))
    assert told == story(world, now).keys()
    for item in (*world.scenario.planted, *world.scenario.traps):
        assert f"| `{item.id}` |" in text
    vouchers = [voucher for voucher in world.scenario.vouchers if voucher.category]
    assert [(voucher.value, zulu(int(voucher.end.timestamp()))) for voucher in vouchers] == [
        (Decimal(3000), "2026-12-01T00:00:00Z")
    ]
    assert month_of(now).name == "2026-11"
