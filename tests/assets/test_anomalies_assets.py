"""Anomalies in the lake: told once under one name, with causes, days and what else changed; what people say holds."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from assets.anomalies import update_anomalies
from assets.anomalies_tables import ANOMALY_TABLES
from assets.anomaly_feedback import FEEDBACK
from assets.tables import TABLES
from pipelines.anomalies.confidence import confidence_of
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable
from pipelines.settings import Settings

TEXT, MONEY, DAY, FLAG = pa.string(), pa.decimal128(38, 12), pa.date32(), pa.bool_()
LABELLED = (
    *(("charge_date", DAY), ("project_id", TEXT), ("service_name", TEXT), ("sku", TEXT), ("resource_id", TEXT)),
    *(("resource_name", TEXT), ("charge_description", TEXT), ("region_id", TEXT), ("team", TEXT), ("owner", TEXT)),
    *(("environment", TEXT), ("product", TEXT), ("tags_json", TEXT), ("billed_cost", MONEY)),
    *(("billing_currency", TEXT), ("billing_month", TEXT), ("updated_at", pa.timestamp("us", tz="UTC"))),
)
MODELS = load_models().by_name
COSTS, SERIES = "gold.judged_series_costs", "gold.judged_series"
GIVEN = {
    "silver.latest_answers": (("source", TEXT), ("parameters", TEXT)),
    "silver.labelled_costs": LABELLED,
    "silver.billing_behaviours": (("sku", TEXT), ("behaviour", TEXT)),
    "silver.projects": (("project_id", TEXT), ("project_name", TEXT)),
    "silver.prices": (("sku", TEXT), ("valid_from", DAY), ("list_unit_price", MONEY)),
    "silver.audit_events": (
        *(("project_id", TEXT), ("resource_id", TEXT), ("resource_name", TEXT), ("method_name", TEXT)),
        *(("action", TEXT), ("user_agent", TEXT), ("principal_id", TEXT), ("status_code", pa.int32())),
        ("recorded_at", pa.timestamp("us", tz="UTC")),
    ),
    "gold.daily_series": (
        *(("charge_date", DAY), ("project_id", TEXT), ("project_name", TEXT), ("service_name", TEXT)),
        *(("behaviour", TEXT), ("billing_currency", TEXT), ("billed_cost", MONEY), ("billing_month", TEXT)),
    ),
    "gold.daily_series_drivers": (
        *(("usage_date", DAY), ("project_id", TEXT), ("service_name", TEXT), ("driver", TEXT)),
        *(("behaviour", TEXT), ("units", MONEY)),
    ),
    "silver.requests_daily": (
        *(("project_id", TEXT), ("service_type", TEXT), ("source", TEXT), ("usage_date", DAY), ("requests", MONEY)),
        *(("is_complete", FLAG), ("usage_month", TEXT)),
    ),
    "silver.telemetry_daily": (
        *(("project_id", TEXT), ("source", TEXT), ("signal", TEXT), ("origin", TEXT), ("usage_date", DAY)),
        *(("samples", pa.int64()), ("bytes", pa.int64()), ("is_complete", FLAG), ("usage_month", TEXT)),
    ),
    "gold.kpis": (
        *(("kpi", TEXT), ("scope", TEXT), ("period", TEXT), ("period_start", DAY), ("unit", TEXT)),
        *(("billing_currency", TEXT), ("value", MONEY), ("is_complete", FLAG), ("billing_month", TEXT)),
    ),
    COSTS: (
        *((name, TEXT) for name in ("level", "project_id", "service_name", "region_id", "sku", "resource_id")),
        *(("label_key", TEXT), ("label_value", TEXT), ("billing_currency", TEXT), ("day", DAY)),
        *(("billed_cost", MONEY), ("billing_month", TEXT)),
    ),
}
DECLARED = {name: PythonTable(name, "", pa.schema(list(columns)), None) for name, columns in GIVEN.items()}
FIRST, DAYS = date(2026, 6, 1), 110
STORM = DAYS - 8
Leaf = tuple[str, str, str, str]
_PLACES = Decimal("0.000001")


class Held:
    """A lake of costs by (project, service, SKU, resource) and day."""

    def __init__(self, folder: Any) -> None:
        self.lake = Lake(parse_address(str(folder)))
        self.delay = 1
        self.give("silver.projects", [{"project_id": f"id-{name}", "project_name": name} for name in ("shop", "data")])
        for table in ("silver.billing_behaviours", "gold.daily_series", "gold.daily_series_drivers"):
            self.give(table, [])

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.lake, Layered({SERIES: MODELS[SERIES]}), {**TABLES, **DECLARED})

    def give(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace a table."""
        exact = {column for column, kind in GIVEN[table] if kind == MONEY}
        typed = [{k: Decimal(str(v)).quantize(_PLACES) if k in exact else v for k, v in row.items()} for row in rows]
        content = pa.Table.from_pylist(typed, schema=DECLARED[table].schema)
        self.lake.replace(table, content, {"": PartitionState(str(hash(str(typed))))}, None)

    def costs(self, by_leaf: Mapping[Leaf, np.ndarray], days: int = DAYS, unread: Sequence[int] = ()) -> date:
        """Charges of the first days; the day after them."""
        read = [FIRST + timedelta(days=number) for number in range(days) if number not in unread]
        told = [json.dumps({"start_date_after": f"{day}T00:00:00Z"}) for day in read]
        self.give("silver.latest_answers", [{"source": "billing.charges", "parameters": each} for each in told])
        rows = [
            {
                "charge_date": day, "project_id": f"id-{project}", "service_name": service, "sku": sku,
                "resource_id": resource, "resource_name": resource, "charge_description": sku, "region_id": "fr-par",
                "owner": f"team-{project}", "environment": "prod", "billing_currency": "EUR",
                "billing_month": f"{day:%Y-%m}", "billed_cost": round(float(series[(day - FIRST).days]), 6),
                "updated_at": datetime(day.year, day.month, day.day, 4, tzinfo=UTC) + timedelta(days=self.delay),
            }
            for day in read
            for (project, service, sku, resource), series in by_leaf.items()
            if series[(day - FIRST).days]
        ]  # fmt: skip
        self.give("silver.labelled_costs", rows)
        self.give(COSTS, self.rows(MODELS[COSTS].sql))
        return FIRST + timedelta(days=days)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()

    def versions(self) -> dict[str, Any]:
        states = {made.name: self.catalog.state(made.name).delta for made in ANOMALY_TABLES}
        return {name: delta and delta.version() for name, delta in states.items()}


