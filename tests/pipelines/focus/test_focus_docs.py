"""docs/focus.md says what the code does."""

from pathlib import Path

from benchmarks.focus_check import ALLOWED
from pipelines.focus.columns import ALL_COLUMNS
from pipelines.focus.lines import REQUIRED_VALUES
from pipelines.focus.rules_1_4 import rules_as_markdown
from pipelines.focus.view_columns import FOCUS_VIEW_COLUMNS, focus_frame_requirements

DOC = (Path(__file__).parents[3] / "docs" / "focus.md").read_text(encoding="utf-8")


def between(start, end):
    return DOC.split(f"<!-- {start} -->\n")[1].split(f"\n<!-- {end} -->")[0]


def test_the_view_columns_and_rules_listed_are_those_of_the_code():
    assert between("view columns: generated", "end of view columns") == focus_frame_requirements()
    assert between("rules: generated", "end of rules") == rules_as_markdown()


def test_the_view_provides_every_focus_column_of_any_version_and_the_own_ones():
    names = [column.name for column in FOCUS_VIEW_COLUMNS]
    assert names == [*(column.snake for column in ALL_COLUMNS), "x_columns"]


def test_the_values_a_line_needs_and_the_rules_that_may_fail_are_named():
    assert all(name in DOC for name in REQUIRED_VALUES)
    assert len(ALLOWED) == DOC.split("What may fail, and why:")[1].split("\n\n")[0].count("\n  - ")
