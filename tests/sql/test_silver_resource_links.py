"""What belongs to what, what a resource's parent lends it, and how resources came, changed and went."""

import json
from datetime import UTC, date, datetime

import pytest

PROJECT = "99999999-0000-4000-8000-000000000009"


def seen(answers, day: str, source: str, *items: dict, hour: int = 6, path: str = "") -> None:
    at = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+00:00")
    where = path or f"/{source.partition('.')[0]}/v1/regions/fr-par/{source.partition('.')[2]}"
    answers.answer("bronze.resources", source, items, at=at, path=where)


def links(answers) -> set[tuple]:
    rows = answers.built("silver.resource_links")
    return {(row["resource_id"], row["link_type"], row["linked_id"]) for row in rows}


def resources(answers) -> dict[str, dict]:
    return {row["resource_id"]: row for row in answers.built("silver.resources")}


def test_a_kapsule_node_leads_to_its_machine_pool_and_cluster(answers):
    server = {"id": "vm", "name": "scw-node", "project": PROJECT, "tags": ["kapsule=c", "pool=p", "node=n", "prod"]}
    node = {"id": "n", "cluster_id": "c", "pool_id": "p", "provider_id": "scaleway://instance/fr-par-2/vm"}
    seen(answers, "2026-10-01", "instance.servers", server, path="/instance/v1/zones/fr-par-2/servers")
    seen(answers, "2026-10-01", "k8s.nodes", node)
    seen(answers, "2026-10-01", "k8s.pools", {"id": "p", "cluster_id": "c", "node_type": "pro2_xxs", "size": 3})
    seen(answers, "2026-10-01", "k8s.clusters", {"id": "c", "project_id": PROJECT, "type": "kapsule"})
    assert links(answers) == {
        ("n", "runs_on", "vm"),
        ("n", "part_of", "p"),
        ("n", "part_of", "c"),
        ("p", "part_of", "c"),
        ("vm", "part_of", "c"),
        ("vm", "part_of", "p"),
    }
    rows = resources(answers)
    assert {row["project_id"] for row in rows.values()} == {PROJECT}
    assert (rows["n"]["availability_zone"], rows["n"]["billed_id"], rows["n"]["parent_id"]) == ("fr-par-2", "vm", "c")
    # what a pool calls its size is machines, not bytes
    assert (rows["p"]["node_count"], rows["p"]["size_bytes"], rows["p"]["resource_class"]) == (3, None, "pro2_xxs")
    assert rows["vm"]["billed_id"] == "vm"


CHAINS = [
    ("block.volumes", {"references": [{"product_resource_type": "instance_server", "product_resource_id": "o"}]},
     "attached_to"),
    ("block.volumes", {"parent_snapshot_id": "o"}, "made_from"),
    ("block.snapshots", {"parent_volume": {"id": "o", "name": "v"}}, "taken_from"),
    ("instance.volumes", {"server": {"id": "o", "name": "s"}}, "attached_to"),
    ("instance.snapshots", {"base_volume": {"id": "o"}}, "taken_from"),
    ("instance.images", {"root_volume": {"id": "o"}, "extra_volumes": {}}, "made_from"),
    ("instance.images", {"extra_volumes": {"1": {"id": "o"}}}, "made_from"),
    ("instance.ips", {"server": {"id": "o"}}, "attached_to"),
    ("flexible_ip.flexible_ips", {"server_id": "o"}, "attached_to"),
    ("lb.ips", {"lb_id": "o"}, "attached_to"),
    ("lb.backends", {"lb": {"id": "o", "project_id": PROJECT}}, "part_of"),
    ("registry.images", {"namespace_id": "o", "tags": ["latest"]}, "part_of"),
    ("containers.containers", {"namespace_id": "o"}, "part_of"),
    ("functions.functions", {"namespace_id": "o"}, "part_of"),
    ("serverless_jobs.job_runs", {"job_definition_id": "o"}, "part_of"),
    ("serverless_sqldb.backups", {"database_id": "o"}, "taken_from"),
    ("rdb.database_backups", {"instance_id": "o"}, "taken_from"),
    ("rdb.snapshots", {"instance_id": "o", "volume_type": {"class": "sbs", "type": "sbs_5k"}}, "taken_from"),
    ("mongodb.snapshots", {"instance_id": "o", "volume_type": "sbs_5k"}, "taken_from"),
    ("vpc.private_networks", {"vpc_id": "o"}, "part_of"),
    ("ipam.ips", {"resource": {"id": "o", "type": "instance_server"}}, "attached_to"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "fields", "link"), CHAINS, ids=[f"{c[0]} {c[2]}" for c in CHAINS])
