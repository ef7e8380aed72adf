"""`finops notebook`: JupyterLab on the suite, a copy of one's own, and what to do where it is not installed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

from finops.cli import main

FOLDER = Path(__file__).parents[2] / "notebooks"


def test_without_jupyterlab_it_names_the_remedy(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("finops.commands.notebooks.find_spec", lambda name: None)
    assert main(["notebook"]) == 3
    assert "pip install 'scaleway-finops[notebooks]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_none_is_refused(capsys, tmp_path):
    assert main(["notebook", "--folder", str(tmp_path / "nothing")]) == 2
    assert "name one that holds notebooks" in capsys.readouterr().err


@pytest.fixture
def opened(monkeypatch):
    """What would be started: the command and its environment."""
    started = []
    monkeypatch.setattr("finops.commands.notebooks._run", lambda *given: started.append(given) or 0)
    return started


def test_it_opens_a_copy_of_ones_own_and_keeps_what_was_changed_there(monkeypatch, tmp_path, opened):
    monkeypatch.chdir(tmp_path)
    assert main(["notebook", "--lake", "my-lake"]) == 0
    shipped = sorted(path.name for path in FOLDER.glob("*.ipynb"))
    assert sorted(path.name for path in (tmp_path / "notebooks").iterdir()) == shipped
    changed = tmp_path / "notebooks" / shipped[0]
    changed.write_text("mine")
    assert main(["notebook"]) == 0
    assert changed.read_text() == "mine"
    command, environment = opened[0]
    assert f"--ServerApp.root_dir={tmp_path / 'notebooks'}" in command
    assert "--ServerApp.ip=127.0.0.1" in command
    assert environment["FINOPS_LAKE"] == (tmp_path / "my-lake").as_uri()
    assert opened[1][1]["FINOPS_LAKE"] == (tmp_path / ".lake").as_uri()  # not one beside the notebooks


def test_its_help_imports_nothing_heavy():
    code = (
        "import sys; from finops.cli import main; main(['notebook', '--help']); "
        "heavy = {'jupyterlab', 'polars', 'duckdb', 'plotly', 'dagster', 'IPython'} & set(sys.modules); "
        "sys.exit(f'heavy: {heavy}' if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_jupyterlab_answers_on_this_machine_asks_for_a_token_and_ends_when_asked(tmp_path, free_port):
    words = ["notebook", "--no-browser", "--port", str(free_port), "--folder", str(FOLDER)]
    process = subprocess.Popen(
        [sys.executable, "-m", "finops.cli", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(FOLDER.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert _status(f"http://127.0.0.1:{free_port}/api/contents", process) == 403
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told
    assert f"Notebooks in {FOLDER}" in told
    assert sorted(path.name for path in FOLDER.iterdir() if path.suffix != ".ipynb") == []


def _status(address, process):
    """The answer's status, once there is one."""
    for _ in range(300):
        assert process.poll() is None, process.stderr.read()
        try:
            with urlopen(address) as answer:
                return answer.status
        except HTTPError as error:
            return error.code
        except URLError:
            time.sleep(0.1)
    raise AssertionError("nobody answered for half a minute")
