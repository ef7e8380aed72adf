"""`python -m simulator`: serve a scenario, print its truth, story, shares or schema, or write down its events."""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from simulator.deploys_exports import EXPORTS, write_export
from simulator.instants import parse_rfc3339, seconds
from simulator.loading import ScenarioError, load
from simulator.portrait import portrait
from simulator.scenario import Scenario
from simulator.server import create_app, outside
from simulator.serving import serve
from simulator.story import refreshed, story
from simulator.truth import truth_json
from simulator.world import Clock, World, build

WRONG_USAGE = 2


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; 0 when done, 2 for a wrong scenario or argument."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except ScenarioError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return WRONG_USAGE
    except BrokenPipeError:
        return 0


def schema() -> str:
    """The JSON Schema of a scenario file."""
    return json.dumps(Scenario.model_json_schema(by_alias=True), indent=2, ensure_ascii=False) + "\n"


def _run(options: argparse.Namespace) -> int:
    if options.command == "schema":
        sys.stdout.write(schema())
        return 0
    world = build(load(options.scenario))
    now = _now(world, options.now)
    if options.command == "truth":
        sys.stdout.write(truth_json(world, seconds(now)))
    elif options.command == "describe":
        sys.stdout.write(portrait(world, seconds(now)))
    elif options.command == "story":
        _tell(world, seconds(now), options.into)
    elif options.command == "events":
        _export(world, seconds(now), options.kind, Path(options.out))
    else:
        return _serve(options, world, now)
    return 0


def _tell(world: World, now: int, into: str | None) -> None:
    """Prints the tables, or renews those of a file."""
    if not into:
        sys.stdout.write("\n".join(f"## {name}\n\n{table}" for name, table in story(world, now).items()))
        return
    try:
        path = Path(into)
        path.write_text(refreshed(path.read_text(encoding="utf-8"), world, now), encoding="utf-8")
    except OSError as error:
        raise ScenarioError(f"{into}: {error.strerror}") from None


def _export(world: World, now: int, kind: str, path: Path) -> None:
    try:
        count = write_export(world, now, kind, path)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    sys.stdout.write(f"{count} {kind} in {path}\n")


def _serve(options: argparse.Namespace, world: World, now: datetime) -> int:
    try:
        if options.truth:
            Path(options.truth).write_text(truth_json(world, seconds(now)), encoding="utf-8")
        serve(create_app(world, Clock(now)), "127.0.0.1", options.port, options.exit_with_stdin)
    except OSError as error:
        subject = error.filename or f"port {options.port}"
        raise ScenarioError(f"{subject}: {error.strerror}") from None
    return 0


def _now(world: World, text: str | None) -> datetime:
    if text is None:
        return world.scenario.today
    try:
        now = datetime.fromtimestamp(parse_rfc3339(text), UTC)
    except ValueError:
        raise ScenarioError(f"--now {text}: not a time like 2026-11-18T06:00:00Z") from None
    problem = outside(world, now)
    if problem:
        raise ScenarioError(f"--now {problem}")
    return now


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("schema", help="print the JSON Schema of a scenario")
    helps = {
        "serve": "answer as Scaleway would, on 127.0.0.1",
        "truth": "print what is so in a scenario",
        "describe": "print what a scenario's organisation spends, by product, environment and project",
        "story": "print who a scenario's organisation is and what is hidden in it, as Markdown tables",
        "events": "write what the organisation itself knows: deploys, training and job runs, tenants, requests",
    }
    for name, text in helps.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--scenario", required=True, help="a .toml file, or demo or small")
        command.add_argument("--now", help="the clock's time, default the scenario's today")
    serving = commands.choices["serve"]
    serving.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serving.add_argument("--truth", help="write the truth to this file")
    serving.add_argument("--exit-with-stdin", action="store_true", help="stop when standard input closes")
    commands.choices["story"].add_argument("--into", metavar="FILE", help="renew the tables of this Markdown file")
    events = commands.choices["events"]
    events.add_argument("--kind", required=True, choices=list(EXPORTS), help="what to write")
    events.add_argument("--out", required=True, metavar="FILE", help="a .csv, .jsonl or .ndjson file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
