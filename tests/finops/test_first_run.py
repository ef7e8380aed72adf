"""init, doctor and config: from nothing to a configuration that works, and never a secret on the screen."""

import importlib
import json
import pkgutil
import re
import tomllib
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

import pipelines.sources
from finops.first_steps import FEATURES
from pipelines.lake.address import parse_address
from pipelines.lake.answers import record
from pipelines.lake.store import Lake
from pipelines.settings import all_keys
from pipelines.sources.endpoints import Endpoint

EMPTY = {
    "/billing/": {"budgets": [], "total_count": 0},
    "/account/": {"projects": [], "total_count": 0},
    "/instance/": {"servers": [], "total_count": 0},
    "/block/": {"volumes": [], "total_count": 0},
    "/product-catalog/": {"products": [], "total_count": 0},
    "/": {"total_count": 0},
}
DENIED = {"message": "insufficient permissions", "type": "permissions_denied"}


class Api:
    """A pretend API: what it refuses, how its clock is off, and what it was asked."""

    def __init__(self, secret):
        self.secret, self.refused, self.skew = secret, (), timedelta()
        self.asked = []


@pytest.fixture
def api(key, monkeypatch):
    with serving(Api(key)) as (pretended, url):
        monkeypatch.setenv("SCW_API_URL", url)
        yield pretended


@contextmanager
def serving(pretended):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            token = self.headers.get("X-Auth-Token")
            pretended.asked.append((self.path, token is not None))
            prefix = next((part for part in EMPTY if self.path.startswith(part)), None)
            if self.path == "/":
                self.answer(404, {"message": "not found"})
            elif token != pretended.secret:
                self.answer(401, {"message": "authentication is denied", "reason": "not_found"})
            elif prefix in pretended.refused:
                self.answer(403, DENIED)
            else:
                self.answer(200, EMPTY[prefix])

        def answer(self, status, document):
            body = json.dumps(document).encode()
            self.send_response_only(status)
            self.send_header("Date", format_datetime(datetime.now(UTC) + pretended.skew, usegmt=True))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield pretended, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def diagnosed(finops):
    """doctor --json: exit code, and verdict by name of check."""
    code, out, err = finops("doctor", "--json")
    checks = json.loads(out)["checks"]
    assert [check for check in checks if check["verdict"] == "failed" and not check["remedy"]] == []
    return code, {check["name"]: check["verdict"] for check in checks}, out + err


def test_doctor_finds_nothing_wrong_with_a_good_key_and_asks_each_api_once(finops, api, key):
    code, verdicts, shown = diagnosed(finops)
    assert code == 0
    assert "failed" not in verdicts.values()
    asked = [name for name in verdicts if name.startswith("permission")]
    assert {"permission billing", "permission projects", "permission instance", "permission catalog"} <= set(asked)
    assert len(asked) >= 20, "one question for each permission set"
    assert api.asked[0] == ("/", False), "the first question, for the clock, goes without the key"
    assert len({path for path, _ in api.asked}) == len(api.asked) >= 1 + len(asked)
    assert key not in shown


def test_doctor_fails_with_3_when_billing_is_refused_and_only_warns_for_the_rest(finops, api):
    api.refused = ("/block/",)
    code, verdicts, _ = diagnosed(finops)
    assert (code, verdicts["permission block"], verdicts["permission billing"]) == (0, "warning", "good")
    api.refused = ("/billing/",)
    code, out, err = finops("doctor")
    assert code == 3
    assert "✖ permission billing" in out
    assert "BillingReadOnly" in out
    assert err.splitlines()[-1].startswith("finops: 1 of ")


def test_doctor_says_that_the_key_is_refused_and_never_shows_it(finops, api, key):
    api.secret = "another one"
    code, verdicts, shown = diagnosed(finops)
    assert (code, verdicts["permission billing"], verdicts["permission instance"]) == (3, "failed", "warning")
    assert "HTTP 401" in shown
    assert key not in shown


def test_doctor_does_not_ask_for_permissions_when_the_api_cannot_be_reached(finops, key, monkeypatch):
    monkeypatch.setenv("SCW_API_URL", "http://127.0.0.1:9")
    code, verdicts, _ = diagnosed(finops)
    assert (code, verdicts["api"], verdicts["permissions"]) == (3, "failed", "warning")