@pytest.fixture
def held(tmp_path) -> Held:
    return Held(tmp_path / "lake")


def steady(level: float, seed: int = 0) -> np.ndarray:
    return level * (1 + 0.01 * np.random.default_rng(seed).standard_normal(DAYS))


def usual() -> dict[Leaf, np.ndarray]:
    return {("shop", "Instances", "pro2", f"web-{number}"): steady(25, number) for number in range(3)} | {
        ("data", "Block Storage", "bssd", "lake"): steady(30, 9),
        ("shop", "Cockpit", "logs", "debug"): steady(2, 5),
    }


def stormy(size: float = 40, days: int = 3) -> dict[Leaf, np.ndarray]:
    costs = usual()
    costs["shop", "Cockpit", "logs", "debug"][STORM : STORM + days] += size
    return costs


def test_an_event_is_one_row_with_its_chain_causes_and_days(held):
    today = held.costs(stormy())
    made = update_anomalies(held.catalog, Settings(), today)
    (row,) = held.rows("select * from gold.anomalies")
    assert (made.anomalies, made.actionable, made.new) == (1, 1, 1)
    assert (row["kind"], row["level"], row["resource_id"], row["sku"]) == ("spike", "resource", "debug", "logs")
    assert row["root_cause"] == "shop › Cockpit › logs › debug"
    assert (row["first_day"] - FIRST).days == STORM
    assert (row["duration_days"], row["is_ongoing"], row["state"]) == (3, False, "open")
    assert (row["owner"], row["environment"], row["region"]) == ("team-shop", "prod", "fr-par")
    assert row["impact"] == row["actual"] - row["expected"]
    assert float(row["impact"]) == pytest.approx(120, abs=2)
    assert row["confidence"] == confidence_of("spike")
    assert row["low"] < row["expected"] < row["high"] < row["actual"]
    (cause,) = held.rows("select * from gold.anomaly_causes")
    assert (cause["rank"], cause["resource_id"], cause["share_percent"]) == (1, "debug", 100)
    days = held.rows("select * from gold.anomaly_days order by day")
    assert len(days) == 28 + 3 + 5
    unusual = [day for day in days if day["is_unusual"]]
    assert sum(day["actual"] - day["expected"] for day in unusual) == pytest.approx(row["impact"], abs=Decimal("0.001"))


