"""Settings: who wins, where a value comes from, and what a mistake says."""

import json
import os
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import ConfigurationError
from pipelines.settings import Settings, all_keys, load_settings, settings_schema, unknown_variables

SECRET = "5f0c9a4e-0c5b-4d6e-9a53-6a1b2c3d4e5f"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty project folder, and neither files nor variables of the person who runs the tests."""
    for name in list(os.environ):
        if name.startswith(("FINOPS_", "SCW_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


def user_file(text: str) -> Path:
    file = Path(os.environ["HOME"]) / ".config" / "finops" / "finops.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


# one strategy per key that can be drawn freely; the text is what a file or a variable holds
DRAWN = {
    "scaleway.attempts": st.integers(1, 20),
    "scaleway.requests_per_second": st.integers(1, 50),
    "billing.history_months": st.integers(1, 120),
    "report.currency": st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3),
    "locale": st.sampled_from(["en", "fr", "fr_FR", "de"]),
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), key=st.sampled_from(sorted(DRAWN)))
def test_the_strongest_source_that_gives_a_value_wins_and_is_named_as_its_origin(here, data, key):
    places = ["flag", "variable", "project", "user"]
    values = {place: data.draw(st.none() | DRAWN[key], label=place) for place in places}
    section, _, name = key.rpartition(".")
    variable = "FINOPS_" + key.replace(".", "_").upper()
    files = {"project": here / "finops.toml", "user": user_file("")}
    for place, file in files.items():
        line = "" if values[place] is None else f"{name} = {json.dumps(values[place])}\n"
        file.write_text(f"[{section}]\n{line}" if section else line)
    origins = {"flag": "flag", "variable": variable, **{place: str(file) for place, file in files.items()}}
    with pytest.MonkeyPatch.context() as patch:
        if values["variable"] is not None:
            patch.setenv(variable, str(values["variable"]))
        loaded = load_settings({key: values["flag"]})

    winner = next((place for place in places if values[place] is not None), None)
    found = getattr(getattr(loaded, section), name) if section else getattr(loaded, name)
    field = all_keys()[key]
    assert found == (field.default if winner is None else values[winner])
    assert loaded.origin(key) == ("default" if winner is None else origins[winner])


def test_a_project_file_above_the_current_folder_counts_and_its_folders_count_from_where_it_lies(here, monkeypatch):
    (here / "finops.toml").write_text('lake = "data/lake"\nstate = "state"\n[report]\nout = "out"\n')
    inner = here / "deep" / "inside"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    loaded = load_settings()
    assert loaded.lake == (here / "data" / "lake").as_uri()
    assert (loaded.state, loaded.report.out) == (here / "state", here / "out")


def test_the_default_lake_lies_beside_the_project_file_and_else_in_the_current_folder(here, monkeypatch):
    assert load_settings().lake == (here / ".lake").as_uri()
    (here / "finops.toml").write_text("")
    (here / "notebooks").mkdir()
    monkeypatch.chdir(here / "notebooks")
    assert load_settings().lake == (here / ".lake").as_uri()


def test_finops_config_names_the_file_and_a_missing_one_is_an_error(here, monkeypatch):
    (here / "other.toml").write_text('locale = "de"\n')
    monkeypatch.setenv("FINOPS_CONFIG", "other.toml")
    assert load_settings().locale == "de"
    monkeypatch.setenv("FINOPS_CONFIG", "missing.toml")
    with pytest.raises(ConfigurationError, match=r"FINOPS_CONFIG = 'missing.toml': no such file"):
        load_settings()


@pytest.mark.parametrize(
    ("given", "lake"),
    [
        ("s3://bucket/some/prefix/", "s3://bucket/some/prefix"),
        ("s3://bucket", "s3://bucket"),
        ("file:///srv/lake/", "file:///srv/lake"),
        ("/srv/my lake", "file:///srv/my%20lake"),
    ],
)
def test_a_lake_is_a_folder_or_a_bucket_in_one_spelling(here, given, lake):
    assert load_settings({"lake": given}).lake == lake


MISTAKES = {
    "unknown key, near": (
        "[scaleway]\natempts = 3\n",
        ["unknown key scaleway.atempts", "did you mean scaleway.attempts?"],
    ),
    "unknown table": ("[scalway]\nattempts = 3\n", ["unknown key scalway", "did you mean scaleway?"]),
    "unknown key, far": ("[report]\nzzz = 3\n", ["unknown key report.zzz", "known here: out, currency"]),
    "wrong type": ('[scaleway]\nattempts = "many"\n', ["scaleway.attempts = 'many'", "expected a valid integer"]),
    "out of range": ("[scaleway]\nattempts = 0\n", ["scaleway.attempts = 0", "greater than or equal to 1"]),
    "table expected": ("scaleway = 3\n", ["scaleway = 3", "expected a table [scaleway]"]),
    "bad lake": ('lake = "ftp://x"\n', ["lake = 'ftp://x'", "expected a folder, file:///folder or s3://bucket/prefix"]),
    "bad zone": ('time_zone = "Paris"\n', ["time_zone = 'Paris'", "Europe/Paris"]),
    "bad currency": ('[report]\ncurrency = "euro"\n', ["report.currency = 'euro'", "such as EUR"]),
    "plain http": (
        '[lake_s3]\nendpoint_url = "http://s3.example"\n',
        ["endpoint_url 'http://s3.example'", "allow_http"],
    ),
    "not a number": ("[scaleway]\ntimeout_seconds = nan\n", ["scaleway.timeout_seconds = nan"]),
    "not TOML": ('lake = "x"\n[scaleway\n', ["line 2, column 10", "not TOML"]),
    "cut off": ('lake = "x', ["not TOML"]),
    "not text": (b"\xff\xfe\x00", ["not UTF-8"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_file_is_one_line_that_names_file_key_value_and_what_is_expected(here, mistake):
    text, said = MISTAKES[mistake]
    file = here / "finops.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    message = str(caught.value)
    assert "\n" not in message
    assert str(file) in message
    assert [part for part in said if part not in message] == []


def test_a_mistake_in_the_environment_names_the_variable(here, monkeypatch):
    monkeypatch.setenv("FINOPS_SCALEWAY_ATTEMPTS", "many")
    with pytest.raises(ConfigurationError, match=r"^FINOPS_SCALEWAY_ATTEMPTS: scaleway.attempts = 'many': expected"):
        load_settings()


def test_a_secret_in_a_file_is_refused_without_being_repeated(here):
    for text in (f'[scaleway]\nsecret_key = "{SECRET}"\n', f'lake = "s3://SCW00000000000000000:{SECRET}@bucket"\n'):
        (here / "finops.toml").write_text(text)
        with pytest.raises(ConfigurationError, match="environment") as caught:
            load_settings()
        assert SECRET not in str(caught.value)


def test_a_variable_that_sets_nothing_is_told_with_the_name_that_was_meant(here, monkeypatch):
    monkeypatch.setenv("FINOPS_LAKES", "x")
    monkeypatch.setenv("FINOPS_STATE", "x")
    assert unknown_variables() == ["FINOPS_LAKES sets nothing; did you mean FINOPS_LAKE?"]


def test_an_empty_variable_is_as_good_as_none(here, monkeypatch):
    monkeypatch.setenv("FINOPS_LOCALE", "")
    assert (load_settings().locale, load_settings().origin("locale")) == ("en", "default")


def test_settings_cannot_be_changed(here):
    loaded = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        loaded.locale = "fr"
    with pytest.raises(ValueError, match="frozen"):
        loaded.scaleway.attempts = 1


def test_the_tolerance_keeps_the_digits_that_were_written(here):
    (here / "finops.toml").write_text("[billing]\nreconciliation_tolerance = 0.07\n")
    assert load_settings().billing.reconciliation_tolerance == Decimal("0.07")


def test_the_schema_takes_what_the_settings_take_and_refuses_unknown_keys(here):
    validator = jsonschema.Draft202012Validator(settings_schema())
    assert validator.is_valid({"lake": "s3://b/p", "scaleway": {"attempts": 3}, "report": {"currency": "EUR"}})
    assert not validator.is_valid({"lakes": "x"})
    assert not validator.is_valid({"scaleway": {"atempts": 3}})
    assert not validator.is_valid({"report": {"currency": "euro"}})
    assert set(settings_schema()["properties"]) == set(Settings.model_fields)


def test_the_lake_key_is_its_own_pair_else_scaleways_and_never_half_a_pair(here, monkeypatch):
    with pytest.raises(ConfigurationError, match="no key for it; export FINOPS_S3_ACCESS_KEY"):
        load_settings().lake_key()
    monkeypatch.setenv("SCW_ACCESS_KEY", "SCW00000000000000000")
    monkeypatch.setenv("SCW_SECRET_KEY", SECRET)
    key = load_settings().lake_key()
    assert (key.access_key, key.secret_key.reveal(), key.origin) == ("SCW00000000000000000", SECRET, "SCW_ACCESS_KEY")
    monkeypatch.setenv("FINOPS_S3_ACCESS_KEY", "mine")
    with pytest.raises(ConfigurationError, match="FINOPS_S3_SECRET_KEY is not set"):
        load_settings().lake_key()
    monkeypatch.setenv("FINOPS_S3_SECRET_KEY", "my own secret")
    key = load_settings().lake_key()
    assert (key.access_key, key.secret_key.reveal()) == ("mine", "my own secret")
    assert "my own secret" not in repr(key)


def test_the_settings_organisation_and_profile_win_over_the_scw_file(here):
    scw = Path(os.environ["HOME"]) / ".config" / "scw" / "config.yaml"
    scw.parent.mkdir(parents=True)
    scw.write_text(
        f"active_profile: a\nprofiles:\n"
        f"  a: {{access_key: SCWAAAAAAAAAAAAAAAAA, secret_key: {SECRET}}}\n"
        f"  b: {{access_key: SCWBBBBBBBBBBBBBBBBB, secret_key: {SECRET}}}\n"
    )
    organization = "22222222-2222-2222-2222-222222222222"
    (here / "finops.toml").write_text(f'[scaleway]\nprofile = "b"\norganization_id = "{organization}"\n')
    found = load_settings().credentials()
    assert (found.access_key, found.organization_id, found.profile_name) == ("SCWBBBBBBBBBBBBBBBBB", organization, "b")