def test_doctor_notices_a_clock_that_is_wrong(finops, api):
    api.skew = timedelta(hours=-2)
    code, verdicts, _ = diagnosed(finops)
    assert (code, verdicts["clock"]) == (3, "failed")


def test_doctor_without_a_key_says_how_to_get_one_and_checks_the_rest(finops):
    code, out, _ = finops("doctor")
    assert code == 3
    assert "✖ scw profile: no Scaleway access key" in out
    assert "→ run `scw init`" in out
    assert "✔ lake:" in out


def test_doctor_fails_on_settings_that_cannot_be_read(finops, project):
    (project / "finops.toml").write_text("lake =\n")
    code, verdicts, _ = diagnosed(finops)
    assert (code, verdicts["settings"]) == (3, "failed")
    assert "lake" not in verdicts


def test_doctor_fails_on_a_lake_and_a_state_folder_that_cannot_be_written(finops, api, project, monkeypatch):
    (project / "file").write_text("")
    monkeypatch.setenv("FINOPS_LAKE", "file/lake")
    monkeypatch.setenv("FINOPS_STATE", "/proc/finops")
    code, verdicts, _ = diagnosed(finops)
    assert (code, verdicts["lake"], verdicts["state folder"]) == (3, "failed", "failed")


def test_doctor_fails_on_an_s3_lake_that_cannot_be_reached(finops, api, key, monkeypatch):
    monkeypatch.setenv("FINOPS_LAKE", "s3://bucket/lake")
    monkeypatch.setenv("FINOPS_LAKE_S3_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("FINOPS_LAKE_S3_ALLOW_HTTP", "true")
    code, verdicts, shown = diagnosed(finops)
    assert (code, verdicts["lake"], verdicts["last run"]) == (3, "failed", "warning")
    assert key not in shown


@pytest.mark.parametrize(("age", "verdict"), [(timedelta(hours=3), "good"), (timedelta(days=3), "warning")])
def test_doctor_tells_how_old_the_newest_answer_in_the_lake_is(finops, project, answered, age, verdict):
    times = [datetime.now(UTC) - age, datetime(2026, 1, 1, tzinfo=UTC)]
    listings = [answered(f"billing.{name}", [{"id": name}], at=at) for name, at in zip("ab", times, strict=True)]
    record(Lake(parse_address(".lake")), "bronze.invoices", listings)
    _, verdicts, shown = diagnosed(finops)
    assert verdicts["last run"] == verdict
    assert f"newest answer of {times[0]:%Y-%m-%d %H:%M} UTC" in shown


def test_doctor_shows_its_calls_only_when_debugging(finops, api):
    assert "scaleway_call" not in finops("doctor")[2]
    assert "scaleway_call" in finops("doctor", "--debug")[2]


def test_doctor_leaves_nothing_behind(finops, api, project):
    finops("doctor")
    assert list(project.iterdir()) == []


def test_init_dry_run_writes_nothing_and_prints_settings_that_load(finops, project, key):
    code, out, err = finops("init", "--dry-run")
    assert code == 0
    assert list(project.iterdir()) == []
    assert key not in out + err
    text = out.split("# Least privilege")[0]
    assert text.startswith("#:schema ./finops.schema.json\n")
    sections = {key.partition(".")[0] for key in all_keys() if "." in key}
    assert sections >= {"lake_s3", "scaleway", "billing", "cockpit", "allocation", "forecast", "report"}
    assert tomllib.loads(text) == {section: {} for section in sections}


def test_every_line_init_comments_out_is_a_setting_that_loads(finops, project, tmp_path):
    scw = tmp_path / "home" / ".config" / "scw" / "config.yaml"
    scw.parent.mkdir(parents=True)
    scw.write_text("profiles: {finops: {}}\n")
    assert finops("init")[0] == 0
    file = project / "finops.toml"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(re.sub(r"^# (?=[a-z_0-9]+ = )", "", line) for line in lines))
    code, out, _ = finops("config", "show", "--json")
    assert code == 0
    ours = [row for row in json.loads(out)["settings"] if not row["key"].startswith("scw.")]
    assert {row["origin"] for row in ours} == {str(file)}
    assert json.loads((project / "finops.schema.json").read_text())["title"] == "finops.toml"


