"""Who bears a charge, and who decided it: tags, annotations, rules, defaults of projects, names of projects."""

import random
from datetime import date
from fnmatch import fnmatchcase

import pytest

from assets.allocation_tables import rows_of
from pipelines.settings_allocation import DIMENSIONS, Allocation

BEGINNING, END = date(1970, 1, 1), date(9999, 12, 31)


def settings(**sections) -> dict[str, list[dict]]:
    """The tables that `[allocation]` becomes."""
    rows = rows_of(Allocation.model_validate(sections))
    return {table.name: list(found) for table, found in rows.items()}


def resource(name: str, *tags: str, annotations: str | None = None, **fields) -> dict:
    row = {
        "resource_id": name,
        "resource_name": f"{name}-name",
        "resource_type": "instance_server",
        "tags": list(tags),
        "annotations": annotations,
        "valid_from": date(2026, 10, 1),
        "counts_from": BEGINNING,
        "counts_until": END,
    }
    return {**row, **fields}


def cost(resource_id: str | None, project: str = "p", sku: str = "/compute/x", billed: str = "1", **fields) -> dict:
    row = {
        "charge_key": f"{resource_id}{project}{sku}{fields}",
        "charge_date": date(2026, 10, 5),
        "project_id": project,
        "sku": sku,
        "resource_id": resource_id,
        "billed_cost": billed,
        "billing_currency": "EUR",
        "billing_month": "2026-10",
    }
    return {**row, **fields}


@pytest.fixture
def labelled(build):
    """Charges by resource and SKU, labelled as the settings say."""

    def make(costs, resources=(), known_projects=(), **sections) -> dict[tuple, dict]:
        given = {
            "silver.costs": costs,
            "silver.resources": list(resources),
            "silver.projects": list(known_projects),
            **settings(**sections),
        }
        build("gold.daily_costs", given=given)
        return {(row["resource_id"], row["sku"]): row for row in build.read("silver.labelled_costs")}

    return make


def only(rows: dict) -> dict:
    (row,) = rows.values()
    return row


RULE = {"name": "r1", "project": "p*", "sets": {"owner": "of-rule"}}
DEFAULT = {"project": "*", "sets": {"owner": "of-project"}}


@pytest.mark.parametrize(
    ("tags", "annotations", "sections", "owner", "decided_by"),
    [
        (["owner=tagged"], '{"owner": "noted"}', {"rules": [RULE], "projects": [DEFAULT]}, "tagged", "tag"),
        ([], '{"owner": "noted"}', {"rules": [RULE], "projects": [DEFAULT]}, "noted", "annotation"),
        ([], None, {"rules": [RULE], "projects": [DEFAULT]}, "of-rule", "rule r1"),
        ([], None, {"projects": [DEFAULT]}, "of-project", "project default"),
        ([], None, {}, None, None),
        (["owner=tagged"], None, {"rules": [{**RULE, "overrides_tags": True}]}, "of-rule", "rule r1"),
        (["team-tagged"], None, {"rules": [RULE]}, "tagged", "tag"),
        (["squad=late", "owner=first"], None, {}, "first", "tag"),
        (["owner=x", "cost=Named"], None, {"labels": {"owner": ["cost"]}}, "named", "tag"),
    ],
)
def test_tags_come_before_rules_and_rules_before_defaults(labelled, tags, annotations, sections, owner, decided_by):
    row = only(labelled([cost("vm")], [resource("vm", *tags, annotations=annotations)], **sections))
    assert (row["owner"], row["owner_decided_by"]) == (owner, decided_by)


def test_an_environment_is_spelled_one_way_whoever_decides_it(labelled):
    projects = [{"project_id": "p", "project_name": "shop-staging", "named_environment": "staging"}]
    rules = [{"name": "r", "resource": "ruled*", "sets": {"environment": "Production"}}]
    costs = [cost(name) for name in ("tagged", "ruled", "named", "odd")]
    resources = [resource("tagged", "env=dev"), resource("ruled"), resource("named"), resource("odd", "env=qa-7")]
    rows = labelled(costs, resources, projects, rules=rules)
    told = {key[0]: (row["environment"], row["environment_decided_by"]) for key, row in rows.items()}
    assert told == {
        "tagged": ("dev", "tag"),
        "ruled": ("prod", "rule r"),
        "named": ("staging", "project name"),
        "odd": ("staging", "project name"),
    }
    assert {key[0] for key, row in rows.items() if row["has_environment_tag"]} == {"tagged"}