def test_each_kind_of_link_is_read_from_where_the_api_puts_it(answers, source, fields, link):
    seen(answers, "2026-10-01", source, {"id": "x", **fields})
    assert links(answers) == {("x", link, "o")}


def test_a_link_that_both_sides_tell_is_one_row(answers):
    ip = {"id": "ip", "lb_id": "lb"}
    seen(answers, "2026-10-01", "lb.ips", ip)
    seen(answers, "2026-10-01", "lb.lbs", {"id": "lb", "ip": [ip], "tags": []})
    seen(answers, "2026-10-02", "vpc_gw.gateways", {"id": "gw", "ipv4": {"id": "ip2", "gateway_id": "gw"}})
    rows = answers.built("silver.resource_links")
    assert [(r["resource_id"], r["linked_id"]) for r in sorted(rows, key=str)] == [("ip", "lb"), ("ip2", "gw")]


def test_a_volume_that_moved_has_a_link_for_each_time(answers):
    def volume(server: str | None) -> dict:
        return {"id": "v", "server": {"id": server} if server else None}

    seen(answers, "2026-10-01", "instance.volumes", volume("a"))
    seen(answers, "2026-10-03", "instance.volumes", {**volume("a"), "name": "renamed"})
    seen(answers, "2026-10-05", "instance.volumes", volume(None))
    seen(answers, "2026-10-07", "instance.volumes", volume("b"))
    seen(answers, "2026-10-09", "instance.volumes", volume("a"))
    rows = answers.built("silver.resource_links")
    assert sorted((r["linked_id"], r["valid_from"].day, r["valid_to"] and r["valid_to"].day) for r in rows) == [
        ("a", 1, 5),
        ("a", 9, None),
        ("b", 7, 9),
    ]


def test_what_has_no_project_has_its_parents_even_when_that_is_gone(answers):
    seen(answers, "2026-10-01", "rdb.instances", {"id": "db", "project_id": PROJECT, "volume": {"size": 5}})
    seen(answers, "2026-10-02", "rdb.instances")
    seen(answers, "2026-10-03", "rdb.database_backups", {"id": "b", "instance_id": "db", "size": 2106})
    rows = resources(answers)
    assert (rows["b"]["project_id"], rows["b"]["size_bytes"], rows["db"]["size_bytes"]) == (PROJECT, 2106, 5)


SIZES = [
    ("mongodb.instances", {"volume": {"type": "sbs_5k", "size_bytes": 7}, "node_amount": 3}, 7, 3),
    ("mongodb.instances", {"volume": {"type": "sbs_5k", "size": 7}, "node_number": 3}, 7, 3),  # the older shape
    ("redis.clusters", {"cluster_size": 2, "node_type": "RED1-XS"}, None, 2),
    ("inference.deployments", {"size": 2, "node_type_name": "L4"}, None, 2),
    ("registry.namespaces", {"size": 2927}, 2927, None),
    ("datalab.datalabs", {"worker": {"node_count": 4}, "total_storage": {"size": 9}}, 9, 4),
    ("block.volumes", {"size": "not a number"}, None, None),
]


@pytest.mark.parametrize(("source", "fields", "size", "nodes"), SIZES)
def test_bytes_are_bytes_and_machines_are_machines(answers, source, fields, size, nodes):
    seen(answers, "2026-10-01", source, {"id": "x", **fields})
    (row,) = answers.built("silver.resources")
    assert (row["size_bytes"], row["node_count"]) == (size, nodes)


def test_docker_tags_are_not_labels(answers):
    seen(answers, "2026-10-01", "registry.images", {"id": "i", "namespace_id": "n", "tags": ["prod"]})
    (row,) = answers.built("silver.resources")
    assert (row["tags"], row["billed_id"]) == ([], "n")