def test_an_event_keeps_its_name_and_first_day_told_while_it_grows_and_equal_runs_write_nothing(held):
    costs = stormy(days=8)
    names = set()
    for days in (STORM + 1, STORM + 2, STORM + 6, DAYS):
        today = held.costs(costs, days)
        update_anomalies(held.catalog, Settings(), today)
        (row,) = held.rows("select * from gold.anomalies")
        names.add((row["anomaly_id"], row["first_judged_on"]))
        assert (row["is_ongoing"], row["duration_days"]) == (True, days - STORM)
    assert len(names) == 1
    assert row["kind"] == "level_shift"
    versions = held.versions()
    assert sum(update_anomalies(held.catalog, Settings(), today).rows.values()) == 0
    assert held.versions() == versions


def say(held: Held, row: Mapping[str, Any], verdict: str, on: date) -> None:
    columns = {name: row[name] for name in FEEDBACK.table.schema.names if name in row}
    told = {
        "said_at": datetime(on.year, on.month, on.day, 23, tzinfo=UTC), "said_by": "ops", "verdict": verdict,
        "reason": "release", "until": None, "feedback_month": f"{on:%Y-%m}",
    }  # fmt: skip
    content = pa.Table.from_pylist([columns | told], schema=FEEDBACK.table.schema)
    held.lake.append(FEEDBACK.name, content, {}, FEEDBACK.table.partition_by)


def test_closed_stays_closed_until_it_grows_to_more_than_twice(held):
    costs = stormy(days=8)
    today = held.costs(costs, STORM + 2)
    update_anomalies(held.catalog, Settings(), today)
    (row,) = held.rows("select * from gold.anomalies")
    say(held, row, "closed", today - timedelta(days=1))
    update_anomalies(held.catalog, Settings(), held.costs(costs, STORM + 4))
    (still,) = held.rows("select * from gold.anomalies")
    assert (still["anomaly_id"], still["state"], still["is_actionable"]) == (row["anomaly_id"], "closed", False)
    costs["shop", "Cockpit", "logs", "debug"][STORM + 2 :] += 120
    update_anomalies(held.catalog, Settings(), held.costs(costs, STORM + 5))
    grown = held.rows(f"select * from gold.anomalies where anomaly_id = '{row['anomaly_id']}'")
    assert [(each["state"], each["is_actionable"]) for each in grown] == [("reopened", True)]


def test_what_is_suppressed_planned_or_billed_otherwise_later_is_not_to_be_acted_on(held):
    today = held.costs(stormy())
    rule = {"name": "release", "service": "Cockpit", "reason": "load test", "owner": "ops", "until": today}
    update_anomalies(held.catalog, Settings(anomalies={"suppressions": [rule]}), today)
    (row,) = held.rows("select * from gold.anomalies")
    assert (row["state"], row["is_actionable"]) == ("suppressed", False)
    plan = {"name": "debug week", "on": FIRST + timedelta(days=STORM), "factor": 20, "service": "Cockpit"}
    update_anomalies(held.catalog, Settings(known_changes=[plan]), today)
    (row,) = held.rows("select * from gold.anomalies")
    assert (row["state"], row["explained_by"]) == ("explained", "planned change: debug week")
    update_anomalies(held.catalog, Settings(), held.costs(usual()))
    (row,) = held.rows("select * from gold.anomalies")
    assert (row["state"], row["is_actionable"]) == ("closed", False)
    assert "no longer unusual" in row["state_reason"]


