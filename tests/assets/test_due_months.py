"""Which months a run looks at by itself: those that can change, and those whose tables would be others now."""

from datetime import date, datetime

import pytest

from assets.due import due_months
from assets.import_metrics import import_metrics
from assets.made_assets import MAKINGS
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request
from pipelines.settings import load_settings

from .conftest import MONTHS, NOW

TODAY = datetime.fromisoformat(NOW).date()


@pytest.fixture
def due(first, tmp_path, monkeypatch):
    """`due(settings)`: the months that are due, by a finops.toml with this text."""
    monkeypatch.chdir(tmp_path)

    def ask(text: str = "", today: date = TODAY, place=first.place) -> list[str]:
        (tmp_path / "finops.toml").write_text(text)
        return due_months(place.catalog, list(MONTHS), today, load_settings())

    return ask


def test_a_closed_month_is_not_looked_at_again(due):
    assert due() == ["2026-07"]


def test_a_lake_that_was_never_read_is_due_as_a_whole(tmp_path, due, first):
    assert due(place=type(first.place)(tmp_path / "none", tmp_path / "state")) == list(MONTHS)


@pytest.mark.parametrize(
    "settings",
    [
        '[[allocation.rules]]\nname = "all"\nproject = "*"\nsets = { owner = "someone" }',
        "[kpis]\nidle_below = 0.2",
        '[units]\nci_products = ["runners"]',
    ],
)
def test_a_changed_setting_makes_every_month_due_in_the_same_run(due, settings):
    assert due(settings) == list(MONTHS)


def test_a_table_that_python_would_make_otherwise_is_due(due, monkeypatch):
    changed = type(MAKINGS[0].made)
    monkeypatch.setattr(changed, "code_fingerprint", property(lambda self: f"newer {self.name}"))
    assert due() == list(MONTHS)


def test_what_was_imported_for_a_closed_month_makes_it_due(first, tmp_path, due):
    place = first.copy(tmp_path)
    numbers = tmp_path / "requests.csv"
    numbers.write_text("day,service,requests\n2026-06-03,shop,100\n")
    request = Request(KINDS["requests"], "the shop")
    import_metrics(place.catalog.lake, [numbers], request, datetime.fromisoformat(NOW))
    assert due(place=place)[0] <= "2026-06"
