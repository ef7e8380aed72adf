"""The quality page of a real lake: every check is on it, and what breaks one is said first."""

import html
import re

from assets.gates import GATES
from pipelines.lake.sql_models import load_checks


def page_of(finops, lake):
    ran = finops("report", "quality", "--lake", str(lake), "--out", "out")
    assert ran.code == 0, ran.err
    file = finops.folder / "out" / "finops-quality.html"
    assert ran.out.strip() == str(file)
    return file.read_text()


def words(page):
    body = page[page.index("<body") :]
    shown = re.sub(r"<script.*?</script>|<[^>]+>", "\n", body, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(shown))


def test_every_check_of_every_table_is_on_the_page(finops, small):
    shown = words(page_of(finops, small.lake))
    for check in load_checks():
        assert check.description in shown
    for gate in GATES:
        assert gate.name.replace("_", " ") in shown or gate.table == "bronze.usage_hourly"
    for name, model in small.view.catalog.models.by_name.items():
        if model.is_stored and small.view.catalog.state(name).delta is not None:
            assert name in shown
    assert "1 check of " in shown  # the difference that the scenario plants
    assert "no figure is held back" in shown
    assert "billing.charges 2026-07-10 06:00 2026-07-10" in shown


def test_a_doubled_row_is_said_first_and_nothing_of_a_name_becomes_markup(finops, small_copy, view):
    catalog = view(small_copy).catalog
    rows = catalog.query("select * from silver.projects limit 1")
    name = rows.schema.get_field_index("project_name")
    hostile = rows.set_column(name, "project_name", [["<script>alert(1)</script>"]])
    catalog.lake.append("silver.projects", hostile, {}, None)
    page = page_of(finops, small_copy)
    shown = words(page)
    assert "refused the data, so nothing after silver.projects is built" in shown
    assert shown.index("one row per grain silver.projects") < shown.index("How fresh each source is")
    assert "<script>alert" not in page


def test_the_page_is_only_named_in_a_dry_run(finops, small):
    ran = finops("report", "quality", "--lake", str(small.lake), "--out", "out", "--dry-run")
    assert ran.code == 0
    assert "nothing was" in ran.out
    assert not (finops.folder / "out").exists()