def test_cost_that_follows_requests_is_explained_by_them_in_percent(held):
    requests = 1000 * (1 + 0.1 * np.random.default_rng(3).standard_normal(DAYS))
    requests[STORM : STORM + 3] *= 1.5
    costs = usual() | {("shop", "Serverless Containers", "vcpu", "api"): 2 + 0.02 * requests}
    today = held.costs(costs)
    shop = {"project_id": "id-shop", "service_name": "Serverless Containers", "behaviour": "usage"}
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    units = [{**shop, "usage_date": day, "driver": "requests", "units": requests[at]} for at, day in enumerate(days)]
    held.give("gold.daily_series_drivers", units)
    paid = [
        {**shop, "charge_date": day, "project_name": "shop", "billed_cost": 2 + 0.02 * requests[at],
         "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}"}
        for at, day in enumerate(days)
    ]  # fmt: skip
    in_dollars = [
        line | {"billing_currency": "USD", "billed_cost": 100 + 50 * (at % 5)} for at, line in enumerate(paid)
    ]
    held.give("gold.daily_series", [*paid, *in_dollars])  # which say nothing of a cost in euros
    update_anomalies(held.catalog, Settings(), today)
    rows = held.rows("select * from gold.anomalies order by first_day")
    for row in rows:  # requests that fall by chance are told like those that rise
        assert (row["state"], row["is_actionable"]) == ("explained", False)
        assert row["explained_by"] == "requests of shop, Serverless Containers"
    assert rows[-1]["explanation"].startswith("explained by +")


def test_a_cost_that_stays_while_its_requests_fall_is_told_against_what_it_should_have_been(held):
    requests = 1000 * (1 + 0.2 * np.random.default_rng(3).standard_normal(DAYS))
    cost = 0.02 * requests
    requests[STORM:] *= 0.6  # seen in the requests alone: the cost goes on as if there were as many
    paid = {("shop", "Serverless Containers", "vcpu", "api"): cost}
    today = held.costs(usual() | paid)
    shop = {"project_id": "id-shop", "service_name": "Serverless Containers", "behaviour": "usage"}
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    units = [{**shop, "usage_date": day, "driver": "requests", "units": requests[at]} for at, day in enumerate(days)]
    told = [
        {**shop, "charge_date": day, "project_name": "shop", "billed_cost": cost[at],
         "billing_currency": "EUR", "billing_month": f"{day:%Y-%m}"}
        for at, day in enumerate(days)
    ]  # fmt: skip
    held.give("gold.daily_series", told)
    update_anomalies(held.catalog, Settings(), today)
    since = f"first_day >= date '{FIRST + timedelta(days=STORM - 1)}' and service_name = 'Serverless Containers'"
    assert held.rows(f"select * from gold.anomalies where {since}") == []  # the cost alone shows nothing
    held.give("gold.daily_series_drivers", units)
    update_anomalies(held.catalog, Settings(), today)
    (row,) = held.rows(f"select * from gold.anomalies where {since}")
    assert (row["level"], row["state"], row["first_day"]) == ("service", "open", FIRST + timedelta(days=STORM))
    assert row["impact"] == row["actual"] - row["expected"]
    assert float(row["actual"]) == pytest.approx(cost[STORM:].sum(), rel=1e-6)
    assert float(row["expected"]) == pytest.approx(0.6 * 20 * 8, rel=0.15)
    (beside,) = held.rows(f"select * from gold.anomaly_changes where anomaly_id = '{row['anomaly_id']}'")
    assert beside["change"] == "usage"
    assert beside["what"] in {f"-{percent} % requests of shop, Serverless Containers" for percent in range(36, 45)}
    shown = held.rows(f"select * from gold.anomaly_days where anomaly_id = '{row['anomaly_id']}' and is_unusual")
    assert float(sum(day["expected"] for day in shown)) == pytest.approx(float(row["expected"]), abs=1e-4)
    assert sum(day["actual"] for day in shown) == row["actual"]