def test_each_label_has_a_decision_of_its_own(labelled):
    rules = [
        {"name": "one", "sku": "/compute/*", "sets": {"team": "core"}},
        {"name": "two", "tag": "tier=?", "sets": {"team": "never", "product": "Shop"}},
    ]
    tags = ["tier=1", "tenant=Maison Verte", "owner=Ann"]
    row = only(labelled([cost("vm")], [resource("vm", *tags)], rules=rules))
    assert [row[name] for name in DIMENSIONS] == ["ann", "core", "unknown", "Maison Verte", "shop"]
    decided = [row[f"{name}_decided_by"] for name in DIMENSIONS]
    assert decided == ["tag", "rule one", None, "tag", "rule two"]


def test_a_pattern_means_its_signs_and_not_those_of_sql(labelled):
    rules = [{"name": "r", "resource": "a_b%~c", "sets": {"owner": "o"}}]
    costs = [cost("a_b%~c"), cost("axb12c"), cost("A_B%~C", sku="/other")]
    rows = labelled(costs, rules=rules)
    assert {key[0]: row["owner"] for key, row in rows.items()} == {"a_b%~c": "o", "axb12c": None, "A_B%~C": "o"}


def test_a_rule_finds_a_resource_by_the_name_on_its_charge_as_by_that_of_the_inventory(labelled):
    rules = [{"name": "cluster", "resource": "shop-cluster*", "sets": {"product": "shop"}}]
    rules.append({"name": "known", "resource": "production", "sets": {"team": "web"}})
    charges = [cost("plane", resource_name="shop-cluster-plane"), cost("gone", resource_name="shop-cluster-old")]
    rows = labelled(charges, [resource("plane", resource_name="production")], rules=rules)
    assert {key[0]: (row["product"], row["team"]) for key, row in rows.items()} == {
        "plane": ("shop", "web"), "gone": ("shop", None),
    }  # fmt: skip


def test_a_charge_belongs_to_the_first_pool_whose_patterns_and_labels_it_has(labelled):
    pools = [
        {"name": "clusters", "sku": "/k8s/*", "labels": {"environment": "prod"}},
        {"name": "untagged", "labels": {"owner": ""}},
        {"name": "shared", "labels": {"environment": ["shared", "unknown-*"]}},
    ]
    resources = [resource("node", "env=prod", "owner=o"), resource("dev", "env=dev", "owner=o"), resource("bare"),
                 resource("wiki", "shared", "owner=o")]  # fmt: skip
    costs = [cost("node", sku="/k8s/x"), cost("dev", sku="/k8s/x"), cost("bare", sku="/k8s/x"), cost("wiki")]
    rows = labelled(costs, resources, pools=pools)
    assert {key[0]: row["pool"] for key, row in rows.items()} == {
        "node": "clusters", "dev": None, "bare": "untagged", "wiki": "shared",
    }  # fmt: skip


NAMES = ["shop-web", "shop-db", "lab", "pay_1", "x%"]
GLOBS = ["*", "shop-*", "*-db", "la?", "pay_?", "x%", "nothing"]


def expected(row: dict, tags: list[str], sections: dict) -> dict:
    """The decisions as one would make them by hand."""
    told = {"project": [row["project_id"]], "resource": [row["resource_id"]], "tag": tags}
    said = dict(tag.split("=") for tag in tags)
    said |= {"owner": said["team"]} if "team" in said and "owner" not in said else {}

    def matches(rule: dict) -> bool:
        given = {name: rule[name] for name in told if name in rule}
        return all(any(fnmatchcase(text or "\0", glob) for text in told[name]) for name, glob in given.items())

    found = {}
    for name in DIMENSIONS:
        rules = [r for r in sections["rules"] if matches(r) and name in r["sets"]]
        candidates = [(r["sets"][name], f"rule {r['name']}") for r in rules if r["overrides_tags"]]
        candidates += [(said[name], "tag")] if name in said else []
        candidates += [(r["sets"][name], f"rule {r['name']}") for r in rules if not r["overrides_tags"]]
        candidates += [
            (p["sets"][name], "project default") for p in sections["projects"] if matches(p) and name in p["sets"]
        ]
        found[name] = candidates[0] if candidates else (None, None)
    return found


