"""Spark and DuckDB answer the same rows, in the same order, of values chosen to tell them apart."""

import os
import shutil
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.two_engines import compared, difference
from pipelines.errors import ConfigurationError
from pipelines.lake.address import S3Access, parse_address
from pipelines.lake.build import build
from pipelines.lake.engine import Catalog
from pipelines.lake.engines import DuckDB, Question, engine_named
from pipelines.lake.sql_models import Layered, load_models
from pipelines.lake.store import Lake
from pipelines.lake.tables import PythonTable

PACKAGES = str(Path(sys.prefix) / "spark")
THINGS = PythonTable(
    "bronze.things",
    "",
    pa.schema(
        [
            ("name", pa.string()),
            ("number", pa.int64()),
            ("cost", pa.decimal128(38, 12)),
            ("measured", pa.float64()),
            ("day", pa.date32()),
            ("moment", pa.timestamp("us", tz="UTC")),
            ("item", pa.string()),
            ("tags", pa.list_(pa.string())),
            ("is_on", pa.bool_()),
            ("billing_month", pa.string()),
        ]
    ),
    "billing_month",
)
ITEM = (
    '{"id":"é\\"1","size":12,"price":1.10,"none":null,"deep":{"b":[{"x":"p"},{"y":1}],"a":"z"},'
    '"volumes":{"0":{"id":"v0"},"1":{"id":"v1"}},"tags":["a","b=c"],"set":{"k":"v"}}'
)


def thing(number, name, cost, measured, day, hour, **other):
    moment = None if day is None else datetime(2026, 10, day, hour, 59, 59, 999999, tzinfo=UTC)
    return {
        "name": name,
        "number": number,
        "cost": None if cost is None else Decimal(cost),
        "measured": measured,
        "day": None if day is None else date(2026, 10, day),
        "moment": moment,
        "item": other.get("item", ITEM),
        "tags": other.get("tags", ["b", None, "a", "b"]),
        "is_on": other.get("is_on", number % 2 == 0),
        "billing_month": other.get("month", "2026-10"),
    }


