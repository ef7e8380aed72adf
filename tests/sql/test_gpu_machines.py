"""Which machines have GPUs, how many and of which kind: by what is sold, else not at all."""

import json
from datetime import date

import pytest

SINCE = date(2026, 10, 1)


def sold(name, gpus, kind="L4", source="instance.server_types"):
    item = {"commercial_type": name, "gpu": gpus, "gpu_info": {"gpu_name": kind, "gpu_memory": 24 << 30}}
    if source == "baremetal.offers":
        item = {"id": "o", "name": name, "gpus": [{"name": kind, "vram": 48 << 30}] * gpus}
    return {"source": source, "answer_hash": source, "path": "/instance/v1/zones/fr-par-2/x", "item": json.dumps(item)}


def thing(name, resource_type, resource_class=None, **fields):
    return {
        "resource_id": name,
        "billed_id": name,
        "resource_name": name,
        "resource_type": resource_type,
        "resource_class": resource_class,
        "valid_from": SINCE,
        **fields,
    }


@pytest.fixture
def machines(build):
    def run(**given):
        answers = [{"source": each, "answer_hash": each} for each in ("instance.server_types", "baremetal.offers")]
        types = [sold("L4-2-24G", 2), sold("PRO2-S", 0), sold("EM-L40S", 2, "L40S", "baremetal.offers")]
        tables = {"silver.latest_answers": answers, "bronze.server_types": types}
        rows = build("silver.gpu_machines", {**tables, **{f"silver.{name}": rows for name, rows in given.items()}})
        return {row["resource_id"]: row for row in rows}

    return run


def test_instances_and_elastic_metal_are_known_by_their_types_and_others_are_left_out(machines):
    things = [
        thing("gpu", "instance_server", "L4-2-24G"),
        thing("web", "instance_server", "PRO2-S"),
        thing("metal", "baremetal_server", "EM-L40S"),
    ]
    rows = machines(resources=things)
    assert {name: (row["gpus"], row["gpu_name"]) for name, row in rows.items()} == {
        "gpu": (2, "L4"),
        "metal": (2, "L40S"),
    }
    assert rows["gpu"]["gpu_memory_bytes"] == 24 << 30


def test_a_node_is_the_instance_that_is_billed_and_one_without_an_instance_has_its_pools_type(machines):
    things = [
        thing("pool", "k8s_pool", "l4_2_24g"),
        thing("vm-1", "instance_server", "L4-2-24G"),
        thing("node-1", "k8s_node", billed_id="vm-1"),
        thing("node-2", "k8s_node", billed_id="vm-2"),
    ]
    links = [
        {"resource_id": name, "link_type": "part_of", "linked_id": "pool", "valid_from": SINCE}
        for name in ("vm-1", "node-1", "node-2")
    ]
    rows = machines(resources=things, resource_links=links)
    assert {name: (row["resource_type"], row["pool_id"], row["gpus"]) for name, row in rows.items()} == {
        "vm-1": ("instance_server", "pool", 2),
        "vm-2": ("k8s_node", "pool", 2),
    }


def test_a_deployment_has_the_gpus_of_all_its_nodes_or_it_is_not_known(machines):
    deployments = [
        {"resource_id": "a", "node_type": "L4", "node_count": 3, "gpus_per_node": 2, "valid_from": SINCE},
        {"resource_id": "b", "node_type": "new", "node_count": 3, "gpus_per_node": None, "valid_from": SINCE},
    ]
    rows = machines(inference_deployments=deployments)
    assert {name: row["gpus"] for name, row in rows.items()} == {"a": 6, "b": None}


def test_what_only_the_bill_knows_is_described_by_its_sku(machines):
    def charged(name, day, sku):
        month = {"billing_month": "2026-09", "charge_key": f"{name}{day}"}
        return {"resource_id": name, "resource_name": name, "charge_date": date(2026, 9, day), "sku": sku, **month}

    skus = [
        {"sku": "/compute/l4_2_24g/run_fr-par-2", "service_name": "GPU Instances"},
        {"sku": "/compute/odd/run_fr-par-2", "service_name": "GPU Instances"},
        {"sku": "/compute/pro2_s/run_par1", "service_name": "Instances"},
    ]
    charges = [
        charged("gone", 12, skus[0]["sku"]), charged("gone", 13, skus[0]["sku"]), charged("odd", 12, skus[1]["sku"]),
        charged("web", 12, skus[2]["sku"]),
    ]  # fmt: skip
    rows = machines(costs=charges, skus=skus)
    assert {name: (row["gpus"], row["known_by"]) for name, row in rows.items()} == {
        "gone": (2, "bill"),
        "odd": (None, "bill"),
    }
    assert (rows["gone"]["valid_from"], rows["gone"]["valid_to"]) == (date(2026, 9, 12), date(2026, 9, 14))
