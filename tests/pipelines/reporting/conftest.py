"""A month of an invented organisation, as rows of gold tables: what the report is tested and looked at with."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal as D

import pytest

MONTH = "2026-10"
AS_OF = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
CENT = D("0.01")
EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")

# project, owner, service, sku, cost before, what changed it
MOVERS = [
    ("ml-training", "team-ml", "GPU Instances", "/compute/h100_1_80g/run_par2", "2093.00", "volume=1388.20"),
    ("ml-inference", "team-ml", "GPU Instances", "/compute/l4_1_24g/run_par2", "2112.50", "price=105.625"),
    ("ml-inference", "team-ml", "Generative APIs", "/generative_apis/small/output", "502.10", "volume=139.237"),
    ("web-shop", "team-shop", "Instances", "/compute/pro2_l/run_par1", "3120.00", "volume=104.00"),
    ("web-shop", "team-shop", "Managed Databases", "/rdb/db_gp_s_ha/run_par", "1410.00", "volume=47.00"),
    ("default", None, "Instances", "/compute/dev1_l/run_par1", "2610.40", "volume=87.0133 not_separable=0.0007"),
    ("default", None, "Block Storage", "/storage/block_5k/par1", "1204.12", "volume=84.3812"),
    ("data-platform", "team-data", "Kubernetes nodes", "/compute/gp1_m/run_par1", "3405.33", "volume=-761.22"),
    ("data-platform", "team-data", "Object Storage", "/storage/multi_az/par", "1690.00", "volume=109.4477"),
    ("analytics-warehouse-for-quarterly-review", "team-data", "Data Warehouse", "/clickhouse/node", "0", "new=412.80"),
    ("legacy-migration", "team-platform", "Elastic Metal", "/baremetal/em_b112x/hourly_par2", "388.80", "gone=-388.80"),
    ("observability", "team-platform", "Cockpit", "/cockpit/metrics/samples", "842.40", "volume=19.59"),
    ("staging", "team-platform", "Instances", "/compute/pro2_s/run_par1", "3480.40", "volume=115.70"),
    ("dev", "team-platform", "Instances", "/compute/dev1_m/run_par1", "1290.10", "volume=43.00"),
    ("shared-network", "team-platform", "Load Balancers", "/lb/lb_gp_l/run_par", "911.15", "volume=30.37"),
    ("sandbox", None, "Instances", "/compute/play2_micro/run_par1", "640.30", "volume=-38.15"),
    ("sandbox", None, "Serverless Containers", "/serverless/containers/memory", "311.00", "not_separable=7.9901"),
    ("security", "team-platform", "Secret Manager", "/secret_manager/versions", "119.40", "volume=2.00"),
]  # fmt: skip
SHARES = {
    "Instances": 34, "GPU Instances": 16, "Managed Databases": 15, "Object Storage": 8, "Block Storage": 7,
    "Elastic Metal": 6, "Cockpit": 4, "Load Balancers": 3, "Generative APIs": 2, "Serverless Containers": 2,
}  # fmt: skip


def project_id(name: str) -> str:
    """A stable, readable stand-in for a project's UUID."""
    return f"00000000-0000-4000-8000-{sum(ord(letter) * 31**i for i, letter in enumerate(name)) % 10**12:012d}"


def by_day(before: D, delta: D, effects: dict[str, D]) -> dict[str, D]:
    """The change of the cost per day, 31 days against 30; volume takes up the longer month."""
    step = D(10) ** -12
    whole = ((before + delta) / 31).quantize(step) - (before / 30).quantize(step)
    parts = {name: (value / 31).quantize(step) for name, value in effects.items()}
    parts["volume"] += whole - sum(parts.values())
    return {"delta_cost_per_day": whole, **{f"{name}_effect_per_day": value for name, value in parts.items()}}


