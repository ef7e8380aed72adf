"""What is known beside the series: whose a cost is, what drives it, what things cost, and what was done. Read once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

from assets.anomalies_series import Span, months_within
from assets.lens import Lens
from pipelines.anomalies.explained import Deed, Usage
from pipelines.anomalies.scopes import Placed, Scope
from pipelines.anomalies.verdicts import Floats

LABELS = ("team", "environment", "product")
_CODE = re.compile(r"terraform|opentofu|pulumi|crossplane|ansible|cdktf", re.IGNORECASE)
_TOOLS = {"mozilla": "console", "scaleway-cli": "scaleway-cli"}
_DELETES = ("Delete", "Terminate", "Destroy")
_OFF = ("poweroff", "terminate", "stop_in_place")
_KNOWN_DAYS = 14
_LATE_DAYS = 2  # a charge is known on the day after; later ones are late
Row = dict[str, Any]


@dataclass(frozen=True)
class Billed:
    """A resource's charges of one SKU: where, whose, and from when until when within the days looked at."""

    place: Placed
    name: str
    sku_name: str
    owner: str | None
    environment: str | None
    tags: str
    first: date
    last: date
    cost: float


@dataclass(frozen=True)
class Known:
    """Names, owners and drivers of the whole span."""

    projects: Mapping[str, str]
    billed: Sequence[Billed]
    usages: Mapping[tuple[str, str, str], Sequence[Usage]]  # by project, service and currency

    def of(self, scope: Scope) -> list[Billed]:
        """What was billed in a scope of costs, the most expensive first."""
        labelled = (scope.label_key or "", scope.label_value or "")
        near = self.billed if scope.project_id is None else self._near.get((scope.project_id, scope.service_name), ())
        found = [
            each
            for each in near
            if scope.sku in (None, each.place.sku)
            and scope.resource_id in (None, each.place.resource_id)
            and (scope.region is None or scope.region in each.place.regions)
            and (scope.label_key is None or labelled in each.place.labels)
        ]
        return sorted(found, key=lambda each: (-each.cost, each.place.sku, each.place.resource_id or ""))

    @cached_property
    def _near(self) -> Mapping[tuple[str, str | None], Sequence[Billed]]:
        """By project, and by project and service."""
        found: defaultdict[tuple[str, str | None], list[Billed]] = defaultdict(list)
        for each in self.billed:
            found[each.place.project_id, None].append(each)
            found[each.place.project_id, each.place.service_name].append(each)
        return found


def read_known(lens: Lens, span: Span) -> Known:
    """Everything that needs no anomaly to be asked for."""
    rows = lens.query("select project_id, project_name from silver.projects order by 1").to_pylist()
    return Known(
        {row["project_id"]: row["project_name"] for row in rows},
        _billed(lens, span),
        _usages(lens, span),
    )


def _billed(lens: Lens, span: Span) -> list[Billed]:
    lists = ", ".join(f"list(distinct {label}) filter ({label} is not null) as {label}s" for label in LABELS)
    rows = lens.query(
        "select project_id, service_name, sku, resource_id, max(resource_name) as name, "
        "max(charge_description) as sku_name, list(distinct region_id) as regions, "
        "arg_max(owner, charge_date) as owner, arg_max(environment, charge_date) as environment, "
        f"max(tags_json) as tags, {lists}, min(charge_date) as first, max(charge_date) as last, "
        "cast(sum(billed_cost) as double) as cost from silver.labelled_costs "
        f"where charge_date between date '{span.first}' and date '{span.last}' and {months_within(span)} "
        "and billed_cost is not null "
        "group by project_id, service_name, sku, resource_id order by all"
    ).to_pylist()
    return [_one_billed(row) for row in rows]


def _one_billed(row: Row) -> Billed:
    labels = frozenset((label, value) for label in LABELS for value in row[f"{label}s"] or ())
    place = Placed(
        row["project_id"], row["service_name"], row["sku"], row["resource_id"], frozenset(row["regions"]), labels
    )
    environment = row["environment"] if row["environment"] != "unknown" else None
    return Billed(
        place,
        row["name"] or row["resource_id"] or row["sku_name"],
        row["sku_name"],
        row["owner"],
        environment,
        row["tags"] or "",
        row["first"],
        row["last"],
        row["cost"],
    )


def _usages(lens: Lens, span: Span) -> dict[tuple[str, str, str], list[Usage]]:
    """Each driver beside the cost of the very behaviour it drives, one currency at a time."""
    days = f"between date '{span.first}' and date '{span.last}'"
    units = lens.query(
        "select project_id, service_name, behaviour, driver, list(usage_date) as days, "
        "list(cast(units as double)) as held from gold.daily_series_drivers "
        f"where usage_date {days} and project_id is not null group by all order by all"
    ).to_pylist()
    costs = lens.query(
        "select project_id, max(project_name) as project_name, service_name, behaviour, billing_currency, "
        "list(charge_date) as days, list(cost) as held from "
        "(select project_id, max(project_name) as project_name, service_name, behaviour, billing_currency, "
        "charge_date, cast(sum(billed_cost) as double) as cost from gold.daily_series "
        f"where charge_date {days} and {months_within(span)} "
        "group by project_id, service_name, behaviour, billing_currency, charge_date) "
        "group by project_id, service_name, behaviour, billing_currency order by all"
    ).to_pylist()
    costs_of: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in costs:
        costs_of[row["project_id"], row["service_name"], row["behaviour"]].append(row)
    found: defaultdict[tuple[str, str, str], list[Usage]] = defaultdict(list)
    for row in units:
        for cost in costs_of[row["project_id"], row["service_name"], row["behaviour"]]:
            place = f"{cost['project_name']}, {row['service_name']}"
            paid = _along(cost, span, 0.0)
            paid[[day not in span.read for day in span.days]] = np.nan
            usage = Usage(row["driver"], place, _along(row, span, np.nan), paid)
            found[row["project_id"], row["service_name"], cost["billing_currency"]].append(usage)
    return dict(found)


