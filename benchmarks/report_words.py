"""What claims leave open, filled in from where a figure stands: its row's name, its column, its place."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence

from pipelines.reporting.advice_areas import OTHER, RULES_OF, STORAGE
from pipelines.reporting.display import Column, Command, Line, Table, Trace
from pipelines.reporting.gpu_ways import WORDS

_ALL = "true"
_SAVES = "monthly_saving > 0 and (is_counted or status not in ('open', 'accepted'))"
_STAGES = {
    "Found": _SAVES,
    "Accepted": f"{_SAVES} and status in ('accepted', 'done', 'verified')",
    "Done": f"{_SAVES} and status in ('done', 'verified')",
    "Declined or put aside": "monthly_saving > 0 and status in ('rejected', 'suppressed')",
    "Gone before it was done": "monthly_saving > 0 and status = 'gone'",
}
_SMALLER = {"Carbon": 1, "Carbon intensity": 10**3, "Carbon of requests": 10**3, "Water": 10**3}
"""How many of the unit that is written make one of the table's: grams of a kg, litres of a cubic metre."""
_MILLILITRES = 10**6
_LABELLED = {
    "resources": ("labelled_resources", "total_resources", "tag_coverage_by_count"),
    "cost": ("labelled_cost", "total_cost", "tag_coverage_by_cost"),
}


def words_of(table: Table, line: Line, at: int, month: str, today: str) -> Mapping[str, str]:
    """All that a claim about a cell of a table may leave open."""
    column, name = table.columns[at], line.cells[0].text
    days = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    option, offer = _way(column)
    part, whole, known = _share(line)
    return {
        "month": month,
        "today": today,
        "last_day": f"{month}-{days:02d}",
        "labels": ", ".join(_quoted(each.label) for each in table.columns[1:]),
        "area": _area(table, line),
        "effort": _ALL if line.kind == "total" else f"effort = {_quoted(name.lower())}",
        "missing": f"contains(reason, {_quoted(name)})" if isinstance(line.trace, Command) else _ALL,
        "stage": _STAGES.get(name, _ALL),
        "state": name.split(" ")[-1],
        "at": str(table.lines.index(line)),
        "column": str(at - 1),
        "when": "now" if line.cells[0].note == "as it is" else "then",
        "stream": _stream(line),
        "option": option,
        "offer": offer,
        "part": part,
        "whole": whole,
        "known": known,
        "smaller": str(_SMALLER.get(name, _MILLILITRES)),
        "value": "previous_value" if at == 1 else "value",
    }


def _area(table: Table, line: Line) -> str:
    """Which advice a line sums up, beside what its command says."""
    if table.name == "rules" and line.kind == "total":
        return _rules(
            [each.trace.command.split()[-1] for each in table.lines if each is not line and each.trace is not None]
        )
    if not table.name.endswith("-findings") or line.kind != "total":
        return _ALL
    area = table.name.removesuffix("-findings")
    if area == OTHER:
        placed = [rule for rules in RULES_OF.values() for rule in rules]
        return f"not ({_rules(placed)})"
    beside = " and json_extract(evidence, '$.listed_on') is null" if area == STORAGE else ""
    return f"{_rules(RULES_OF[area])}{beside}"


def _rules(rules: Sequence[str]) -> str:
    return f"rule in ({', '.join(map(_quoted, rules))})"


def _stream(line: Line) -> str:
    keys = line.trace.keys if isinstance(line.trace, Trace) else ()
    return " and ".join(f"streams.{name} = {_quoted(value)}" for name, value in keys) or _ALL


def _way(column: Column) -> tuple[str, str]:
    """The option that a column's words stand for, and a pattern for its offer."""
    words, _, offer = column.label.partition(" (")
    options = {said: option for option, said in WORDS.items()}
    return options.get(words, words), offer.removesuffix(")").replace("…", "%")


def _share(line: Line) -> tuple[str, str, str]:
    """Part and whole of a share, and what tells how much of the cost it knows."""
    keys = dict(line.trace.keys) if isinstance(line.trace, Trace) else {}
    if isinstance(line.trace, Trace) and line.trace.table == "gold.tag_coverage":
        part, whole, kpi = _LABELLED["resources" if line.cells[0].text.startswith("Resources") else "cost"]
        where = (
            f"kpi = '{kpi}' and scope = {_quoted(keys['label'])} and period = 'month' "
            f"and period_start = date '{keys['billing_month']}-01'"
        )
        return part, whole, f"select sum(cost_coverage) from gold.kpis where {where}"
    return "numerator", "denominator", "sum(cost_coverage)"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
