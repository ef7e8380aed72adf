"""The contract every rule keeps. `rule_contract.py` says what it owes; here are worlds to ask it about."""

import importlib
import pkgutil
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import duckdb
import pytest

from assets.tables import TABLES
from pipelines.lake.engine import connect, duckdb_type
from pipelines.lake.sql_models import SqlModel, load_models
from pipelines.recommendations import rules
from pipelines.recommendations.recommendation import Recommendation
from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules import RULES
from pipelines.recommendations.world import Resource, World

from .rule_contract import answers_of, problems_of, threshold_problems

TODAY = date(2026, 11, 18)
EACH = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
KINDS = (
    *("instance_server", "rdb_instance", "block_volume", "instance_volume", "redis_cluster", "mongodb_instance"),
    *("lb_lb", "vpc_gw_gateway", "k8s_cluster", "k8s_pool", "baremetal_server", "containers_container"),
    *("functions_function", "instance_ip", "block_snapshot", "object_storage_bucket", "registry_namespace"),
)


def resource(number: int, kind: str, **more) -> Resource:
    """Something that exists and costs 73 a month, of which nothing else is known."""
    told = {
        "resource_id": f"{number:08x}-0000-4000-8000-000000000000",
        "resource_name": f"{kind}-{number}",
        "resource_type": kind,
        "resource_class": None,
        "resource_state": None,
        "project_id": "p",
        "project_name": "shop",
        "region_id": "fr-par",
        "availability_zone": "fr-par-1",
        "environment": None,
        "owner": None,
        "team": None,
        "tags": (),
        "created_at": datetime(2025, 1, 1, tzinfo=UTC),
        "parent_id": None,
        "monthly_cost": Decimal(73),
        "currency": "EUR",
        "costs": {"/sku": Decimal(73)},
    }
    return Resource(**{**told, **more})


@cache
def models() -> Mapping[str, SqlModel]:
    """The tables of `sql/` by name."""
    return load_models().by_name


@cache
def nothing() -> duckdb.DuckDBPyConnection:
    """Every table there is, made of nothing: no rows, and the columns it has."""
    connection = connect()
    connection.execute("create schema bronze; create schema silver; create schema gold")
    for name, table in TABLES.items():
        columns = ", ".join(f'"{field.name}" {duckdb_type(field.type)}' for field in table.schema)
        connection.execute(f"create or replace table {name} ({columns})")
    wanted = [read for rule in RULES for read in rule.reads]
    for name in dict.fromkeys(each for read in wanted for each in upstream(read)):
        if name in models():
            connection.execute(f"create table {name} as select * from ({models()[name].sql}) limit 0")
    return connection


def upstream(table: str) -> list[str]:
    """What a table is made of, in the order in which it can be made, and itself."""
    reads = sorted(models()[table].reads) if table in models() else []
    return [*(each for read in reads for each in upstream(read)), table]


def world_of(rule: Rule, *resources: Resource) -> World:
    """A world in which the tables of a rule hold nothing."""
    tables = {name: nothing().execute(f"from {name}").to_arrow_table() for name in rule.reads}
    return World(TODAY, TODAY, {each.resource_id: each for each in resources}, tables)


def test_every_rule_of_the_folder_is_asked_and_names_are_unique():
    modules = [
        importlib.import_module(f"{rules.__name__}.{each.name}") for each in pkgutil.iter_modules(rules.__path__)
    ]
    written = {value.name for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert written == {rule.name for rule in RULES}
    assert len({rule.name for rule in RULES}) == len(RULES)


@EACH
def test_a_rule_lies_in_the_file_of_its_name_and_says_what_it_looks_for(rule):
    module = importlib.import_module(f"{rules.__name__}.{rule.name}")
    assert rule in vars(module).values()
    assert module.__doc__
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.about.endswith(".")


@EACH
def test_thresholds_are_plain_frozen_and_their_own_defaults(rule):
    assert threshold_problems(rule) == []


@EACH
def test_it_reads_tables_that_exist_and_nothing_made_of_recommendations(rule):
    known = models()
    behind, left = set(), list(rule.reads)
    while left:
        name = left.pop()
        assert name in known or name in TABLES, name
        if name not in behind:
            behind.add(name)
            left.extend(known[name].reads if name in known else ())
    assert "gold.recommendations" not in behind
    assert all(name.startswith(("silver.", "gold.")) for name in rule.reads)


@EACH
def test_of_nothing_it_says_nothing(rule):
    assert answers_of(rule, world_of(rule)) == []


@EACH
def test_what_was_not_measured_never_turns_into_advice(rule):
    things = [resource(number, kind) for number, kind in enumerate(KINDS)]
    world = world_of(rule, *things)
    assert [each for each in answers_of(rule, world) if isinstance(each, Recommendation)] == []
    assert problems_of(rule, world) == []
