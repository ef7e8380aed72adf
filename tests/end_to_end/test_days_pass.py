"""Day after day: late and restated charges arrive, a month is asked for until its invoice is seen, and then no more."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

MONTHS = ["2026-05", "2026-06", "2026-07"]
SNAPSHOTS = [datetime(2026, 5, 1, 6, tzinfo=UTC), datetime(2026, 6, 1, 6, tzinfo=UTC)]
DAYS = [
    datetime(2026, 7, 1, 6, tzinfo=UTC),  # June is over
    datetime(2026, 7, 2, 12, tzinfo=UTC),  # what was late on June 30 is published
    datetime(2026, 7, 5, 6, tzinfo=UTC),  # the invoice of June was issued yesterday
    datetime(2026, 7, 6, 6, tzinfo=UTC),
]
CHARGES = "/billing/v2beta1/charges"
WHEN_IT_WAS_ASKED = {"gold.data_freshness": {"last_answer_at", "answers"}}
"""All that may differ between a lake that grew and one read at once: the last day is the same."""

KEPT_FOR_A_WHILE = {
    *(f"silver.{name}" for name in ("usage_hourly", "requests_daily", "telemetry_daily", "metric_findings")),
    *(f"silver.{name}" for name in ("measured_resources", "vouchers")),
}
"""Who comes late finds no metrics older than their retention, and vouchers only as they are left."""

MADE_OF_THEM = {
    *("silver.measured_things", "silver.idle_hours", "gold.idle_share", "silver.power_days", "silver.gpu_served_hours"),
    "silver.driver_units",
    *(f"gold.{name}" for name in ("activity_hours", "machine_activity", "connection_activity", "machine_demand")),
    *(f"gold.{name}" for name in ("workload_demand", "database_load", "volume_load", "network_load")),
    *(f"gold.{name}" for name in ("serverless_load", "request_hops", "scaling_caps", "telemetry_streams")),
    *(f"gold.{name}" for name in ("gpu_hours", "gpu_days", "gpu_load", "cost_per_inference", "storage_outlook")),
    *(f"gold.{name}" for name in ("gpu_workloads", "gpu_break_even", "gpu_break_even_curve")),
    "gold.telemetry_retentions",
}

SAID_THAT_DAY = {"gold.forecasts", "gold.forecast_days", "gold.budgets"}
"""What was said on a day stays; who comes late has said it of the last day only."""

FIRST_SEEN = {
    *("gold.budget_alerts", "gold.recommendations", "gold.unjudged", "gold.schedule_nights"),
    "gold.retention_policies",
    *(f"gold.{name}" for name in ("anomalies", "anomaly_causes", "anomaly_days", "anomaly_changes")),
}
"""The day something was first told stays too, and what was told of it then."""


@pytest.fixture(scope="module")
def days(tmp_path_factory, session_state, serve_watched):
    """The same account read on four days, and read once on the last of them."""
    from assets.runs import run_build

    folder = tmp_path_factory.mktemp("days")
    with serve_watched("small") as scaleway, pytest.MonkeyPatch.context() as patch:
        for name, value in scaleway.sign_in.items():
            patch.setenv(name, value)
        told = []
        for now in (*SNAPSHOTS, *DAYS):
            scaleway.set_clock(now)
            if now in SNAPSHOTS:
                _keep_inventory(folder / "grown", now)
                continue
            outcome = run_build(MONTHS, session_state, now=now.isoformat(), lake=str(folder / "grown"))
            outcome.raise_if_failed()
            told.append(_seen(folder / "grown", scaleway))
        for now in (*SNAPSHOTS, *DAYS[:-1]):
            scaleway.set_clock(now)
            _keep_inventory(folder / "at-once", now)
        scaleway.set_clock(DAYS[-1])
        outcome = run_build(MONTHS, session_state, now=DAYS[-1].isoformat(), lake=str(folder / "at-once"))
        outcome.raise_if_failed()
    return folder, told


def _keep_inventory(lake, now):
    """Prices and resources of a moment, as a run at that time would have kept them."""
    from assets.bronze import reading
    from assets.opening import open_lake_of, open_scaleway
    from pipelines.settings import load_settings

    settings = load_settings({"lake": str(lake)})
    account = open_scaleway(settings, lambda: now)
    for read in (reading.read_projects, reading.read_products, reading.read_resources):
        read(open_lake_of(settings), account)


def _seen(lake, scaleway):
    from assets.tables import open_catalog
    from pipelines.lake.address import parse_address
    from pipelines.lake.store import Lake

    catalog = open_catalog(Lake(parse_address(str(lake))))
    rows = catalog.query("select billing_month, billed_cost, is_final from gold.monthly_summary").to_pylist()
    return {
        "asked": {path: scaleway.months_asked(path) for path in {path for path, _ in scaleway.asked}},
        "costs": {row["billing_month"]: row["billed_cost"] for row in rows},
        "final": {row["billing_month"] for row in rows if row["is_final"]},
        "truth": scaleway.truth,
    }


def test_each_day_the_lake_says_what_is_true_that_day(days):
    _, told = days
    for day in told:
        true = {month: Decimal(each["charges"]) for month, each in day["truth"]["months"].items()}
        assert day["costs"] == {month: cost for month, cost in true.items() if month in day["costs"]}
        assert set(true) - set(day["costs"]) <= {"2026-07"}  # on its first day no day of it is over


def test_late_and_restated_charges_of_a_closed_month_arrive(days):
    _, told = days
    june = [day["costs"]["2026-06"] for day in told]
    assert june[0] < june[1]
    assert june[2] == june[3]
    late = [charge for charge in told[-1]["truth"]["late_charges"] if charge["published_at"] > "2026-07-01T06:00:00Z"]
    restated = [each for each in told[-1]["truth"]["restated_charges"] if each["restated_at"] > "2026-07-01T06:00:00Z"]
    assert {charge["start"][:10] for charge in late if charge["start"] < "2026-07"} == {"2026-06-29", "2026-06-30"}
    assert restated


def test_a_month_is_asked_until_its_invoice_is_seen_and_then_never(days):
    _, told = days
    asked = [day["asked"][CHARGES] for day in told]
    assert [sorted(each) for each in asked] == [
        ["2026-05", "2026-06"],
        ["2026-06", "2026-07"],
        ["2026-06", "2026-07"],
        ["2026-07"],
    ]
    assert [each["2026-06"] for each in asked] == [30, 30, 30, 0]
    assert [each["2026-07"] for each in asked] == [0, 1, 4, 5]
    assert [day["final"] for day in told] == [{"2026-05"}, {"2026-05"}, {"2026-05", "2026-06"}, {"2026-05", "2026-06"}]


def test_a_lake_that_grew_equals_one_read_at_once(days, view):
    folder, _ = days
    grown = view(folder / "grown").contents(WHEN_IT_WAS_ASKED)
    at_once = view(folder / "at-once").contents(WHEN_IT_WAS_ASKED)
    assert grown.keys() == at_once.keys()
    different = {name for name in at_once if not name.startswith("bronze.") and grown[name] != at_once[name]}
    assert different <= KEPT_FOR_A_WHILE | MADE_OF_THEM | SAID_THAT_DAY | FIRST_SEEN
    for name in SAID_THAT_DAY:
        assert set(at_once[name]) <= set(grown[name]), name
    for name in KEPT_FOR_A_WHILE - {"silver.metric_findings", "silver.vouchers"}:
        assert len(set(at_once[name]) - set(grown[name])) < len(at_once[name]) / 2, name