def _along(row: Row, span: Span, empty: float) -> Floats:
    values = np.full(len(span.days), empty)
    for day, value in zip(row["days"], row["held"], strict=True):
        values[(day - span.first).days] = value
    return values


@dataclass(frozen=True)
class Done:
    """What happened around the days in question, by project: actions, deploys, changed tags; and price changes."""

    deeds: Mapping[str, Sequence[Deed]]
    strangers: frozenset[tuple[str, date]]
    deploys: Sequence[Row]
    tags: Sequence[Row]
    prices: Sequence[Row]
    late: Sequence[Row] = ()


def read_done(lens: Lens, projects: Sequence[str], days: Sequence[date], span: Span) -> Done:
    """Everything that was done on the day before each of `days`, on it, and on the day after."""
    around = sorted({day + timedelta(days=off) for day in days for off in (-1, 0, 1)})
    if not around:
        return Done({}, frozenset(), (), (), ())
    listed = ", ".join(f"date '{day}'" for day in around)
    audited, strangers = _audited(lens, projects, listed)
    return Done(
        audited,
        strangers,
        _rows(
            lens,
            "silver.deploys",
            "select deploy_date as on_day, service, environment, max(version) as version, max(told_by) as told_by, "
            "resource_id, project_id, count(*) as deploys from silver.deploys "
            f"where deploy_date in ({listed}) and status = 'successful' "
            "group by deploy_date, service, environment, resource_id, project_id order by all",
        ),
        _rows(
            lens,
            "silver.resource_history",
            "select resource_id, valid_from as on_day from silver.resource_history "
            f"where valid_from in ({listed}) and list_contains(changed_fields, 'tags') order by all",
        ),
        _rows(
            lens,
            "silver.prices",
            "select sku, valid_from as on_day, cast(list_unit_price as double) as after, cast(lag(list_unit_price) "
            "over (partition by sku order by valid_from) as double) as before from silver.prices "
            f"qualify before > 0 and after <> before and on_day between date '{span.first}' and date '{span.last}' "
            "order by all",
        ),
        _late(lens, projects, listed, span),
    )


def _late(lens: Lens, projects: Sequence[str], listed: str, span: Span) -> list[Row]:
    """What was billed late, by project, service and day."""
    rows: list[Row] = lens.query(
        "select project_id, service_name, charge_date as on_day, cast(sum(billed_cost) as double) as cost, "
        "max(billing_currency) as currency, max(cast(updated_at as date) - charge_date) as days_late "
        f"from silver.labelled_costs where charge_date in ({listed}) and {months_within(span)} "
        f"and project_id in ({_listed(projects)}) and cast(updated_at as date) - charge_date > {_LATE_DAYS} "
        "and billed_cost <> 0 group by project_id, service_name, charge_date, billing_currency order by all"
    ).to_pylist()
    return rows


def _listed(names: Sequence[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in names) or "''"


def _audited(
    lens: Lens, projects: Sequence[str], listed: str
) -> tuple[dict[str, list[Deed]], frozenset[tuple[str, date]]]:
    """Actions that changed something, by project; and where someone acted who had not in the weeks audited before."""
    rows = _rows(
        lens,
        "silver.audit_events",
        "with begun as (select project_id, principal_id, min(recorded_at) as first_at from silver.audit_events "
        "group by all), since as (select min(recorded_at) as first_at from silver.audit_events) "
        "select events.project_id, cast(events.recorded_at as date) as on_day, events.resource_id, "
        "max(events.resource_name) as resource_name, events.method_name, coalesce(events.action, '') as action, "
        "max(events.user_agent) as user_agent, events.principal_id, "
        f"min(begun.first_at) > max(since.first_at) + interval {_KNOWN_DAYS} day "
        "and cast(min(begun.first_at) as date) = cast(min(events.recorded_at) as date) as is_stranger "
        "from silver.audit_events as events, since inner join begun on events.project_id = begun.project_id "
        "and events.principal_id = begun.principal_id "
        f"where cast(events.recorded_at as date) in ({listed}) and events.project_id in ({_listed(projects)}) "
        "and events.status_code between 200 and 299 group by all order by all",
    )
    found: defaultdict[str, list[Deed]] = defaultdict(list)
    strangers = set()
    for row in rows:
        found[row["project_id"]].append(_deed(row))
        if row["is_stranger"] and row["method_name"].startswith("Create"):
            strangers.add((row["resource_id"], row["on_day"]))
    return dict(found), frozenset(strangers)


def _deed(row: Row) -> Deed:
    agent = row["user_agent"] or ""
    return Deed(
        what=f"{row['method_name']} {row['action']}".strip(),
        who=f"{_tool(agent)} ({(row['principal_id'] or 'unknown')[:8]})",
        on=row["on_day"],
        resource_id=row["resource_id"],
        resource_name=row["resource_name"] or row["resource_id"],
        is_code=bool(_CODE.search(agent)),
        is_removal=row["method_name"].startswith(_DELETES) or row["action"] in _OFF,
    )


def _tool(agent: str) -> str:
    """What somebody worked with, by its user agent."""
    code = _CODE.search(agent)
    first = agent.split("/")[0].strip().lower()
    return code[0].lower() if code else _TOOLS.get(first, first or "unknown tool")


def _rows(lens: Lens, table: str, sql: str) -> list[Row]:
    if table not in lens.catalog.names() or lens.catalog.state(table).delta is None:
        return []
    found: list[Row] = lens.query(sql).to_pylist()
    return found
