"""Whose settings a demo goes by: the organisation's say what is what, the person's say where things lie."""

import os
from unittest.mock import patch

import pytest

from finops.demo import PretendScaleway
from pipelines.settings import load_settings

PERSON = 'lake = "mine"\nlocale = "fr_FR"\n[billing]\nhistory_months = 3\n[report]\nout = "pages"\n'
ORGANISATION = (
    'lake = "theirs"\nlocale = "de_DE"\n[allocation]\nunallocated_owner = "direction"\n[report]\nout = "there"\n'
)


@pytest.fixture
def person(tmp_path, monkeypatch):
    """A folder with a finops.toml of one's own."""
    folder = tmp_path / "person"
    folder.mkdir()
    (folder / "finops.toml").write_text(PERSON)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FINOPS_")}
    with patch.dict(os.environ, kept | {"XDG_CONFIG_HOME": str(tmp_path / "none")}, clear=True):
        monkeypatch.chdir(folder)
        yield folder


def test_the_organisations_rules_hold_and_the_persons_places_stay(person, tmp_path):
    theirs = tmp_path / "theirs.finops.toml"
    theirs.write_text(ORGANISATION)
    PretendScaleway("http://127.0.0.1:1", {"settings_file": str(theirs)}).take_settings(load_settings({"lake": None}))
    settings = load_settings()
    assert settings.allocation.unallocated_owner == "direction"
    assert settings.billing.history_months == 13
    assert (settings.lake, settings.locale) == (load_settings({"lake": str(person / "mine")}).lake, "fr_FR")
    assert settings.report.out == person / "pages"


def test_without_a_file_of_the_organisation_the_persons_settings_hold(person):
    PretendScaleway("http://127.0.0.1:1", {"settings_file": None}).take_settings(load_settings())
    assert load_settings().billing.history_months == 3
    assert "FINOPS_CONFIG" not in os.environ
