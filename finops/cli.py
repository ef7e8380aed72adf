"""The `finops` command: its options, its commands and its exit codes.

Nothing heavy is imported here or at the top of a command's module, so that `--help` answers at once.
`main` is the one place where an error becomes a line on stderr and an exit code.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from typer.exceptions import TyperException

from finops.commands import COMMAND_MODULES, GROUPS
from finops.streams import LogFormat, LogTarget, configure_logging, write_hint
from pipelines.errors import FinopsError

INTERRUPTED: Final = 130
_GLOBAL_FLAGS: Final = frozenset({"--debug"})
_GLOBAL_VALUES: Final = frozenset({"--log-to", "--log-format"})


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"finops {version('scaleway-finops')}")
        raise typer.Exit


def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log more, and show where an error arose.")] = False,
    log_to: Annotated[LogTarget, typer.Option(help="Where log lines go.")] = LogTarget.stderr,
    log_format: Annotated[LogFormat, typer.Option(help="How log lines look.")] = LogFormat.console,
) -> None:
    """FinOps for Scaleway, with proof: a cost lake, a bill that reconciles, and reports people act on.

    Results go to stdout, logs to stderr.
    --debug, --log-to and --log-format work before and after a command.

    Exit codes:
    0 done · 1 unexpected · 2 wrong usage · 3 configuration or credentials ·
    4 a quality gate refused the data · 5 source unavailable · 6 partial result ·
    7 lake unavailable · 10 a policy threshold was hit
    """
    configure_logging(debug, log_to, log_format)


def build_app() -> typer.Typer:
    """The command tree of all modules in `COMMAND_MODULES`."""
    app = typer.Typer(name="finops", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_global_options)
    groups: dict[str, typer.Typer] = {}
    for module in COMMAND_MODULES:
        for words, command in module.COMMANDS:
            *group, name = words.split()
            parent = app
            if group:
                if group[0] not in groups:
                    groups[group[0]] = typer.Typer(no_args_is_help=True)
                    app.add_typer(groups[group[0]], name=group[0], help=GROUPS[group[0]])
                parent = groups[group[0]]
            parent.command(name)(command)
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code; every error ends in one line on stderr."""
    given = global_options_first(sys.argv[1:] if arguments is None else list(arguments))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal without UTF-8 is no reason to fail
    try:
        code = _run(given)
        sys.stdout.flush()
    except TyperException as error:
        return _complain(error, _usage_line(error), debug="--debug" in given)
    except FinopsError as error:
        return _complain(error, str(error), debug="--debug" in given)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:  # noqa: BLE001 - the outermost boundary: the person gets a line, not a traceback
        message = f"unexpected: {type(error).__name__}: {error}; run again with --debug to see where"
        return _complain(error, message, debug="--debug" in given)
    return code


def global_options_first(arguments: Sequence[str]) -> list[str]:
    """The same words with --debug, --log-to and --log-format moved to the front, up to a `--`."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments[:end])
    for word in words:
        if word in _GLOBAL_FLAGS or word.split("=")[0] in _GLOBAL_VALUES:
            front.append(word)
            if word in _GLOBAL_VALUES:
                front.extend(value for value in [next(words, None)] if value is not None)
        else:
            rest.append(word)
    return [*front, *rest, *arguments[end:]]


def _run(arguments: list[str]) -> int:
    try:
        result = typer.main.get_command(build_app()).main(arguments, prog_name="finops", standalone_mode=False)
    except SystemExit as exit:
        if _came_from_a_closed_pipe(exit):
            raise BrokenPipeError from None  # typer and rich turn it into exit 1
        raise
    return result if isinstance(result, int) else 0


def _came_from_a_closed_pipe(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, BrokenPipeError):
        error = error.__context__
    return error is not None


def _usage_line(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    problem = error.format_message().replace("Value error, ", "").rstrip(".")
    return f"{problem}; see `{context.command_path} --help`" if context and problem else problem


def _complain(error: Exception, message: str, debug: bool) -> int:
    if debug:
        write_hint("".join(traceback.format_exception(error)).rstrip())
    if message:  # empty when the help was printed for want of a command
        write_hint(f"finops: {' '.join(message.split())}")
    return int(getattr(error, "exit_code", 1))


def _reader_left() -> int:
    """Whoever read our output has had enough: no error, and nothing more to write."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
