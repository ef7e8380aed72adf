"""What people say about recommendations: kept as it was said, and laid over what the last run judged. No Dagster here.

`recommendations_now` is the one way to read `gold.recommendations` for a person: what was said a moment ago holds at
once, without a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from assets.anomaly_feedback import append_rows, rows_of
from assets.recommendations_tables import ACTIONS, RECOMMENDATIONS
from assets.savings_tables import RULE_ACCURACY, SAVINGS
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.recommendations.register import chosen, placed
from pipelines.recommendations.said import Said, Standing, Status, Word, newest

_NEAR = 3
_COPIED = ("rule", "resource_id", "resource_name", "target", "action", "monthly_saving", "currency")
Row = dict[str, Any]


@dataclass(frozen=True)
class Intent:
    """What somebody wants to say about a recommendation. `until` and `owner` are of those suppressed."""

    word: Word
    reason: str
    by: str
    until: date | None = None
    owner: str | None = None


def said_so_far(catalog: Catalog) -> list[Said]:
    """Everything people said, the oldest first."""
    return [
        Said(
            row["recommendation_id"],
            row["said_at"],
            row["said_by"],
            Word(row["word"]),
            row["reason"],
            row["until"],
            row["owner"],
        )
        for row in rows_of(catalog, ACTIONS.name, "order by said_at, recommendation_id")
    ]


def proofs_so_far(catalog: Catalog) -> dict[str, str]:
    """How later bills verify what was done, by recommendation, as gold.savings says it."""
    return {
        row[
            "recommendation_id"
        ]: f"later bills show {row['monthly_saving']:.2f} {row['currency'] or ''} a month".strip()
        for row in rows_of(catalog, SAVINGS.name, "where state = 'verified'")
    }


def worth_so_far(catalog: Catalog) -> dict[tuple[str, str], Decimal]:
    """What each rule's predictions were worth by currency, as gold.rule_accuracy says it."""
    return {(row["rule"], row["currency"]): row["factor"] for row in rows_of(catalog, RULE_ACCURACY.name)}


def with_worth(rows: Sequence[Row], worth: Mapping[tuple[str, str], Decimal]) -> list[Row]:
    """The rows with the saving to expect: what the rule predicts, times what its predictions were worth."""
    return [{**row, "expected_saving": _expected(row, worth)} for row in rows]


def _expected(row: Row, worth: Mapping[tuple[str, str], Decimal]) -> Decimal | None:
    saving: Decimal | None = row["monthly_saving"]
    factor = worth.get((row["rule"], row["currency"]), Decimal(1))
    return saving * factor if saving is not None and saving > 0 else saving


def recommendations_now(catalog: Catalog, today: date) -> list[Row]:
    """All recommendations as they stand now, the best first. Raises UsageError before the first run that judged."""
    if catalog.state(RECOMMENDATIONS.name).delta is None:
        raise UsageError("no rule was asked yet; run `finops demo`, or `finops run` on your account")
    said, proofs = newest(said_so_far(catalog)), proofs_so_far(catalog)
    rows = [
        placed(
            row,
            said.get(row["recommendation_id"]),
            _aside(row, today),
            today,
            proofs.get(row["recommendation_id"]),
        )
        for row in rows_of(catalog, RECOMMENDATIONS.name)
    ]
    return ranked(chosen(rows))


def _aside(row: Mapping[str, Any], today: date) -> Standing | None:
    """What the last run found suppressed, as far as that is not over; a word said since goes before it."""
    if row["status"] != Status.suppressed or row["status_until"] < today:
        return None
    told = (row["status_reason"], row["status_since"], row["status_until"], row["status_owner"])
    return Standing(Status.suppressed, *told)


def ranked(rows: Sequence[Row]) -> list[Row]:
    """The largest saving first, advice to spend more last; amounts of two currencies are not compared."""
    return sorted(rows, key=_rank)


