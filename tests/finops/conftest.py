"""A place of one's own: neither files nor variables of the person who runs the tests."""

import os
from pathlib import Path

import pytest

from finops.cli import main

ACCESS_KEY = "SCWABCDEFGHIJKLMNOPQ"
SECRET_KEY = "7d1f0a52-93b4-4c6e-8a11-5e6f70819203"
ORGANIZATION = "22222222-3333-4444-5555-666666666666"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """An empty current folder with an empty home."""
    for name in list(os.environ):
        if name.startswith(("FINOPS_", "SCW_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def key(project, monkeypatch) -> str:
    """A complete key in the environment; answers the secret that must never be seen."""
    monkeypatch.setenv("SCW_ACCESS_KEY", ACCESS_KEY)
    monkeypatch.setenv("SCW_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("SCW_DEFAULT_ORGANIZATION_ID", ORGANIZATION)
    monkeypatch.setenv("FINOPS_STORAGE_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing listens there
    return SECRET_KEY


@pytest.fixture
def finops(project, capsys):
    """Runs one command in this process: exit code, stdout, stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
