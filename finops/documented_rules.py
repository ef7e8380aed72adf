"""The page about recommendations: what every rule looks for, what it reads, and how cautious it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from inspect import getsource
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.recommendations.rule import Rule

_HEAD = """\
Every day each rule is asked about everything that exists. It answers with a recommendation, with nothing to do, or
that it could not judge, and then says what is missing (`gold.unjudged`). Missing data is never zero.

* `finops recommendations` lists what to do, the largest saving first; `finops recommendations ID` shows all about one.
* `finops plan ID` prints the exact change for `scw` and Terraform, with its undo. Nothing is ever applied.
* `finops actions accept|done|reject|suppress|reopen ID` says what becomes of it; `finops actions list` what was said.

**A saving is what is really paid.** It comes from the charges of the last four whole weeks, brought to a month of 730
hours; where nothing was charged for what is advised, its list price is scaled or marked as such. Of recommendations
that overlap only the set that together saves the most is counted. Advice to spend more protects a service: it is
counted before any saving.

**Where a recommendation stands**: open, accepted, done (said, or seen in the inventory), verified by later bills,
rejected, suppressed until a day, or gone and why. One that comes back is open again. What could not be judged stays as
it was. One that was said to be done and is advised five weeks later still is open again.

**What is left alone**: whatever carries a tag of `recommendations.protected_tags`. A pattern is `key=value`,
`key:value` or a key alone, `*` stands for any letters.

Thresholds are set under the rule's name:

    [recommendations.rules.cache_size]
    near_limit = 0.85

    [[recommendations.suppressions]]
    rule = "off_hours_schedule"
    project = "shop-staging"
    reason = "a load test runs at night"
    owner = "checkout"
    until = 2027-01-31
"""


def rules_page(notice: str) -> Iterator[str]:
    """The lines of the page."""
    from pipelines.recommendations.rules import RULES

    yield from ("# Recommendations", "", notice, "", _HEAD)
    for rule in sorted(RULES, key=lambda rule: rule.name):
        yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    spared = "Spares what a tag protects." if rule.spares_protected else "Holds for what a tag protects, too."
    reads = ", ".join(f"`{name}`" for name in rule.reads) or "the resources and what they cost"
    yield from (f"## `{rule.name}`", "", f"{rule.title}. {rule.about} {spared}", "", f"Reads: {reads}.")
    comments = _comments(type(rule.thresholds))
    named = fields(rule.thresholds)
    if named:
        yield from ("", "| Threshold | Default | Meaning |", "|---|---|---|")
    for field in named:
        default = _plain(getattr(rule.thresholds, field.name))
        yield f"| `{field.name}` | `{default}` | {comments.get(field.name, '')} |"
    yield ""


def _comments(thresholds: type[Any]) -> dict[str, str]:
    """What stands behind each field in its source, of the classes it inherits from too."""
    found: dict[str, str] = {}
    for kind in reversed(thresholds.__mro__[:-1]):
        for name, comment in re.findall(r"^    (\w+):[^#\n]*#\s*(.+)$", getsource(kind), re.MULTILINE):
            found[name] = comment.replace("|", "\\|")
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