def binding(key: str, value: str, resource: str = "db") -> dict:
    srn = f"srn://rdb.scw.eu/regions/fr-par/instances/{resource}"
    return {"id": f"{key}-{resource}", "srn": srn, "key": {"name": key}, "value": {"name": value}}


def test_annotations_are_those_of_the_day_and_cut_a_resources_time(answers):
    for day in ("2026-10-01", "2026-10-10"):
        seen(answers, day, "rdb.instances", {"id": "db", "project_id": PROJECT}, {"id": day})
    seen(answers, "2026-10-01", "annotations.bindings", binding("owner", "data"), binding("owner", "web", "other"))
    seen(answers, "2026-10-05", "annotations.bindings", binding("owner", "platform"), binding("tier", '"1"'))
    seen(answers, "2026-10-08", "annotations.bindings")
    rows = [row for row in answers.built("silver.resources") if row["resource_id"] == "db"]
    rows.sort(key=lambda row: row["valid_from"])
    told = [json.loads(row["annotations"]) if row["annotations"] else None for row in rows]
    assert told == [{"owner": "data"}, {"owner": "platform", "tier": '"1"'}, None]
    assert [(row["valid_from"].day, row["valid_to"] and row["valid_to"].day) for row in rows] == [
        (1, 5),
        (5, 8),
        (8, None),
    ]
    assert [row["counts_until"] for row in rows] == [date(2026, 10, 5), date(2026, 10, 8), date(9999, 12, 31)]
    assert not [row for row in answers.read("silver.resources") if row["resource_type"] == "annotations_binding"]


def history(answers, resource: str) -> list[dict]:
    rows = [row for row in answers.built("silver.resource_history") if row["resource_id"] == resource]
    return sorted(rows, key=lambda row: row["valid_from"])


def test_history_names_the_fields_that_changed(answers):
    first = {"id": "vm", "name": "a", "tags": ["x"], "modification_date": "1"}
    seen(answers, "2026-10-01", "instance.servers", first)
    seen(answers, "2026-10-02", "instance.servers", {**first, "modification_date": "2"})
    seen(answers, "2026-10-04", "instance.servers", {**first, "tags": ["y"], "state": "stopped"})
    rows = history(answers, "vm")
    assert [(row["valid_from"].day, row["changed_fields"]) for row in rows] == [(1, []), (4, ["state", "tags"])]
    assert {(row["first_seen"].day, row["gone_on"], row["is_current"]) for row in rows} == {(1, None, True)}


def test_history_tells_what_went_and_what_came_back(answers):
    vm = {"id": "vm", "name": "a"}
    seen(answers, "2026-10-01", "instance.servers", vm)
    seen(answers, "2026-10-02", "instance.servers")
    seen(answers, "2026-10-05", "instance.servers", vm, {"id": "short"})
    seen(answers, "2026-10-06", "instance.servers", vm)
    assert [(row["valid_from"].day, row["came_back"]) for row in history(answers, "vm")] == [(1, False), (5, True)]
    (short,) = history(answers, "short")
    assert (short["first_seen"].day, short["last_seen"].day, short["gone_on"].day, short["is_current"]) == (
        5,
        5,
        6,
        False,
    )


def test_dates_of_the_next_backup_make_no_new_period(answers):
    for day in range(1, 6):
        schedule = {"frequency": 24, "next_run_at": f"2026-10-0{day + 1}T00:00:00Z"}
        item = {"id": "db", "backup_schedule": schedule, "updated_at": f"{day}", "last": day}
        seen(answers, f"2026-10-0{day}", "rdb.instances", {**item, "last": day // 3})
    rows = sorted(answers.built("silver.resource_periods"), key=lambda row: row["valid_from"])
    assert [row["valid_from"].day for row in rows] == [1, 3]
    # and what is kept is the newest of them
    assert json.loads(rows[-1]["item"])["updated_at"] == "5"
    assert rows[-1]["last_seen_at"] == datetime(2026, 10, 5, 6, tzinfo=UTC)
