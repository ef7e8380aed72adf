"""Anomalies out of the series of gold, judged once a run. No Dagster here.

All days that are looked at are judged anew, each with what was known on it; yet only what began in the last six weeks
is told anew. What was said of older events stays as it was said, apart from where it stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from assets.anomalies_exact import with_exact_costs
from assets.anomalies_hidden import judged_hidden
from assets.anomalies_judged import Judged, caution_of, judged_costs, judged_others, least_a_day
from assets.anomalies_known import read_done, read_known
from assets.anomalies_reasons import Reasons
from assets.anomalies_rows import Decided, anomaly_row, cause_rows, change_rows, day_rows
from assets.anomalies_said import feedback_so_far, kept_rows, said_of
from assets.anomalies_series import Span, span_of
from assets.anomalies_tables import ANOMALIES, ANOMALY_TABLES, CAUSES, CHANGES, DAYS, MONTH
from assets.forecasts_series import read_days
from assets.forecasts_tables import write_partition
from assets.lens import Lens
from pipelines.anomalies.baselines import expected_days
from pipelines.anomalies.hierarchy import incidents
from pipelines.anomalies.scopes import COST, Scope, Tree
from pipelines.anomalies.severity import severity_of
from pipelines.anomalies.standing import (
    Feedback,
    Present,
    Said,
    Suppression,
    id_of,
    same_event,
    standing_of,
)
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings

AGAIN_DAYS = 42
"""An event goes on for four weeks at most; two weeks more for charges that come late."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Updated:
    """Rows written by table, and what was judged and found."""

    rows: Mapping[str, int]
    series: int
    anomalies: int
    actionable: int
    new: int
    judged_until: date | None


def update_anomalies(catalog: Catalog, settings: Settings, today: date) -> Updated:
    """Bring the tables of anomalies up to date; equal rows make no commit."""
    with Lens(catalog) as lens:
        read = read_days(lens)
        if not read:
            return Updated({}, 0, 0, 0, 0, None)
        span = span_of(read)
        said = said_of(lens)
        since = _since(said, span)
        found, reasons, series = _found(lens, settings, span, since)
        told, suppressed = feedback_so_far(lens), suppressions_of(settings)
        decided = decide(found, reasons, said, told, suppressed, settings, today)
        rows = rows_of(decided, reasons, settings.anomalies.runbook, today)
        with_exact_costs(lens, decided, rows)
        kept = kept_rows(lens, (since, span.last), {each.anomaly_id for each in decided}, today)
    written = {made.name: 0 for made in ANOMALY_TABLES}
    for made in ANOMALY_TABLES:
        merged = [*kept[made.name], *rows[made.name]]
        months = {row[MONTH] for row in merged} | set(catalog.state(made.name).partitions)
        for month in sorted(months):
            of_month = [row for row in merged if row[MONTH] == month]
            written[made.name] += write_partition(catalog, made, month, of_month)
    everything = [*kept[ANOMALIES.name], *rows[ANOMALIES.name]]
    return Updated(
        written,
        series,
        len(everything),
        sum(row["is_actionable"] for row in everything),
        sum(row["first_judged_on"] == today for row in everything),
        span.last,
    )


def _since(said: Sequence[Said], span: Span) -> date:
    """What began before may have been told already; everything in the first run, and what no run saw after a pause."""
    if not said:
        return span.first
    newest = min(max(each.judged_on for each in said), span.last)
    return max(newest - timedelta(days=AGAIN_DAYS), span.first)


def _found(lens: Lens, settings: Settings, span: Span, since: date) -> tuple[list[Judged], Reasons, int]:
    """What began since a day, and all that may explain it."""
    told = settings.anomalies
    caution = caution_of(settings, span)
    known = read_known(lens, span)
    costs = judged_costs(lens, span, caution, told.maturing_days)
    others, count = judged_others(lens, span, caution, told.maturing_days)
    tree = Tree(costs.values, [part.place for part in known.billed])
    events = incidents(costs.signals, tree, least_a_day(settings))
    found = [Judged(incident, span.days, tree.series(incident.scope)) for incident in events]
    hidden = judged_hidden(known, tree, span, caution, told.maturing_days, events)
    found = [each for each in (*found, *costs.gaps, *hidden, *others) if each.last_day >= since]
    projects = sorted({each.incident.scope.project_id for each in found if each.incident.scope.project_id})
    done = read_done(lens, projects, sorted({each.first_day for each in found}), span)
    share = float(told.percent_floor) / 100
    return found, Reasons(tree, known, done, span, settings.known_changes, share), costs.series + count