def movers(moved: list[tuple] = MOVERS) -> list[dict]:
    rows = []
    for project, owner, service, sku, before, what in moved:
        effects = dict.fromkeys(EFFECTS, D(0)) | {k: D(v) for k, v in (part.split("=") for part in what.split())}
        delta = sum(effects.values())
        rows.append({
            "billing_month": MONTH, "project_id": project_id(project), "project_name": project, "product": "",
            "sku": sku, "service_name": service, "owner": owner, "billing_currency": "EUR", "previous_cost": D(before),
            "billed_cost": D(before) + delta, "delta_cost": delta, "days": 31, "previous_days": 30,
            "reason": "neither quantity nor unit price" if effects["not_separable"] else None,
            **{f"{name}_effect": value for name, value in effects.items()}, **by_day(D(before), delta, effects),
        })  # fmt: skip
    return rows


def summary(month: str, cost: D, days: int, before: tuple[D, int] | None, **changes) -> dict:
    per_day = (cost / days).quantize(D(10) ** -12)
    row = {
        "billing_month": month, "billing_currency": "EUR", "billed_cost": cost, "charged_days": days,
        "cost_per_day": per_day, "previous_cost": None, "previous_days": None, "previous_cost_per_day": None,
        "delta_cost": None, "delta_cost_per_day": None, "delta_per_day_ratio": None,
        "year_to_date_cost": cost * 9, "year_known_from": date(int(month[:4]), 1, 1),
        "is_complete": True, "invoice_state": "paid", "is_final": True, "charges_until": date(2026, 11, 1),
        "owned_cost": cost * D("0.65"), "owned_cost_ratio": D("0.65"),
    }  # fmt: skip
    if before:
        previous_day = (before[0] / before[1]).quantize(D(10) ** -12)
        row |= {
            "previous_cost": before[0],
            "previous_days": before[1],
            "previous_cost_per_day": previous_day,
            "delta_cost": cost - before[0],
            "delta_cost_per_day": per_day - previous_day,
            "delta_per_day_ratio": (per_day / previous_day - 1).quantize(D(10) ** -12) if previous_day else None,
        }
    return row | changes


def history(last: D, before: D) -> list[dict]:
    days = [31, 30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31]
    months = [f"2025-{m}" for m in (10, 11, 12)] + [f"2026-{m:02d}" for m in range(1, 11)]
    factors = ["0.80", "0.78", "0.83", "0.86", "0.79", "0.88", "0.87", "0.91", "0.95", "0.98", "0.97"]
    costs = [(before * D(f)).quantize(CENT) for f in factors] + [before, last]
    rows, previous = [], None
    for month, cost, length in zip(months, costs, days, strict=True):
        rows.append(summary(month, cost, length, previous))
        previous = (cost, length)
    return rows


def daily(whole: D, days: int) -> list[dict]:
    rows, rest = [], whole
    for day in range(days):
        when = date(2026, 10, 1) + timedelta(days=day)
        swing = D("0.94") if when.weekday() > 4 else D("1.01") + D(day % 3) / 100
        for service, share in SHARES.items():
            extra = D(44) if service == "GPU Instances" and day >= 14 else D(0)
            cost = (whole / days * share / 100 * swing + extra).quantize(D("0.000001"))
            rest -= cost
            rows.append({
                "billing_month": MONTH, "charge_date": when, "project_id": "p", "project_name": "p",
                "service_name": service, "billing_currency": "EUR", "billed_cost": cost,
            })  # fmt: skip
    for row in rows:  # what the shares leave over, spread evenly, the last row taking the digits
        row["billed_cost"] += (rest / len(rows)).quantize(D("0.000001"))
    rows[-1]["billed_cost"] += whole - sum(row["billed_cost"] for row in rows)
    return rows


