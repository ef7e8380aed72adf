"""The command line's frame: light help, exit codes, one line per error, and masked secrets."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
import structlog

import finops.cli
from finops.cli import build_app, global_options_first
from finops.documentation import _leaves
from pipelines import errors
from pipelines.secrets import MASK, Secret

HEAVY = [
    *("dagster", "polars", "duckdb", "pyarrow", "plotly", "great_expectations", "scaleway", "deltalake"),
    *("requests", "yaml", "s3fs", "pydantic_settings", "pipelines.settings"),
]
LEAVES = [words.split()[1:] for words, _ in _leaves(finops.cli.typer.main.get_command(build_app()), "finops")]
HELPS = [
    ["--help"],
    ["--version"],
    *sorted({(*leaf[:-1], "--help") for leaf in LEAVES}),
    *([*leaf, "--help"] for leaf in LEAVES),
]


def test_help_and_version_of_every_command_import_nothing_heavy():
    script = f"""
import io, sys
from contextlib import redirect_stdout
from finops.cli import main
for words in {[list(words) for words in HELPS]!r}:
    with redirect_stdout(io.StringIO()) as out:
        code = main(words)
    # typer itself needs pydantic to read a command's options, but not for the top level
    heavy = set({HEAVY!r}) | ({{"pydantic"}} if len(words) == 1 else set())
    heavy = sorted(heavy & set(sys.modules))
    if code or heavy or not out.getvalue().strip():
        print(words, code, heavy)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == ""


@pytest.fixture
def raising(monkeypatch):
    """Adds a command `fail` that raises, or does, what it is given."""

    def add(action):
        def fail() -> None:
            """Fail."""
            action()

        module = types.SimpleNamespace(COMMANDS=(("fail", fail),))
        monkeypatch.setattr(finops.cli, "COMMAND_MODULES", (*finops.cli.COMMAND_MODULES, module))

    return add


def thrown(error):
    def throw():
        raise error

    return throw


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError, 2),
        (errors.ConfigurationError, 3),
        (errors.PermissionDenied, 3),
        (errors.QualityGateError, 4),
        (errors.SourceUnavailable, 5),
        (errors.PartialResult, 6),
        (errors.LakeUnavailable, 7),
        (errors.PolicyThreshold, 10),
    ],
)
def test_each_error_has_its_exit_code_and_one_line_on_stderr(finops, raising, error, code):
    raising(thrown(error("month '2026-13' is no month;\nwrite YYYY-MM")))
    assert finops("fail") == (code, "", "finops: month '2026-13' is no month; write YYYY-MM\n")


def test_what_nobody_foresaw_is_one_line_and_debug_shows_where(finops, raising):
    raising(thrown(ZeroDivisionError("division by zero")))
    code, out, err = finops("fail")
    assert (code, out) == (1, "")
    assert err == ("finops: unexpected: ZeroDivisionError: division by zero; run again with --debug to see where\n")
    code, _, err = finops("fail", "--debug")
    assert code == 1
    assert "Traceback" in err
    assert "in throw" in err


def test_an_interrupt_ends_quietly_with_130(finops, raising):
    raising(thrown(KeyboardInterrupt()))
    assert finops("fail") == (130, "", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope"], "No such command 'nope'"),
        (["config", "shw"], "Did you mean 'show'?"),
        (["config", "show", "--nope"], "No such option: --nope; see `finops config show --help`"),
        (["config", "show", "--log-format", "xml"], "'xml' is not one of 'console', 'json'"),
        (["config", "show", "--log-to"], "--log-to"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(finops, words, said):
    code, out, err = finops(*words)
    assert (code, out) == (2, "")
    assert err.startswith("finops: ")
    assert err.count("\n") == 1
    assert said in err


def test_global_options_may_stand_anywhere_before_a_double_dash():
    words = ["sql", "select 1", "--log-to", "stdout", "--debug", "--log-format=json", "--", "--debug"]
    assert global_options_first(words) == [
        "--log-to", "stdout", "--debug", "--log-format=json", "sql", "select 1", "--", "--debug",
    ]  # fmt: skip


def test_a_secret_is_masked_in_results_logs_errors_and_tracebacks(finops, raising, capsys):
    secret = Secret("11aa22bb-3333-4444-5555-666677778888").reveal()

    def leak():
        print_result(f"result {secret}")
        structlog.get_logger("finops.test").info(f"asked with {secret}", header=secret, nested={"token": secret})
        raise RuntimeError(f"server said {secret}")

    from finops.streams import write_line as print_result

    raising(leak)
    for log_format in ("console", "json"):
        code, out, err = finops("fail", "--debug", "--log-format", log_format)
        assert code == 1
        assert secret not in out + err
        assert out == f"result {MASK}\n"
        assert "Traceback" in err
        assert f"server said {MASK}" in err
        assert f"asked with {MASK}" in err


def test_json_logs_are_one_object_a_line_and_go_where_asked(finops, raising):
    raising(lambda: structlog.get_logger("finops.test").info("table written", table="silver.costs", rows=3))
    code, out, err = finops("fail", "--log-to", "stdout", "--log-format", "json")
    assert (code, err) == (0, "")
    event = json.loads(out)
    assert (event["event"], event["table"], event["rows"], event["level"]) == (
        "table written",
        "silver.costs",
        3,
        "info",
    )
    assert event["timestamp"].endswith("Z")


def test_logs_go_to_stderr_and_carry_no_colours_into_a_file(finops, raising):
    raising(lambda: structlog.get_logger("finops.test").warning("slow", seconds=3))
    code, out, err = finops("fail")
    assert (code, out) == (0, "")
    assert "slow" in err
    assert "\x1b" not in err


def test_a_reader_that_leaves_early_is_no_error():
    script = "from finops.streams import write_line\nfrom finops import cli\nimport types\n"
    script += "def many() -> None:\n    [write_line('x' * 1000) for _ in range(1000)]\n"
    script += "cli.COMMAND_MODULES = (types.SimpleNamespace(COMMANDS=(('many', many), ('few', many))),)\n"
    script += "raise SystemExit(cli.main(['many']))"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.read(1) == b"x"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 0


def test_the_installed_command_runs():
    command = Path(sys.executable).with_name("finops")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("finops ")
