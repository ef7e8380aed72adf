"""One anomaly as lines of text: all there is to it, or the evidence for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from assets.anomaly_figures import (
    amount,
    cause_words,
    change_words,
    confidence_words,
    expected_words,
    impact,
    kind_words,
    one_line,
    percent,
    what,
    when,
    where,
)

if TYPE_CHECKING:
    from assets.anomaly_evidence import Evidence

_WIDTH: Final = 14
_WORTH_A_LINE: Final = Decimal("0.02")
_DONE: Final = {"false_alarm": "closed as a false alarm"}


def shown_lines(evidence: Evidence, locale: str) -> list[str]:
    """What, when, how much, where from, what else changed, and its history."""
    row = evidence.anomaly
    lines = [
        f"{row['anomaly_id']}  {row['severity']}, {row['state']}",
        what(row),
        f"{kind_words(row)}, {when(row)}",
        "",
        *_facts(row, locale),
        *_causes(evidence, locale),
        *_changes(evidence),
        "",
        "History",
        *(f"  {day}  {words}" for day, words in _history(evidence)),
    ]
    if row["state"] in ("open", "reopened"):
        lines += ["", _field("Close it", f"finops anomalies close {row['anomaly_id']} --reason TEXT")]
    return lines


def explained_lines(evidence: Evidence, locale: str) -> list[str]:
    """The verdict with its grounds: days against bounds, driver, causes, changes."""
    row = evidence.anomaly
    return [
        f"{row['anomaly_id']}  {what(row)}",
        "",
        *_verdict(evidence, locale),
        "",
        *_days(evidence, locale),
        "",
        "What drives it",
        f"  {one_line(_driver(row))}",
        *_causes(evidence, locale),
        *_changes(evidence),
    ]


def _facts(row: Mapping[str, Any], locale: str) -> Iterator[str]:
    owner = one_line(row["owner"] or "no owner")
    facts = (
        ("Actual", amount(row["actual"], row["unit"], locale)),
        ("Expected", expected_words(row, locale)),
        ("Impact", impact(row, locale)),
        ("Owner", f"{owner}, {one_line(row['environment'])}" if row["environment"] else owner),
        ("Where", "" if where(row) == what(row) else where(row)),
        ("Root cause", one_line(row["root_cause"] or "")),
        ("Explained", one_line(row["explanation"] or "")),
        ("State", one_line(f"{row['state']}{_since(row)}: {row['state_reason'] or 'nobody looked at it yet'}")),
        ("Confidence", confidence_words(row) or "not measured for this kind"),
        ("Runbook", row["runbook"] or ""),
    )
    yield from (_field(label, value) for label, value in facts if value)


def _since(row: Mapping[str, Any]) -> str:
    until = f" until {row['expected_until']}" if row["expected_until"] else ""
    return f" since {row['state_since']}{until}" if row["state_since"] else until


def _verdict(evidence: Evidence, locale: str) -> Iterator[str]:
    """The sentences that say why it is one, and whether somebody should act."""
    row = evidence.anomaly
    its_days = [day for day in evidence.days if row["first_day"] <= day["day"] <= row["last_day"]]
    unusual = sum(bool(day["is_unusual"]) for day in its_days)
    deviation = percent(row["impact_percent"], locale)
    yield f"It is a {kind_words(row)}: {when(row)}."
    if its_days:
        days = f"{unusual} of its {len(its_days)} days lie" if len(its_days) > 1 else "Its day lies"
        yield f"{days} outside of what was expected {'of them ' if len(its_days) > 1 else ''}then."
    if row["impact"] is None:
        yield "Its days are missing, so nobody knows what they came to."
    else:
        told = amount(row["impact"], row["unit"], locale, plus=True)
        yield f"That is {told}{f' or {deviation}' if deviation else ', where nothing was expected'}."
    if row["confidence"] is not None:
        yield f"{confidence_words(row)}."
    reason = one_line(row["state_reason"] or "nothing known explains it").rstrip(".")
    if row["is_actionable"]:
        yield f"Somebody should act: it is {row['state']}, {reason}."
    elif row["state"] in ("open", "reopened"):
        yield f"Nobody has to act: it is {row['state']}, {reason}, but its severity is {row['severity']}."
    else:
        yield f"Nobody has to act: it is {row['state']}, {reason}."


def _days(evidence: Evidence, locale: str) -> Iterator[str]:
    if not evidence.days:
        yield "No day of it is kept."
        return
    unit, row = evidence.anomaly["unit"], evidence.anomaly
    table: list[tuple[str, ...]] = [("day", "actual", "expected", "low", "high", "")]
    for each in evidence.days:
        mark = "◄ unusual" if each["is_unusual"] else "" if _is_outside(each["day"], row) else "◄ part of it"
        figures = (_figure(each[name], unit, locale) for name in ("actual", "expected", "low", "high"))
        table.append((str(each["day"]), *figures, mark))
    widths = [max(len(line[at]) for line in table) for at in range(5)]
    for line in table:
        cells = [line[0].ljust(widths[0]), *(line[at].rjust(widths[at]) for at in range(1, 5)), line[5]]
        yield "  ".join(cells).rstrip()


def _figure(value: Any, unit: str | None, locale: str) -> str:
    return "—" if value is None else amount(value, unit, locale)


def _is_outside(day: date, row: Mapping[str, Any]) -> bool:
    return not row["first_day"] <= day <= row["last_day"]


def _driver(row: Mapping[str, Any]) -> str:
    if row["explained_by"] or row["explanation"]:
        return ": ".join(filter(None, (row["explained_by"], row["explanation"])))
    return "nothing that was measured goes with it: neither usage nor a price nor a planned change"


def _causes(evidence: Evidence, locale: str) -> Iterator[str]:
    if evidence.causes:
        yield from ("", "Where it comes from")
        yield from (f"  {cause['rank']}. {cause_words(cause, locale)}" for cause in evidence.causes)
        yield from _remainder(evidence, locale)


def _remainder(evidence: Evidence, locale: str) -> Iterator[str]:
    """What the parts that are listed leave of the whole, where it is worth a line."""
    whole = evidence.anomaly["impact"]
    listed = [cause["impact"] for cause in evidence.causes]
    if not whole or None in listed:
        return
    left = whole - sum(listed)
    if abs(left) >= _WORTH_A_LINE * abs(whole):
        told = amount(left, evidence.anomaly["unit"], locale, plus=True)
        yield f"  and in parts that are not listed: {told}, {100 * left / whole:.0f}% of it"


def _changes(evidence: Evidence) -> Iterator[str]:
    yield from ("", "What else changed")
    yield from (f"  - {change_words(change)}" for change in evidence.changes)
    if not evidence.changes:
        yield "  nothing that is recorded"


def _history(evidence: Evidence) -> list[tuple[date, str]]:
    """What happened to it, the oldest first."""
    row = evidence.anomaly
    told = [(alert["sent_at"].date(), f"told to {alert['destination']}") for alert in evidence.alerts]
    told += [(said["said_at"].date(), _said_words(said)) for said in evidence.said]
    if row["first_judged_on"]:
        told.insert(0, (row["first_judged_on"], "first judged to be unusual"))
    if row["state_since"] and row["state"] != "open" and not evidence.said:
        told.append((row["state_since"], one_line(f"{row['state']}: {row['state_reason'] or 'since then'}")))
    return sorted(told, key=lambda each: each[0])


def _said_words(said: Mapping[str, Any]) -> str:
    until = f" until {said['until']}" if said["until"] else ""
    done = _DONE.get(said["verdict"], said["verdict"])
    return one_line(f"{done}{until} by {said['said_by']}: {said['reason']}")


def _field(label: str, value: str) -> str:
    return f"{label:<{_WIDTH}}{value}"