def decide(
    found: Sequence[Judged],
    reasons: Reasons,
    said: Sequence[Said],
    told: Sequence[Feedback],
    suppressions: Sequence[Suppression],
    settings: Settings,
    today: date,
) -> list[Decided]:
    """Each incident under the name it had, with where it stands."""
    floor = least_a_day(settings)
    free = {each.anomaly_id: each for each in said}
    decided: list[Decided] = []
    for judged in found:
        before = _before(judged, list(free.values()), reasons.tree)
        anomaly_id = before.anomaly_id if before else id_of(judged.incident.scope, judged.first_day)
        if before is not None:
            del free[before.anomaly_id]
        is_cost = judged.incident.scope.subject == COST
        explanation = reasons.explanation(judged)
        stranger = is_cost and reasons.by_stranger(judged)
        decided.append(
            Decided(
                judged,
                anomaly_id,
                before.first_judged_on if before else today,
                standing_of(_present(judged, reasons), explanation, anomaly_id, today, said, told, suppressions),
                severity_of(judged.incident, floor, reasons.whole_a_day(judged.incident) if is_cost else 0.0, stranger),
                explanation,
                reasons.changes(judged) if is_cost else (),
            )
        )
    unique = {each.anomaly_id: each for each in reversed(decided)}
    return list(reversed(unique.values()))


def _before(judged: Judged, said: Iterable[Said], tree: Tree) -> Said | None:
    """What was said of the same event, the nearest first day first."""
    incident = judged.incident
    same = [
        each
        for each in said
        if same_event(
            incident.scope, incident.sign, judged.first_day, judged.last_day, each, _nested(incident.scope, each, tree)
        )
    ]
    return min(same, key=lambda each: (abs(each.first_day - judged.first_day), each.anomaly_id), default=None)


def _nested(scope: Scope, said: Said, tree: Tree) -> bool:
    if scope == said.scope:
        return True
    narrow = scope.project_id is not None and scope.project_id == said.scope.project_id
    return scope.subject == COST and narrow and (tree.inside(scope, said.scope) or tree.inside(said.scope, scope))


def _present(judged: Judged, reasons: Reasons) -> Present:
    incident, scope = judged.incident, judged.incident.scope
    event = slice(incident.first, incident.last + 1)
    expected = expected_days(judged.values, incident.first, incident.last, incident.detected)
    project = scope.project_id
    names = (project, reasons.known.projects.get(project, project)) if project else ()
    skus = {scope.sku} if scope.sku else set()
    if scope.subject == COST and scope.service_name:
        skus |= {part.place.sku for part in reasons.known.of(scope)}
    impacts = np.nan_to_num(judged.values[event] - expected).tolist()
    return Present(scope, incident.kind, judged.days[event], impacts, judged.is_ongoing, names, tuple(sorted(skus)))


def suppressions_of(settings: Settings) -> list[Suppression]:
    """What the settings say is not to be told."""
    return [
        Suppression(each.name, each.reason, each.owner, each.until, each.project, each.service, each.sku, each.kind)
        for each in settings.anomalies.suppressions
    ]


def rows_of(decided: Sequence[Decided], reasons: Reasons, runbook: str | None, today: date) -> dict[str, list[Row]]:
    """All rows by table."""
    return {
        ANOMALIES.name: [anomaly_row(each, reasons, runbook, today) for each in decided],
        CAUSES.name: [row for each in decided for row in cause_rows(each, reasons)],
        DAYS.name: [row for each in decided for row in day_rows(each)],
        CHANGES.name: [row for each in decided for row in change_rows(each)],
    }
