"""`finops export xlsx|csv|openmetrics|markdown`: the same sums as gold, of one month, in files of other tools."""

import csv
import importlib.util
import json
import re
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2]

_spec = importlib.util.spec_from_file_location("small_lake_for_exports", ROOT / "tests" / "end_to_end" / "conftest.py")
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

# the same folder, lock and marker as there: whoever comes first makes the lake, the other finds it
small = _shared.small
MONTH = "2026-06"


def test_each_block_leaves_with_the_sums_of_gold(finops, small, project):
    lake = ("--month", MONTH, "--lake", str(small.lake))
    code, out, err = finops("export", "csv", "--out", "csv", *lake)
    assert code == 0, err
    with (project / "csv" / f"daily_costs-{MONTH}.csv").open(encoding="utf-8", newline="") as file:
        days = list(csv.DictReader(file))
    [gold] = small.rows(f"select sum(billed_cost) as cost from gold.daily_costs where billing_month = '{MONTH}'")
    assert sum(Decimal(row["billed_cost"]) for row in days) == gold["cost"]
    assert f"daily_costs-{MONTH}.csv" in out

    code, out, err = finops("export", "xlsx", *lake)
    assert code == 0, err
    assert re.search(rf"Days +gold\.daily_costs +{len(days)}\b", out)
    assert (project / f"finops-{MONTH}.xlsx").stat().st_size > 10_000

    code, out, err = finops("export", "markdown", *lake)
    assert code == 0, err
    assert "June 2026" in out
    code, _, err = finops("export", "csv", "--month", "2020-01", "--lake", str(small.lake))
    assert code == 2
    assert "month 2020-01 is not in the lake" in err


def test_metrics_are_of_the_newest_month_and_the_dashboard_is_a_document(finops, small, project):
    code, out, err = finops("export", "openmetrics", "--lake", str(small.lake))
    assert code == 0, err
    [newest] = small.rows("select * from gold.monthly_summary order by billing_month desc limit 1")
    [sample] = re.findall(r"^finops_month_cost\{.*\} (\S+)$", out, re.M)
    assert abs(float(sample) - float(newest["billed_cost"])) < 1e-6
    assert out.rstrip().endswith("# EOF")
    code, _, err = finops("export", "openmetrics", "--dashboard", "--out", "board.json")
    assert code == 0, err
    assert json.loads((project / "board.json").read_text())["title"] == "FinOps"
