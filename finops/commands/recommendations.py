"""`finops recommendations`: what to do, ranked by what it saves, and everything about one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from finops.commands.lake import Lake
from finops.commands.recommendations_actions import ACTION_COMMANDS
from finops.commands.recommendations_plan import plan
from finops.streams import TableFormat, write_hint, write_json, write_line, write_table
from pipelines.errors import UsageError

_COLUMNS: Final = (
    *("recommendation_id", "rule", "title", "status", "action", "reason", "target", "monthly_saving", "currency"),
    *("is_counted", "conflicts_with", "saves_on", "monthly_cost", "basis", "one_off_cost", "confidence", "risk"),
    *("effort", "restart_needed", "resource_id", "resource_name", "resource_type", "project_id", "project_name"),
    *("team", "owner", "environment", "kg_co2e_saving", "m3_water_saving", "evaluation_start", "evaluation_end"),
    *("evidence", "change", "rollback", "status_reason", "status_since", "status_until", "status_owner"),
    *("first_seen", "last_seen", "judged_on", "judgement", "judgement_reason", "returned_on"),
)
_SHOWN: Final = ("id", "a month", "action", "project", "owner", "risk", "effort", "note")
_REASONS: Final = 3


class Shown(StrEnum):
    """Which recommendations are listed: `open` also holds what was accepted."""

    open = "open"
    accepted = "accepted"
    done = "done"
    verified = "verified"
    rejected = "rejected"
    suppressed = "suppressed"
    gone = "gone"
    all = "all"


def recommendations(
    identifier: Annotated[str | None, typer.Argument(help="Show all about this one: its id, or its beginning.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only of this rule.")] = None,
    project: Annotated[str | None, typer.Option("--project", help="Only of this project, name or id.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Only of this owner or team.")] = None,
    status: Annotated[Shown, typer.Option("--status", help="open holds what was accepted too.")] = Shown.open,
    everything: Annotated[bool, typer.Option("--all", help="Whatever the status, and small savings too.")] = False,
    format: Annotated[TableFormat, typer.Option("--format", help="How to print it.")] = TableFormat.table,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """What to do, the largest saving first: for how much, at what risk, and whose it is.

    Of those that overlap only the ones that together save the most are counted in the total. csv and json hold every
    column; `finops plan ID` prints the exact change with its undo.
    """
    from datetime import UTC, datetime

    from assets.recommendation_actions import find_recommendation, recommendations_now
    from finops import catalog_of
    from pipelines.settings import load_settings

    catalog, settings = catalog_of(lake), load_settings({"lake": lake})
    every = recommendations_now(catalog, datetime.now(UTC).date())
    chosen = TableFormat.json if json else format
    if identifier is not None:
        _write_one(catalog, find_recommendation(every, identifier), chosen, settings.locale)
        return
    wanted = _narrowed(every, rule=rule, project=project, owner=owner)
    shown = Shown.all if everything else status
    rows = [row for row in wanted if _is_shown(row["status"], shown)]
    floor = 0 if everything else settings.recommendations.dust_floor
    if chosen is TableFormat.json:
        _write_json(catalog, rows, rule)
    elif chosen is TableFormat.csv:
        write_table(rows, chosen, _COLUMNS)
    else:
        _write_table(rows, floor, chosen, settings.locale)
        _write_totals(catalog, rows, settings.locale, rule)
    _count_the_rest(rows, wanted, shown)


def _write_one(catalog: Any, row: dict[str, Any], format: TableFormat, locale: str) -> None:
    from assets.recommendation_figures import unpacked, words_on
    from finops.commands.recommendations_shown import shown_lines

    said = words_on(catalog, row["recommendation_id"])
    if format is TableFormat.json:
        write_json({"recommendation": unpacked(row), "said": said})
    elif format is TableFormat.csv:
        write_table([row], format, _COLUMNS)
    else:
        for line in shown_lines(row, said, locale):
            write_line(line)


def _narrowed(rows: Sequence[dict[str, Any]], **wanted: str | None) -> Sequence[dict[str, Any]]:
    """Those of a rule, a project and an owner. Raises UsageError for one that no recommendation has."""
    columns = {"rule": ("rule",), "project": ("project_name", "project_id"), "owner": ("owner", "team")}
    for option, text in wanted.items():
        if text is None:
            continue
        names = columns[option]
        found = [row for row in rows if text.casefold() in {str(row[name]).casefold() for name in names}]
        if not found and rows:
            raise UsageError(f"no recommendation has the {option} {text!r}; {_meant(rows, names, text)}")
        rows = found
    return rows


def _meant(rows: Sequence[dict[str, Any]], names: Sequence[str], text: str) -> str:
    from difflib import get_close_matches

    known = sorted({row[names[0]] for row in rows if row[names[0]]})
    near = get_close_matches(text, known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are some of {', '.join(known) or 'none'}"


def _write_table(rows: Sequence[dict[str, Any]], floor: Any, format: TableFormat, locale: str) -> None:
    from assets.recommendation_figures import is_dust, money

    large = [row for row in rows if not is_dust(row, floor)]
    dust = [row for row in rows if is_dust(row, floor)]
    if large:
        write_table([_for_eyes(row, locale) for row in large], format, _SHOWN)
    if dust:
        sums = _sums(dust)
        write_line(f"and {len(dust)} that save less than {floor} each, together {money(sums, locale)} (--all)")


def _sums(rows: Sequence[dict[str, Any]]) -> Any:
    from assets.recommendation_actions import total

    return total(rows, counted_only=True)


def _for_eyes(row: dict[str, Any], locale: str) -> dict[str, Any]:
    from assets.recommendation_figures import note, saving

    return {
        "id": row["recommendation_id"],
        "a month": saving(row, locale),
        "action": row["action"],
        "project": row["project_name"] or row["project_id"] or "",
        "owner": row["owner"] or row["team"] or "no owner",
        "risk": row["risk"],
        "effort": row["effort"],
        "note": note(row),
    }


def _write_totals(catalog: Any, rows: Sequence[dict[str, Any]], locale: str, rule: str | None) -> None:
    from assets.recommendation_actions import total
    from assets.recommendation_figures import money, unjudged

    if rows:
        counted, naive = total(rows, counted_only=True), total(rows, counted_only=False)
        overlap = "" if counted == naive else f"; {money(naive, locale)} if none overlapped"
        write_line()
        write_line(f"Together {money(counted, locale)} a month{overlap}")
    left = unjudged(catalog, None if rule is None else [rule])
    if left.answers:
        times = f"{left.resources} resource{'' if left.resources == 1 else 's'} could not be judged by some rule"
        write_line(f"{times}, most often:")
        for reason, count in left.reasons[:_REASONS]:
            write_line(f"  {count} × {reason}")


def _write_json(catalog: Any, rows: Sequence[dict[str, Any]], rule: str | None) -> None:
    from assets.recommendation_actions import total
    from assets.recommendation_figures import unjudged, unpacked

    left = unjudged(catalog, None if rule is None else [rule])
    write_json(
        {
            "rows": [unpacked({name: row[name] for name in _COLUMNS}) for row in rows],
            "monthly_saving": total(rows, counted_only=True),
            "monthly_saving_if_none_overlapped": total(rows, counted_only=False),
            "unjudged": {
                "answers": left.answers,
                "resources": left.resources,
                "reasons": [{"reason": reason, "count": count} for reason, count in left.reasons],
            },
        }
    )


def _is_shown(status: str, wanted: Shown) -> bool:
    return wanted is Shown.all or status == wanted or (wanted is Shown.open and status == Shown.accepted)


def _count_the_rest(rows: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]], shown: Shown) -> None:
    """One line: what is shown, and what is not, by its status."""
    counted = Counter(row["status"] for row in wanted if not _is_shown(row["status"], shown))
    hidden = ", ".join(f"{count} {name}" for name, count in sorted(counted.items()))
    listed = f"{len(rows)} recommendation{'' if len(rows) == 1 else 's'} listed"
    write_hint(f"{listed}; not listed: {hidden} (--all)" if hidden else listed)


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("recommendations", recommendations),
    ("plan", plan),
    *ACTION_COMMANDS,
)
