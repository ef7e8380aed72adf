"""`finops ui`, really started: what its pages are told, and what is left when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from finops.cli import main

QUESTION = """{
  assetNodes {
    assetKey { path } groupName isPartitioned isMaterializable hasAssetChecks
    owners { ... on TeamAssetOwner { team } }
  }
  repositoriesOrError { ... on RepositoryConnection { nodes { schedules { name description } jobs { name } } } }
  runsOrError { ... on Runs { results { runId status tags { key value } } } }
}"""


def ask(port: int, question: str) -> dict:
    body = json.dumps({"query": question}).encode()
    request = Request(f"http://127.0.0.1:{port}/graphql", body, {"content-type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        found = json.load(answer)
    assert "errors" not in found, found
    return found["data"]


def of_state(state: Path) -> list[str]:
    """Command lines of living processes that were started for this state folder."""
    mark = f"DAGSTER_HOME={state}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue
    return found


@pytest.fixture
def started(tmp_path, free_port):
    """A `finops ui` whose page answers, with one finished run in its history."""
    import dagster as dg

    from assets.state import dagster_instance

    @dg.job(name="build")
    def earlier():
        pass

    state = tmp_path / "state"
    with dagster_instance(state) as instance:
        earlier.execute_in_process(instance=instance, tags={"finops/trigger": "command line"})
    environment = {**os.environ, "FINOPS_STATE": str(state), "FINOPS_LAKE": str(tmp_path / "lake")}
    command = [sys.executable, "-m", "finops.cli", "ui", "--port", str(free_port)]
    with (tmp_path / "err").open("w") as err:
        process = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=err, text=True
        )
    try:
        line = next((line for line in process.stdout if line.startswith("http://")), "")
        assert line.strip() == f"http://127.0.0.1:{free_port}", (tmp_path / "err").read_text()
        yield process, free_port, state
    finally:
        process.terminate()
        process.wait(60)


def test_pages_show_the_graph_and_earlier_runs_and_nothing_is_left_when_they_end(started):
    process, port, state = started
    told = ask(port, QUESTION)

    groups = {node["groupName"] for node in told["assetNodes"]}
    assert groups == {"bronze", "silver", "gold", "decisions", "reports", "platform"}
    nodes = {"/".join(node["assetKey"]["path"]): node for node in told["assetNodes"]}
    assert nodes["silver/costs"]["isPartitioned"]
    assert nodes["silver/costs"]["hasAssetChecks"]
    assert nodes["silver/costs"]["owners"] == [{"team": "finops"}]
    assert not nodes["silver/focus_costs"]["isPartitioned"]
    assert not nodes["scaleway/billing"]["isMaterializable"]
    (repository,) = told["repositoriesOrError"]["nodes"]
    schedules = {"daily", "monthly_report", "weekly_review", "platform_health"}
    assert {schedule["name"] for schedule in repository["schedules"]} == schedules
    (run,) = told["runsOrError"]["results"]
    assert run["status"] == "SUCCESS"
    assert {"key": "finops/trigger", "value": "command line"} in run["tags"]

    assert len(of_state(state)) >= 2
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert of_state(state) == []
    with pytest.raises(URLError):
        ask(port, QUESTION)


def test_a_taken_port_is_told_before_anything_starts(tmp_path, monkeypatch, capsys):
    state = tmp_path / "state"
    monkeypatch.setenv("FINOPS_STATE", str(state))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["ui", "--port", str(port)]) == 3
    error = capsys.readouterr().err
    assert f"--port {port} cannot be used (Address already in use)" in error
    assert f"finops ui --port {port + 1}" in error
    assert not state.exists()
