"""Models over Delta tables: only what changed is made anew, only what it reads is read."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.errors import ConfigurationError, UsageError
from pipelines.lake import build as building
from pipelines.lake.address import parse_address
from pipelines.lake.build import build, stale_months
from pipelines.lake.dated import content_in_month, learn_months
from pipelines.lake.engine import Catalog
from pipelines.lake.sql_models import load_checks, load_models, tables_read
from pipelines.lake.store import Lake, PartitionState
from pipelines.lake.tables import PythonTable

FACTS = PythonTable(
    "bronze.facts",
    "",
    pa.schema([("name", pa.string()), ("cost", pa.decimal128(38, 12)), ("billing_month", pa.string())]),
    "billing_month",
)
NAMES = PythonTable("bronze.names", "", pa.schema([("name", pa.string()), ("title", pa.string())]), None)
MODELS = {
    "silver/costs": """
        -- What was charged, by name.
        -- grain: billing_month, name
        -- partition: billing_month
        select facts.name, names.title, sum(facts.cost) as cost, facts.billing_month
        from bronze.facts left join bronze.names on facts.name = names.name group by all
        """,
    "silver/known": """
        -- Months in which anything was charged.
        -- grain: billing_month
        -- partition: billing_month
        -- stored: view
        select billing_month, count(*) as names from silver.costs group by billing_month
        """,
    "gold/changes": """
        -- Cost against the month before.
        -- grain: billing_month
        -- partition: billing_month
        -- reads: silver.costs 1 month back
        select
            months.billing_month,
            sum(costs.cost) filter (where costs.billing_month = months.billing_month) as cost,
            sum(costs.cost) filter (
                where
                costs.billing_month = strftime(cast(months.billing_month || '-01' as date) - interval 1 month, '%Y-%m')
            ) as previous_cost
        from (select distinct billing_month from silver.costs) as months cross join silver.costs
        group by months.billing_month
        """,
    "gold/totals": """
        -- Everything.
        -- grain: names
        -- partition: none
        select sum(names) as names from silver.known
        """,
}


def written(folder, models):
    for name, text in models.items():
        path = folder / f"{name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line.removeprefix("        ") for line in text.strip("\n").split("\n")))
    return load_models(folder)


class World:
    """A lake with two bronze tables and the models above."""

    def __init__(self, address, folder) -> None:
        self.lake, self.folder = Lake(address), folder
        self.models = written(folder, MODELS)
        self.add("2026-01", ("a", "1"), ("b", "2"))
        self.add("2026-02", ("a", "3"))
        self.add("2026-03", ("b", "4"))

    def add(self, month: str, *facts: tuple[str, str]) -> None:
        rows = [{"name": name, "cost": Decimal(cost), "billing_month": month} for name, cost in facts]
        told = {month: repr(sorted(facts))}
        self.lake.append(FACTS.name, pa.Table.from_pylist(rows, schema=FACTS.schema), told, "billing_month")

    def rename(self, **titles: str) -> None:
        rows = [{"name": name, "title": title} for name, title in titles.items()]
        self.lake.append(NAMES.name, pa.Table.from_pylist(rows, schema=NAMES.schema), {"": repr(titles)}, None)

    def catalog(self) -> Catalog:
        return Catalog(self.lake, self.models, {FACTS.name: FACTS, NAMES.name: NAMES})

    def build(self, *months: str) -> dict[str, tuple[str, ...]]:
        """Partitions written, by table, of a whole run over `months`."""
        catalog = self.catalog()
        return {model.table: build(catalog, model, months or ("2026-01", "2026-02", "2026-03")).written
                for model in self.models}  # fmt: skip

    def read(self, sql: str) -> list[tuple]:
        return [tuple(row.values()) for row in self.catalog().query(sql).to_pylist()]

    def versions(self) -> dict[str, int]:
        return {table: self.lake.state(table).version for table in self.models.by_name}


@pytest.fixture
def world(address, tmp_path):
    return World(address, tmp_path / "sql")


@pytest.fixture
def local_world(tmp_path):
    return World(parse_address(str(tmp_path / "lake")), tmp_path / "sql")


@pytest.fixture
def ran(monkeypatch):
    """Every query a build really runs, as (table, partitions)."""
    queries = []
    run = building._run

    def spy(catalog, model, partitions, opened):
        queries.append((model.table, tuple(partitions)))
        return run(catalog, model, partitions, opened)

    monkeypatch.setattr(building, "_run", spy)
    return queries


CHANGES = "select billing_month, cost, previous_cost from gold.changes order by 1"


def test_models_build_in_order_and_read_only_as_far_back_as_they_say(world):
    assert world.build()["gold.changes"] == ("2026-01", "2026-02", "2026-03")
    assert world.read(CHANGES) == [("2026-01", 3, None), ("2026-02", 3, 3), ("2026-03", 4, 3)]
    assert world.read("select names from gold.totals") == [(4,)]


def test_what_is_too_much_to_read_at_once_is_made_month_by_month_and_kept_when_cut_off(local_world, ran, monkeypatch):
    monkeypatch.setattr(building, "READ_AT_ONCE", 1)
    model = local_world.models.by_name["silver.costs"]
    run = building._run

    def cut_off(catalog, model, partitions, opened):
        if "2026-03" in partitions:
            raise KeyboardInterrupt
        return run(catalog, model, partitions, opened)

    with monkeypatch.context() as patched:
        patched.setattr(building, "_run", cut_off)
        with pytest.raises(KeyboardInterrupt):
            build(local_world.catalog(), model, ["2026-01", "2026-02", "2026-03"])
    assert sorted(local_world.lake.state("silver.costs").partitions) == ["2026-01", "2026-02"]
    ran.clear()
    assert local_world.build()["silver.costs"] == ("2026-03",)
    assert [months for table, months in ran if table == "silver.costs"] == [("2026-03",)]
    assert [months for table, months in ran if table == "gold.changes"] == [("2026-01",), ("2026-02",), ("2026-03",)]
    assert local_world.read(CHANGES) == [("2026-01", 3, None), ("2026-02", 3, 3), ("2026-03", 4, 3)]


def test_a_second_run_asks_nothing_and_commits_nothing(world, ran):
    world.build()
    versions, asked = world.versions(), len(ran)
    assert world.build() == dict.fromkeys(world.models.by_name, ())
    assert world.versions() == versions
    assert len(ran) == asked


def test_a_changed_month_rebuilds_itself_and_the_months_that_look_back_on_it(world, ran):
    world.build()
    before = world.versions()
    ran.clear()
    world.add("2026-01", ("a", "10"))
    assert world.build() == {
        "silver.costs": ("2026-01",),
        "silver.known": (),
        "gold.changes": ("2026-01", "2026-02"),
        "gold.totals": (),
    }
    assert world.read(CHANGES) == [("2026-01", 13, None), ("2026-02", 3, 13), ("2026-03", 4, 3)]
    after = world.versions()
    assert {table: after[table] - before[table] for table in after} == {
        "silver.costs": 1,
        "silver.known": 0,
        "gold.changes": 1,
        "gold.totals": 0,
    }
    assert ("silver.costs", ("2026-01",)) in ran
    assert ("gold.changes", ("2026-01", "2026-02")) in ran


def test_equal_content_from_other_inputs_writes_no_row_and_is_not_asked_for_again(local_world, ran):
    local_world.build()
    versions, files = local_world.versions(), local_world.lake.state("silver.costs").files()
    local_world.rename(nobody="is charged")
    assert stale_months(local_world.catalog(), ["2026-01", "2026-02", "2026-03"]) == ["2026-01", "2026-02", "2026-03"]
    assert not any(local_world.build().values())
    assert local_world.lake.state("silver.costs").files() == files
    assert local_world.versions() == {**versions, "silver.costs": versions["silver.costs"] + 1}
    ran.clear()
    assert stale_months(local_world.catalog(), ["2026-01", "2026-02", "2026-03"]) == []
    assert not any(local_world.build().values())
    assert ran == []


def test_equal_content_of_the_newest_month_alone_commits_nothing(local_world):
    local_world.build()
    versions = local_world.versions()
    local_world.rename(nobody="is charged")
    assert not any(local_world.build("2026-03").values())
    assert local_world.versions() == versions


def test_a_table_without_partitions_reaches_every_month_that_shows_it(local_world):
    local_world.build()
    local_world.rename(a="Alpha")
    assert local_world.build()["silver.costs"] == ("2026-01", "2026-02")
    assert local_world.read("select billing_month, title from silver.costs where name = 'a' order by 1") == [
        ("2026-01", "Alpha"),
        ("2026-02", "Alpha"),
    ]


def test_what_is_read_as_it_is_now_makes_only_the_newest_month_anew(local_world):
    as_now = MODELS["silver/costs"].replace("-- partition", "-- reads: bronze.names now\n        -- partition")
    local_world.models = written(local_world.folder, {**MODELS, "silver/costs": as_now})
    months = ["2026-01", "2026-02", "2026-03"]
    local_world.build()
    local_world.rename(a="Alpha", b="Beta")
    assert stale_months(local_world.catalog(), months) == ["2026-03"]
    assert local_world.build()["silver.costs"] == ("2026-03",)
    local_world.add("2026-01", ("a", "10"))  # what is made anew for another reason is made of what is known now
    assert local_world.build()["silver.costs"] == ("2026-01",)
    assert local_world.read("select distinct billing_month, title from silver.costs order by all") == [
        ("2026-01", "Alpha"),
        ("2026-01", "Beta"),
        ("2026-02", None),
        ("2026-03", "Beta"),
    ]
    local_world.add("2026-04", ("a", "1"))
    local_world.build(*months, "2026-04")
    assert stale_months(local_world.catalog(), [*months, "2026-04"]) == []


def test_a_month_that_was_never_asked_for_is_not_built(local_world):
    assert local_world.build("2026-02")["silver.costs"] == ("2026-02",)
    assert local_world.read("select distinct billing_month from silver.costs") == [("2026-02",)]


def test_narrowing_reads_the_files_of_the_wanted_months_only(local_world, monkeypatch):
    local_world.build()
    registered = []
    register = Catalog._register_stored

    def spy(self, connection, table, model, partitions):
        registered.append((table, None if partitions is None else tuple(partitions)))
        return register(self, connection, table, model, partitions)

    monkeypatch.setattr(Catalog, "_register_stored", spy)
    local_world.add("2026-03", ("a", "5"))
    registered.clear()
    local_world.build("2026-03")
    assert registered == [
        ("bronze.facts", ("2026-03",)),
        ("bronze.names", None),
        ("silver.costs", ("2026-02", "2026-03")),
        ("silver.costs", None),
    ]
    files = local_world.lake.state("silver.costs").files(["2026-02", "2026-03"])
    assert [file.split("billing_month=")[1][:7] for file in files] == ["2026-02", "2026-03"]


def test_a_new_column_rebuilds_all_months_that_were_stored_even_if_one_is_asked(local_world):
    local_world.build()
    changed = MODELS["silver/costs"].replace("sum(facts.cost) as cost", "sum(facts.cost) as cost, count(*) as charges")
    local_world.models = written(local_world.folder, {**MODELS, "silver/costs": changed})
    assert local_world.build("2026-03")["silver.costs"] == ("2026-01", "2026-02", "2026-03")
    read = "select billing_month, charges from silver.costs where name = 'a' or name = 'b' order by 1, 2"
    assert local_world.read(read) == [("2026-01", 1), ("2026-01", 1), ("2026-02", 1), ("2026-03", 1)]


def test_a_changed_select_with_the_same_columns_is_made_anew(local_world):
    local_world.build()
    doubled = MODELS["silver/costs"].replace("sum(facts.cost)", "cast(2 * sum(facts.cost) as decimal(38, 12))")
    local_world.models = written(local_world.folder, {**MODELS, "silver/costs": doubled})
    assert local_world.build()["silver.costs"] == ("2026-01", "2026-02", "2026-03")
    assert local_world.read("select sum(cost) from silver.costs") == [(20,)]


def test_a_changed_view_rebuilds_the_tables_that_read_through_it(local_world):
    local_world.build()
    tripled = MODELS["silver/known"].replace("count(*)", "3 * count(*)")
    local_world.models = written(local_world.folder, {**MODELS, "silver/known": tripled})
    assert local_world.build()["gold.totals"] == ("",)
    assert local_world.read("select names from gold.totals") == [(12,)]


COUNTED = """
        -- How many costs there are.
        -- grain: costs
        -- partition: none
        -- stored: view
        select count(*) as costs from silver.costs
        """
TWICE = """
        -- All of what is below, twice.
        -- grain: costs
        -- partition: none
        select costs from {below} union all select costs from {below}
        """


def test_tables_nobody_built_are_seen_through_a_view_as_soon_as_there_is_what_they_are_made_of(tmp_path):
    models = written(tmp_path / "sql", {**MODELS, "gold/counted": COUNTED})
    lake = Lake(parse_address(str(tmp_path / "lake")))
    catalog = Catalog(lake, models, {FACTS.name: FACTS, NAMES.name: NAMES})

    def asked():
        catalog.register(connection, ["gold.counted"])
        return connection.execute("select costs from gold.counted").fetchall()

    with catalog.connect() as connection:
        assert asked() == [(0,)]
        row = {"name": "a", "cost": Decimal(1), "billing_month": "2026-01"}
        lake.append(FACTS.name, pa.Table.from_pylist([row], schema=FACTS.schema), {"2026-01": "a"}, "billing_month")
        catalog.forget(FACTS.name)
        assert asked() == [(1,)]


def test_what_is_made_of_nothing_is_worked_out_once_however_often_it_is_read(tmp_path):
    stack = {f"gold/twice_{level}": TWICE.format(below=f"gold.twice_{level - 1}") for level in range(1, 9)}
    models = {"silver/costs": MODELS["silver/costs"], "gold/twice_0": COUNTED, **stack}
    models["gold/top"] = COUNTED.replace("count(*) as costs from silver.costs", "sum(costs) as costs from gold.twice_8")
    lake = Lake(parse_address(str(tmp_path / "lake")))
    catalog = Catalog(lake, written(tmp_path / "sql", models), {FACTS.name: FACTS, NAMES.name: NAMES})
    with catalog.connect() as connection:
        catalog.register(connection, ["gold.top"])
        [(_, plan)] = connection.execute("explain select costs from gold.top").fetchall()
        assert plan.count("_SCAN") == 1
        assert connection.execute("select costs from gold.top").fetchall() == [(0,)]


def test_a_view_over_a_table_of_an_earlier_version_says_what_to_do_until_it_is_made_anew(local_world):
    local_world.build()
    newer = {
        **MODELS,
        "silver/costs": MODELS["silver/costs"].replace("sum(facts.cost) as cost", "sum(facts.cost) as cost, 1 as one"),
        "silver/known": MODELS["silver/known"].replace("count(*)", "sum(one)"),
    }
    local_world.models = written(local_world.folder, newer)
    with pytest.raises(UsageError, match=r"silver\.known: .* earlier version; `finops run`"):
        local_world.read("select names from silver.known")
    local_world.build()
    assert local_world.read("select sum(names) from silver.known") == [(4,)]


def test_an_unknown_table_is_named_with_the_nearest_known_one(local_world):
    with pytest.raises(UsageError, match=r"silver\.cots; did you mean silver\.costs\?"):
        local_world.read("select * from silver.cots")
    with pytest.raises(UsageError, match=r"gold\.totals was not built yet"):
        local_world.read("select * from gold.totals")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("-- No grain.\n-- partition: none\nselect 1 as one", "no `-- grain:` line"),
        ("-- No partition.\n-- grain: one\nselect 1 as one", "no `-- partition:` line"),
        ("-- A\n-- grain: a\n-- partition: none\n-- reads: silver.x last month\nselect 1", "1 month back"),
    ],
)
def test_a_model_without_its_header_is_refused_by_name(tmp_path, text, word):
    (tmp_path / "gold").mkdir()
    (tmp_path / "gold" / "wrong.sql").write_text(text)
    with pytest.raises(ConfigurationError, match=word) as raised:
        load_models(tmp_path)
    assert "wrong.sql" in str(raised.value)


def test_tables_are_found_in_joins_subqueries_and_ctes_but_not_in_aliases():
    sql = """
        with costs as (select * from silver.costs), x as (select 1)
        select * from costs join gold.A as silver using (b) where c in (select d from bronze.e) and silver.f = 1
    """
    assert tables_read(sql) == {"silver.costs", "gold.a", "bronze.e"}


def test_the_real_models_and_checks_load_and_build_in_an_order_without_circles(models):
    order = [model.table for model in models]
    assert len(order) == len(set(order)) == len(models.by_name)
    for position, table in enumerate(order):
        made_by_select = models.by_name[table].reads & set(models.by_name)
        assert made_by_select <= set(order[:position]), table
    assert all(check.table in models.by_name and check.description for check in load_checks())


# --- rows that hold from a day until a day

DATED = {
    "silver/known_as": """
        -- What a name means, as long as it does.
        -- grain: name, valid_from
        -- partition: none
        -- holds: valid_from until valid_to
        select * from bronze.titles
        """,
    "silver/titled": """
        -- Costs with the title of their month.
        -- grain: billing_month, name
        -- partition: billing_month
        select facts.name, known_as.title, facts.cost, facts.billing_month
        from bronze.facts
        left join silver.known_as
            on
                facts.name = known_as.name
                and cast(facts.billing_month || '-01' as date) >= known_as.valid_from
                and coalesce(cast(facts.billing_month || '-01' as date) < known_as.valid_to, true)
        """,
}
TITLES = PythonTable(
    "bronze.titles",
    "",
    pa.schema([("name", pa.string()), ("title", pa.string()), ("valid_from", pa.date32()), ("valid_to", pa.date32())]),
    None,
)


class DatedWorld(World):
    """As above, with names whose titles hold from a day until a day."""

    def __init__(self, address, folder) -> None:
        super().__init__(address, folder)
        self.models = written(folder / "dated", DATED)

    def catalog(self) -> Catalog:
        return Catalog(self.lake, self.models, {FACTS.name: FACTS, TITLES.name: TITLES})

    def entitle(self, *rows: tuple[str, str, str, str | None]) -> None:
        columns = [dict(zip(TITLES.schema.names, self._typed(*row), strict=True)) for row in rows]
        told = {"": PartitionState(repr(rows))}
        self.lake.replace(TITLES.name, pa.Table.from_pylist(columns, TITLES.schema), told, None)

    def stale(self) -> list[str]:
        return stale_months(self.catalog(), ["2026-01", "2026-02", "2026-03"])

    @staticmethod
    def _typed(name: str, title: str, since: str, until: str | None) -> tuple:
        return name, title, date.fromisoformat(since), until and date.fromisoformat(until)


@pytest.fixture
def dated_world(tmp_path):
    return DatedWorld(parse_address(str(tmp_path / "lake")), tmp_path / "sql")


def test_what_became_of_a_thing_later_makes_no_earlier_month_anew(dated_world, ran):
    dated_world.entitle(("a", "Alpha", "2026-01-01", None))
    dated_world.build()
    dated_world.entitle(("a", "Alpha", "2026-01-01", "2026-03-01"), ("a", "Aleph", "2026-03-01", None))
    ran.clear()
    assert dated_world.build() == {"silver.known_as": ("",), "silver.titled": ()}
    assert [partitions for table, partitions in ran if table == "silver.titled"] == [("2026-03",)]
    assert dated_world.stale() == ["2026-03"]  # found equal, since nothing of it was charged in March


def test_what_was_corrected_for_an_earlier_month_is_told_before_anything_is_built(dated_world):
    later = ("a", "Alpha", "2026-02-01", None)
    dated_world.entitle(("a", "Aleph", "2026-01-01", "2026-02-01"), later)
    dated_world.build()
    assert dated_world.stale() == []
    dated_world.entitle(("a", "Alif", "2026-01-01", "2026-02-01"), later)
    build(dated_world.catalog(), dated_world.models.by_name["silver.known_as"], [])
    assert dated_world.stale() == ["2026-01"]
    assert dated_world.build("2026-01")["silver.titled"] == ("2026-01",)
    assert dated_world.stale() == []


def test_what_a_table_says_of_many_months_is_what_it_says_of_each(dated_world):
    dated_world.entitle(
        ("a", "Alpha", "2026-01-01", "2026-02-10"),
        ("a", "Aleph", "2026-02-10", None),
        ("b", "Beta", "2026-03-01", None),
    )
    build(dated_world.catalog(), dated_world.models.by_name["silver.known_as"], [])
    months = ["2025-12", "2026-01", "2026-02", "2026-03"]
    together = dated_world.catalog()
    learn_months(together, "silver.known_as", months)
    told = together.state("silver.known_as").told
    assert told == {month: content_in_month(dated_world.catalog(), "silver.known_as", month) for month in months}
    assert len(set(told.values())) == 4


def test_a_month_found_equal_is_known_to_be_once_another_month_is_committed(local_world, ran):
    local_world.build()
    local_world.rename(nobody="is charged")
    local_world.add("2026-03", ("b", "5"))
    assert local_world.build()["silver.costs"] == ("2026-03",)
    ran.clear()
    local_world.build()
    assert "silver.costs" not in {table for table, _ in ran}