def test_gpus_made_by_unknown_hands_are_urgent_and_the_trail_says_who_and_what_a_deploy_tool_made_is_explained(held):
    costs = usual()
    for number in range(4):
        costs["data", "GPU Instances", "/compute/h100", f"srv-{number}"] = np.zeros(DAYS)
        costs["data", "GPU Instances", "/compute/h100", f"srv-{number}"][STORM : STORM + 2] = 60
    costs["shop", "Instances", "big", "etl"] = np.where(np.arange(DAYS) >= STORM, 4.0, 0.0)
    today = held.costs(costs)

    def event(on: int, project: str, resource: str, who: str, agent: str) -> dict[str, Any]:
        at = datetime(2026, 6, 1, 3, tzinfo=UTC) + timedelta(days=on)
        return {
            "project_id": f"id-{project}", "resource_id": resource, "resource_name": resource, "recorded_at": at,
            "method_name": "CreateServer", "user_agent": agent, "principal_id": who, "status_code": 200,
        }  # fmt: skip

    made = [event(STORM, "data", f"srv-{number}", "stolen-key", "python-requests/2.31") for number in range(4)]
    code = [event(on, "shop", "etl" if on == STORM else "old", "ci", "terraform/1.13.4") for on in (5, STORM)]
    held.give("silver.audit_events", [*made, *code])
    update_anomalies(held.catalog, Settings(), today)
    step, burst = held.rows("select * from gold.anomalies order by impact")
    assert (burst["kind"], burst["severity"], burst["level"], burst["is_actionable"]) == (
        "burst",
        "urgent",
        "sku",
        True,
    )
    assert burst["root_cause"] == "data › GPU Instances › /compute/h100 › srv-0 and 3 more"
    assert (step["state"], step["explanation"][:16]) == ("explained", "CreateServer etl")
    changes = held.rows(
        f"select * from gold.anomaly_changes where anomaly_id = '{burst['anomaly_id']}' order by number"
    )
    assert {change["who"] for change in changes if change["change"] == "audit_event"} == {"python-requests (stolen-k)"}
    assert sum(change["change"] == "new_resource" for change in changes) == 4


def test_days_whose_bill_was_not_read_are_a_gap_and_no_fall_and_a_fall_waits_until_charges_came(held):
    costs = usual()
    today = held.costs(costs, unread=(60, 61))
    update_anomalies(held.catalog, Settings(), today)
    (gap,) = held.rows("select * from gold.anomalies")
    assert (gap["kind"], gap["level"], gap["duration_days"], gap["impact"]) == ("missing_days", "organization", 2, None)
    costs["data", "Block Storage", "bssd", "lake"][DAYS - 1 :] = 2
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    assert held.rows("select * from gold.anomalies where kind = 'drop'") == []
    waits = Settings(anomalies={"maturing_days": 0})
    update_anomalies(held.catalog, waits, held.costs(costs))
    (fall,) = held.rows("select * from gold.anomalies where kind = 'drop'")
    assert (fall["resource_id"], fall["impact"] < 0) == ("lake", True)


def test_charges_that_came_late_are_told_beside_what_happened(held):
    held.delay = 4
    update_anomalies(held.catalog, Settings(), held.costs(stormy()))
    late = held.rows("select * from gold.anomaly_changes where change = 'ingestion' order by changed_on")
    assert [(each["changed_on"] - FIRST).days for each in late] == [STORM - 1, STORM, STORM + 1]
    assert late[1]["what"].startswith("42.0")
    assert late[1]["what"].endswith(" EUR of Cockpit came 4 days late")


