"""What a rule is: a name, what it reads, how cautious it is, and one pure function."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.recommendations.recommendation import Answer
from pipelines.recommendations.world import World


@dataclass(frozen=True)
class Rule:
    """One question asked of every resource it is about.

    `about` says in one sentence what it looks for, `reads` are the tables of silver and gold its judgement needs (by
    name; read whole, so they hold one row a resource or few), `thresholds` a frozen dataclass of plain values whose
    fields may be set under `[recommendations.rules.<name>]`. `judge` answers in any order, at most once a resource and
    target, and never about a resource that is not in the world. `spares_protected` is False for rules that also hold
    for what a tag protects: those that never take anything away. One that `is_last` is asked after all others and
    finds their advice as it stands that day, beside what it reads, in the table gold.recommendations of its world.
    """

    name: str
    title: str
    about: str
    reads: tuple[str, ...]
    thresholds: Any
    judge: Callable[[World, Any], Iterable[Answer]]
    spares_protected: bool = True
    is_last: bool = False
