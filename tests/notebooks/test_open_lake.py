"""`open_lake()`: what analysts ask of it, and what it says when it has nothing to answer with."""

import pytest

from finops import open_lake
from pipelines.errors import UsageError

MONTH = "2026-06"


@pytest.fixture(scope="module")
def lake(small):
    return open_lake(str(small.lake))


def test_a_lake_without_tables_says_what_to_run(tmp_path):
    lake = open_lake(str(tmp_path / "nothing"))
    for name in ("gold.monthly_summary", "gold.forecasts", "gold.kpis"):
        with pytest.raises(UsageError, match=rf"table {name} is missing: .*run `finops demo`"):
            lake.table(name)
    with pytest.raises(UsageError, match="run `finops demo`"):
        lake.costs(group_by=["service_name"])


def test_an_unknown_table_or_column_is_named_with_the_nearest(lake):
    with pytest.raises(UsageError, match=r"gold.monthly_sumary; did you mean gold.monthly_summary\?"):
        lake.table("gold.monthly_sumary")
    with pytest.raises(UsageError, match=r"gold\.monthly_summary has no column month; it has billing_currency"):
        lake.table("gold.monthly_summary", month=MONTH)
    with pytest.raises(UsageError, match="cannot be grouped by colour; choose from charge_date"):
        lake.costs(group_by=["colour"])


def test_rows_are_chosen_by_value_and_a_value_stays_a_value(lake):
    assert lake.table("gold.monthly_summary", billing_month=MONTH)["billing_month"].to_list() == [MONTH]
    assert lake.table("gold.monthly_summary", billing_month=None).height == 3
    assert lake.table("gold.monthly_summary", is_complete=False).height == 1
    assert lake.table("gold.monthly_summary", billing_month="' or '1' = '1").height == 0


def test_costs_add_up_by_any_group_and_allocated_ones_to_the_same(small, lake):
    [whole] = small.rows(f"select billed_cost from gold.monthly_summary where billing_month = '{MONTH}'")
    for group in (["service_name"], ["owner", "team"], ["charge_date", "project_name"]):
        assert lake.costs(month=MONTH, group_by=group)["billed_cost"].sum() == whole["billed_cost"]
    assert lake.costs(month=MONTH, group_by=["pool"], allocated=True)["billed_cost"].sum() == whole["billed_cost"]
    assert lake.costs("2026-06-01", ["charge_date"], until="2026-07-01")["billed_cost"].sum() == whole["billed_cost"]
    [lab] = small.rows(
        f"select sum(billed_cost) as cost from gold.monthly_costs "
        f"where billing_month = '{MONTH}' and project_name = 'lab'"
    )
    assert lake.costs(month=MONTH, project="lab", group_by=["sku"])["billed_cost"].sum() == lab["cost"] > 0


def test_sums_by_what_charges_say_themselves_are_those_of_the_labelled_charges(lake):
    for column in ("charge_date", "project_id", "sku", "resource_id"):
        labelled = lake.sql(
            f"select {column}, billing_currency, sum(billed_cost)::decimal(38, 12) as billed_cost "
            f"from silver.labelled_costs group by all"
        )
        assert set(lake.costs(group_by=[column]).rows()) == set(labelled.rows())


def test_tenants_stand_under_pseudonyms_in_tables_and_in_key_figures(lake):
    plain = lake.table("gold.tenant_margins", billing_month=MONTH)
    shown = lake.under_pseudonyms(plain)
    assert shown.height == plain.height
    assert shown["loaded_cost"].to_list() == plain["loaded_cost"].to_list()
    assert all(name.startswith("tenant-") for name in shown["tenant"])
    names = plain["tenant"].to_list()
    scopes = lake.as_reported("gold.kpis", period="month", kpi="cost_per_tenant")["scope"].to_list()
    assert [scope for scope in scopes if any(name in scope for name in names)] == []
    assert {f"tenant {name}" for name in shown["tenant"]} <= set(scopes)


def test_there_are_few_doors_each_typed_and_explained(lake):
    doors = {name: each for name, each in vars(type(lake)).items() if not name.startswith("_")}
    assert len(doors) <= 8
    assert all(each.__doc__ and each.__annotations__.get("return") for each in doors.values())


def test_every_table_can_be_described(lake):
    assert "One row per" in lake.describe("gold.monthly_summary")
    assert all(lake.describe(name).endswith(".") for name in lake.tables())
    with pytest.raises(UsageError, match=r"no table is called gold\.nothing"):
        lake.describe("gold.nothing")
