"""doctor asks every data source of Cockpit with its token, and init says how a token is made and given."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

SHOP, LAB = "11111111-0000-4000-8000-000000000001", "11111111-0000-4000-8000-000000000002"
OPENS = "a-token-that-opens"


class Cockpit:
    """Two projects with metrics and logs in Paris, behind one address."""

    def __init__(self):
        self.asked, self.url = [], ""

    def answer(self, asked, token):
        parts = urlsplit(asked)
        query = parse_qs(parts.query)
        if parts.path.startswith("/account/"):
            named = [{"id": SHOP, "name": "shop"}, {"id": LAB, "name": "lab"}]
            return 200, {"projects": named, "total_count": 2}
        if parts.path.endswith("/fr-par/data-sources"):
            project = query["project_id"][0]
            found = [
                {"id": f"{kind}-{project}", "project_id": project, "region": "fr-par", "type": kind,
                 "origin": "scaleway", "url": f"{self.url}/of/{kind}/{project}"}
                for kind in ("metrics", "logs", "traces")
            ]  # fmt: skip
            return 200, {"data_sources": found, "total_count": 3}
        if parts.path.endswith("/data-sources"):
            return 404, {"message": "resource is not found"}
        if parts.path.startswith("/of/"):
            self.asked.append(parts.path.split("/")[2:4])
            return (200, {"status": "success", "data": []}) if token == OPENS else (401, {"error": "no"})
        return 200, {"total_count": 0}


@pytest.fixture
def cockpit(key, monkeypatch):
    pretended = Cockpit()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, document = pretended.answer(self.path, self.headers.get("X-Token"))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    pretended.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("SCW_API_URL", pretended.url)
    yield pretended
    server.shutdown()
    thread.join()
    server.server_close()


def told(finops):
    """What doctor says of Cockpit: verdict, finding, remedy; and all it showed."""
    _, out, err = finops("doctor", "--json")
    checks = [check for check in json.loads(out)["checks"] if check["name"] == "cockpit"]
    return [(check["verdict"], check["found"], check["remedy"]) for check in checks], out + err


def test_each_data_source_is_asked_with_the_token_of_its_project(finops, cockpit, monkeypatch):
    monkeypatch.setenv("FINOPS_COCKPIT_TOKENS", f"{SHOP}/fr-par={OPENS},{LAB}={OPENS}")
    checks, shown = told(finops)
    assert checks == [("good", "4 of 4 data sources for metrics and logs answer", "")]
    assert sorted(cockpit.asked) == [["logs", SHOP], ["logs", LAB], ["metrics", SHOP], ["metrics", LAB]]
    assert OPENS not in shown


def test_a_token_that_is_missing_or_refused_is_told_with_the_command_that_makes_one(finops, cockpit, monkeypatch):
    monkeypatch.setenv("FINOPS_COCKPIT_TOKENS", f"{SHOP}=a-token-of-another")
    checks, shown = told(finops)
    (good, missing, metrics, logs) = checks
    assert good == ("good", "0 of 4 data sources for metrics and logs answer", "")
    assert missing[:2] == ("warning", "Cockpit: lab in fr-par: no Cockpit token for this project and region")
    assert "scw cockpit token create" in missing[2]
    assert "FINOPS_COCKPIT_TOKENS" in missing[2]
    assert metrics[1] == "Cockpit: scaleway metrics of shop in fr-par: HTTP 401: no"
    assert "token-scopes.0=read_only_metrics" in metrics[2]
    assert "token-scopes.0=read_only_logs" in logs[2]
    assert len(cockpit.asked) == 2
    assert "a-token-of-another" not in shown


def test_a_cockpit_that_is_not_wanted_is_not_asked(finops, cockpit, monkeypatch):
    monkeypatch.setenv("FINOPS_COCKPIT_ENABLED", "false")
    assert told(finops)[0] == [("good", "not read: cockpit.enabled is false", "")]
    assert cockpit.asked == []


def test_init_says_how_a_token_is_made_and_given(finops):
    _, out, _ = finops("init", "--dry-run")
    (command,) = [line for line in out.splitlines() if line.startswith("scw cockpit token create")]
    assert command.endswith("token-scopes.0=read_only_metrics token-scopes.1=read_only_logs region=fr-par")
    assert "export FINOPS_COCKPIT_TOKENS=PROJECT_ID/fr-par=SECRET_KEY," in out
