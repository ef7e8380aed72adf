"""What existed when, what it was called and tagged on a charge's day."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

VM = "11111111-0000-4000-8000-000000000001"
PATH = "/instance/v1/zones/nl-ams-1/servers"


def server(*tags: str, **fields) -> dict:
    return {
        "id": VM,
        "name": "web-1",
        "project": "p",
        "zone": "nl-ams-1",
        "state": "running",
        "tags": list(tags),
        **fields,
    }


def seen(answers, day: str, *items: dict, hour: int = 6, path: str = PATH, source: str = "instance.servers") -> None:
    at = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+00:00")
    answers.answer("bronze.resources", source, items, at=at, path=path)


def history(answers) -> list[tuple]:
    rows = answers.built("silver.resources")
    return sorted((r["valid_from"], r["valid_to"], tuple(r["tags"]), r["counts_from"], r["counts_until"]) for r in rows)


BEGINNING, END = date(1970, 1, 1), date(9999, 12, 31)


def test_a_resource_that_never_changes_is_one_row_that_still_holds(answers):
    for day in ("2026-10-01", "2026-10-02", "2026-10-03"):
        other = {"id": day, "name": day}  # something else changes, so that there are three answers
        seen(answers, day, server("prod"), other)
    rows = [row for row in answers.built("silver.resources") if row["resource_id"] == VM]
    assert [(row["valid_from"], row["valid_to"]) for row in rows] == [(date(2026, 10, 1), None)]
    assert [(row["counts_from"], row["counts_until"]) for row in rows] == [(BEGINNING, END)]


def test_a_resource_whose_tags_changed_has_a_row_for_each_time(answers):
    seen(answers, "2026-10-01", server("prod"))
    seen(answers, "2026-10-11", server("dev"))
    seen(answers, "2026-10-21", server("prod"))
    days = [date(2026, 10, day) for day in (1, 11, 21)]
    assert history(answers) == [
        (days[0], days[1], ("prod",), BEGINNING, days[1]),
        (days[1], days[2], ("dev",), days[1], days[2]),
        (days[2], None, ("prod",), days[2], END),
    ]


def test_a_resource_that_went_ends_on_the_day_it_was_missed(answers):
    seen(answers, "2026-10-01", server("prod"))
    seen(answers, "2026-10-02", server("prod"), {"id": "other", "name": "o"})
    seen(answers, "2026-10-05")
    (row,) = [row for row in answers.built("silver.resources") if row["resource_id"] == VM]
    assert (row["valid_from"], row["valid_to"]) == (date(2026, 10, 1), date(2026, 10, 5))


def test_two_answers_of_one_day_leave_one_row_with_the_later_tags(answers):
    seen(answers, "2026-10-01", server("morning"), hour=6)
    seen(answers, "2026-10-01", server("evening"), hour=18)
    seen(answers, "2026-10-02", server("next"), hour=6)
    assert [(row[0], row[2]) for row in history(answers)] == [
        (date(2026, 10, 1), ("evening",)),
        (date(2026, 10, 2), ("next",)),
    ]


def test_a_resource_seen_on_one_day_only_is_still_known(answers):
    seen(answers, "2026-10-01", server("prod"), hour=6)
    seen(answers, "2026-10-01", hour=18)
    assert [row["resource_id"] for row in answers.built("silver.resources")] == [VM]


def test_days_of_a_resource_never_overlap_and_leave_no_gap(answers):
    for day in range(1, 10):
        seen(answers, f"2026-10-0{day}", server(f"t{day // 2}"), *([{"id": "x"}] if day % 3 else []))
    rows = answers.built("silver.resources")
    for resource in {row["resource_id"] for row in rows}:
        spans = sorted((r["counts_from"], r["counts_until"]) for r in rows if r["resource_id"] == resource)
        assert spans[0][0] == BEGINNING
        assert spans[-1][1] == END
        assert [end for _, end in spans[:-1]] == [start for start, _ in spans[1:]]


@pytest.mark.parametrize(
    ("path", "fields", "region", "zone"),
    [
        (PATH, {}, "nl-ams", "nl-ams-1"),
        ("/block/v1/zones/fr-par-2/volumes", {"zone": None}, "fr-par", "fr-par-2"),
        ("/rdb/v1/regions/it-mil/instances", {"zone": None}, "it-mil", None),
        ("/rdb/v1/regions/it-mil/instances", {"zone": None, "region": "pl-waw"}, "pl-waw", None),
    ],
)
def test_the_place_comes_from_the_item_else_from_the_path(answers, path, fields, region, zone):
    seen(answers, "2026-10-01", server(**fields), path=path)
    (row,) = answers.built("silver.resources")
    assert (row["region_id"], row["availability_zone"]) == (region, zone)


TAGS = [
    (["env=prod"], "prod", None, True),
    (["env:production"], "prod", None, True),
    (["Environment=Staging "], "staging", None, True),
    (["prod"], "prod", None, True),
    (["PRD"], "prod", None, True),
    (["stage=preprod"], "staging", None, True),
    (["owner=data"], None, "data", True),
    (["team-data"], None, "data", True),
    (["team:team-data"], None, "data", True),
    (["squad=Checkout", "dev"], "dev", "checkout", True),
    (["env=unheard-of"], None, None, True),
    (["nightly-backup"], None, None, True),
    (["kapsule=cluster-1", "pool=default", "node=n1", "managed=true"], None, None, False),
    (["kapsule=d3b8", "pool-name=p", "runtime=containerd", "node-name=scw-p-01", "node=0187"], None, None, False),
    (["kapsule=cluster-1", "env=dev"], "dev", None, True),
    ([], None, None, False),
    (["", "  "], None, None, False),
]


@pytest.mark.parametrize(("tags", "environment", "owner", "has_tags"), TAGS, ids=lambda value: str(value))
def test_tags_are_read_however_they_are_spelled(build, tags, environment, owner, has_tags):
    resource = {
        "resource_id": VM,
        "tags": tags,
        "valid_from": date(2026, 10, 1),
        "counts_from": BEGINNING,
        "counts_until": END,
    }
    labels = build("silver.resource_labels", given={"silver.resources": [resource]})
    given = {
        "silver.costs": [cost("2026-10-05", "1")],
        "silver.resources": [resource],
        "silver.resource_labels": labels,
    }
    build("gold.daily_costs", given=given)
    (row,) = build.read("silver.labelled_costs")
    assert (row["environment"], row["owner"], row["has_tags"]) == (environment or "unknown", owner, has_tags)
    assert row["has_environment_tag"] == (environment is not None)


def cost(day: str, billed: str, **fields) -> dict:
    row = {
        "charge_key": f"{day}{fields}",
        "charge_date": date.fromisoformat(day),
        "organization_id": "o",
        "project_id": "p",
        "sku": "/compute/dev1_s/run_par1",
        "resource_id": VM,
        "billed_cost": billed,
        "billing_currency": "EUR",
        "billing_month": day[:7],
    }
    return {**row, **fields}


def test_a_charge_has_the_tags_of_its_day_also_before_the_first_and_after_the_last_look(answers, charge):
    seen(answers, "2026-10-11", server("env=dev"))
    seen(answers, "2026-10-13", server("env=prod", "owner=shop"))
    seen(answers, "2026-10-15")
    for day in ("10-01", "10-11", "10-12", "10-13", "10-14", "10-20"):
        times = {"start_date": f"2026-{day}T00:00:00Z", "end_date": f"2026-{day}T23:59:59.999999Z"}
        answers.charges(f"2026-{day}", charge("1", **times))
    answers.build("gold.daily_costs", months=["2026-10"])
    rows = answers.read("select * from silver.labelled_costs order by charge_date")
    told = [(row["charge_date"].day, row["environment"], row["owner"], row["tags_as_of"].day) for row in rows]
    assert told == [
        (1, "dev", None, 11),
        (11, "dev", None, 11),
        (12, "dev", None, 11),
        (13, "prod", "shop", 13),
        (14, "prod", "shop", 13),
        (20, "prod", "shop", 13),
    ]


def test_labels_never_multiply_or_lose_a_charge(build):
    spans = [(BEGINNING, date(2026, 10, 3)), (date(2026, 10, 3), date(2026, 10, 6)), (date(2026, 10, 6), END)]
    resources = [
        {"resource_id": VM, "tags": [f"owner=o{n}", f"team=t{n}"], "valid_from": date(2026, 10, 1 + n),
         "counts_from": span[0], "counts_until": span[1]}
        for n, span in enumerate(spans)
    ]  # fmt: skip
    costs = [cost(f"2026-10-{day:02d}", str(day)) for day in range(1, 10)]
    costs += [cost("2026-10-02", "100", resource_id=None), cost("2026-10-02", "1000", resource_id="nobody knows it")]
    labels = build("silver.resource_labels", given={"silver.resources": resources})
    rows = build(
        "gold.daily_costs",
        given={"silver.costs": costs, "silver.resources": resources, "silver.resource_labels": labels},
    )
    assert sum(row["billed_cost"] for row in rows) == Decimal(1145)
    assert sum(row["charges"] for row in rows) == len(costs)


def test_a_project_keeps_its_newest_name_and_says_its_environment(answers):
    def projects(day: int, *items: dict) -> None:
        answers.answer("bronze.projects", "account.projects", items, at=datetime(2026, 10, day, tzinfo=UTC))

    project = {"id": "p1", "organization_id": "o", "created_at": "2024-01-01T00:00:00Z"}
    projects(1, {**project, "name": "shop"}, {**project, "id": "p2", "name": "old"})
    projects(2, {**project, "name": "Shop-Production"}, {**project, "id": "p3", "name": "productivity"})
    rows = {row["project_id"]: row for row in answers.built("silver.projects")}
    assert {key: row["project_name"] for key, row in rows.items()} == {
        "p1": "Shop-Production",
        "p2": "old",
        "p3": "productivity",
    }
    assert {key: row["named_environment"] for key, row in rows.items()} == {"p1": "production", "p2": None, "p3": None}
    assert rows["p2"]["last_changed"] == date(2026, 10, 1)