def test_what_happened_while_no_run_judged_is_told_and_what_was_told_is_never_lost(held):
    costs = stormy()
    costs["data", "Block Storage", "bssd", "lake"][35:38] += 30
    update_anomalies(held.catalog, Settings(), held.costs(costs, 45))
    (first,) = held.rows("select * from gold.anomalies")
    costs["data", "Block Storage", "bssd", "lake"][35:38] -= 30  # the days are billed otherwise, long after
    costs["shop", "Instances", "pro2", "web-0"][60:62] += 40
    update_anomalies(held.catalog, Settings(), held.costs(costs, DAYS - 20))
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    told = held.rows("select * from gold.anomalies order by first_day")
    assert [(row["first_day"] - FIRST).days for row in told] == [35, 60, STORM]
    assert told[0]["state_reason"] == "no longer unusual, as the bill and the settings are on 2026-08-30"
    assert told[0]["impact"] == first["impact"]


def test_a_fall_of_what_is_on_the_bill_no_more_is_explained_and_one_of_what_still_runs_is_not(held):
    costs = usual()
    costs["shop", "Instances", "pro2", "web-0"][STORM:] = 0
    costs["data", "Block Storage", "bssd", "lake"][STORM:] = 9
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    told = {row["resource_id"]: row for row in held.rows("select * from gold.anomalies")}
    gone = FIRST + timedelta(days=STORM)
    assert told["web-0"]["explanation"] == f"web-0 is no longer billed since {gone}"
    assert (told["web-0"]["state"], told["lake"]["state"]) == ("explained", "open")


def test_what_came_and_went_within_a_day_took_nothing_s_place_and_a_resize_says_from_what_to_what(held):
    costs = usual()
    costs["data", "GPU Instances", "l40s", "miner"] = np.where(np.arange(DAYS) == STORM, 12.0, 0.0)
    costs["shop", "Instances", "pro2", "web-0"][STORM:] = 0
    costs["shop", "Instances", "pro2-l", "web-0"] = np.where(np.arange(DAYS) >= STORM, 60.0, 0.0)
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    told = {row["resource_id"]: row for row in held.rows("select * from gold.anomalies where resource_id is not null")}
    assert (told["miner"]["state"], told["miner"]["severity"]) == ("open", "urgent")
    assert (
        told["web-0"]["explanation"]
        == f"web-0 is billed as pro2-l instead of pro2 since {FIRST + timedelta(days=STORM)}"
    )


def test_a_unit_cost_is_told_as_the_mean_of_its_days_and_is_never_urgent(held):
    unit = steady(2, 8)
    unit[STORM : STORM + 2] = 6
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    held.give("gold.kpis", [
        {"kpi": "cost_per_request", "scope": "all", "period": "day", "period_start": day, "unit": "request",
         "billing_currency": "EUR", "value": unit[at], "is_complete": True, "billing_month": f"{day:%Y-%m}"}
        for at, day in enumerate(days)
    ])  # fmt: skip
    update_anomalies(held.catalog, Settings(), held.costs(usual()))
    (row,) = held.rows("select * from gold.anomalies")
    assert (row["subject"], row["kpi"], row["duration_days"]) == ("kpi", "cost_per_request of all", 2)
    assert (row["actual"], row["is_actionable"], row["severity"]) == (6, False, "low")
    assert float(row["expected"]) == pytest.approx(2, abs=0.1)


def test_a_unit_cost_that_has_days_without_value_is_the_mean_of_those_that_have_one(held):
    unit = steady(2, 8)
    unit[STORM - 4 : STORM + 4] = 6
    days = [FIRST + timedelta(days=number) for number in range(DAYS)]
    held.give("gold.kpis", [
        {"kpi": "cost_per_deploy", "scope": "all", "period": "day", "period_start": day, "unit": "deploy",
         "billing_currency": "EUR", "value": unit[at], "is_complete": True, "billing_month": f"{day:%Y-%m}"}
        for at, day in enumerate(days) if day.weekday() < 5
    ])  # fmt: skip
    update_anomalies(held.catalog, Settings(), held.costs(usual()))
    (row,) = held.rows("select * from gold.anomalies where kind = 'level_shift'")
    own = held.rows(f"select * from gold.anomaly_days where anomaly_id = '{row['anomaly_id']}' order by day")
    free = [day for day in own if day["day"].weekday() >= 5]
    assert free
    assert {(day["actual"], day["expected"], day["is_unusual"]) for day in free} == {(None, None, False)}
    assert row["actual"] == 6
    assert float(row["expected"]) == pytest.approx(2, abs=0.1)