def _rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    currency = row["currency"] or ""
    return (currency not in ("EUR", ""), currency, -row["monthly_saving"], row["recommendation_id"])


def find_recommendation(rows: Sequence[Row], text: str) -> Row:
    """The one of this id, or of an id that alone begins so. Raises UsageError that names near ones."""
    wanted = text.strip().lower()
    found = [row for row in rows if wanted and row["recommendation_id"].startswith(wanted)]
    exact = [row for row in found if row["recommendation_id"] == wanted]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise UsageError(f"{text!r} begins {len(found)} ids: {_listed(found)}; write more of it")
    near = get_close_matches(wanted, [row["recommendation_id"] for row in rows], n=_NEAR, cutoff=0.6)
    close = [row for row in rows if row["recommendation_id"] in near]
    if close:
        raise UsageError(f"no recommendation is called {text!r}; did you mean {_listed(close)}?")
    if rows:
        raise UsageError(f"no recommendation is called {text!r}; the largest are {_listed(rows[:_NEAR])}")
    raise UsageError(f"no recommendation is called {text!r}: there is none")


def say(catalog: Catalog, row: Mapping[str, Any], intent: Intent, now: datetime, dry_run: bool = False) -> Row | None:
    """Append one word on a recommendation; answers it as it stands then, or None where it was said before.

    `row` is one of `recommendations_now`. Raises UsageError for a word that cannot be meant.
    """
    _refuse(row, intent, now.astimezone(UTC).date())
    identifier = row["recommendation_id"]
    before = newest(each for each in said_so_far(catalog) if each.recommendation_id == identifier).get(identifier)
    said = Said(identifier, now, intent.by, intent.word, intent.reason, intent.until, intent.owner)
    if before is not None and _same(before, said):
        return None
    if not dry_run:
        month = f"{now:%Y-%m}"
        told = {"recommendation_id": identifier, "said_at": now, "said_by": said.said_by, "word": said.word.value}
        told |= {"reason": said.reason, "until": said.until, "owner": said.owner, "action_month": month}
        append_rows(catalog, ACTIONS, [told | {name: row[name] for name in _COPIED}], month)
    return placed(row, said, None, now.astimezone(UTC).date())


def _same(before: Said, said: Said) -> bool:
    return (before.word, before.reason, before.until, before.owner) == (said.word, said.reason, said.until, said.owner)


def _refuse(row: Mapping[str, Any], intent: Intent, today: date) -> None:
    identifier, status = row["recommendation_id"], Status(row["status"])
    if not intent.reason.strip() and intent.word in (Word.rejected, Word.suppressed, Word.reopened):
        raise UsageError(f"{identifier}: a reason is wanted, for whoever reads it next; write --reason TEXT")
    if intent.word is Word.suppressed and intent.until is None:
        raise UsageError(f"{identifier}: until when? Write --until YYYY-MM-DD")
    if intent.until is not None and intent.until < today:
        raise UsageError(f"{intent.until} is over; name today ({today}) or a later day")
    if intent.word is Word.reopened and status is Status.open:
        raise UsageError(f"{identifier} is open already")
    if status is Status.gone and intent.word is not Word.done:
        raise UsageError(f"{identifier} is gone: {row['status_reason']}; nothing can be said of it but that it is done")


def total(rows: Sequence[Mapping[str, Any]], counted_only: bool) -> dict[str, Decimal]:
    """Monthly savings by currency, of those counted or of all as if none overlapped. Without advice to spend more."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row["monthly_saving"] > 0 and (row["is_counted"] or not counted_only):
            currency = row["currency"] or ""
            sums[currency] = sums.get(currency, Decimal(0)) + row["monthly_saving"]
    return sums


def _listed(rows: Sequence[Mapping[str, Any]]) -> str:
    shown = ", ".join(f"{row['recommendation_id']} ({row['action']})" for row in rows[:_NEAR])
    return f"{shown} and {len(rows) - _NEAR} more" if len(rows) > _NEAR else shown
