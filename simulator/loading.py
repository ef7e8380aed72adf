"""Reads a scenario file; what is wrong with it is one line that names the key and the remedy."""

import difflib
import tomllib
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import BaseModel, ValidationError

from simulator.price_book import PriceBook, place_words
from simulator.resources import VOLUME_SKUS, own_skus
from simulator.scenario import Scenario

SCENARIOS = Path(__file__).parent / "scenarios"
SETTINGS = ".finops.toml"
"""How the name of an organisation's finops.toml goes on after that of its scenario."""
LONGEST_HISTORY_DAYS = 3_653


class ScenarioError(ValueError):
    """A scenario that cannot be used; the message is one line."""


def load(reference: str | Path) -> Scenario:
    """The scenario in a file, or one of ours by name (`demo`, `small`), with the finops.toml beside it."""
    path = _find(str(reference))
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: not TOML: {error}") from None
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror}") from None
    beside = path.with_name(f"{path.stem}{SETTINGS}")
    return parse(table, str(path)).with_settings(beside.absolute() if beside.is_file() else None)


def parse(table: dict[str, Any], origin: str = "scenario") -> Scenario:
    """The scenario in a table; ScenarioError for the first thing that is wrong with it."""
    try:
        scenario = Scenario.model_validate(table)
    except ValidationError as error:
        raise ScenarioError(f"{origin}: {_first_problem(error)}") from None
    problem = _broken_reference(scenario)
    if problem:
        raise ScenarioError(f"{origin}: {problem}")
    return scenario


def _find(reference: str) -> Path:
    path = Path(reference)
    ours = SCENARIOS / f"{reference}.toml"
    if path.suffix != ".toml" and not path.exists():
        if ours.exists():
            return ours
        known = sorted(entry.stem for entry in SCENARIOS.glob("*.toml") if "." not in entry.stem)
        raise ScenarioError(f"{reference}: no such scenario; give a .toml file or one of {', '.join(known)}")
    return path


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "extra_forbidden":
        return f"unknown key {_dotted(location)}{_suggest(location[-1], _keys_at(location[:-1]))}"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem.get("input")
    shown = f" (given {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{_dotted(location)}: {message[0].lower()}{message[1:]}{shown}"


def _dotted(location: list[str]) -> str:
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in location).lstrip(".")


