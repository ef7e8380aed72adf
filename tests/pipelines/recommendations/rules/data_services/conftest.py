"""Small worlds: a resource or two, the rows a rule reads, and its answers."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.world import Resource, World

START, END = date(2026, 10, 21), date(2026, 11, 18)


@pytest.fixture(scope="session")
def thing():
    """`thing("rdb_instance", costs={sku: "1.50"}, environment="dev")`: a resource; its id is its name."""

    def made(resource_type: str, name: str = "it", costs: Mapping[str, Any] | None = None, **fields: Any) -> Resource:
        charged = {sku: Decimal(str(cost)) for sku, cost in (costs or {}).items()}
        told = {
            "resource_class": None,
            "resource_state": "ready",
            "project_id": "p",
            "project_name": "shop",
            "region_id": "fr-par",
            "availability_zone": "fr-par-1",
            "environment": "prod",
            "owner": None,
            "team": None,
            "tags": (),
            "created_at": datetime(2025, 1, 1, tzinfo=UTC),
            "parent_id": None,
            "currency": "EUR",
        } | fields
        monthly = sum(charged.values(), Decimal(0)) if charged else None
        return Resource(
            resource_id=name,
            resource_name=name,
            resource_type=resource_type,
            monthly_cost=monthly,
            costs=charged,
            **told,
        )

    return made


@pytest.fixture(scope="session")
def asked():
    """`asked(RULE, resources, {table: rows})`: its answers; a table that is not given is empty."""

    def ask(
        rule: Rule, resources: Sequence[Resource], tables: Mapping[str, Sequence[Mapping[str, Any]]], **thresholds: Any
    ) -> list[Answer]:
        content = {name: pa.Table.from_pylist(list(tables.get(name, ()))) for name in rule.reads}
        world = World(END, END, {each.resource_id: each for each in resources}, content)
        return list(rule.judge(world, type(rule.thresholds)(**thresholds)))

    return ask


@pytest.fixture(scope="session")
def database_node():
    """A row of silver.database_nodes."""

    def row(name: str = "it", **fields: Any) -> dict[str, Any]:
        return {
            "resource_id": name,
            "product": "rdb",
            "node_type": "db-pro2-s",
            "node_count": 1,
            "read_replica_count": 0,
            "region_id": "fr-par",
            "availability_zone": None,
            "volume_type": "sbs_5k",
            "volume_bytes": 100 * 10**9,
            "is_backed_up": True,
            "backup_retention_days": 7,
            "max_connections": None,
        } | fields

    return row


@pytest.fixture(scope="session")
def database_seen():
    """A row of gold.database_load of a node whose processors and memory stay at one level for four weeks."""

    def row(name: str = "it", cpu: float = 0.1, memory: float | None = 0.2, **fields: Any) -> dict[str, Any]:
        def days(level: float) -> list[dict[str, float]]:
            return [{"days_ago": day, "samples": 288, "highest": level} for day in range(28)]

        def bins(level: float) -> list[dict[str, float]]:
            return [{"part": part, "samples": 288.0 * (1 if part == 0 else 7), "highest": level} for part in range(5)]

        return {
            "resource_id": name,
            "known_from": START,
            "known_until": END,
            "expected_samples": 12,
            "cpu_p95_ratio": cpu,
            "cpu_p995_ratio": cpu,
            "memory_days": 0 if memory is None else 28,
            "memory_weekends": 0 if memory is None else 4,
            "memory_samples": 8064,
            "memory_p95_ratio": memory,
            "memory_p995_ratio": memory,
            "memory_max_ratio": memory,
            "memory_limit_bytes": None,
            "storage_days": 28,
            "storage_weekends": 4,
            "storage_max_ratio": 0.6,
            "storage_first_ratio": 0.6,
            "connections_max": None,
            "disk_days": 28,
            "disk_weekends": 4,
            "disk_samples": 8064,
            "disk_operations_p50": 100.0,
            "disk_operations_p95": 200.0,
            "disk_operations_p995": 300.0,
            "disk_operations_max": 400.0,
            "cpu_bins": bins(cpu),
            "cpu_by_day": days(cpu),
            "memory_bins": None if memory is None else bins(memory),
            "memory_by_day": None if memory is None else days(memory),
        } | fields

    return row
