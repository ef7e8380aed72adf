"""What the layout promises, checked on the code itself."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("finops", "assets", "pipelines", "simulator", "benchmarks")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TRACKED = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=False,
).stdout.splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def normal(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def test_imports_flow_one_way():
    found = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    kept, broken = re.search(r"Contracts: (\d+) kept, (\d+) broken", found.stdout).groups()
    assert (int(kept) >= 5, broken) == (True, "0")


def test_no_dependency_installs_a_package_of_our_names():
    ours = {"scaleway-finops"}
    for name in ("finops", "assets", "pipelines", "simulator"):
        assert {normal(each) for each in packages_distributions().get(name, [])} <= ours, name


ENVIRONMENT = ("environ", "environb", "getenv")


def environment_uses(path: Path) -> list[tuple[int, bool]]:
    """Line of every mention of the environment, and whether it only sets variables, here or for a child."""
    tree = ast.parse(path.read_text())
    setting = set()
    for node in ast.walk(tree):
        is_method = isinstance(node, ast.Attribute) and node.attr in ("update", "pop", "setdefault")
        is_assigned = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        if is_method or is_assigned:
            setting.add(id(node.value))
        elif isinstance(node, ast.Dict):
            setting |= {id(value) for key, value in zip(node.keys, node.values, strict=True) if key is None}
    uses = [
        (node.lineno, id(node) in setting)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and node.attr in ENVIRONMENT
    ]
    imported = [
        (node.lineno, False)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and node.module == "os"
        and {each.name for each in node.names} & {*ENVIRONMENT}
    ]
    return uses + imported


def test_only_the_settings_read_the_environment_and_only_programs_set_it():
    # a benchmark prepares the environment of the processes it measures
    product = [path for path in SOURCES if not named(path).startswith("benchmarks/")]
    reading = {named(path) for path in product for _, is_set in environment_uses(path) if not is_set}
    setting = {named(path) for path in SOURCES for _, is_set in environment_uses(path) if is_set}
    assert reading == {"pipelines/settings.py"}
    assert all(name.startswith(("finops/", "benchmarks/")) for name in setting), setting


MONEY = re.compile(r"(^|_)(cost|price|amount|tax|discount|residual|effect|money|billed|total|nanos|units)(s|_|$)")


def float_calls_on_money(path: Path) -> list[str]:
    return [
        f"{named(path)}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "float"
        and any(
            MONEY.search(word)
            for part in ast.walk(node)
            for word in [getattr(part, "id", None) or getattr(part, "attr", None) or getattr(part, "value", None)]
            if isinstance(word, str)
        )
    ]


def test_money_is_never_made_a_float_before_the_chart():
    calls = [
        call
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in ("pipelines", "assets", "finops")
        and "chart" not in path.name
        and path.name != "figures.py"
        for call in float_calls_on_money(path)
    ]
    assert calls == []


def test_the_check_for_money_floats_sees_them(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "wrong.py"
    path.write_text("x = float(row['billed_cost']) + float(line.price) + float(days)\n")
    assert len(float_calls_on_money(path)) == 2


FORBIDDEN = {
    "a path of one machine": r"/work/",
    "a package registry": r"pypi\.org|files\.pythonhosted|registry\.npmjs|registry\.yarnpkg",
    "an issue number": r"\b[Ii]ssues? #?\d+|\(#\d+\)|\bGH-\d+",
}
THIS_FILE = named(Path(__file__))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_repository_speaks_of_itself_alone(what):
    if not TRACKED:
        pytest.skip("not a git checkout")
    pattern = re.compile(FORBIDDEN[what])
    found = []
    for name in TRACKED:
        path = ROOT / name
        if name == THIS_FILE or not path.is_file():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture
        found += [f"{name}:{number}: {line[:120]}" for number, line in enumerate(lines, 1) if pattern.search(line)]
    assert found == []


LOCKS = ("requirements.lock", "requirements-spark.lock")


def requirement_names(requirements: list[str]) -> set[str]:
    return {normal(re.match(r"[\w.-]+", each)[0]) for each in requirements}


def locked() -> dict[str, str]:
    """Version by distribution, as pinned for this Python on this machine."""
    from packaging.markers import Marker

    lines = [line for name in LOCKS for line in (ROOT / name).read_text().splitlines()]
    pins = [re.match(r"([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)(?: ; ([^\\]+))?", line) for line in lines]
    return {normal(pin[1]): pin[2] for pin in pins if pin and (pin[3] is None or Marker(pin[3].strip()).evaluate())}


def test_the_lock_covers_every_dependency_with_a_hash_and_no_address():
    text = "".join((ROOT / name).read_text() for name in LOCKS)
    dependencies = [
        *PROJECT["dependencies"],
        *(each for group in PROJECT["optional-dependencies"].values() for each in group),
    ]
    assert requirement_names(dependencies) <= set(locked())
    assert "://" not in text
    assert "--index-url" not in text
    entries = re.findall(r"^[\w.-]+(?:\[[^]]*\])?==(?:.*\\\n)*.*", text, re.MULTILINE)
    assert len(entries) >= len(locked())
    assert all("--hash=sha256:" in entry for entry in entries)


def test_what_runs_here_is_what_the_lock_says():
    from importlib.metadata import distribution

    direct = requirement_names(PROJECT["dependencies"])
    assert {name: distribution(name).version for name in direct} == {name: locked()[name] for name in direct}


def test_modules_are_short_enough_to_read():
    assert [named(path) for path in SOURCES if len(path.read_text().splitlines()) > 300] == []


def test_nothing_is_kept_in_a_drawer():
    drawers = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tools"}
    assert [named(path) for path in SOURCES if {path.stem, path.parent.name} & drawers] == []


def test_only_the_outermost_boundary_catches_every_exception():
    broad = [
        f"{named(path)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException")))
        and not any(isinstance(each, ast.Raise) for each in ast.walk(node))
    ]
    assert {each.partition(":")[0] for each in broad} <= {"finops/cli.py"}, broad
