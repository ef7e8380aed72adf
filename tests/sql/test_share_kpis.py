"""Shares of the money: between nothing and all, added up from the parts, a month from sums and never from means."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.lake.trace import trace

D = Decimal
MONTH = "2026-10"
TWELVE = D(10) ** -12
PROPERTY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def build(selected):
    """`build("gold.idle_share", given={table: rows})`: the select over given rows, other inputs empty, no lake."""
    return selected


def months(*names, **fields):
    made = []
    for name in names:
        start = date.fromisoformat(f"{name}-01")
        end = (start + timedelta(days=32)).replace(day=1)
        whole = {"charges_until": end, "days_read": (end - start).days, "is_complete": True, "is_final": True}
        made.append({"billing_month": name, **whole, **fields})
    return made


def charge(number, day=1, cost="1", environment="prod", **fields):
    when = date(2026, 10, day)
    start = datetime(2026, 10, day, tzinfo=UTC)
    return {
        "charge_key": str(number),
        "charge_date": when,
        "charge_start": start,
        "charge_end": start + timedelta(days=1),
        "billed_cost": cost,
        "environment": environment,
        "project_id": "p",
        "sku": "/compute/pro2_s/run_par1",
        "service_name": "Instances",
        "service_category": "Compute",
        "region_id": "fr-par",
        "billing_currency": "EUR",
        "billing_month": MONTH,
        **fields,
    }


def by(rows, *names, **wanted):
    chosen = [row for row in rows if all(row[name] == value for name, value in wanted.items())]
    return {tuple(row[name] for name in names) if len(names) > 1 else row[names[0]]: row for row in chosen}


# --- environments


def shares(build, charges, allocated=(), read=None):
    given_rows = {"silver.labelled_costs": charges, "silver.billing_months": read or months(MONTH)}
    return build("gold.environment_share", given={**given_rows, "gold.allocated_costs": list(allocated)})


costs = st.lists(
    st.tuples(
        st.integers(1, 31),
        st.sampled_from(["prod", "staging", "dev", "sandbox", "shared", "unknown", None, "non-production"]),
        st.decimals(0, 10**9, places=12),
    ),
    min_size=1,
    max_size=40,
)


@PROPERTY
@given(costs)
def test_shares_of_any_bill_lie_between_nothing_and_all_and_add_up(build, drawn):
    charges = [charge(at, day, cost, environment) for at, (day, environment, cost) in enumerate(drawn)]
    rows = shares(build, charges)
    parts, whole = defaultdict(D), {}
    for row in rows:
        key = row["period"], row["period_start"]
        assert row["value"] is None or 0 <= row["value"] <= 1
        assert (row["value"] is None) == (row["reason"] is not None)
        whole[key] = row["denominator"]
        if not row["is_sum"]:
            parts[key] += row["numerator"]
    assert parts == whole
    month = by(rows, "environment", "is_sum", period="month")
    days = defaultdict(D)
    for row in rows:
        if row["period"] == "day":
            days[row["environment"], row["is_sum"]] += row["numerator"]
    assert {key: row["numerator"] for key, row in month.items()} == days
    assert whole["month", date(2026, 10, 1)] == sum(cost for *_, cost in drawn)


def test_a_month_is_the_ratio_of_its_sums_and_not_the_mean_of_its_days(build):
    rows = shares(build, [charge(1, 1, "90", "prod"), charge(2, 1, "10", "dev"), charge(3, 2, "1", "dev")])
    outside = by(rows, "period", "period_start", environment="non-production")
    assert outside["day", date(2026, 10, 1)]["value"] == D("0.1")
    assert outside["day", date(2026, 10, 2)]["value"] == 1
    assert outside["month", date(2026, 10, 1)]["value"] == (D(11) / 101).quantize(TWELVE)


def test_shared_cost_is_neither_production_nor_not_and_what_nobody_knows_lowers_the_coverage(build):
    named = [("prod", "60"), ("shared", "20"), ("staging", "10"), ("unknown", "10")]
    month = by(
        shares(build, [charge(at, 1, cost, name) for at, (name, cost) in enumerate(named)]),
        "environment",
        period="month",
    )
    assert month["non-production"]["value"] == D("0.1")
    assert month["shared"]["value"] == D("0.2")
    assert month["prod"]["cost_coverage"] == D("0.9")
    assert all(row["is_marked"] for row in month.values())


def test_a_month_without_non_production_says_nought_and_one_of_credits_says_why_it_has_no_share(build):
    month = by(shares(build, [charge(1)]), "environment", period="month")
    assert month["non-production"]["value"] == 0
    credited = by(shares(build, [charge(1, 1, "-5")]), "environment", period="month")
    assert credited["prod"]["value"] is None
    assert "credited" in credited["prod"]["reason"]


def test_the_loaded_share_follows_the_allocation_and_is_null_without_one(build):
    charges = [charge(1, 1, "60", "prod"), charge(2, 1, "40", "shared")]
    assert {row["loaded_value"] for row in shares(build, charges)} == {None}
    borne = [
        {"charge_date": date(2026, 10, 1), "environment": name, "billed_cost": cost, "billing_currency": "EUR"}
        for name, cost in (("prod", "75"), ("dev", "25"))
    ]
    rows = shares(build, charges, [{**row, "billing_month": MONTH} for row in borne])
    loaded = {row["environment"]: row["loaded_value"] for row in rows if row["period"] == "month"}
    assert loaded == {"prod": D("0.75"), "dev": D("0.25"), "shared": 0, "non-production": D("0.25")}


def test_a_share_can_be_traced_to_its_charges(answers, charge):
    project = {"id": charge()["project_id"], "name": "shop-dev", "organization_id": charge()["organization_id"]}
    answers.answer("bronze.projects", "account.projects", [project])
    answers.charges("2026-10-01", charge("1.25"), charge("0.5", resource_id="other"), charge("9", project_id="x"))
    answers.build("gold.environment_share", months=[MONTH])
    for scope in ("environment=dev is_sum=false", "environment=non-production is_sum=true"):
        keys = ["period=month", "period_start=2026-10-01", *scope.split(), "billing_currency=EUR"]
        found = trace(answers.catalog(), "gold.environment_share", keys)
        assert found.figure == D("1.75")
        assert found.adds_up
        assert found.evidence.num_rows == 2


# --- idle hours


def usage(resource, hour, p95, metric="instance_cpu_ratio", day=1, **fields):
    when = datetime(2026, 10, day, hour, tzinfo=UTC)
    return {
        "resource_id": resource,
        "metric": metric,
        "usage_hour": when,
        "usage_date": when.date(),
        "p95_value": p95,
        "usage_month": MONTH,
        "labels": str(fields or metric),
        **fields,
    }


def idle_hours(build, used, below="0.05", **more):
    tables = {"silver.usage_hourly": used, "silver.kpi_settings": [{"idle_below": below}], **more}
    rows = build("silver.idle_hours", given=tables)
    return {(row["resource_id"], row["measured_by"]): (row["measured_hours"], row["idle_hours"]) for row in rows}


def test_an_hour_idles_when_nearly_all_its_samples_are_below_the_line_that_was_set(build):
    used = [usage("m", hour, "0.01" if hour < 8 else "0.05") for hour in range(20)]
    assert idle_hours(build, used) == {("m", "cpu"): (20, 8)}
    assert idle_hours(build, used, below="0.2") == {("m", "cpu"): (20, 20)}


def test_of_several_series_the_busiest_decides_and_per_cent_are_no_ratio(build):
    used = [
        usage("db", 0, "0.01", "postgresql_cpu_ratio", node="a"),
        usage("db", 0, "0.5", "postgresql_cpu_ratio", node="b"),
        usage("c", 0, "4", "container_cpu_percent"),
        usage("c", 1, "6", "container_cpu_percent"),
        usage("g", 0, "0.9"),
        usage("g", 0, "1", "gpu_utilization_percent"),
        usage("x", 0, "0.01", "instance_vcpus"),
        usage("y", 0, None),
    ]
    # fields that tell series apart are no columns of the table
    for row in used:
        row.pop("node", None)
    assert idle_hours(build, used) == {
        ("db", "cpu"): (1, 0),
        ("c", "cpu"): (2, 1),
        ("g", "cpu"): (1, 0),
        ("g", "gpu"): (1, 1),
    }


def test_without_a_line_nothing_is_called_idle_or_busy(build):
    assert (
        build("silver.idle_hours", given={"silver.usage_hourly": [usage("m", 0, "0")], "silver.kpi_settings": [{}]})
        == []
    )


def test_nodes_of_a_cluster_idle_by_what_no_workload_asked_for(build):
    def part(name, cost, is_idle):
        return {
            "cluster_id": "k",
            "usage_date": date(2026, 10, 1),
            "window_start": datetime(2026, 10, 1, tzinfo=UTC),
            "allocation": name,
            "is_idle": is_idle,
            "estimated_cpu_cost": cost,
            "estimated_volume_cost": "100",
            "usage_month": MONTH,
        }

    known = {"resource_type": "instance_server", "billed_id": "n", "valid_from": date(2026, 1, 1)}
    found = idle_hours(
        build,
        [usage("n", 0, "0.9")],
        **{
            "silver.cluster_allocations": [part("shop", "6", False), part("__idle__", "2", True)],
            "silver.resources": [{"resource_id": "n", **known}],
            "silver.resource_links": [
                {"resource_id": "n", "link_type": "part_of", "linked_id": "k", "valid_from": date(2026, 1, 1)}
            ],
        },
    )
    assert found == {("n", "cpu"): (1, 0), ("n", "kubernetes"): (24, 6)}


def idle(resource, measured, idling, by="cpu", day=1):
    return {
        "resource_id": resource,
        "usage_date": date(2026, 10, day),
        "measured_by": by,
        "measured_hours": measured,
        "idle_hours": idling,
        "billing_month": MONTH,
    }


def idle_share(build, charges, measured):
    tables = {"silver.labelled_costs": charges, "silver.idle_hours": measured, "silver.billing_months": months(MONTH)}
    return build("gold.idle_share", given=tables)


def test_what_was_not_measured_is_not_in_the_denominator_and_the_coverage_says_so(build):
    charges = [
        charge(1, 1, "24", resource_id="seen"),
        charge(2, 1, "24", resource_id="half seen"),
        charge(3, 1, "52", resource_id="unseen"),
        charge(4, 1, "999", resource_id="bucket", service_name="Object Storage", service_category="Storage"),
    ]
    rows = idle_share(build, charges, [idle("seen", 24, 6), idle("half seen", 12, 12)])
    month = by(rows, "service_name", period="month")["all"]
    assert (month["numerator"], month["denominator"]) == (6 + 12, 24 + 12)
    assert month["value"] == D("0.5")
    assert month["cost_coverage"] == D("0.36")
    assert month["is_marked"]
    assert "Object Storage" not in by(rows, "service_name", period="month")


def test_nothing_measured_is_no_idleness_of_nought(build):
    (row,) = by(
        idle_share(build, [charge(1, resource_id="m")], []), "service_name", period="month", is_sum=True
    ).values()
    assert row["value"] is None
    assert row["denominator"] == 0
    assert "measured" in row["reason"]


def test_a_gpu_machine_is_judged_by_its_gpu_and_a_node_by_its_cluster(build):
    charges = [
        charge(1, 1, "24", resource_id="gpu", service_name="GPU Instances"),
        charge(2, 1, "24", resource_id="dark gpu", service_name="GPU Instances"),
        charge(3, 1, "24", resource_id="node"),
    ]
    measured = [
        idle("gpu", 24, 24),
        idle("gpu", 24, 0, "gpu"),
        idle("dark gpu", 24, 24),
        idle("node", 24, 0),
        idle("node", 24, 12, "kubernetes"),
    ]
    month = by(idle_share(build, charges, measured), "service_name", period="month")
    assert (month["GPU Instances"]["numerator"], month["GPU Instances"]["denominator"]) == (0, 24)
    assert (month["Instances"]["numerator"], month["Instances"]["denominator"]) == (12, 24)


def test_a_machine_of_half_a_day_is_wholly_measured_by_half_a_day_of_samples(build):
    noon = datetime(2026, 10, 1, 12, 30, tzinfo=UTC)
    born = charge(1, 1, "12", resource_id="m", charge_start=noon, charge_end=datetime(2026, 10, 2, tzinfo=UTC))
    month = by(idle_share(build, [born], [idle("m", 12, 3)]), "service_name", period="month")["all"]
    assert (month["denominator"], month["value"]) == (12, D("0.25"))


hours = st.tuples(st.integers(0, 24), st.integers(0, 24)).map(lambda pair: (max(pair), min(pair)))


@PROPERTY
@given(st.lists(st.tuples(st.integers(1, 3), hours, st.decimals(0, 10**6, places=9)), min_size=1, max_size=12))
def test_the_idle_share_is_a_share_and_services_add_up_to_all(build, drawn):
    charges = [
        charge(at, day, cost, resource_id=str(at), service_name=("Instances", "Managed Databases")[at % 2])
        for at, (day, _, cost) in enumerate(drawn)
    ]
    measured = [
        idle(str(at), seen, idling, day=day) for at, (day, (seen, idling), _) in enumerate(drawn) if seen
    ]  # fmt: skip
    rows = idle_share(build, charges, measured)
    for row in rows:
        assert row["value"] is None or 0 <= row["value"] <= 1
        assert row["cost_coverage"] is None or 0 <= row["cost_coverage"] <= 1
    for column in ("numerator", "denominator"):
        sums = defaultdict(D)
        for row in rows:
            sums[row["period"], row["is_sum"]] += row[column]
        assert len(set(sums.values())) == 1


# --- cost efficiency


def advice(name, saving, is_counted=True, status="open", seen=("2026-10-05", "2026-10-30"), **fields):
    return {
        "recommendation_id": name,
        "monthly_saving": saving,
        "currency": "EUR",
        "is_counted": is_counted,
        "status": status,
        "first_seen": date.fromisoformat(seen[0]),
        "last_seen": date.fromisoformat(seen[1]),
        **fields,
    }


def efficiency(build, made, charges=None, read=None, plans=()):
    tables = {
        "silver.labelled_costs": charges or [charge(1, 1, "100")],
        "silver.billing_months": read or months(MONTH),
        "silver.savings_plan_skus": [{"sku": "/compute/pro2_s/run_par1"}],
        "silver.savings_plans": list(plans),
        "gold.recommendations": made,
    }
    (row,) = build("gold.cost_efficiency", given=tables)
    return row


def test_before_any_recommendation_the_efficiency_is_not_known(build):
    for made in ([], [advice("later", "5", seen=("2026-11-01", "2026-11-02"))], [advice("$", "5", currency="USD")]):
        row = efficiency(build, made)
        assert row["value"] is None
        assert row["reason"] == "no recommendations have been made yet"


def test_savings_that_are_not_counted_are_never_added_and_suppressed_ones_stay_in(build):
    made = [
        advice("resize", "30", is_counted=False),
        advice("delete", "40"),
        advice("schedule", "25", status="suppressed"),
        advice("done", "99", status="done"),
        advice("dearer", "-10"),
        advice("gone", "50", seen=("2026-08-01", "2026-09-30")),
    ]
    row = efficiency(build, made)
    assert (row["open_saving"], row["suppressed_saving"]) == (65, 25)
    assert row["value"] == D("0.35")
    assert row["reason"] is None


def test_recommendations_that_all_are_done_leave_nothing_open(build):
    assert efficiency(build, [advice("a", "5", status="done")])["value"] == 1


def test_support_contract_and_committed_floor_cannot_be_optimised(build):
    charges = [
        charge(1, 1, "100"),
        charge(2, 1, "300", service_name="Support", sku="/subscription/business"),
        charge(3, 1, "50", service_name="Contract", sku="/billing/minimum"),
    ]
    terms = {"starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 1), "billing_currency": "EUR"}
    plan = {"monthly_commitment": "50", "discount": "0.2", **terms}
    row = efficiency(build, [advice("a", "6")], charges, plans=[plan])
    assert row["denominator"] == 100 - 40
    assert row["value"] == D("0.9")


def test_a_running_month_counts_as_much_of_a_saving_as_it_has_days(build):
    read = months(MONTH, charges_until=date(2026, 10, 11), days_read=10, is_complete=False)
    row = efficiency(build, [advice("a", "31")], read=read)
    assert row["open_saving"] == 10
    assert not row["is_complete"]


savings = st.lists(
    st.tuples(st.integers(-(10**6), 10**6), st.booleans(), st.sampled_from(["open", "accepted", "suppressed", "gone"])),
    min_size=1,
    max_size=8,
)


@PROPERTY
@given(savings)
def test_what_is_open_and_counted_adds_up_and_nothing_else_does(build, drawn):
    made = [advice(str(at), saving, counted, status) for at, (saving, counted, status) in enumerate(drawn)]
    kept = [(saving, status) for saving, counted, status in drawn if counted and saving > 0 and status != "gone"]
    row = efficiency(build, made)
    assert row["open_saving"] == sum(saving for saving, _ in kept)
    assert row["suppressed_saving"] == sum(saving for saving, status in kept if status == "suppressed")


# --- effective savings rate

SKU = "/compute/pro2_s/run_par1"


def savings_rate(build, *, net, charged, quantity="1000", plans=(), prices=None, days=(1,), read=None, alarm=False):
    tables = {
        "silver.costs": [
            {**charge(at, day, cost), "sku": SKU} for at, (day, cost) in enumerate(zip(days, charged, strict=True))
        ],
        "silver.savings_plan_skus": [{"sku": SKU}],
        "silver.savings_plans": list(plans),
        "silver.kpi_settings": [{"charges_are_net": net}],
        "silver.billing_months": read or months(MONTH),
        "silver.prices": prices or [price("1")],
        "silver.consumptions": [
            {
                "billing_month": MONTH,
                "project_id": "p",
                "sku": SKU,
                "unit": "minute",
                "billed_quantity": str(D(quantity) * 60),
                "billing_currency": "EUR",
                "resource_label": "",
            }
        ],
        "gold.reconciliation": [
            {"billing_month": MONTH, "project_id": "p", "sku": SKU, "billing_currency": "EUR", "is_alarm": alarm}
        ],
    }
    for row in tables["silver.costs"]:
        for name in ("environment", "service_name", "service_category", "region_id"):
            row.pop(name)
    (row,) = build("gold.effective_savings_rate", given=tables)
    return row


def price(per_hour, valid_from="2026-01-01", valid_to=None):
    return {
        "sku": SKU,
        "valid_from": date.fromisoformat(valid_from),
        "valid_to": None if valid_to is None else date.fromisoformat(valid_to),
        "list_unit_price": per_hour,
        "pricing_unit": "hour",
        "billing_currency": "EUR",
    }


def plan(commitment, discount="0.2", **fields):
    terms = {"starts_on": date(2026, 1, 1), "ends_on": date(2027, 1, 1), "billing_currency": "EUR"}
    return {"monthly_commitment": commitment, "discount": discount, **terms, **fields}


def test_while_nobody_knows_whether_charges_are_net_there_is_no_rate_but_the_reason(build):
    row = savings_rate(build, net=None, charged=["1000"])
    assert row["value"] is None
    assert row["numerator"] is None
    assert "billing.charges_are_net is not set" in row["reason"]
    assert "100.0 % of the public price" in row["reason"]


def test_charges_at_public_price_save_what_the_plan_takes_off(build):
    row = savings_rate(build, net=False, charged=["1000"], plans=[plan("400")])
    # pay = C(1-d) + E - C = 320 + 600
    assert (row["net_cost"], row["denominator"], row["value"]) == (920, 1000, D("0.08"))
    assert (row["commitment_coverage"], row["commitment_utilisation"]) == (D("0.4"), 1)


def test_an_unused_commitment_is_paid_too(build):
    row = savings_rate(build, net=False, charged=["1000"], plans=[plan("2000", "0.1")])
    assert row["net_cost"] == 1800
    assert row["value"] == D("-0.8")
    assert (row["commitment_coverage"], row["commitment_utilisation"]) == (1, D("0.5"))


def test_net_charges_give_the_same_rate_as_those_at_public_price(build):
    for commitment, net in (("400", "920"), ("2000", "800")):
        gross = savings_rate(build, net=False, charged=["1000"], plans=[plan(commitment)])
        row = savings_rate(build, net=True, charged=[net], plans=[plan(commitment)])
        assert (row["value"], row["net_cost"]) == (gross["value"], gross["net_cost"])


def test_a_setting_that_the_bill_contradicts_gives_no_rate(build):
    gross = savings_rate(build, net=True, charged=["1000"], plans=[plan("400")])
    assert gross["value"] is None
    assert "billing.charges_are_net is true" in gross["reason"]
    net = savings_rate(build, net=False, charged=["920"], plans=[plan("400")])
    assert net["value"] is None
    assert "billing.charges_are_net is false" in net["reason"]
    odd = savings_rate(build, net=False, charged=["1000"], alarm=True)
    assert odd["value"] is None
    assert "unexplained" in odd["reason"]


def test_a_day_is_held_against_its_own_public_price(build):
    prices = [price("1", "2026-01-01", "2026-10-16"), price("2", "2026-10-16")]
    row = savings_rate(build, net=False, charged=["500", "1000"], days=(1, 20), prices=prices)
    assert (row["denominator"], row["value"]) == (1500, 0)
    dearer = savings_rate(build, net=True, charged=["400", "800"], days=(1, 20), prices=prices)
    assert (dearer["denominator"], dearer["value"]) == (1500, D("0.2"))


def test_without_a_public_price_or_a_whole_month_there_is_no_rate(build):
    late = savings_rate(build, net=False, charged=["10"], prices=[price("1", "2026-10-20")])
    assert late["value"] is None
    assert "no public price" in late["reason"]
    assert late["cost_coverage"] == 0
    assert late["is_marked"]
    read = months(MONTH, charges_until=date(2026, 10, 11), days_read=10, is_complete=False)
    open_month = savings_rate(build, net=False, charged=["1000"], read=read)
    assert open_month["value"] is None
    assert "not over" in open_month["reason"]


def test_a_plan_counts_from_its_first_day_to_its_last(build):
    half = plan("310", starts_on=date(2026, 10, 22))
    row = savings_rate(build, net=False, charged=["1000"], plans=[half, plan("99", ends_on=date(2026, 10, 1))])
    assert row["committed_cost"] == 100


@pytest.mark.parametrize(
    ("sku", "covered"),
    [
        ("/compute/pro2_s/run_par1", True),
        ("/compute/dev1_s/run_fr-par-2", True),
        ("/compute/l4_1_24g/run_fr-par-2", False),
        ("/compute/l40s_1_48g/run_fr-par-2", False),
        ("/compute/h100_sxm_2_80g/run_fr-par-2", False),
        ("/compute/coparm1_2c_8g/run_par2", False),
        ("/compute/pop2_4c_16g_win/run_par1", False),
        ("/compute/pop2_4c_16g/run_par1", True),
        ("/compute/basic2_a2c_4g/run_par1", False),
        ("/storage/block/volume/fr-par-1", False),
    ],
)
def test_a_savings_plan_covers_what_its_terms_name(models, sku, covered):
    connection = duckdb.connect()
    connection.execute("create schema silver")
    connection.execute("create table silver.skus as select ? as sku", [sku])
    found = connection.execute(models.by_name["silver.savings_plan_skus"].sql).fetchall()
    assert bool(found) == covered
