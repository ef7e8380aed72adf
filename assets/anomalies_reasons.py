"""Which known reason explains an incident of costs, and what else changed where it happened. No Dagster here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Any

from assets.anomalies_judged import Judged
from assets.anomalies_known import Billed, Done, Known
from assets.anomalies_series import Span
from pipelines.anomalies.baselines import Course, course_of
from pipelines.anomalies.explained import (
    Deed,
    Explanation,
    PriceChange,
    by_calendar,
    by_code,
    by_end,
    by_plan,
    by_price,
    by_purpose,
    by_removal,
    by_resize,
    by_usage,
)
from pipelines.anomalies.hierarchy import LEAST_CAUSE, Incident
from pipelines.anomalies.scopes import COST, LABEL, ORGANIZATION, PROJECT, RESOURCE, Scope, Tree
from pipelines.anomalies.verdicts import Kind
from pipelines.forecast.drivers import line
from pipelines.settings_budgets import KnownChangeSetting

CODE_SHARE = 0.05
"""Of what the organization costs a day: a change made as code that comes to more is told all the same."""
_AROUND = timedelta(days=1)
_MOST_LISTED = 20


@dataclass(frozen=True)
class Change:
    """Something else that changed; `rank` orders what matters most first."""

    rank: int
    on: date
    change: str
    what: str
    who: str | None = None
    resource_id: str | None = None
    resource_name: str | None = None


@dataclass(frozen=True)
class Reasons:
    """All that may explain costs, asked incident by incident."""

    tree: Tree
    known: Known
    done: Done
    span: Span
    planned: Sequence[KnownChangeSetting]
    share_floor: float

    def explanation(self, judged: Judged) -> Explanation | None:
        """The first reason that accounts for it; the surest come first."""
        incident = judged.incident
        if incident.detected is Kind.MISSING:
            return None
        if incident.scope.subject != COST:
            return by_calendar(judged.values, judged.days, incident.course)
        return next((found for found in self._candidates(judged) if found is not None), None)

    def _candidates(self, judged: Judged) -> Iterator[Explanation | None]:
        incident, scope = judged.incident, judged.incident.scope
        parts = self._parts(incident)
        deeds = self._deeds(judged, parts)
        touched = self._moved(incident, {deed.resource_id for deed in deeds if self._fits(deed, incident)})
        if incident.replaces is not None and not self._is_foreign(judged, incident.replaces):
            yield Explanation("replacement", f"takes the place of {self._named_from(incident.replaces, scope)}")
        yield self._plan(judged)
        yield self._resize(judged, parts)
        yield by_calendar(judged.values, judged.days, incident.course)
        yield by_purpose([f"{part.name} {part.tags}" for part in parts if part.place.resource_id])
        yield by_price(self._prices(judged), incident.course, self._room(incident))
        place = (scope.project_id or "", scope.service_name or "", scope.unit)
        for usage in self.known.usages.get(place, ()) if judged.by_usage is None else ():  # else it is out already
            yield by_usage(usage, incident.course, incident.detected, self._room(incident), line)
        yield by_removal(deeds, touched, incident.course)
        yield self._end(judged, parts)
        yield by_code(
            [deed for deed in deeds if not deed.what.endswith("poweron")],
            touched,
            incident.course,
            CODE_SHARE * self.whole_a_day(incident),
        )

    def _room(self, incident: Incident) -> float:
        """What a day may be off: what the detector allowed, at least the floor's share of what was expected."""
        return max(incident.allowed, self.share_floor * incident.course.expected / incident.course.days)

    def _parts(self, incident: Incident) -> list[Billed]:
        """What makes the move: resources of the scope that moved with it, else all that was billed there."""
        scope, course = incident.scope, incident.course
        found = self.known.of(scope)
        if scope.level == RESOURCE or not course.impact:
            return found
        moving = {
            part.resource_id
            for part in self.tree.children(scope, RESOURCE)
            if self._impact(part, course) / course.impact >= LEAST_CAUSE
        }
        return [part for part in found if part.place.resource_id in moving] if moving else found

    def _impact(self, part: Scope, course: Course) -> float:
        return course_of(self.tree.series(part), course.first, course.last).impact

    def _deeds(self, judged: Judged, parts: Sequence[Billed]) -> list[Deed]:
        ids = {part.place.resource_id for part in parts}
        near = self.done.deeds.get(judged.incident.scope.project_id or "", ())
        return [deed for deed in near if deed.resource_id in ids and abs(deed.on - judged.first_day) <= _AROUND]

    def _fits(self, deed: Deed, incident: Incident) -> bool:
        return deed.is_removal == (incident.sign < 0)

    def _moved(self, incident: Incident, resources: set[str]) -> float:
        """What these resources did on the incident's days."""
        scope, course = incident.scope, incident.course
        if scope.level == RESOURCE:
            return course.impact if scope.resource_id in resources else 0.0
        parts = [each for each in self.tree.children(scope, RESOURCE) if each.resource_id in resources]
        return sum(self._impact(part, course) for part in parts)

    def _plan(self, judged: Judged) -> Explanation | None:
        scope = judged.incident.scope
        for plan in self.planned:
            in_project = {scope.project_id or "", self.known.projects.get(scope.project_id or "", "")}
            skus = {part.place.sku for part in self._parts(judged.incident)}
            fits = (
                plan.currency == scope.unit
                and any(fnmatchcase(name, plan.project) for name in in_project)
                and fnmatchcase(scope.service_name or "", plan.service)
                and (plan.sku == "*" or (bool(skus) and all(fnmatchcase(sku, plan.sku) for sku in skus)))
            )
            if fits and plan.on - _AROUND <= judged.first_day <= (plan.until or plan.on) + _AROUND:
                return by_plan(plan.name, plan.on)
        return None

    def _resize(self, judged: Judged, parts: Sequence[Billed]) -> Explanation | None:
        """One resource whose SKU ended as another of it began."""
        if judged.incident.scope.level != RESOURCE:
            return None
        came = [part for part in parts if abs(part.first - judged.first_day) <= _AROUND]
        went = [part for part in parts if abs(part.last - judged.first_day) <= _AROUND and part.last < self.span.last]
        pairs = ((old, new) for new in came for old in went if old.first < new.first and old.place.sku != new.place.sku)
        found = next(pairs, None)
        if found is None:
            return None
        before, after = found
        return by_resize(after.name, before.sku_name, after.sku_name, after.first)

    def _end(self, judged: Judged, parts: Sequence[Billed]) -> Explanation | None:
        last = judged.first_day - _AROUND
        newest: dict[str, Billed] = {}
        for part in sorted(parts, key=lambda each: each.last):
            newest[part.place.resource_id or ""] = part
        gone = {resource: part.name for resource, part in newest.items() if resource and part.last == last}
        moved = self._moved(judged.incident, set(gone))
        return by_end(sorted(gone.values()), judged.first_day, moved, judged.incident.course)

    def _prices(self, judged: Judged) -> list[PriceChange]:
        course, scope = judged.incident.course, judged.incident.scope
        near = [row for row in self.done.prices if abs(row["on_day"] - judged.first_day) <= _AROUND]
        found = []
        for row in near:
            for part in {part.place: part for part in self.known.of(scope) if part.place.sku == row["sku"]}.values():
                place = part.place
                sku = Scope(COST, "sku", scope.unit, place.project_id, service_name=place.service_name, sku=place.sku)
                expected = course_of(self.tree.series(sku), course.first, course.last).expected
                found.append(PriceChange(row["sku"], row["on_day"], row["before"], row["after"], expected))
        return list({(each.sku, each.expected): each for each in found}.values())

    def whole_a_day(self, incident: Incident) -> float:
        """What the organization was expected to cost a day."""
        whole = Scope(COST, ORGANIZATION, incident.scope.unit)
        course = course_of(self.tree.series(whole), incident.first, incident.last)
        return course.expected / course.days

    def by_stranger(self, judged: Judged) -> bool:
        """Whether somebody made its resources who had done nothing in the project before."""
        ids = {part.place.resource_id for part in self._parts(judged.incident)}
        return any(resource in ids and abs(on - judged.first_day) <= _AROUND for resource, on in self.done.strangers)

    def name(self, scope: Scope) -> str:
        """What people call a scope."""
        if scope.level in (ORGANIZATION, LABEL):
            return scope.label_value or "the whole organisation"
        if scope.level == PROJECT:
            return self.known.projects.get(scope.project_id or "", scope.project_id or "")
        billed = self.known.of(scope)
        if scope.level == RESOURCE:
            return billed[0].name if billed else scope.resource_id or ""
        if scope.sku:
            return billed[0].sku_name if billed else scope.sku
        return scope.service_name or scope.region or ""

    def _is_foreign(self, judged: Judged, replaced: Scope) -> bool:
        """Made by somebody new where nothing of the kind ran: no move, whatever ended in another project."""
        return replaced.project_id != judged.incident.scope.project_id and self.by_stranger(judged)

    def _named_from(self, scope: Scope, here: Scope) -> str:
        """What people call a scope, with its project where that is another one."""
        if scope.project_id == here.project_id:
            return self.name(scope)
        return f"{self.name(scope)} of {self.name(scope.of(PROJECT))}"

    def changes(self, judged: Judged) -> list[Change]:
        """What else changed, the nearest to the incident first."""
        parts = self._parts(judged.incident)
        hidden = self._usage_changes(judged) if judged.by_usage is not None else ()
        found = [*hidden, *self._billed_changes(judged, parts), *self._done_changes(judged, parts)]
        unique = {(each.on, each.change, each.what, each.resource_id): each for each in found}
        ordered = sorted(unique.values(), key=lambda each: (each.rank, each.on, each.change, each.what))
        return ordered[:_MOST_LISTED]

    def _usage_changes(self, judged: Judged) -> Iterator[Change]:
        """How the usage moved that hid it."""
        scope, course = judged.incident.scope, judged.incident.course
        for usage in self.known.usages.get((scope.project_id or "", scope.service_name or "", scope.unit), ()):
            percent = usage.moved(course, judged.incident.detected)
            if percent is not None:
                words = f"{percent:+.0f} % {usage.driver} of {usage.place}"
                yield Change(0, judged.first_day, "usage", words)

    def _billed_changes(self, judged: Judged, parts: Sequence[Billed]) -> Iterator[Change]:
        first = judged.first_day
        skus = {part.place.resource_id: 0 for part in parts}
        for part in parts:
            skus[part.place.resource_id] += 1
        resized = self._resize(judged, parts)
        if resized is not None:
            scope = judged.incident.scope
            yield Change(0, first, "resize", resized.words, None, scope.resource_id, self.name(scope))
        for part in parts:
            told = (None, part.place.resource_id, part.name)
            began, ended = part.first > self.span.first, part.last < self.span.last
            if began and abs(part.first - first) <= _AROUND:
                yield Change(1, part.first, "new_resource", f"{part.name} is billed as {part.sku_name}", *told)
            if ended and abs(part.last + _AROUND - first) <= _AROUND:
                yield Change(1, part.last + _AROUND, "gone_resource", f"{part.name} as {part.sku_name}", *told)
        for price in self._prices(judged):
            words = f"{price.sku}: {price.before:g} to {price.after:g}"
            yield Change(0, price.on, "price", words)

    def _is_near(
        self, deploy: Mapping[str, Any], project: str, ids: set[str | None], environments: set[str | None]
    ) -> bool:
        """A deploy of one of its resources or to its project; one that names neither goes by its first word."""
        if deploy["resource_id"] is not None or deploy["project_id"] is not None:
            return deploy["resource_id"] in ids or deploy["project_id"] == project
        named = self.known.projects.get(project, "").replace("_", "-").split("-")
        return deploy["environment"] in environments and deploy["service"].replace("_", "-").split("-")[0] in named

    def _done_changes(self, judged: Judged, parts: Sequence[Billed]) -> Iterator[Change]:
        first, project = judged.first_day, judged.incident.scope.project_id or ""
        ids = {part.place.resource_id for part in parts}
        for deed in self.done.deeds.get(project, ()):
            routine = deed.what.startswith("ServerAction") and deed.resource_id not in ids
            if abs(deed.on - first) <= _AROUND and not routine:
                rank = 2 if deed.resource_id in ids else 4
                yield Change(
                    rank, deed.on, "audit_event", deed.what, deed.who, deed.resource_id or None, deed.resource_name
                )
        environments = {part.environment for part in parts}
        for row in self.done.deploys:
            if abs(row["on_day"] - first) <= _AROUND and self._is_near(row, project, ids, environments):
                version = f" {row['version']}" if row["version"] else ""
                several = f", {row['deploys']} deploys" if row["deploys"] > 1 else ""
                words = f"{row['service']}{version} to {row['environment']}{several}"
                yield Change(3, row["on_day"], "deploy", words, row["told_by"], row["resource_id"])
        scope = judged.incident.scope
        for row in self.done.late:
            mine = row["project_id"] == project and scope.service_name in (None, row["service_name"])
            if mine and abs(row["on_day"] - first) <= _AROUND:
                words = (
                    f"{row['cost']:.2f} {row['currency']} of {row['service_name']} came {row['days_late']} days late"
                )
                yield Change(3, row["on_day"], "ingestion", words)
        for row in self.done.tags:
            if row["resource_id"] in ids and abs(row["on_day"] - first) <= _AROUND:
                yield Change(2, row["on_day"], "tag_change", "tags were changed", None, row["resource_id"])
