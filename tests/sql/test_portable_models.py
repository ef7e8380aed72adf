"""The files of `sql/` stay inside what both engines answer alike; no Java is needed to see it."""

import re

import pytest

from pipelines.lake.engine import duckdb_type
from pipelines.lake.spark.translate import NotPortable, float_sums, spark_name, translate
from pipelines.lake.sql_models import load_models

MODELS = load_models()
NAMES = [model.table for model in MODELS]
UNSAFE = re.compile(r"APPROX|ASOF|TRY_DIVIDE|\bQUALIFY\b|\bBY NAME\b|->>|::|\bUNNEST\b|COLLECT_LIST\(DISTINCT")


@pytest.fixture(scope="module")
def columns(schemas):
    """DuckDB's types of a table's columns."""
    return lambda table: {column.name: duckdb_type(column.type) for column in schemas[table]}


@pytest.mark.parametrize("table", NAMES)
def test_it_has_a_translation_that_leaves_nothing_to_chance(table, columns):
    model = MODELS.by_name[table]
    told = translate(model.sql, {read: columns(read) for read in model.reads}, {"built_months": ["2026-10"]})
    without_texts = re.sub(r"'(?:[^'\\]|\\.)*'", "''", told)
    assert not UNSAFE.search(without_texts), UNSAFE.search(without_texts)
    for read in model.reads:
        assert spark_name(read) in told
        assert not re.search(rf"\b{read}\b", without_texts)


ADD_FLOATS = {
    "gold.action_days",
    "gold.connection_activity",
    "gold.cost_per_inference",
    "gold.cost_per_training",
    "gold.gpu_free_hours",
    "gold.gpu_hours",
    "gold.gpu_workloads",
    "gold.machine_activity",
    "gold.serverless_load",
    "gold.storage_egress",
    "gold.storage_outlook",
    "silver.gpu_served_hours",
    "silver.unit_run_costs",
}
"""Their last digits may differ between engines, and between two runs of one; no other model may add floats."""


def test_only_models_known_for_it_add_floating_point_numbers(columns):
    found = {model.table for model in MODELS if float_sums(model.sql, {read: columns(read) for read in model.reads})}
    assert found <= ADD_FLOATS
    assert len(found) > len(ADD_FLOATS) / 2, "take out of the list what adds floats no longer"


REFUSED = {
    "asof join": "select a.x from silver.a as a asof join silver.a as b on a.x >= b.x",
    "approx_quantile": "select approx_quantile(x, 0.5) as q from silver.a",
    "mode": "select mode(x) as m from silver.a",
    "histogram": "select histogram(x) as m from silver.a",
    "string_agg without an order": "select string_agg(name, ', ') as n from silver.a",
    "list in descending order": "select list(name order by name desc) as n from silver.a",
    "double as text": "select cast(y as varchar) as t from silver.a",
    "timestamp as text": "select cast(at as varchar) as t from silver.a",
    "a pattern that may match twice": "select regexp_replace(name, 'a', 'b') as n from silver.a",
    "another time zone": "select at at time zone 'Europe/Paris' as n from silver.a",
    "sample": "select x from silver.a using sample 3",
    "an arrow that reads as a function": "select json_keys(name -> '$.a') as k from silver.a",
    "a row among rows": "select (x, name) in ((1, 'a')) as k from silver.a",
    "a function of no counterpart": "select damerau_levenshtein(name, 'x') as n from silver.a",
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_portable_is_refused_with_its_words(what):
    schema = {"silver.a": {"x": "INTEGER", "y": "DOUBLE", "name": "VARCHAR", "at": "TIMESTAMP WITH TIME ZONE"}}
    with pytest.raises(NotPortable, match=r".{10}"):
        translate(REFUSED[what], schema, {})
