"""What is deployed is well formed, says what the product itself does, and shows Dagster's page to nobody directly."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml

from assets.definitions import defs
from finops.commands import COMMAND_MODULES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
EVERYWHERE = {"--help", "--debug", "--log-to", "--log-format"}
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_compose_publishes_the_proxy_alone_and_keeps_secrets_out_of_the_file():
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = told["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert told["networks"]["inside"] == {"internal": True}
    assert "outside" not in services["web"]["networks"]
    used = {volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert {name for name in used if not name.startswith(".")} == set(told["volumes"])
    for name in used - set(told["volumes"]):
        assert (DEPLOY / name).is_file(), name
    assert (ROOT / services["web"]["build"]["dockerfile"]).is_file()
    for service in services.values():
        for key, value in service.get("environment", {}).items():
            if re.search("KEY|PASSWORD|HASH|URLS", key):
                assert re.fullmatch(r"\$\{\w+(:[?-])?\}", value), key


def test_every_folder_of_the_image_exists():
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY "):
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), source


def test_dagster_on_postgres_differs_by_its_storage_alone():
    shared, own = (
        yaml.safe_load(path.read_text()) for path in (DEPLOY / "dagster-postgres.yaml", ROOT / "dagster.yaml")
    )
    assert shared.pop("storage")["postgres"]["postgres_db"]["password"] == {"env": "POSTGRES_PASSWORD"}
    assert shared == own


@pytest.mark.parametrize("name", ["finops.service", "finops.timer"])
def test_units_are_read_by_systemd_where_it_is(name):
    unit = ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read(DEPLOY / name)
    assert unit["Unit"]["Description"]
    if name == "finops.service":
        words = unit["Service"]["ExecStart"].split()[1:]
        assert words[0] in {told for module in COMMAND_MODULES for told, _ in module.COMMANDS}
    analyze = shutil.which("systemd-analyze")
    if analyze and name == "finops.timer":
        calendar = unit["Timer"]["OnCalendar"]
        subprocess.run([analyze, "calendar", calendar], check=True, capture_output=True)


def test_the_chart_loads_what_the_pages_load():
    told = yaml.safe_load((DEPLOY / "values.yaml").read_text())
    [deployment] = told["dagster-user-deployments"]["deployments"]
    assert deployment["dagsterApiGrpcArgs"] == ["-m", "assets.definitions"]
    assert defs is not None
    assert told["telemetry"] == {"enabled": False}


def test_every_command_in_the_docs_exists():
    known = {told for module in COMMAND_MODULES for told, _ in module.COMMANDS}
    groups = {told.split()[0] for told in known if " " in told}
    for page in DOCS:
        words = r"([a-z][a-z-]*(?: [a-z][a-z-]*)?)"
        for found in re.findall(rf"^ {{4}}finops {words}|`finops {words}", page.read_text(), re.M):
            one, _, two = next(filter(None, found)).partition(" ")
            if one in groups and one not in known:
                assert not two or f"{one} {two}" in known, (page.name, one, two)
            else:
                assert one in known, (page.name, one, two)


def test_every_option_in_the_docs_is_one_of_its_command():
    options = {}
    for told, function in (each for module in COMMAND_MODULES for each in module.COMMANDS):
        hints = get_type_hints(function, include_extras=True)
        given = [
            part
            for hint in hints.values()
            for part in getattr(hint, "__metadata__", ())
            if hasattr(part, "param_decls")
        ]
        # typer takes the first name of an annotated option for its default, and a parameter's own where none is given
        options[told] = {name for part in given for name in (part.default, *(part.param_decls or ()))}
        options[told] |= {f"--{name.replace('_', '-')}" for name in hints}
    assert "--send" in options["report monthly"]
    for page in DOCS:
        for line in re.findall(r"(?:^ {4}|`)finops ([^`#\n]+)", page.read_text(), re.M):
            told = max((name for name in options if f"{line} ".startswith(f"{name} ")), key=len, default=None)
            if told is not None:
                for option in re.findall(r"(?<!\S)--[a-z-]+", line):
                    assert option in options[told] | EVERYWHERE, (page.name, told, option)


def test_every_link_between_pages_leads_somewhere():
    for page in DOCS:
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)\s]+)\)", page.read_text()):
            path = (page.parent / target.partition("#")[0]).resolve()
            assert path.exists(), (page.name, target)