def spenders(movers: list[dict], whole: D) -> list[dict]:
    projects: dict[str, dict] = {}
    for row in movers:
        item = projects.setdefault(row["project_id"], {
            "billing_month": MONTH, "dimension": "project", "item_id": row["project_id"],
            "item_name": row["project_name"], "owner": row["owner"], "billing_currency": "EUR",
            "billed_cost": D(0), "previous_cost": D(0),
        })  # fmt: skip
        item["billed_cost"] += row["billed_cost"]
        item["previous_cost"] += row["previous_cost"]
    ranked = sorted((row for row in projects.values() if row["billed_cost"]), key=lambda row: -row["billed_cost"])
    for rank, row in enumerate(ranked, 1):
        row["rank"] = rank
        row["delta_cost"] = row["billed_cost"] - row["previous_cost"]
        row["cost_share"] = (row["billed_cost"] / whole).quantize(D(10) ** -12)
        row["cost_per_day"] = (row["billed_cost"] / 31).quantize(D(10) ** -12)
        row["previous_cost_per_day"] = (row["previous_cost"] / 30).quantize(D(10) ** -12)
        row["delta_cost_per_day"] = row["cost_per_day"] - row["previous_cost_per_day"]
    return ranked


def coverage(whole: D) -> list[dict]:
    rows = [("any tag", "0.81", 197), ("environment", "0.74", 171), ("owner", "0.65", 136)]
    return [
        {
            "billing_month": MONTH, "label": label, "billing_currency": "EUR", "total_cost": whole,
            "labelled_cost": whole * D(share), "cost_coverage": D(share), "labelled_resources": number,
            "total_resources": 302, "resource_coverage": (D(number) / 302).quantize(D(10) ** -12),
        }
        for label, share, number in rows
    ]  # fmt: skip


def waterfall(consumed: D) -> list[dict]:
    listed, plan = consumed + D("1450.20"), D("-1450.20")
    voucher = D("-250.00")
    untaxed = consumed + voucher
    tax = (untaxed * D("0.2")).quantize(CENT)
    steps = [
        ("list price", listed, True, "public price of the day"), ("plan or contract", plan, False, None),
        ("consumption", consumed, True, "net of plan and contract"), ("vouchers", voucher, False, None),
        ("untaxed invoice", untaxed, True, "after vouchers"), ("tax", tax, False, None),
        ("taxed invoice", untaxed + tax, True, "what is paid"),
    ]  # fmt: skip
    return [
        {"billing_month": MONTH, "billing_currency": "EUR", "step_number": i, "step": step, "amount": value,
         "is_subtotal": subtotal, "basis": basis}
        for i, (step, value, subtotal, basis) in enumerate(steps, 1)
    ]  # fmt: skip


def reconciliation() -> list[dict]:
    parts = [("web-shop", "/compute/pro2_l/run_par1", "0.003", "rounding to the cent"),
             ("dev", "/compute/dev1_m/run_par1", "-0.0017", "rounding to the cent"),
             ("ml-training", "/compute/h100_1_80g/run_par2", "1.20", "contract line without a charge")]  # fmt: skip
    return [
        {"billing_month": MONTH, "project_id": project_id(name), "project_name": name, "sku": sku,
         "billing_currency": "EUR", "charged_cost": D(100), "consumed_cost": D(100) + D(residual),
         "residual": D(residual), "explanation": why, "tolerance": D("0.01"), "is_alarm": False}
        for name, sku, residual, why in parts
    ]  # fmt: skip


def gold_rows(moved: list[tuple] = MOVERS, days: int = 31) -> dict[str, list[dict]]:
    """Every gold table the report reads, as dict rows."""
    moved = movers(moved)
    whole = sum(row["billed_cost"] for row in moved)
    before = sum(row["previous_cost"] for row in moved)
    consumed = whole.quantize(CENT)
    answered = datetime(2026, 11, 18, 5, 58, tzinfo=UTC)
    return {
        "gold.monthly_summary": history(whole, before),
        "gold.daily_costs": daily(whole, days),
        "gold.total_bridge": moved,
        "gold.top_spenders": spenders(moved, whole),
        "gold.tag_coverage": coverage(whole),
        "gold.reconciliation": reconciliation(),
        "gold.invoice_reconciliation": [{
            "billing_month": MONTH, "billing_currency": "EUR", "charged_cost": whole, "consumed_cost": consumed,
            "invoiced_cost": consumed, "consumption_residual": D(0), "invoice_state": "paid",
            "invoiced_apart_cost": D(0), "credit_note_cost": D(0), "alarms": 0,
        }],
        "gold.invoice_waterfall": waterfall(consumed),
        "gold.data_freshness": [
            {"source": source, "last_answer_at": answered, "data_until": until, "answers": number}
            for source, until, number in (
                ("billing charges", date(2026, 11, 18), 1204),
                ("consumption", date(2026, 11, 18), 61),
                ("invoices", date(2026, 11, 1), 14),
            )
        ],
    }  # fmt: skip


