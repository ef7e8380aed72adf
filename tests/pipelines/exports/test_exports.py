"""Files for other tools: exact where the format can be, empty where nothing is known, and never a formula or markup."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.csv_files import csv_text
from pipelines.exports.grafana import PANELS, dashboard_json
from pipelines.exports.openmetrics import FAMILIES, Family, exposition
from pipelines.exports.safe_text import harmless
from pipelines.exports.workbook import Page, write_workbook
from pipelines.reporting.letter_markdown import escaped

NAMES = ["plain", "=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=x", "\r=x", "{=x}", "https://example.org", None]
ROWS = pa.table(
    {
        "project": pa.array(NAMES),
        "billed_cost": pa.array([Decimal("1234567890.123456789012"), *[None] * 9], pa.decimal128(38, 12)),
        "cost_share": pa.array([0.5, *[None] * 9]),
        "rows": pa.array([0, *range(1, 10)]),
        "is_new": pa.array([True, *[None] * 9]),
        "day": pa.array([date(2026, 10, 1), *[None] * 9]),
        "at": pa.array([datetime(2026, 10, 1, 2, 3, 4, tzinfo=UTC), *[None] * 9], pa.timestamp("us", tz="UTC")),
    }
)
_NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def test_csv_keeps_every_digit_leaves_unknown_cells_empty_and_runs_nothing():
    header, first, *others = csv.reader(io.StringIO(csv_text(ROWS)))
    assert header == ROWS.column_names
    assert first == ["plain", "1234567890.123456789012", "0.5", "0", "true", "2026-10-01", "2026-10-01T02:03:04Z"]
    assert [row[1:3] + row[4:] for row in others] == [[""] * 5] * 9
    assert all(not row[0].startswith(tuple("=+-@\t\r")) for row in others)
    assert others[-1][0] == ""


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_no_text_begins_a_formula_and_the_rest_of_it_stays(text):
    safe = harmless(text)
    assert not re.match(r"\s*[=+\-@]", safe)
    assert safe.removeprefix("'") in text or not text.isprintable()


def test_a_workbook_holds_numbers_as_numbers_names_as_text_and_no_formula(tmp_path):
    file = tmp_path / "a.xlsx"
    write_workbook(file, [("Organisation", "=evil()")], [Page("Spenders", "gold.top_spenders", ROWS)])
    with zipfile.ZipFile(file) as book:
        names = book.namelist()
        about, sheet = (ElementTree.fromstring(book.read(f"xl/worksheets/sheet{at}.xml")) for at in (1, 2))
        assert not [name for name in names if "externalLink" in name or "hyperlink" in name.lower()]
    for page in (about, sheet):
        assert page.find(f".//{_NAMESPACE}f") is None
        assert page.find(f".//{_NAMESPACE}hyperlink") is None
    pane = sheet.find(f".//{_NAMESPACE}pane")
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    cells = {cell.get("r"): cell for cell in sheet.iter(f"{_NAMESPACE}c")}
    assert float(cells["B2"].find(f"{_NAMESPACE}v").text) == pytest.approx(1234567890.123456789)
    assert cells["A3"].get("t") in ("s", "inlineStr")
    assert "B3" not in cells or cells["B3"].find(f"{_NAMESPACE}v") is None
    assert cells["D2"].find(f"{_NAMESPACE}v").text == "0"
    written = "".join(about.itertext()) + "".join(sheet.itertext())
    assert "gold.top_spenders, 10 rows" in written
    assert "https://example.org" in written


def samples():
    hostile = {"project": 'a"b\\c\nd{}', "value": Decimal("1.5")}
    return [
        (Family("finops_a", "Help.", "", ("project",)), [hostile, {"project": None, "value": None}]),
        (Family("finops_until_timestamp_seconds", "Help.", "", ()), [{"value": date(2026, 11, 18)}]),
    ]


def test_metrics_escape_labels_leave_out_what_is_unknown_and_end():
    text = exposition(samples())
    assert text.endswith("# EOF\n")
    assert 'finops_a{project="a\\"b\\\\c\\nd{}"} 1.5' in text
    assert len([line for line in text.splitlines() if line.startswith("finops_a{")]) == 1
    assert "finops_until_timestamp_seconds 1.79496e+09" in text


def test_promtool_takes_what_we_write():
    promtool = shutil.which("promtool")
    if promtool is None:
        reason = "no promtool on PATH: the metrics were not parsed by Prometheus"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    found = subprocess.run([promtool, "check", "metrics"], input=exposition(samples()), text=True, capture_output=True)
    assert found.returncode == 0, found.stderr


def test_the_dashboard_asks_only_for_what_is_exported():
    known = {family.name for family in FAMILIES}
    board = json.loads(dashboard_json())
    asked = {name for panel in PANELS for name in re.findall(r"finops_\w+", panel.expression)}
    assert asked == known
    assert len({(each["gridPos"]["x"], each["gridPos"]["y"]) for each in board["panels"]}) == len(PANELS)
    assert all(each["gridPos"]["x"] + each["gridPos"]["w"] <= 24 for each in board["panels"])


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("<script>x</script>", "\\<script\\>x\\</script\\>"),
        ("[a](javascript:x)", "\\[a\\](javascript:x)"),
        ("# not a heading", "\\#\u2060 not a heading"),
        ("1. not a list", "1\\. not a list"),
        ("a | b\n\n| c", "a \\| b \\| c"),
        ("@everyone", "@\u2060everyone"),
        ("fixes #12", "fixes #\u206012"),
        ("https://evil.example", "https:\u2060//evil.example"),
    ],
)
def test_names_are_no_markdown_no_mention_and_no_link(name, shown):
    assert escaped(name) == shown
