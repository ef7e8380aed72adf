"""`finops anomalies close|reopen|alert`: what a person says about an anomaly, and who is told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from finops.commands.days import day_of
from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_line
from pipelines.errors import ConfigurationError, PartialResult, UsageError

Identifier = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, for whoever reads it next.")]
By = Annotated[str | None, typer.Option("--by", help="Who says so; else the user of this machine.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def close(
    identifier: Identifier,
    reason: Reason,
    false_alarm: Annotated[bool, typer.Option("--false-alarm", help="It was none: the like is judged milder.")] = False,
    expected_until: Annotated[
        str | None, typer.Option("--expected-until", help="It is planned, up to this day, YYYY-MM-DD.")
    ] = None,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Close an anomaly: it is dealt with, or a false alarm, or expected until a day. The next judgement heeds it."""
    if false_alarm and expected_until is not None:
        raise UsageError("--false-alarm and --expected-until exclude each other; write one of them")
    verdict = "false_alarm" if false_alarm else "expected" if expected_until is not None else "closed"
    _say(identifier, verdict, (reason, by, day_of(expected_until, "--expected-until")), dry_run, json, lake)


def reopen(
    identifier: Identifier,
    reason: Reason,
    by: By = None,
    dry_run: DryRun = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Open an anomaly again that was closed, expected, explained or suppressed."""
    _say(identifier, "reopened", (reason, by, None), dry_run, json, lake)


def alert(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")] = False,
    json: Json = False,
    lake: Lake = None,
) -> None:
    """Send what somebody should act on and was not told yet, as each run does; once to each destination.

    Destinations come from FINOPS_ALERT_URLS: Apprise URLs such as mailtos://… or json://…, each alone or as
    name=URL, with commas between them.
    """
    from datetime import UTC, datetime

    from assets.anomaly_alerts import send_alerts
    from finops import catalog_of
    from pipelines.alerts.sending import deliver
    from pipelines.settings import load_settings
    from pipelines.settings_anomalies import ALERT_URLS

    settings, catalog = load_settings({"lake": lake}), catalog_of(lake)
    names = list(settings.alert_urls())
    if dry_run:
        _write_due(catalog, settings, names, json)
        return
    if not names:
        raise ConfigurationError(
            f"{ALERT_URLS} is not set, so there is nobody to tell; export it, such as "
            "team=mailtos://USER:PASSWORD@HOST?to=finops@example.org"
        )
    told = send_alerts(catalog, settings, lambda: datetime.now(UTC), deliver)
    if json:
        write_json({"sent": told.sent, "failures": list(told.failures), "waiting": told.waiting})
    else:
        write_line(f"Sent: {told.sent} message{'' if told.sent == 1 else 's'}" if told.sent else "Nothing was sent.")
    if told.waiting:
        write_hint(f"{told.waiting} more wait for the next run (anomalies.alerts.most_per_run)")
    if told.failures:
        raise PartialResult("not sent: " + "; ".join(told.failures))


def _write_due(catalog: Any, settings: Any, names: list[str], json: bool) -> None:
    from assets.anomaly_alerts import due_alerts
    from pipelines.settings_anomalies import ALERT_URLS

    due, waiting = due_alerts(catalog, settings, names)
    if json:
        messages = [
            {
                "anomaly_id": each.anomaly["anomaly_id"],
                "destinations": list(each.destinations),
                "subject": each.message.subject,
                "text": each.message.text,
            }
            for each in due
        ]
        write_json({"messages": messages, "waiting": waiting})
        return
    for each in due:
        write_line(f"To:      {', '.join(each.destinations) or f'nobody: {ALERT_URLS} is not set'}")
        write_line(f"Subject: {each.message.subject}")
        write_line()
        write_line(each.message.text)
    more = f"; {waiting} more would wait for the next run" if waiting else ""
    write_hint(f"{len(due)} alert{'' if len(due) == 1 else 's'} would be sent{more}; nothing was")


def _say(
    identifier: str,
    verdict: str,
    said: tuple[str, str | None, date | None],
    dry_run: bool,
    json: bool,
    lake: str | None,
) -> None:
    from datetime import UTC, datetime

    from assets.anomaly_evidence import find_anomaly, judged_anomalies
    from assets.anomaly_feedback import Word, say
    from assets.anomaly_figures import what
    from finops import catalog_of
    from pipelines.anomalies.feedback import Verdict
    from pipelines.settings import current_user

    reason, by, until = said
    person = (by or current_user() or "").strip()
    if not person:
        raise UsageError("who says so? Write --by NAME")
    catalog = catalog_of(lake)
    anomaly = find_anomaly(judged_anomalies(catalog), identifier)
    word = Word(Verdict(verdict), " ".join(reason.split()), person, until)
    after = say(catalog, anomaly, word, datetime.now(UTC), dry_run)
    row = after or anomaly
    if json:
        told = ("anomaly_id", "state", "state_reason", "state_since", "expected_until", "is_actionable")
        write_json({**{name: row[name] for name in told}, "is_new": after is not None and not dry_run})
        return
    until_words = f" until {row['expected_until']}" if row["expected_until"] else ""
    told_words = f"{row['anomaly_id']} ({what(row)}): {row['state']}{until_words}; {row['state_reason']}"
    write_line(f"Would be {told_words}" if dry_run and after else told_words)
    if after is None or dry_run:
        write_hint("Nothing was written." if dry_run else "It was said before; nothing was written.")


REVIEW_COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("anomalies close", close),
    ("anomalies reopen", reopen),
    ("anomalies alert", alert),
)