@pytest.fixture
def rows() -> dict[str, list[dict]]:
    return gold_rows()


@pytest.fixture
def small_rows() -> dict[str, list[dict]]:
    """A few projects and two days: small enough to read as a whole."""
    return gold_rows([MOVERS[i] for i in (0, 1, 5, 7, 10)], days=2)


@pytest.fixture
def build():
    """Typed input from dict rows, with the names every test shares."""
    from pipelines.reporting.monthly import monthly_input

    def make(rows, month=MONTH, currency="EUR", **changes):
        named = {"organization_name": "Example Organisation", "as_of": AS_OF, "product_version": "0.1.0"}
        return monthly_input(rows, month, currency, **(named | changes))

    return make


@pytest.fixture
def summary_of():
    """Writes a row of gold.monthly_summary."""
    return summary


SCOPE = ("project_name", "service_name", "region", "sku", "resource_name", "label_key", "label_value", "kpi")


def anomaly(identifier: str, first: date, last: date, actual: str | None, expected: str | None, **fields) -> dict:
    """A row of gold.anomalies: a spike of cost in a project, unless told otherwise."""
    came, usual = (None if each is None else D(each) for each in (actual, expected))
    impact = None if came is None or usual is None else came - usual
    row = {
        "anomaly_id": identifier, "first_day": first, "last_day": last, "duration_days": (last - first).days + 1,
        "is_ongoing": False, "kind": "spike", "subject": "cost", "level": "service", "project_id": None,
        "resource_id": None, **dict.fromkeys(SCOPE), "unit": "EUR", "actual": came, "expected": usual,
        "low": None if usual is None else usual * D("0.8"), "high": None if usual is None else usual * D("1.2"),
        "impact": impact, "impact_percent": impact / usual * 100 if usual and impact is not None else None,
        "score": 0.98, "confidence": 0.934, "severity": "high", "state": "open", "state_reason": None,
        "state_since": first, "expected_until": None, "explained_by": None, "explanation": None,
        "is_actionable": True, "owner": "team-ml", "environment": "prod", "root_cause": None, "runbook": None,
        "first_judged_on": last, "judged_on": date(2026, 11, 17), "alerted_on": None, "anomaly_month": f"{first:%Y-%m}",
    }  # fmt: skip
    assert not set(fields) - set(row)
    return row | fields


def anomaly_days(identifier: str, first: date, last: date, usual: str, unusual: str | None) -> list[dict]:
    """Four weeks before the event until a week after it, in rows of gold.anomaly_days."""
    rows = []
    for at in range(-28, (last - first).days + 8):
        day = first + timedelta(days=at)
        within = first <= day <= last
        expected = D(usual) * (D("0.9") if day.weekday() > 4 else 1)
        came = (None if unusual is None else D(unusual)) if within else expected + D(at % 3)
        bounds = {"low": expected * D("0.8"), "high": expected * D("1.2")}
        row = {"anomaly_id": identifier, "day": day, "actual": came, "expected": expected, "is_unusual": within}
        rows.append(row | bounds | {"anomaly_month": f"{first:%Y-%m}"})
    return rows


