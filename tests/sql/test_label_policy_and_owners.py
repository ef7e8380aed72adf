"""How far labels are as the policy wants them, and whose the spend without an owner probably is."""

from datetime import date
from decimal import Decimal

from assets.allocation_tables import rows_of
from pipelines.settings_allocation import Allocation


def charge(resource: str | None, billed: str, project: str = "p", **fields) -> dict:
    row = {
        "charge_key": f"{resource}{billed}{project}",
        "charge_date": date(2026, 10, 1),
        "project_id": project,
        "project_name": f"project {project}",
        "sku": f"/sku/{resource}",
        "service_name": "Instances",
        "resource_id": resource,
        "resource_name": resource,
        "billed_cost": billed,
        "billing_currency": "EUR",
        "billing_month": "2026-10",
    }
    return {**row, **fields}


def compliance(build, costs: list[dict], **policy) -> dict:
    rows = rows_of(Allocation.model_validate({"policy": policy}))
    given = {"silver.labelled_costs": costs, **{table.name: list(found) for table, found in rows.items()}}
    found = build("gold.tag_compliance", given=given)
    return {(r["product_type"], r["requirement"], r["team"]): r for r in found}


TAGGED = {"tags": ["x"], "resource_type": "instance_server"}


def test_a_label_of_what_carries_tags_must_be_a_tag_and_elsewhere_a_name_or_project_will_do(build):
    costs = [
        charge("a", "60", owner_decided_by="tag", **TAGGED),
        charge("b", "30", owner_decided_by="annotation", **TAGGED),
        charge("c", "10", owner_decided_by="rule r", **TAGGED),
        charge(None, "7", owner_decided_by="project default", service_name="Support"),
        charge(None, "3", project="q", service_name="Support"),
    ]
    rows = compliance(build, costs)
    servers = rows["instance_server", "owner", None]
    assert (servers["compliant_items"], servers["total_items"], servers["cost_coverage"]) == (2, 3, Decimal("0.9"))
    assert servers["judged_by"] == "tag"
    found = build.read("gold.tag_compliance")
    support = {r["project_id"]: r for r in found if (r["product_type"], r["requirement"]) == ("Support", "owner")}
    assert {name: (row["compliant_items"], row["judged_by"]) for name, row in support.items()} == {
        "p": (1, "name or project"),
        "q": (0, "name or project"),
    }
    assert {requirement for _, requirement, _ in rows} == {"owner", "environment"}


def test_a_product_type_may_have_a_policy_of_its_own_and_names_are_judged_whole(build):
    bucket = {"tags": [], "resource_type": "object_storage_bucket"}
    costs = [charge("good-name", "1", **bucket), charge("Bad name", "3", **bucket), charge("a", "1", **TAGGED)]
    own = {"type": "object_*", "required": [], "name_pattern": "[a-z-]+"}
    rows = compliance(build, costs, required=["product"], products=[own])
    assert set(rows) == {("object_storage_bucket", "name", None), ("instance_server", "product", None)}
    names = rows["object_storage_bucket", "name", None]
    assert (names["compliant_items"], names["total_items"], names["cost_coverage"]) == (1, 2, Decimal("0.25"))


def suggestions(build, costs: list[dict], links: list[tuple] = ()) -> dict:
    linked = [{"resource_id": one, "link_type": kind, "linked_id": other} for one, kind, other in links]
    rows = build("gold.owner_suggestions", given={"silver.labelled_costs": costs, "silver.resource_links": linked})
    return {row["item_id"]: row for row in rows}


def test_the_owner_of_a_project_is_suggested_with_how_many_say_so(build):
    costs = [*(charge(f"r{n}", "5", owner="payments") for n in range(12)), charge("lost", "9"), charge(None, "2")]
    rows = suggestions(build, costs)
    said = "all 12 other resources of project project p with an owner are payments"
    assert {(r["kind"], r["suggested_owner"], r["reason"], r["evidence_share"]) for r in rows.values()} == {
        ("resource", "payments", said, 1),
        ("project", "payments", said, 1),
    }


def test_a_link_counts_more_than_the_project_and_a_shared_network_nothing(build):
    costs = [
        charge("vm", "10", owner="data", project="other"),
        charge("net", "99", owner="net", project="other"),
        *(charge(f"r{n}", "50", owner="shop") for n in range(3)),
        charge("disk", "1"),
    ]
    links = [("disk", "attached_to", "vm"), ("disk", "uses", "net")]
    found = suggestions(build, costs, links)["disk"]
    assert (found["suggested_owner"], found["evidence"]) == ("data", "link")


def test_split_evidence_suggests_nobody_and_says_so_and_no_evidence_too(build):
    costs = [charge("a", "60", owner="x"), charge("b", "40", owner="y"), charge("lost", "1"), charge("far", "1", "q")]
    rows = suggestions(build, costs)
    assert (rows["lost"]["suggested_owner"], rows["lost"]["evidence_share"]) == (None, Decimal("0.6"))
    assert rows["lost"]["reason"].startswith("evidence is split: 1 of 2 other resources")
    assert (rows["far"]["suggested_owner"], rows["far"]["evidence_share"]) == (None, None)
    assert rows["far"]["reason"].startswith("nothing linked")


def test_names_that_begin_alike_are_the_last_evidence(build):
    costs = [charge("shop-db", "5", owner="shop", project="other"), charge("shop-web", "1"), charge("lab-web", "1")]
    rows = suggestions(build, costs)
    assert (rows["shop-web"]["suggested_owner"], rows["shop-web"]["evidence"]) == ("shop", "name")
    assert rows["lab-web"]["suggested_owner"] is None