def test_what_people_say_of_an_old_event_is_in_the_table_after_the_next_run(held):
    costs = usual()
    costs["shop", "Cockpit", "logs", "debug"][40:43] += 40
    update_anomalies(held.catalog, Settings(), held.costs(costs, 50))
    (row,) = held.rows("select * from gold.anomalies")
    today = held.costs(costs)
    update_anomalies(held.catalog, Settings(), today)
    say(held, row, "closed", today)
    update_anomalies(held.catalog, Settings(), today)
    update_anomalies(held.catalog, Settings(), today)
    (closed,) = held.rows("select * from gold.anomalies")
    assert (closed["state"], closed["is_actionable"], closed["impact"]) == ("closed", False, row["impact"])


def test_a_run_whose_bill_ends_before_an_event_leaves_it_as_it_was_told(held):
    costs = stormy()
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    (row,) = held.rows("select * from gold.anomalies")
    update_anomalies(held.catalog, Settings(), held.costs(costs, STORM - 1))
    assert held.rows("select * from gold.anomalies") == [row | {"is_ongoing": False}]


def test_what_is_reopened_although_it_was_suppressed_stays_so(held):
    today = held.costs(stormy())
    rule = {"name": "release", "service": "Cockpit", "reason": "load test", "owner": "ops", "until": today}
    heeded = Settings(anomalies={"suppressions": [rule]})
    update_anomalies(held.catalog, heeded, today)
    (row,) = held.rows("select * from gold.anomalies")
    say(held, row, "reopened", today)
    update_anomalies(held.catalog, heeded, today)
    (row,) = held.rows("select * from gold.anomalies")
    assert (row["state"], row["is_actionable"]) == ("reopened", True)


def test_a_service_that_moves_to_another_project_is_no_alarm(held):
    costs = usual()
    moved = costs["data", "Managed Databases", "db", "pg"] = steady(12, 3)
    costs["shop", "Managed Databases", "db", "pg"] = np.where(np.arange(DAYS) >= STORM, moved, 0)
    costs["data", "Managed Databases", "db", "pg"] = np.where(np.arange(DAYS) < STORM, moved, 0)
    for days in (STORM + 1, DAYS):  # on its first day the end is not judged yet
        update_anomalies(held.catalog, Settings(), held.costs(costs, days))
        told = held.rows("select * from gold.anomalies order by impact desc")
        assert (told[0]["state"], told[0]["explanation"]) == ("explained", "takes the place of pg of data")
        assert not any(row["is_actionable"] for row in told)


def test_a_root_cause_counts_all_parts_and_names_none_that_are_little_of_it(held):
    costs = usual()
    for number in range(30):
        costs["shop", "Instances", "dev1", f"w-{number:02}"] = np.where(np.arange(DAYS) >= STORM, 2.0, 0.0)
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    (row,) = held.rows("select * from gold.anomalies")
    assert row["root_cause"] == "shop › Instances › dev1 › w-00 and 29 more"
    assert len(held.rows("select * from gold.anomaly_causes")) == 20
    for number in range(30):  # most are smaller than what is judged by itself
        costs["shop", "Instances", "dev1", f"w-{number:02}"] /= 4 if number else 1
    update_anomalies(held.catalog, Settings(), held.costs(costs))
    (row,) = held.rows("select * from gold.anomalies where state = 'open'")
    assert row["root_cause"] == "shop › Instances › dev1"


def test_an_empty_lake_is_judged_without_a_word(held):
    held.give("silver.latest_answers", [])
    assert update_anomalies(held.catalog, Settings(), FIRST).judged_until is None