@pytest.fixture
def anomaly_rows() -> dict[str, list[dict]]:
    """A notebook over a weekend, a drift that goes on, a gap, and what nobody has to act on; of October 2026."""
    notebook, drift, gap = date(2026, 10, 23), date(2026, 10, 26), date(2026, 10, 8)
    place = {"project_name": "sandbox", "service_name": "GPU Instances"}
    small = {"is_actionable": False, "severity": "low", "owner": None}
    rows = [
        anomaly("a1", notebook, date(2026, 10, 26), "193.2", "0", **place, owner=None, severity="urgent",
                root_cause="sandbox › GPU Instances › H100-1-80G › notebook-7"),
        anomaly("b2", drift, date(2026, 11, 17), "940.55", "610.05", project_name="web-shop", is_ongoing=True,
                service_name="Object Storage", kind="drift", severity="medium", confidence=0.81, state="reopened"),
        anomaly("c3", gap, date(2026, 10, 9), None, "88", project_name="platform", kind="missing_days",
                subject="telemetry", unit="bytes", kpi="logs (own)", severity="medium"),
        anomaly("d4", gap, gap, "60.5", "40", project_name="web-shop", **small | {"severity": "medium"},
                state="explained", explanation="explained by +38 % requests"),
        anomaly("e5", gap, gap, "45", "30", project_name="staging", **small),
        anomaly("f6", date(2026, 9, 12), date(2026, 9, 13), "341", "0", **place, region="pl-waw-2"),
    ]  # fmt: skip
    rows[2] |= {"expected": D("88e9"), "low": D("70e9"), "high": D("106e9")}
    cause = {
        "anomaly_id": "a1",
        "level": "resource",
        "project_id": None,
        "resource_id": None,
        **dict.fromkeys(SCOPE),
        "unit": "EUR",
    }
    amounts = {"actual": D("193.2"), "expected": D(0), "impact": D("193.2"), "share_percent": D(100)}
    return {
        "gold.anomalies": rows,
        "gold.anomaly_causes": [cause | amounts | place | {"rank": 1, "resource_name": "notebook-7"}],
        "gold.anomaly_days": [
            *anomaly_days("a1", notebook, date(2026, 10, 26), "0", "48.3"),
            *anomaly_days("b2", drift, date(2026, 11, 17), "26.5", "41"),
            *anomaly_days("c3", gap, date(2026, 10, 9), "44000000000", None),
        ],
        "gold.anomaly_changes": [
            {"anomaly_id": "a1", "number": 1, "changed_on": notebook, "change": "new_resource", "what": "H100-1-80G",
             "who": "a person", "resource_id": "r", "resource_name": "notebook-7", "anomaly_month": "2026-10"}
        ],
    }  # fmt: skip


def recommendation(identifier: str, action: str, saving: str, **fields) -> dict:
    """A row of gold.recommendations: open, counted, of an hour's work, unless told otherwise."""
    row = {
        "recommendation_id": identifier, "rule": "oversized_instance", "title": "Instances larger than their load",
        "resource_id": f"r-{identifier}", "resource_name": f"web-{identifier}", "resource_type": "instance_server",
        "target": "PRO2-S", "project_id": "p", "project_name": "web-shop", "team": None, "owner": "team-shop",
        "environment": "prod", "action": action, "reason": "It used a fifth of its processors. Memory too.",
        "evidence": '{"cpu_p95_vcpus": 1.25, "days": 28, "memory_p95_gib": null, "query": "select 1"}',
        "evaluation_start": date(2026, 10, 20), "evaluation_end": date(2026, 11, 17), "monthly_cost": D("120.50"),
        "monthly_saving": D(saving), "currency": "EUR", "basis": "charged", "one_off_cost": D(0), "confidence": 0.98,
        "risk": "low", "effort": "low", "restart_needed": True, "rollback": '{"cli": ["scw x"], "terraform": ""}',
        "change": '{"cli": ["scw y"], "terraform": "", "notes": []}', "kg_co2e_saving": None, "m3_water_saving": None,
        "saves_on": [f"r-{identifier}"], "conflicts_with": [], "is_counted": True, "status": "open",
        "status_reason": "", "status_since": date(2026, 11, 10), "status_until": None, "status_owner": None,
        "first_seen": date(2026, 11, 10), "last_seen": date(2026, 11, 17), "judged_on": date(2026, 11, 17),
        "judgement": "advised", "judgement_reason": None, "judgement_since": date(2026, 11, 10), "returned_on": None,
    }  # fmt: skip
    assert not set(fields) - set(row)
    return row | fields