ROWS = [
    thing(1, "Web-1", "12345.678901234567", 123456789.123456789, 1, 0),
    thing(2, "web-2", "0.000000000001", 0.5, 31, 23, tags=[]),
    thing(3, "É, it's", "-2.5", -2.5, 15, 12, item='{"id": 7, "size": "9"}', tags=None),
    thing(4, None, None, None, None, 0, item=None, is_on=None),
    thing(5, "", "9007.199254740993", 98765432.1, 4, 6, item="{}", tags=["x"], month="2026-09"),
    thing(7, "NULL", "3.499999999999", 2.5, 4, 6, month="2026-09"),
    thing(7, "a\nb", "3.5", 1e-9, 5, 7, month="2026-09", tags=["a", "c"]),
]
EXPRESSIONS = """
    -- Every translated function of a value.
    -- grain: number, name
    -- partition: none
    select
        number, name,
        cast(measured as decimal(38, 12)) as d12, cast(measured as decimal(38, 0)) as d0,
        cast(measured / 3 as decimal(38, 12)) as thirds, cast(measured * 1000 as bigint) as rounded,
        cast(cost as bigint) as whole, cast(cost - measured * 2 as decimal(38, 12)) as less,
        cast(number / log(2, 8) as decimal(38, 12)) as logged, cast(cost as varchar) as cost_text,
        cost * number as product,
        cast(cost / number as decimal(38, 12)) as ratio, number / 2 as half, cast(-number as integer) // 2 as cut,
        cast(cost * 1000000000000 as int128) * 1000000 // cast(number as int128) as huge,
        try_cast(name as bigint) as no_number, try_cast(item ->> '$.size' as bigint) as size,
        try_cast(item ->> '$.price' as decimal(38, 9)) as price, round(cost, 2) as cents,
        day + 1 as next_day, day - 3 as before, day - date '2026-10-01' as days, day + interval 1 month as month_on,
        moment - interval 1 microsecond as just_before, date_trunc('month', day) as month_start,
        date_trunc('hour', moment) as hour_start, date_diff('day', day, date '2026-11-01') as until,
        date_diff('hour', moment, timestamptz '2026-11-01 00:00:00+00') as hours_until, last_day(day) as month_end,
        epoch_us(moment) as micros, make_timestamptz(epoch_us(moment) // 1000000 * 1000000) as cut_at,
        moment + to_microseconds(number * 1500000) as later, day + to_days(cast(number as integer)) as later_day,
        yearweek(day) as week, isodow(day) as weekday, strftime(moment, '%Y-%m-%dT%H:%M:%S.%fZ') as told_at,
        extract(microsecond from moment) as micro, moment at time zone 'UTC' as wall,
        hour(moment at time zone 'UTC') as hour,
        item ->> '$.id' as id, item ->> '$.none' as none, item ->> '$.deep' as deep, item ->> '$.price' as price_text,
        item ->> '$.deep.b[*].x' as xs, item ->> '$.volumes.*.id' as volumes, json_extract(item, '$.deep.b[*]') as bs,
        json_keys(item) as keys, json_type(item, '$.tags') as tags_type,
        json_array_length(item, '$.tags') as tags_count,
        json_extract_string(item, ['$.id', '$.size']) as both_said,
        json_extract(item, '/' || replace(replace('size', '~', '~0'), '/', '~1')) as pointed,
        json_transform(item, '{"size": "BIGINT", "deep": {"a": "VARCHAR"}}').deep.a as deep_a,
        cast(json_object('a', name, 'b', item ->> '$.id', 'c', cast(item as json)) as varchar) as made,
        cast(json_merge_patch(json_extract(item, '$.set'), cast('{"k":"w","l":"m"}' as json)) as varchar) as merged,
        cast(json_merge_patch('{}', json_object('a', name, 'b', null)) as varchar) as some,
        cast(to_json(name) as varchar) as name_json,
        map_entries(json_transform(json_extract(item, '$.set'), '"MAP(VARCHAR, VARCHAR)"')) as entries,
        regexp_extract(name, '^([a-z]+)-', 1) as stem, regexp_extract(name, '[0-9]') as digit,
        regexp_replace(name, '^(We)b', '\\11-') as renamed, regexp_matches(name, 'b$') as ends_b,
        regexp_full_match(name, '[a-z]+-[0-9]') as is_named, split_part(name, '-', -1) as last_part,
        regexp_replace(strip_accents(name), '[^ -~]', '', 'g') as plain, md5(name) as hashed,
        sha256(name) as hashed_too,
        md5(cast(row(name, day, is_on, number) as varchar)) as row_hash, lower(name) as low, name like '%b-_' as liked,
        list_contains(tags, 'a') as has_a, list_contains(tags, 'z') as has_z, list_distinct(tags) is null as untagged,
        list_sort(list_distinct(tags)) as distinct_tags, tags[1] as first_tag, tags[9] as no_tag,
        len(tags) as tag_count,
        list_filter(tags, lambda t: t like 'b%') as b_tags, array_to_string(tags, '+') as joined,
        list_has_any(tags, ['c', 'z']) as has_any, list_sum([x for x in [number, 2]]) as summed,
        [number, 1] as pair, {'n': name, 'c': cost} as both_parts, greatest(number, null, 3) as most,
        case when is_on then 1.5 else 2 end as chosen, coalesce(cost, 0) as known_cost,
        concat_ws(', ', name, 'x') as words, name || '!' as loud,
        log(2, number) as binary_log
    from bronze.things
"""
GROUPS = """
    -- Every translated aggregate.
    -- grain: is_on
    -- partition: none
    select
        is_on,
        quantile_cont(measured, 0.95) as q95, quantile_cont(measured, 0.3) filter (where number > 2) as q30,
        median(cost) as middle_cost, quantile_disc(number, 0.5) as middle, quantile_cont(number, 0.25) as quarter,
        avg(cost) as mean_cost, avg(number) as mean_number, avg(measured) filter (where number > 90) as no_mean,
        arg_max(name, (number, cost)) as newest_name, arg_min(name, (cost, name)) as cheapest,
        any_value(name) is null as nameless,
        list(name order by number, name) as names, list(name) filter (where number > 90) as nobody,
        list(distinct billing_month order by billing_month) as months,
        list({'n': number, 'c': cost} order by number, cost) as parts,
        string_agg(name, ', ' order by name) as all_names,
        string_agg(distinct billing_month, ', ' order by billing_month) as all_months,
        list_sort(list_distinct(flatten(list(tags)))) as all_tags,
        sum(cost) as cost, sum(number) as numbers, count(distinct (name, day)) as pairs, bool_or(number > 3) as any_big,
        sum(cost) filter (where number > 90) as no_cost
    from bronze.things
    group by all
"""
ROWS_OF_ROWS = """
    -- Lists unnested side by side, windows, and parts put together by name.
    -- grain: number, label, place
    -- partition: none
    with labels as (
        select number, name, unnest(['a', 'b', 'c']) as label, unnest([number, 2]) as place from bronze.things
    ),
    days as (
        select number, name, cast(unnest(generate_series(day, last_day(day), interval 10 day)) as date) as day
        from bronze.things
    ),
    newest as (
        select *, lag(cost) over (partition by billing_month order by day desc, name) as cost_before
        from bronze.things
        qualify row_number() over (partition by billing_month order by number desc, name) <= 2
    )
    select number, name, label, place from labels cross join generate_series(1, 2) as turns (turn) where turn = place
    union all by name
    select day, number, name from days
    union all by name
    select cost_before, number, name, day from newest
"""
MONTHLY = """
    -- Cost by month.
    -- grain: billing_month
    -- partition: billing_month
    -- reads: bronze.things all
    select billing_month, sum(cost) as cost, list(name order by number, name) as names
    from bronze.things
    where coalesce(list_contains(getvariable('built_months'), billing_month), true)
    group by all
"""
MODELS = {"expressions": EXPRESSIONS, "groups": GROUPS, "rows_of_rows": ROWS_OF_ROWS, "monthly": MONTHLY}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Layered:
    folder = tmp_path_factory.mktemp("sql")
    (folder / "silver").mkdir()
    for name, text in MODELS.items():
        lines = [line.removeprefix("    ") for line in text.strip("\n").split("\n")]
        (folder / "silver" / f"{name}.sql").write_text("\n".join(lines))
    return load_models(folder)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, models) -> Catalog:
    """A lake of awkward rows, in a folder whose name Spark would take for a pattern."""
    lake = Lake(parse_address(str(tmp_path_factory.mktemp("lake") / "{odd} [name] 100%")))
    lake.append(
        "bronze.things", pa.Table.from_pylist(ROWS, THINGS.schema), {"2026-09": "a", "2026-10": "b"}, "billing_month"
    )
    return Catalog(lake, models, {THINGS.name: THINGS})