@pytest.mark.parametrize("seed", [3, 8])
def test_any_rules_decide_as_one_would_by_hand_and_no_charge_is_lost_or_doubled(build, labelled, seed):
    draw = random.Random(seed)

    def sets() -> dict:
        chosen = draw.sample(DIMENSIONS, draw.randint(1, 4))
        return {name: "prod" if name == "environment" else f"{name[0]}{draw.randint(1, 3)}" for name in chosen}

    def matchers() -> dict:
        given = {
            "project": draw.choice(GLOBS),
            "resource": draw.choice(GLOBS),
            "tag": draw.choice(["owner=*", "team=t?"]),
        }
        return {name: given[name] for name in draw.sample(sorted(given), draw.randint(1, 2))}

    sections = {
        "rules": [
            {"name": f"r{n}", **matchers(), "sets": sets(), "overrides_tags": draw.random() < 0.3} for n in range(8)
        ],
        "projects": [{"project": draw.choice(GLOBS), "sets": sets()} for _ in range(3)],
    }
    tags = {name: [f"{key}={value}" for key, value in sets().items()] if n % 2 else [] for n, name in enumerate(NAMES)}
    resources = [resource(name, *tags[name], resource_name=name) for name in NAMES]
    costs = [cost(name, project, billed=str(draw.randint(-5, 99))) for name in NAMES for project in NAMES]
    costs += [cost(None, project, sku=f"/none/{project}") for project in NAMES]
    named = [{**row, "charge_key": str(number)} for number, row in enumerate(costs)]
    labelled(named, resources, **sections)
    rows = {row["charge_key"]: row for row in build.read("silver.labelled_costs")}
    assert sorted(rows) == sorted(row["charge_key"] for row in named)
    for row in named:
        shown = rows[row["charge_key"]]
        by_hand = expected(row, tags.get(row["resource_id"], []), sections)
        for name in DIMENSIONS:
            value = None if name == "environment" and shown[name] == "unknown" else shown[name]
            assert (value, shown[f"{name}_decided_by"]) == by_hand[name], (row, name)


def test_a_namespace_gets_its_labels_from_rules_and_never_from_the_project_of_its_cluster(build):
    rules = [
        {"name": "pay", "resource": "k8s:pay*", "sets": {"team": "payments"}},
        {"name": "web", "tag": "namespace=web", "sets": {"product": "site"}},
    ]
    used = {"cluster_id": "c1", "is_idle": False, "usage_month": "2026-10"}
    build(
        "silver.charge_labels",
        given={
            "silver.cluster_allocations": [{**used, "namespace": name} for name in ("payments", "web", "kube-system")],
            "silver.resources": [resource("c1", project_id="p")],
            **settings(rules=rules, projects=[DEFAULT]),
        },
    )
    rows = build.catalog.query("select * from silver.label_decisions where source = 'kubernetes'").to_pylist()
    told = {row["resource_name"]: (row["team"], row["product"], row["owner"]) for row in rows}
    assert told == {
        "k8s:payments": ("payments", None, None),
        "k8s:web": (None, "site", None),
        "k8s:kube-system": (None, None, None),
    }


def test_the_usual_keys_are_those_that_the_settings_describe(build):
    build("silver.charge_labels", given={})
    rows = build.catalog.query("select * from silver.label_keys order by dimension, position").to_pylist()
    for name, field in Allocation.model_fields["labels"].annotation.model_fields.items():
        keys = [row["tag_key"] for row in rows if row["dimension"] == name]
        assert field.description == f"Default: {', '.join(keys)}."
