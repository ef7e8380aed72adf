"""The manifest of a closed month: what its figures were made from, and what they are.

Its hash is over contents alone. Where a table stands in its history (Delta versions) depends on how often it was
written, so versions lead back to the closed rows and are no part of the hash: the same answers read in another order
give the same hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Any


@dataclass(frozen=True, order=True)
class Input:
    """The content of one partition of a table; the partition of a whole table is ''."""

    table: str
    partition: str
    content: str


@dataclass(frozen=True, order=True)
class Answer:
    """A recorded answer of a source: which question it answers, and its hash."""

    source: str
    question: str
    answer: str
    asked_at: str = ""


@dataclass(frozen=True)
class Figure:
    """One figure of the month: a total, a KPI, a part of the bridge. Its value is None where it is not known."""

    name: str
    scope: str
    currency: str
    unit: str
    value: Decimal | None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.name, self.scope, self.currency


@dataclass(frozen=True)
class Manifest:
    """All that decides a month's figures, and the figures."""

    month: str
    is_preliminary: bool
    inputs: tuple[Input, ...]
    answers: tuple[Answer, ...]
    models: Mapping[str, str]
    code: str
    settings: Mapping[str, Any]
    product_version: str
    figures: tuple[Figure, ...]
    versions: Mapping[str, int]

    @property
    def hash(self) -> str:
        """Equal for equal contents, whatever order they were read, built or listed in."""
        text = json.dumps(self._decisive(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return sha256(text.encode()).hexdigest()[:32]

    def to_json(self) -> str:
        """The whole manifest as text that `from_json` reads back; figures stand in a table of their own."""
        told = self._decisive() | {
            "versions": dict(sorted(self.versions.items())),
            "asked_at": {each.question: each.asked_at for each in sorted(self.answers)},
        }
        return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)

    def _decisive(self) -> dict[str, Any]:
        return {
            "month": self.month,
            "is_preliminary": self.is_preliminary,
            "inputs": sorted([each.table, each.partition, each.content] for each in self.inputs),
            "answers": sorted([each.source, each.question, each.answer] for each in self.answers),
            "models": dict(self.models),
            "code": self.code,
            "settings": dict(self.settings),
            "product_version": self.product_version,
            "figures": sorted(
                [each.name, each.scope, each.currency, each.unit, exact(each.value)] for each in self.figures
            ),
        }


def from_json(text: str) -> Manifest:
    """A manifest as it was kept."""
    told = json.loads(text)
    asked = told["asked_at"]
    return Manifest(
        told["month"],
        told["is_preliminary"],
        tuple(Input(*each) for each in told["inputs"]),
        tuple(Answer(source, asking, answer, asked.get(asking, "")) for source, asking, answer in told["answers"]),
        told["models"],
        told["code"],
        told["settings"],
        told["product_version"],
        tuple(
            Figure(name, scope, currency, unit, Decimal(value) if value else None)
            for name, scope, currency, unit, value in told["figures"]
        ),
        told["versions"],
    )


def exact(value: Decimal | None) -> str:
    """A number as text that equal numbers share; '' is not known."""
    if value is None:
        return ""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if value else "0"