def _suggest(wrong: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wrong, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def _keys_at(location: list[str]) -> list[str]:
    model: Any = Scenario
    for part in location:
        if part.isdigit():
            continue
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        model = _model_within(fields[part].annotation)
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_within(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [_model_within(inner) for inner in typing.get_args(annotation)]
    return next((model for model in found if model is not None), None)


def _broken_reference(scenario: Scenario) -> str | None:
    projects = [project.name for project in scenario.projects]
    groups = [group.name for group in scenario.resources]
    checks = [
        _duplicates("project", projects),
        _duplicates("resources", groups),
        *(_missing(f"resources.{g.name}.project", g.project, projects) for g in scenario.resources),
        *(_missing(f"consumption_only.{c.sku}.project", c.project, projects) for c in scenario.consumption_only),
        *(
            _missing(f"{item.id}.groups", name, groups)
            for item in [*scenario.planted, *scenario.traps]
            for name in item.groups
        ),
        *(_missing(where, name, known) for where, name, known in _references(scenario, projects, groups) if name),
        *(_missing("publication.late_groups", name, groups) for name in scenario.publication.late_groups),
        _wrong_order(scenario),
        *_wrong_templates(scenario),
    ]
    problem = next((check for check in checks if check), None)
    return problem or _unknown_price(scenario)


def _references(scenario: Scenario, projects: list[str], groups: list[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Names of projects, groups and actors that the parts of a scenario use: where, which, and those there are."""
    actors = [actor.name for actor in scenario.actors]
    for deploy in scenario.deploys:
        yield f"deploys.{deploy.service}.project", deploy.project, projects
        yield f"deploys.{deploy.service}.group", deploy.group, groups
        yield f"deploys.{deploy.service}.registry", deploy.registry, groups
        yield f"deploys.{deploy.service}.actor", deploy.actor, actors
    for training in scenario.training:
        yield f"training.{training.model}.group", training.group, groups
    if scenario.savings_plan:
        yield "savings_plan.project", scenario.savings_plan.project, projects
    for asked in scenario.requests:
        yield f"requests.{asked.service}.project", asked.project, projects
    for dashboard in scenario.dashboards:
        yield f"dashboards.{dashboard.name}.group", dashboard.group, groups
    for actor in scenario.actors:
        yield from ((f"actors.{actor.name}.projects", name, projects) for name in actor.projects)
    for group in scenario.resources:
        yield f"resources.{group.name}.actor", group.actor, actors
        yield f"resources.{group.name}.deleted_by", group.deleted_by, actors
        yield f"resources.{group.name}.continues", group.continues, groups
        if group.collects:
            place = f"resources.{group.name}.collects"
            yield from ((f"{place}.projects", name, projects) for name in group.collects.projects)
            yield from ((f"{place}.groups", name, groups) for name in group.collects.groups)


def _duplicates(what: str, names: list[str]) -> str | None:
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{what} {twice[0]} is named twice; names must differ" if twice else None


def _missing(where: str, name: str, known: list[str]) -> str | None:
    return None if name in known else f"{where}: no such name {name!r}{_suggest(name, known)}"


def _wrong_order(scenario: Scenario) -> str | None:
    if scenario.start >= scenario.today:
        return f"start {scenario.start:%Y-%m-%d} is not before today {scenario.today:%Y-%m-%d}"
    plan = scenario.savings_plan
    if plan and plan.start >= plan.end:
        return f"savings_plan: from {plan.start:%Y-%m-%d} is not before to {plan.end:%Y-%m-%d}"
    if (scenario.today - scenario.start).days > LONGEST_HISTORY_DAYS:
        return f"start {scenario.start:%Y-%m-%d} is more than ten years before today {scenario.today:%Y-%m-%d}"
    for group in scenario.resources:
        if group.start and group.end and group.start >= group.end:
            return f"resources.{group.name}: from {group.start:%Y-%m-%d} is not before to {group.end:%Y-%m-%d}"
        if group.load.first_hour >= group.load.last_hour:
            return f"resources.{group.name}.load: first_hour must be before last_hour"
    return None


def _wrong_templates(scenario: Scenario) -> Iterator[str | None]:
    """Whether every template uses only the words that will be there."""
    labels = ("group", "index", "id", "short", "cluster", "pool")
    tags = ("environment", "team", "project")
    for project in scenario.projects:
        yield from (_template(f"projects.{project.name}.tags", text, tags) for text in project.tags)
    for group in scenario.resources:
        where = f"resources.{group.name}"
        yield _template(f"{where}.label", group.label, labels)
        own = [*(group.tags or []), *group.extra_tags, *(tag for change in group.tag_changes for tag in change.tags)]
        yield from (_template(f"{where}.tags", text, tags) for text in own)
        if group.kind == "block-volume" and group.type not in ("", *VOLUME_SKUS):
            yield f"{where}.type: {group.type!r} is no volume type{_suggest(group.type, VOLUME_SKUS)}"
    for price in scenario.prices:
        places = place_words(price.where)
        yield _template("prices.sku", price.sku, places)
        yield _template("prices.label", price.label or price.product, places)


def _template(where: str, text: str, words: Iterable[str]) -> str | None:
    try:
        used = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError as error:
        return f"{where}: {text!r} is not a template: {error}"
    wrong = next((name for name in used if name not in words), None)
    if wrong is None:
        return None
    known = ", ".join("{" + word + "}" for word in words) or "no words"
    return f"{where}: {text!r} uses {{{wrong}}}; it may use {known}"


def _unknown_price(scenario: Scenario) -> str | None:
    book = PriceBook.of(scenario)
    for group in scenario.resources:
        if group.kind == "instance" and not book.sells(group.type, group.zone):
            close = _suggest(group.type, book.types_in(group.zone))
            return f"resources.{group.name}.type: {group.type!r} is not sold in {group.zone}{close}"
        for sku in own_skus(group):
            if sku not in book.offers:
                close = _suggest(sku, book.offers)
                return f"resources.{group.name}: SKU {sku!r} is not in the price book{close}"
    for name, entries in (("price_changes", scenario.price_changes), ("retirements", scenario.retirements)):
        for pattern in (pattern for entry in entries for pattern in entry.skus):
            if not book.matching(pattern):
                return f"{name}: {pattern!r} matches no SKU of the price book"
    return None
