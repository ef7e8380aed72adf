"""The register of recommendations: yesterday's rows, today's answers and what people said make today's rows.

A recommendation keeps its row for good. It is gone only where the day shows that it is: its resource no longer exists,
or its rule judged the resource and says something else. What could not be judged stays as it was, with the day on which
it last was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from pipelines.recommendations.choosing import Choice, Option, choose
from pipelines.recommendations.engine import Answers
from pipelines.recommendations.protection import protecting_tag
from pipelines.recommendations.rows import Row, content_row
from pipelines.recommendations.said import Judged, Judgement, Said, Standing, Status, judged_of, standing
from pipelines.recommendations.world import World

DELETED = "delete"
"""The target of advice that takes its resource away."""


@dataclass(frozen=True)
class Aside:
    """Recommendations that somebody does not want to hear of until a day (inclusive). * stands for any letters."""

    reason: str
    owner: str
    until: date
    rule: str = "*"
    resource: str = "*"
    project: str = "*"
    tag: str = "*"


@dataclass(frozen=True)
class Day:
    """All that a day knows: the world and what the rules answered; by recommendation, what people said last and how
    later bills verify it; and what the settings leave out.
    """

    world: World
    answers: Answers
    said: Mapping[str, Said] = field(default_factory=dict)
    asides: Sequence[Aside] = ()
    proofs: Mapping[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.world.today


def registered(previous: Iterable[Mapping[str, Any]], day: Day) -> list[Row]:
    """Every recommendation ever made, as it is on a day, the chosen ones marked; in the order of their ids."""
    before = {row["recommendation_id"]: dict(row) for row in previous}
    advised = {each.recommendation.recommendation_id: content_row(each) for each in day.answers.advice}
    seen = _Seen(day)
    rows = []
    for identifier in sorted(before.keys() | advised.keys()):
        old, new = before.get(identifier), advised.get(identifier)
        judged = _advised(old, day.today) if new else seen.judged(old or {})
        rows.append({**(old or {}), **(new or {}), **_columns(judged)})
    return chosen([_placed(row, day) for row in rows])


def _placed(row: Mapping[str, Any], day: Day) -> Row:
    identifier = row["recommendation_id"]
    return placed(row, day.said.get(identifier), aside_of(row, day), day.today, day.proofs.get(identifier))


def placed(
    row: Mapping[str, Any], said: Said | None, aside: Standing | None, today: date, proof: str | None = None
) -> Row:
    """The row with where it stands."""
    stands = standing(judged_of(row), said, aside, today, proof)
    return {
        **row,
        "status": stands.status.value,
        "status_reason": stands.reason,
        "status_since": stands.since,
        "status_until": stands.until,
        "status_owner": stands.owner,
    }


def chosen(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """The rows with their conflicts, and is_counted for those that together save the most."""
    choice = choice_of(rows)
    return [
        {
            **row,
            "conflicts_with": sorted(choice.conflicts.get(row["recommendation_id"], ())),
            "is_counted": row["recommendation_id"] in choice.counted,
        }
        for row in rows
    ]


def choice_of(rows: Iterable[Mapping[str, Any]]) -> Choice:
    """Which of the rows that are still to do are counted."""
    return choose(
        [
            Option(
                row["recommendation_id"],
                row["monthly_saving"],
                row["currency"],
                frozenset(row["saves_on"] or (row["resource_id"],)),
                row["status"] == Status.suppressed,
            )
            for row in rows
            if Status(row["status"]).is_to_do
        ]
    )


def aside_of(row: Mapping[str, Any], day: Day) -> Standing | None:
    """What the settings say of a recommendation on a day: the first that means it and is not over."""
    resource = day.world.resources.get(row["resource_id"])
    tags = resource.tags if resource else ()
    for each in day.asides:
        if each.until >= day.today and _means(each, row, tags):
            since = row["status_since"] if row.get("status") == Status.suppressed else day.today
            return Standing(Status.suppressed, each.reason, since, each.until, each.owner)
    return None


def _means(aside: Aside, row: Mapping[str, Any], tags: Sequence[str]) -> bool:
    return (
        _matches(aside.rule, row["rule"])
        and _matches(aside.resource, row["resource_id"], row["resource_name"])
        and _matches(aside.project, row["project_id"], row["project_name"])
        and (aside.tag == "*" or protecting_tag(tags, (aside.tag,)) is not None)
    )


def _matches(pattern: str, *names: str | None) -> bool:
    wanted = pattern.casefold()
    return wanted == "*" or any(name and fnmatchcase(name.casefold(), wanted) for name in names)


def _advised(old: Mapping[str, Any] | None, today: date) -> Judged:
    """Of what is advised today; it came back where it was done or gone."""
    if old is None:
        return Judged(Judgement.advised, "", today, today, today, today)
    before = judged_of(old)
    if before.judgement in (Judgement.gone, Judgement.seen_done):
        reason = f"it is back: {before.reason} since {before.since}, and advised again since {today}"
        return Judged(Judgement.advised, reason, today, before.first_seen, today, today, today)
    reason = before.reason if before.judgement is Judgement.advised else ""
    since = before.since if before.judgement is Judgement.advised else today
    return Judged(Judgement.advised, reason, since, before.first_seen, today, today, before.returned_on)


class _Seen:
    """What the day says of recommendations that are not advised today."""

    def __init__(self, day: Day) -> None:
        self._world, self._answers = day.world, day.answers
        self._unjudged = {(each.rule, each.resource_id): each.reason for each in day.answers.unjudged}
        self._spared = {each.recommendation.recommendation_id: each.tag for each in day.answers.spared}
        self._targets = {
            (each.recommendation.rule, each.recommendation.resource_id): each.recommendation.target
            for each in day.answers.advice
        }

    def judged(self, old: Mapping[str, Any]) -> Judged:
        """A recommendation that is over stays as it ended; else what became of it."""
        before = judged_of(old)
        if before.judgement in (Judgement.gone, Judgement.seen_done):
            return before
        judgement, reason = self._became(old)
        today = self._world.today
        is_judged = judgement is not Judgement.not_judged
        return Judged(
            judgement,
            reason,
            before.since if before.judgement is judgement else today,
            before.first_seen,
            before.last_seen,
            today if is_judged else before.judged_on,
            before.returned_on,
        )

    def _became(self, old: Mapping[str, Any]) -> tuple[Judgement, str]:
        resource = self._world.resources.get(old["resource_id"])
        key = (old["rule"], old["resource_id"])
        if resource is None and old["resource_type"] is not None:
            if _is_deletion(old["target"]):
                return Judgement.seen_done, "deleted: the inventory no longer shows it"
            return Judgement.gone, "its resource no longer exists"
        if resource and resource.resource_class and resource.resource_class.casefold() == old["target"].casefold():
            return Judgement.seen_done, f"the inventory shows {resource.resource_class}"
        if old["recommendation_id"] in self._spared:
            return Judgement.gone, f"protected by the tag {self._spared[old['recommendation_id']]}"
        if key in self._unjudged:
            return Judgement.not_judged, self._unjudged[key]
        if old["rule"] in self._answers.silent_rules:
            return Judgement.not_judged, "what its rule reads is empty"
        if old["rule"] not in self._answers.judged_rules:
            return Judgement.gone, "its rule is no longer asked"
        if key in self._targets:
            return Judgement.gone, f"advised instead: {self._targets[key]}"
        return Judgement.gone, "no longer advised"


def _is_deletion(target: str) -> bool:
    return target.casefold() == DELETED or target.casefold().startswith((f"{DELETED} ", f"{DELETED}-", f"{DELETED}_"))


def _columns(judged: Judged) -> Row:
    return {
        "judgement": judged.judgement.value,
        "judgement_reason": judged.reason,
        "judgement_since": judged.since,
        "first_seen": judged.first_seen,
        "last_seen": judged.last_seen,
        "judged_on": judged.judged_on,
        "returned_on": judged.returned_on,
    }


def unjudged_rows(previous: Iterable[Mapping[str, Any]], day: Day) -> list[Row]:
    """What could not be judged today, why, and since when without a break."""
    before = {(row["rule"], row["resource_id"]): row["since"] for row in previous}
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in day.answers.unjudged:
        told = reasons.setdefault((each.rule, each.resource_id), [])
        if each.reason not in told:
            told.append(each.reason)
    rows = []
    for (rule, resource_id), told in sorted(reasons.items()):
        resource = day.world.resources.get(resource_id)
        rows.append(
            {
                "rule": rule,
                "resource_id": resource_id,
                "resource_name": resource and resource.resource_name,
                "resource_type": resource and resource.resource_type,
                "project_id": resource and resource.project_id,
                "project_name": resource and resource.project_name,
                "owner": resource and resource.owner,
                "environment": resource and resource.environment,
                "monthly_cost": resource and resource.monthly_cost,
                "currency": resource and resource.currency,
                "reason": "; ".join(told),
                "since": before.get((rule, resource_id), day.today),
                "judged_on": day.today,
            }
        )
    return rows