@pytest.fixture(scope="module")
def spark():
    """One session for all tests here; in CI it must be there. The Makefile puts Spark into a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGES)
        if find_spec("pyspark") is None or shutil.which("java") is None:
            if os.environ.get("CI"):
                pytest.fail("pyspark and Java are not installed")
            pytest.skip("pyspark and Java are not installed")
        # compiled queries pay off on many rows, of which there are none here
        quick = "--conf spark.sql.codegen.wholeStage=false --conf spark.sql.codegen.factoryMode=NO_CODEGEN"
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"{quick} --driver-java-options -XX:TieredStopAtLevel=1 pyspark-shell")
        from pipelines.lake.spark.session import spark_session

        session = spark_session()
        yield engine_named("spark")
        session.stop()
        spark_session.cache_clear()


@pytest.mark.parametrize("name", ["expressions", "groups", "rows_of_rows", "monthly"])
def test_both_engines_answer_alike(name, catalog, spark):
    found = compared(catalog, f"silver.{name}", (DuckDB(), spark))
    assert found.difference == ""
    assert found.rows >= 2


def test_a_table_made_by_one_engine_is_not_made_anew_by_the_other(catalog, models, spark, monkeypatch):
    model = models.by_name["silver.monthly"]
    other = Catalog(catalog.lake, models, {THINGS.name: THINGS}, engine="spark")
    assert build(other, model, ["2026-10"]).written == ("2026-10",)
    made = catalog.lake.state(model.table)
    assert build(catalog, model, ["2026-09", "2026-10"]).written == ("2026-09",)
    again = replace(model, sql=f"{model.sql} ")  # said otherwise
    for engine in ("duckdb", "spark"):
        mixed = Catalog(catalog.lake, models, {THINGS.name: THINGS}, engine=engine)
        assert build(mixed, again, ["2026-10"]).written == ()
    assert catalog.lake.state(model.table).partitions["2026-10"].content == made.partitions["2026-10"].content


def test_only_the_partitions_asked_for_are_read(catalog, models, spark):
    model = models.by_name["silver.monthly"]
    question = Question(model, {"bronze.things": ["2026-09"]})
    with spark.rows(catalog, question) as rows:
        assert [row["billing_month"] for row in rows.read_all().to_pylist()] == ["2026-09"]


def test_a_bucket_and_a_name_that_is_no_engine_are_refused():
    lake = Lake(parse_address("s3://bucket/lake", S3Access("key", "secret")))
    model = load_models().by_name["silver.environments"]
    spark_class = pytest.importorskip("pipelines.lake.spark.engine").Spark
    with (
        pytest.raises(ConfigurationError, match=r"larger-than-one-machine"),
        spark_class().rows(Catalog(lake, Layered({})), Question(model, {})),
    ):
        pass
    with pytest.raises(ConfigurationError, match="trino"):
        engine_named("trino")


def test_a_difference_names_the_row_and_the_columns():
    one = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    assert difference(one, one) == ""
    assert difference(one, one.slice(1)) == "3 rows and 2"
    other = one.set_column(1, "b", pa.array(["x", "Y", "Z"]))
    assert difference(one, other) == "2 rows; row 1: b: y and Y"
    assert difference(one, one.rename_columns(["a", "c"])).startswith("columns:")
