"""From a figure that is no sum of charges, step by step, to the rows from which its own is made again."""

from datetime import date

import pytest

from pipelines.errors import UsageError
from pipelines.lake.trace_behind import MadeBy, behind

MONTHS = ("2026-09", "2026-10")


def charge(month, at, **fields):
    return {
        "charge_key": f"{month}-{at}",
        "charge_date": date.fromisoformat(f"{month}-{at + 1:02d}"),
        "billing_month": month,
        "project_id": f"p{at % 2}",
        "project_name": "web",
        "service_name": "Instances",
        "sku": f"/compute/{at}",
        "resource_id": f"vm-{at}",
        "billing_currency": "EUR",
        "answer_hash": "answer",
        "billed_cost": str(at + 1),
        "owner": "ml" if at else None,
        **fields,
    }


CHARGES = [charge(month, at) for month in MONTHS for at in range(4)]
DOLLARS = [charge("2026-10", 9, billing_currency="USD")]


@pytest.fixture(scope="module")
def catalog(build):
    build("gold.tag_coverage", given={"silver.labelled_costs": [*CHARGES, *DOLLARS]})
    return build.catalog


def keys_of(found):
    return sorted(found.charges["evidence_key"].to_pylist())


def test_a_share_leads_to_all_charges_of_its_month_and_currency_and_no_other(catalog):
    keys = {"billing_month": "2026-10", "label": "owner", "billing_currency": "EUR"}
    found = behind(catalog, "gold.tag_coverage", [keys], {})
    assert found.is_made_again
    assert keys_of(found) == [f"2026-10-{at}" for at in range(4)]
    assert [(each.feeds, each.table, each.rows) for each in found.inputs] == [
        ("gold.tag_coverage", "silver.labelled_costs", 4)
    ]
    assert "bronze.charges" in found.recorded_in


def test_rows_of_more_keys_are_followed_together(catalog):
    chosen = [{"billing_month": month, "label": "owner", "billing_currency": "EUR"} for month in MONTHS]
    found = behind(catalog, "gold.tag_coverage", [*chosen, chosen[0]], {})
    assert found.is_made_again
    assert found.rows.num_rows == len(MONTHS)
    assert keys_of(found) == sorted(row["charge_key"] for row in CHARGES)


def test_a_row_that_no_charges_make_any_more_is_not_made_again(build):
    build("gold.tag_coverage", given={"silver.labelled_costs": CHARGES})
    late = build.catalog
    build._write("silver.labelled_costs", [charge("2026-10", 7)])
    late.forget("silver.labelled_costs")
    found = behind(late, "gold.tag_coverage", [{"billing_month": "2026-10", "label": "owner"}], {})
    assert found.is_made_again is False


def test_what_python_makes_leads_to_the_rows_it_read(build):
    build(
        "gold.tag_coverage",
        given={
            "silver.labelled_costs": CHARGES,
            "gold.budget_alerts": [
                {"budget_name": "all", "billing_month": "2026-10", "billing_currency": "EUR", "kind": "actual"}
            ],
        },
    )
    made = {"gold.budget_alerts": MadeBy(("budget_name",), ("silver.labelled_costs",))}
    found = behind(build.catalog, "gold.budget_alerts", [{"budget_name": "all"}], made)
    assert found.is_made_again is None
    assert keys_of(found) == [f"2026-10-{at}" for at in range(4)]


@pytest.mark.parametrize("keys", [{"label": "nobody"}, {"colour": "red"}])
def test_what_is_not_there_is_said(catalog, keys):
    with pytest.raises(UsageError, match=next(iter(keys.values())) if "label" in keys else "colour"):
        behind(catalog, "gold.tag_coverage", [keys], {})