def test_init_keeps_an_existing_file_unless_forced(finops, project):
    file = project / "finops.toml"
    file.write_text('locale = "fr"\n')
    code, out, err = finops("init")
    assert (code, out) == (2, "")
    assert "--force" in err
    assert file.read_text() == 'locale = "fr"\n'
    assert finops("init", "--force")[0] == 0
    assert file.read_text().startswith("#:schema")


def test_init_names_the_chosen_profile_and_refuses_an_unknown_one(finops, project, tmp_path):
    scw = tmp_path / "home" / ".config" / "scw" / "config.yaml"
    scw.parent.mkdir(parents=True)
    scw.write_text("profiles: {work: {access_key: SCWABCDEFGHIJKLMNOPQ}}\n")
    code, _, err = finops("init", "--profile", "wrok")
    assert code == 3
    assert "did you mean 'work'" in err
    assert not (project / "finops.toml").exists()
    assert finops("init", "--profile", "work")[0] == 0
    assert tomllib.loads((project / "finops.toml").read_text())["scaleway"] == {"profile": "work"}


def test_init_that_cannot_write_says_so(finops):
    code, _, err = finops("init", "--out", "/proc/finops.toml")
    assert code == 3
    assert "/proc/finops.toml cannot be written" in err


def test_the_policy_of_init_grants_what_the_sources_ask_for_and_nothing_that_writes(finops):
    asked = set()
    for module in pkgutil.iter_modules(pipelines.sources.__path__):
        for value in vars(importlib.import_module(f"pipelines.sources.{module.name}")).values():
            endpoints = value if isinstance(value, tuple) else (value,)
            asked |= {item.permission_set for item in endpoints if isinstance(item, Endpoint)} - {None}
    granted = {name for feature in FEATURES for name in feature.permission_sets}
    assert asked >= {"BillingReadOnly", "InstancesReadOnly"}
    assert asked <= granted
    assert [name for name in granted if not name.endswith("ReadOnly")] == []
    _, out, _ = finops("init", "--dry-run")
    assert [name for name in granted if f"={name}" not in out] == []
    assert "scw cockpit token create" in out
    assert "token-scopes.0=read_only_metrics" in out


def test_config_show_tells_values_origins_and_only_whether_the_secret_is_set(finops, project, key, monkeypatch):
    (project / "finops.toml").write_text('locale = "fr"\n[scaleway]\nattempts = 3\n')
    monkeypatch.setenv("FINOPS_SCALEWAY_ATTEMPTS", "4")
    code, out, err = finops("config", "show", "--json")
    rows = {row["key"]: (row["value"], row["origin"]) for row in json.loads(out)["settings"]}
    assert code == 0
    assert rows["locale"] == ("fr", str(project / "finops.toml"))
    assert rows["scaleway.attempts"] == ("4", "FINOPS_SCALEWAY_ATTEMPTS")
    assert rows["scaleway.timeout_seconds"] == ("60", "default")
    assert rows["scw.secret_key"] == ("set", "SCW_SECRET_KEY")
    assert key not in out + err
    _, out, err = finops("config", "show", "--origin")
    assert "FINOPS_SCALEWAY_ATTEMPTS" in out
    assert key not in out + err
    _, out, _ = finops("config", "show")
    assert "FINOPS_SCALEWAY_ATTEMPTS" not in out


def test_config_show_warns_of_a_variable_that_sets_nothing_on_stderr(finops, monkeypatch):
    monkeypatch.setenv("FINOPS_LAKES", "x")
    code, out, err = finops("config", "show")
    assert code == 0
    assert "did you mean FINOPS_LAKE?" in err
    assert "did you mean" not in out


def test_config_schema_is_a_json_schema_and_can_go_to_a_file(finops, project):
    code, out, _ = finops("config", "schema")
    assert code == 0
    assert json.loads(out)["additionalProperties"] is False
    assert finops("config", "schema", "--out", "s.json")[:2] == (0, "")
    assert json.loads((project / "s.json").read_text()) == json.loads(out)
