"""`finops anomalies list|show|explain`: what is unusual, ranked by what it costs, with its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from finops.commands.anomalies_check import check
from finops.commands.anomalies_review import REVIEW_COMMANDS
from finops.commands.days import day_of
from finops.commands.lake import Lake
from finops.streams import TableFormat, write_hint, write_json, write_line, write_table
from pipelines.errors import PolicyThreshold, UsageError

Identifier = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_COLUMNS: Final = (
    *("anomaly_id", "severity", "state", "first_day", "last_day", "is_ongoing", "kind", "subject", "level"),
    *("project_id", "project_name", "service_name", "region", "sku", "resource_id", "resource_name"),
    *("label_key", "label_value", "kpi", "root_cause", "unit", "actual", "expected", "low", "high"),
    *("impact", "impact_percent", "score", "confidence", "state_reason", "state_since", "expected_until"),
    *("explained_by", "explanation", "is_actionable", "owner", "environment", "runbook", "first_judged_on"),
    *("judged_on", "alerted_on"),
)
_SHOWN: Final = ("id", "severity", "state", "days", "kind", "what", "impact", "owner")


class Shown(StrEnum):
    """Which anomalies are listed: `open` also holds what was reopened."""

    open = "open"
    reopened = "reopened"
    explained = "explained"
    expected = "expected"
    closed = "closed"
    suppressed = "suppressed"
    all = "all"


class Severities(StrEnum):
    """How much an anomaly matters."""

    urgent = "urgent"
    high = "high"
    medium = "medium"
    low = "low"


def list_anomalies(
    state: Annotated[Shown, typer.Option("--state", help="open holds what was reopened too.")] = Shown.open,
    since: Annotated[str | None, typer.Option("--since", help="Unusual on this day or later, YYYY-MM-DD.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Name or id.")] = None,
    severity: Annotated[Severities | None, typer.Option("--severity", help="At least this severe.")] = None,
    actionable: Annotated[bool, typer.Option("--actionable", help="Only what somebody should act on.")] = False,
    format: Annotated[TableFormat, typer.Option("--format", help="How to print it.")] = TableFormat.table,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """What is unusual, the most expensive first: where, since when, by how much, and whose it is.

    csv and json hold every column. What is not listed is counted on stderr.
    """
    from assets.anomaly_evidence import judged_anomalies
    from finops import catalog_of
    from pipelines.settings import load_settings

    every = _of_project(judged_anomalies(catalog_of(lake)), project)
    first = day_of(since, "--since")
    wanted = [
        row
        for row in every
        if (first is None or row["last_day"] >= first)
        and (severity is None or _is_at_least(row, severity))
        and (row["is_actionable"] or not actionable)
    ]
    rows = [row for row in wanted if _is_shown(row["state"], state)]
    chosen = TableFormat.json if json else format
    if chosen in (TableFormat.csv, TableFormat.json):
        write_table(rows, chosen, _COLUMNS)
    elif rows:
        locale = load_settings({"lake": lake}).locale
        write_table([_for_eyes(row, locale) for row in rows], chosen, _SHOWN)
    _count_the_rest(rows, wanted, state)


def show(
    identifier: Identifier,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Everything about one anomaly: what, when, by how much, where it comes from, what else changed, who said what."""
    from finops.commands.anomalies_shown import shown_lines

    _write_one(identifier, json, lake, shown_lines)


def explain(
    identifier: Identifier,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Why it is one, or why it is none to act on: its days against their bounds, what drives it, its causes."""
    from finops.commands.anomalies_shown import explained_lines

    _write_one(identifier, json, lake, explained_lines)


def refuse_open_anomalies(lake: str) -> None:
    """Raises PolicyThreshold, one line, when somebody should act on an anomaly."""
    from assets.anomaly_evidence import ranked
    from assets.anomaly_feedback import anomalies_now
    from assets.anomaly_figures import impact, what
    from finops import catalog_of
    from pipelines.settings import load_settings

    found = ranked([row for row in anomalies_now(catalog_of(lake)) if row["is_actionable"]])
    if found:
        first = found[0]
        more = f"; and {len(found) - 1} more, see `finops anomalies list`" if len(found) > 1 else ""
        told = impact(first, load_settings().locale)
        raise PolicyThreshold(f"anomaly {first['anomaly_id']}, {what(first)}: {told}{more}")


def _write_one(identifier: str, json: bool, lake: str | None, lines: Callable[[Any, str], Sequence[str]]) -> None:
    from dataclasses import asdict

    from assets.anomaly_evidence import evidence_of, find_anomaly, judged_anomalies
    from finops import catalog_of
    from pipelines.settings import load_settings

    catalog = catalog_of(lake)
    evidence = evidence_of(catalog, find_anomaly(judged_anomalies(catalog), identifier))
    if json:
        write_json(asdict(evidence))
        return
    for line in lines(evidence, load_settings({"lake": lake}).locale):
        write_line(line)


def _of_project(rows: Sequence[dict[str, Any]], project: str | None) -> Sequence[dict[str, Any]]:
    """Those of a project. Raises UsageError for a project without any anomaly, with the names that have some."""
    if project is None:
        return rows
    wanted = project.casefold()
    found = [row for row in rows if wanted in {str(row[name]).casefold() for name in ("project_id", "project_name")}]
    if not found and rows:
        from difflib import get_close_matches

        known = sorted({row["project_name"] for row in rows if row["project_name"]})
        near = get_close_matches(project, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are some in {', '.join(known) or 'none'}"
        raise UsageError(f"no anomaly was ever found in project {project!r}; {hint}")
    return found


def _is_at_least(row: dict[str, Any], severity: Severities) -> bool:
    order = list(Severities)
    return order.index(Severities(row["severity"])) <= order.index(severity)


def _is_shown(state: str, wanted: Shown) -> bool:
    return wanted is Shown.all or state == wanted or (wanted is Shown.open and state == Shown.reopened)


def _for_eyes(row: dict[str, Any], locale: str) -> dict[str, Any]:
    from assets.anomaly_figures import impact, kind_words, progress, what

    same_day = row["first_day"] == row["last_day"]
    days = f"{row['first_day']}" if same_day else f"{row['first_day']} to {row['last_day']}"
    return {
        "id": row["anomaly_id"],
        "severity": row["severity"],
        "state": row["state"],
        "days": f"{days}, {progress(row)}",
        "kind": kind_words(row),
        "what": what(row),
        "impact": impact(row, locale),
        "owner": row["owner"] or "no owner",
    }


def _count_the_rest(rows: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]], state: Shown) -> None:
    """One line: what is shown, and what is not, by its state."""
    counted = Counter(row["state"] for row in wanted if not _is_shown(row["state"], state))
    hidden = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    listed = f"{len(rows)} anomal{'y' if len(rows) == 1 else 'ies'} listed"
    write_hint(f"{listed}; not listed: {hidden} (--state all)" if hidden else listed)


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("anomalies list", list_anomalies),
    ("anomalies show", show),
    ("anomalies explain", explain),
    *REVIEW_COMMANDS,
    ("anomalies check", check),
)
