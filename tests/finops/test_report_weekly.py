"""`finops report weekly`: of the last complete week unless one is named, of sums that gold agrees with."""

import html
import importlib.util
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from assets.report_anomalies import renamed

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("small_lake_of_all", ROOT / "tests" / "end_to_end" / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

# the same folder, lock and marker as there: whoever comes first makes the lake, the other finds it
small = _shared.small
WEEK, MONDAY = "2026-W26", date(2026, 6, 22)


def words(file):
    body = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", file.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def test_a_named_week_is_written_with_the_sums_of_gold(finops, small, project):
    code, out, err = finops("report", "weekly", "--period", WEEK, "--lake", str(small.lake), "--out", "out")
    assert code == 0, err
    file = project / "out" / f"finops-{WEEK}.html"
    assert out.split() == [str(file), str(file.with_suffix(".eml"))]
    shown = words(file)
    sums = "select sum(billed_cost) as cost from gold.daily_costs where charge_date between"
    [now] = small.rows(f"{sums} date '{MONDAY}' and date '{MONDAY}' + 6")
    [before] = small.rows(f"{sums} date '{MONDAY}' - 7 and date '{MONDAY}' - 1")
    cents = [f"€{row['cost'].quantize(Decimal('0.01')):,}" for row in (before, now)]
    assert " ".join(["Total", *cents]) in shown
    assert "in the week of 22 to 28 June 2026" in shown


def test_without_a_period_it_is_the_last_week_whose_days_are_all_charged(finops, small):
    code, out, err = finops("report", "weekly", "--lake", str(small.lake), "--out", "out", "--dry-run")
    assert code == 0, err
    [until] = small.rows("select max(charges_until) as day from gold.monthly_summary")
    assert "finops-2026-W27.html and finops-2026-W27.eml; nothing was." in out
    assert date.fromisocalendar(2026, 27, 7) < until["day"] <= date.fromisocalendar(2026, 28, 7)
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("2026-31", "week '2026-31' is not understood; write YYYY-Www"),
        ("2031-W02", "week 2031-W02 has no charges yet; the lake holds days until 2026-07-0"),
        ("2019-W02", "week 2019-W02 is not in the lake; run `finops run --since 2019-01-07` first"),
    ],
)
def test_a_week_that_cannot_be_shown_is_refused_with_the_remedy(finops, small, period, told):
    code, out, err = finops("report", "weekly", "--period", period, "--lake", str(small.lake))
    assert (code, out) == (2, "")
    assert told in err


def test_a_lake_without_charges_says_what_to_run(finops, project):
    code, _, err = finops("report", "weekly", "--lake", str(project / "none"))
    assert code != 0
    assert "run `finops demo`" in err


def test_a_tenant_stands_under_the_name_that_may_be_shown_in_its_chain_too():
    row = {"label_key": "tenant", "label_value": "acme", "root_cause": "tenant acme › shop", "explanation": None}
    team = {"label_key": "team", "label_value": "acme", "root_cause": "team acme"}
    shown = renamed([row, team], lambda tenant: f"tenant-{len(tenant)}")
    assert shown[0] == row | {"label_value": "tenant-4", "root_cause": "tenant tenant-4 › shop"}
    assert shown[1] == team


def test_a_tenant_in_the_name_of_a_key_figure_stands_under_the_name_that_may_be_shown_too():
    figure = "cost_per_tenant of tenant acme"
    row = {"label_key": None, "kpi": figure, "root_cause": figure, "state_reason": "nothing known explains it"}
    [shown] = renamed([row], lambda tenant: f"tenant-{len(tenant)}")
    assert shown["kpi"] == shown["root_cause"] == "cost_per_tenant of tenant tenant-4"
    assert "acme" not in str(shown)
