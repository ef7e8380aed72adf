"""One recommendation as lines of text: what, why, the numbers behind it, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assets.anomaly_figures import amount
from assets.recommendation_figures import note, saving

_WIDTH: Final = 16


def shown_lines(row: Mapping[str, Any], said: Sequence[Mapping[str, Any]], locale: str) -> list[str]:
    """What is advised and why, for how much, at what risk, on which numbers, and who said what."""
    currency = row["currency"]
    place = ", ".join(str(row[name]) for name in ("project_name", "environment") if row[name])
    lines = [
        f"{row['recommendation_id']}  {row['status']}  {row['action']}",
        row["reason"],
        "",
        _field("Resource", f"{row['resource_name']} ({row['resource_type']}, {row['resource_id']})"),
        _field("Where", place or "not known"),
        _field("Owner", row["owner"] or row["team"] or "no owner"),
        _field("Saves a month", f"{saving(row, locale)} of {amount(row['monthly_cost'], currency, locale)}"),
        _field("Price is", "what was charged" if row["basis"] == "charged" else "the public list's"),
        _field("Once", amount(row["one_off_cost"], currency, locale) if row["one_off_cost"] else "nothing"),
        _field("Carbon, water", _footprint(row)),
        _field("Risk, effort", f"{row['risk']}, {row['effort']}" + ("; a restart" if row["restart_needed"] else "")),
        _field("Confidence", "not measured yet" if row["confidence"] is None else f"{row['confidence']:.0%}"),
        _field("Rule", f"{row['rule']}: {row['title']}"),
        _field("Judged", f"on {row['evaluation_start']} until {row['evaluation_end']} (that day not in it)"),
    ]
    if row["conflicts_with"]:
        counted = "counted" if row["is_counted"] else "not counted"
        lines.append(_field("Overlaps with", f"{', '.join(row['conflicts_with'])}; {counted}"))
    lines += ["", "Evidence", *_evidence(json.loads(row["evidence"] or "{}"))]
    lines += ["", "History", *(f"  {day}  {words}" for day, words in _history(row, said))]
    if row["status"] in ("open", "accepted"):
        lines += ["", _field("How", f"finops plan {row['recommendation_id']}")]
    return lines


def _field(name: str, value: object) -> str:
    return f"{name:<{_WIDTH}}{value}"


def _footprint(row: Mapping[str, Any]) -> str:
    carbon, water = row["kg_co2e_saving"], row["m3_water_saving"]
    told = [f"{carbon:.2f} kg CO2e" if carbon is not None else "", f"{water:.3f} m³" if water is not None else ""]
    return ", ".join(part for part in told if part) or "not known"


def _evidence(evidence: Mapping[str, Any]) -> Iterator[str]:
    width = max((len(name) for name in evidence), default=0) + 2
    for name, value in evidence.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"  {name:<{width}}{'not known' if value is None else text}"


def _history(row: Mapping[str, Any], said: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    events = [(f"{row['first_seen']}", "first advised")]
    events += [(f"{each['said_at']:%Y-%m-%d}", _words(each)) for each in said]
    if row["returned_on"]:
        events.append((f"{row['returned_on']}", row["judgement_reason"] or "advised again"))
    events.append((f"{row['last_seen']}", "last advised"))
    if row["judgement"] in ("gone", "seen done"):
        events.append((f"{row['judgement_since']}", f"{row['judgement']}: {row['judgement_reason']}"))
    now = "; ".join(part for part in (note(row), row["status_reason"] or "") if part)
    events = sorted(events, key=lambda event: event[0])
    return [*events, ("now".ljust(10), f"{row['status']}{f' ({now})' if now else ''}")]


def _words(said: Mapping[str, Any]) -> str:
    until = f" until {said['until']}" if said["until"] else ""
    reason = f": {said['reason']}" if said["reason"] else ""
    owner = f", {said['owner']} answers for it" if said["owner"] else ""
    return f"{said['word']}{until} by {said['said_by']}{reason}{owner}"
