"""The rules, one file each, in the order in which they are asked. A new rule is one file and one line here."""

from __future__ import annotations

from pipelines.recommendations.rule import Rule

RULES: tuple[Rule, ...] = ()
