"""What could not be judged: by what is missing for it, on how many resources, of which cost."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.advice_rows import UnjudgedRow
from pipelines.reporting.display import Cell, Column, Command, Line, Table, Trace, amount, sentence_case, text
from pipelines.reporting.folding import shortened
from pipelines.reporting.money import MoneyFormat, count, total

MOST_REASONS = 5
_LONGEST_REASON = 170
_METRIC = re.compile(r"\b(?!node_exporter\b)[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_BLANK = text("")
_ALL = Command(f'finops sql "select * from {UnjudgedRow.TABLE}"', UnjudgedRow.TABLE)


def unjudged_table(rows: Sequence[UnjudgedRow], money: MoneyFormat) -> Table | None:
    """What could not be judged, by what is missing for it, the commonest first; None where nothing is missing."""
    if not rows:
        return None
    groups: dict[str, list[UnjudgedRow]] = {}
    for row in rows:
        groups.setdefault(_missing(row), []).append(row)
    ranked = sorted(groups.items(), key=lambda item: (-len(_resources(item[1])), item[0]))
    keep = MOST_REASONS + 1 if len(ranked) == MOST_REASONS + 1 else MOST_REASONS
    lines = [_missing_line(missing, held, money) for missing, held in ranked[:keep]]
    if rest := ranked[keep:]:
        label = f"… and {count(len(rest), money.locale)} other reasons"
        lines.append(Line((Cell(label, "in gold.unjudged"), *[_BLANK] * 3), _ALL, kind="fold"))
    columns = (
        Column("What is missing", numeric=False),
        Column("Resources", lead=True),
        Column("Cost a month"),
        Column("Asked by", numeric=False),
    )
    return Table("unjudged", "What could not be judged, and what is missing for it", columns, tuple(lines))


def commonest_metric(rows: Sequence[UnjudgedRow]) -> str | None:
    """The metric whose absence keeps most resources from being judged."""
    seen = {(name, row.resource_id) for row in rows for name in _METRIC.findall(row.reason)}
    counted = Counter(name for name, _ in seen)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else None


def unjudged_cost(rows: Sequence[UnjudgedRow]) -> Decimal:
    """By the month, each resource once."""
    return total(cost for cost in _resources(rows).values() if cost is not None)


def _resources(rows: Sequence[UnjudgedRow]) -> dict[str, Decimal | None]:
    return {row.resource_id: row.monthly_cost for row in rows}


def _missing(row: UnjudgedRow) -> str:
    """The metric that is named, else the reason whatever its numbers."""
    named = _METRIC.search(row.reason)
    return named[0] if named else _NUMBER.sub("…", row.reason.replace("`", ""))


def _missing_line(missing: str, rows: Sequence[UnjudgedRow], money: MoneyFormat) -> Line:
    resources, example = _resources(rows), rows[0].reason.replace("`", "")
    note = "" if missing == example else f"such as: {shortened(example, _LONGEST_REASON)}"
    rules = [rule.replace("_", " ") for rule, _ in Counter(row.rule for row in rows).most_common()]
    told = ", ".join(rules[:3]) + (f" and {len(rules) - 3} more" if len(rules) > 3 else "")
    return Line(
        (
            Cell(sentence_case(missing) if "_" not in missing else missing, note),
            Cell(count(len(resources), money.locale)),
            amount(unjudged_cost(rows) if any(cost is not None for cost in resources.values()) else None, money),
            text(told),
        ),
        Trace(UnjudgedRow.TABLE, (("reason", rows[0].reason),)) if len({row.reason for row in rows}) == 1 else _ALL,
    )
