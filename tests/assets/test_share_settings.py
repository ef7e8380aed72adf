"""Settings of key figures as tables, and key figures as the report gets them."""

from datetime import date
from decimal import Decimal

import pytest

from assets.report_kpis import KPIS, kpi_rows, renamed
from assets.settings_tables import key_figure_rows, outdated, store
from assets.tables import TABLES, open_catalog
from pipelines.errors import ConfigurationError
from pipelines.lake.address import parse_address
from pipelines.lake.store import Lake
from pipelines.lake.tables.decisions import KPI_SETTINGS, RECOMMENDATIONS
from pipelines.settings import load_settings

PLAN = """
[[billing.savings_plans]]
monthly_commitment = 500
discount = 0.15
starts_on = 2026-01-01
ends_on = 2027-01-01
"""


@pytest.fixture
def lake(tmp_path):
    return Lake(parse_address(str(tmp_path / "lake")))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    def make(text):
        (tmp_path / "finops.toml").write_text(text)
        monkeypatch.setenv("FINOPS_CONFIG", str(tmp_path / "finops.toml"))
        return load_settings()

    return make


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("", None),
        ('[billing]\ncharges_are_net = "unset"', None),
        ("[billing]\ncharges_are_net = true", True),
        ("[billing]\ncharges_are_net = false", False),
    ],
)
def test_whether_charges_are_net_is_true_false_or_not_known(settings, text, known):
    assert key_figure_rows(settings(text))[KPI_SETTINGS][0]["charges_are_net"] is known


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[billing]\ncharges_are_net = 'perhaps'", "billing.charges_are_net = 'perhaps'"),
        (PLAN.replace("2027", "2025"), "2025-01-01 is not after starts_on 2026-01-01"),
        (PLAN.replace("0.15", "15"), "discount"),
        ("[kpis]\nidle_below = 5", "kpis.idle_below = 5"),
    ],
)
def test_a_setting_that_means_nothing_is_refused_by_its_name(settings, text, named):
    with pytest.raises(ConfigurationError, match=named.replace(".", r"\.")):
        settings(text)


def test_tables_of_settings_are_written_when_they_changed_and_only_then(lake, settings):
    assert store(lake, key_figure_rows(settings(PLAN))) == ["bronze.kpi_settings", "bronze.savings_plans"]
    assert store(lake, key_figure_rows(settings(PLAN))) == []
    changed = settings(PLAN + "[kpis]\nidle_below = 0.1")
    assert "bronze.kpi_settings" in outdated(lake, changed)
    assert store(lake, key_figure_rows(changed)) == ["bronze.kpi_settings"]
    assert not {"bronze.kpi_settings", "bronze.savings_plans"} & {*outdated(lake, changed)}
    catalog = open_catalog(lake)
    assert catalog.query("select * from silver.kpi_settings").to_pylist() == [
        {"charges_are_net": None, "idle_below": Decimal("0.1")}
    ]
    (plan,) = catalog.query("select * from silver.savings_plans").to_pylist()
    assert (plan["monthly_commitment"], plan["ends_on"]) == (500, date(2027, 1, 1))
    assert store(lake, key_figure_rows(settings(""))) == ["bronze.kpi_settings", "bronze.savings_plans"]
    assert open_catalog(lake).query("select * from silver.savings_plans").num_rows == 0


def test_recommendations_can_be_asked_for_before_any_was_made(lake):
    assert TABLES[RECOMMENDATIONS.name] is RECOMMENDATIONS
    assert open_catalog(lake).query("select monthly_saving from gold.recommendations").num_rows == 0


def test_tenants_are_renamed_and_nothing_else_is():
    rows = [
        {"kpi": "cost_per_tenant", "scope": "tenant acme", "value": 5},
        {"kpi": "cost_per_tenant", "scope": "all tenants", "value": 9},
        {"kpi": "cost_per_gb", "scope": "tenant acme", "value": 1},
    ]
    shown = renamed(rows, str.upper)
    assert [row["scope"] for row in shown] == ["tenant ACME", "all tenants", "tenant acme"]
    assert [row["value"] for row in shown] == [5, 9, 1]


def test_an_empty_lake_has_no_key_figures_and_no_trouble(lake, settings):
    assert KPIS == "gold.kpis"
    assert kpi_rows(open_catalog(lake), "2026-10", settings("")) == []
