"""`finops actions`: what a person says about recommendations, and the register of what was said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Final

import typer

from finops.commands.days import day_of
from finops.commands.lake import Lake
from finops.streams import TableFormat, write_hint, write_json, write_line, write_table
from pipelines.errors import UsageError

Identifier = Annotated[str, typer.Argument(help="Id of a recommendation, or its beginning.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever reads it next.")]
Note = Annotated[str, typer.Option("--reason", help="What to add for whoever reads it next.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; else the user of this machine.")]
Owner = Annotated[str | None, typer.Option("--owner", help="Who answers for it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be, and write nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_COLUMNS: Final = (
    *("said_at", "recommendation_id", "word", "until", "said_by", "owner", "reason", "action", "rule", "resource_id"),
    *("resource_name", "target", "monthly_saving", "currency"),
)
_SHOWN: Final = ("said_at", "recommendation_id", "word", "until", "said_by", "owner", "reason", "action")


def list_actions(
    identifier: Annotated[str | None, typer.Argument(help="Only of this recommendation.")] = None,
    format: Annotated[TableFormat, typer.Option("--format", help="How to print it.")] = TableFormat.table,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """What people said about recommendations, the newest first."""
    from assets.anomaly_feedback import rows_of
    from assets.recommendations_tables import ACTIONS
    from finops import catalog_of

    rows = rows_of(catalog_of(lake), ACTIONS.name, "order by said_at desc, recommendation_id")
    if identifier is not None:
        rows = [row for row in rows if row["recommendation_id"].startswith(identifier.strip().lower())]
    chosen = TableFormat.json if json else format
    exact = chosen in (TableFormat.csv, TableFormat.json)
    if rows or exact:
        shown = rows if exact else [row | {"said_at": f"{row['said_at']:%Y-%m-%d %H:%M}"} for row in rows]
        write_table(shown, chosen, _COLUMNS if exact else _SHOWN)
    write_hint(f"{len(rows)} word{'' if len(rows) == 1 else 's'} listed")


def accept(
    identifier: Identifier,
    reason: Note = "",
    owner: Owner = None,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Accept a recommendation: it will be done."""
    _say(identifier, "accepted", (reason, by, None, owner), dry_run, json, lake)


def done(
    identifier: Identifier,
    reason: Note = "",
    owner: Owner = None,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Say that a recommendation was followed. Later bills are checked for what it saved."""
    _say(identifier, "done", (reason, by, None, owner), dry_run, json, lake)


def reject(
    identifier: Identifier,
    reason: Reason,
    owner: Owner = None,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Decline a recommendation for good, with the reason."""
    _say(identifier, "rejected", (reason, by, None, owner), dry_run, json, lake)


def suppress(
    identifier: Identifier,
    reason: Reason,
    until: Annotated[str, typer.Option("--until", help="The last day it holds, YYYY-MM-DD.")],
    owner: Owner = None,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Set a recommendation aside until a day; then it is open again."""
    _say(identifier, "suppressed", (reason, by, day_of(until, "--until"), owner), dry_run, json, lake)


def reopen(
    identifier: Identifier,
    reason: Reason,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Open a recommendation again that was accepted, done, rejected or suppressed."""
    _say(identifier, "reopened", (reason, by, None, None), dry_run, json, lake)


def _say(
    identifier: str,
    word: str,
    said: tuple[str, str | None, date | None, str | None],
    dry_run: bool,
    json: bool,
    lake: str | None,
) -> None:
    from datetime import UTC, datetime

    from assets.recommendation_actions import Intent, find_recommendation, recommendations_now, say
    from finops import catalog_of
    from pipelines.recommendations.said import Word
    from pipelines.settings import current_user

    reason, by, until, owner = said
    person = (by or current_user() or "").strip()
    if not person:
        raise UsageError("who says so? Write --by NAME")
    catalog, now = catalog_of(lake), datetime.now(UTC)
    row = find_recommendation(recommendations_now(catalog, now.date()), identifier)
    intent = Intent(Word(word), " ".join(reason.split()), person, until, owner)
    after = say(catalog, row, intent, now, dry_run)
    stands = after or row
    if json:
        told = ("recommendation_id", "status", "status_reason", "status_since", "status_until", "status_owner")
        write_json({**{name: stands[name] for name in told}, "is_new": after is not None and not dry_run})
        return
    until_words = f" until {stands['status_until']}" if stands["status_until"] else ""
    why = f"; {stands['status_reason']}" if stands["status_reason"] else ""
    words = f"{stands['recommendation_id']} ({stands['action']}): {stands['status']}{until_words}{why}"
    write_line(f"Would be {words}" if dry_run and after else words)
    if after is None or dry_run:
        write_hint("Nothing was written." if dry_run else "It was said before; nothing was written.")


ACTION_COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("actions list", list_actions),
    ("actions accept", accept),
    ("actions done", done),
    ("actions reject", reject),
    ("actions suppress", suppress),
    ("actions reopen", reopen),
)