def saving(identifier: str, state: str, predicted: str, measured: tuple[str, str, str] | None, **fields) -> dict:
    """A row of gold.savings; `measured` is the saving by the month with its bounds."""
    low, middle, high = (D(each) for each in measured) if measured else (None, None, None)
    row = {
        "recommendation_id": identifier, "rule": "oversized_instance", "title": "Instances larger than their load",
        "resource_id": f"r-{identifier}", "resource_name": f"web-{identifier}", "project_id": "p",
        "project_name": "web-shop", "owner": "team-shop", "environment": "prod", "currency": "EUR",
        "action": f"Change web-{identifier} to PRO2-S", "done_on": date(2026, 9, 14), "state": state,
        "state_reason": "against the days before", "predicted_saving": D(predicted), "monthly_saving": middle,
        "low": low, "high": high, "counted_saving": middle if state == "verified" else D(0), "baseline": "level",
        "days_judged": 40, "judged_until": date(2026, 11, 17), "expected_cost": D(100), "actual_cost": D(60),
        "replacement_cost": D(0), "saved_cost": D(40), "bounced_back_on": None, "is_harmed": False,
        "guarded_by": "errors", "guard_reason": "no worse in errors",
    }  # fmt: skip
    assert not set(fields) - set(row)
    return row | fields


@pytest.fixture
def advice_rows() -> dict[str, list[dict]]:
    """Savings of all efforts, one that overlaps, dust, advice to spend, one answered, what is not judged, and proof."""
    both = {"restart_needed": False, "rollback": '{"cli": [], "terraform": ""}'}
    rows = [
        recommendation("a1", "Delete ci-runner-9, which nobody uses", "84.333", **both, rule="idle_instance",
                       target="delete", owner=None, project_name="sandbox", basis="list price", risk="medium",
                       conflicts_with=["b2"]),
        recommendation("b2", "Change ci-runner-9 from PRO2-L to PRO2-S", "60.10", is_counted=False,
                       conflicts_with=["a1"]),
        recommendation("c3", "Change web-3 from PRO2-L to PRO2-S", "41.006", status="accepted", status_owner="ada"),
        recommendation("d4", "Move orders-db to a volume of 40 GB", "23.5", effort="high", one_off_cost=D("12.25"),
                       risk="medium", resource_type="rdb_instance", rule="oversized_volume", confidence=None),
        recommendation("e5", "Delete the address 51.15.0.9", "0.4", **both, resource_type="ip"),
        recommendation("f6", "Change queue-1 from PRO2-XS to PRO2-S", "-30", rule="undersized_instance", risk="low"),
        recommendation("g7", "Stop web-7 at night", "12", status="rejected", status_reason="on call", is_counted=False),
    ]  # fmt: skip
    missing = {"rule": "oversized_instance", "currency": "EUR"}
    memory = "only 3 days of node_memory_used_ratio; node_exporter would tell"
    return {
        "gold.recommendations": rows,
        "gold.unjudged": [
            {**missing, "resource_id": "r1", "resource_name": "n1", "monthly_cost": D("50.5"), "reason": memory},
            {**missing, "resource_id": "r2", "resource_name": "n2", "monthly_cost": None, "reason": memory},
            {**missing, "resource_id": "r1", "resource_name": "n1", "monthly_cost": D("50.5"),
             "rule": "empty_pool", "reason": "its nodes are measured for less than 14 days"},
        ],
        "gold.savings": [
            saving("s1", "verified", "50", ("44.1", "47.2", "50.3")),
            saving("s2", "bounced back", "20", ("1", "5.5", "10"), bounced_back_on=date(2026, 10, 2)),
            saving("s3", "waiting", "30.3", None, state_reason="3 of the 7 days after it have passed"),
            saving("s4", "verified", "12", ("9", "11", "13"), is_harmed=True, counted_saving=D(0),
                   guard_reason="2.00% of the requests fail, 0.10% did before"),
        ],
        "gold.rule_accuracy": [
            {"rule": "oversized_instance", "currency": "EUR", "actions": 3, "predicted_saving": D(82),
             "realised_saving": D("47.2"), "factor": D("0.8412")}
        ],
    }  # fmt: skip
