"""What is known of machines that are switched off and on: charges, samples, calls, tags. No Dagster here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from assets.forecasts_series import read_days
from assets.lens import Lens
from pipelines.recommendations.nights_evidence import Call, Charge, Evidence

_STARTS, _STOPS = ("poweron", "reboot"), ("poweroff", "terminate")
_BROWSER = "Mozilla/"
_SELECTED = "usage_date >= date '{since}' and billing_month >= '{since:%Y-%m}'"


@dataclass
class Machine:
    """One Instance: who it is, when it was there, its tags over time, and what is known of its hours."""

    resource_id: str
    resource_name: str
    project_id: str
    project_name: str
    created_at: datetime | None
    gone_at: datetime | None
    environment: str | None = None
    owner: str | None = None
    currency: str | None = None
    tags: list[tuple[datetime, tuple[str, ...]]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    sampled: set[datetime] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)

    def tags_at(self, at: datetime) -> tuple[str, ...]:
        """Its tags at a moment: those told last before, else the earliest that are known."""
        told = [tags for since, tags in sorted(self.tags) if since <= at]
        return told[-1] if told else next((tags for _, tags in sorted(self.tags)), ())


@dataclass(frozen=True)
class Known:
    """All machines with what is known of them since a day; `until` is the first day whose bill was not read."""

    machines: Mapping[str, Machine]
    since: date
    until: date
    read: frozenset[date]
    audited: frozenset[date]
    measured: Mapping[str, frozenset[date]]

    def evidence(self, machine: Machine) -> Evidence:
        """Of one machine; where no metrics are read for its project, the days of those that are stand for them."""
        of_project = self.measured.get(machine.project_id)
        days = of_project or frozenset(day for each in self.measured.values() for day in each)
        return Evidence(machine.charges, frozenset(machine.sampled), machine.calls, self.read, days, self.audited)


def read_known(lens: Lens, days_back: int) -> Known | None:
    """What is known of the newest days, so many of them; None without any bill."""
    read = read_days(lens)
    if not read:
        return None
    until = max(read) + timedelta(days=1)
    since = max(min(read), until - timedelta(days=days_back))
    machines = _machines(lens, since)
    _add_power(lens, since, machines)
    _add_calls(lens, since, machines)
    _add_labels(lens, since, machines)
    audited = lens.query(f"select audited_date from silver.unit_audited_days where audited_date >= date '{since}'")
    return Known(machines, since, until, read, frozenset(audited["audited_date"].to_pylist()), _measured(lens, since))


def _machines(lens: Lens, since: date) -> dict[str, Machine]:
    """Instances that are no nodes of Kapsule: those come and go with their pool."""
    rows = lens.query(
        "select resource_id, resource_name, resources.project_id, projects.project_name, resources.created_at, "
        "valid_from, valid_to, resources.tags from silver.resources as resources "
        "left join silver.projects as projects on resources.project_id = projects.project_id "
        f"where resource_type = 'instance_server' and coalesce(valid_to > date '{since}', true) "
        "order by resource_id, valid_from"
    ).to_pylist()
    found: dict[str, Machine] = {}
    for row in rows:
        tags = tuple(row["tags"] or ())
        if any(tag.startswith("kapsule=") for tag in tags):
            continue
        machine = found.setdefault(
            row["resource_id"],
            Machine(row["resource_id"], row["resource_name"], row["project_id"], row["project_name"] or "",
                    row["created_at"], None),
        )  # fmt: skip
        machine.gone_at = _midnight(row["valid_to"]) if row["valid_to"] else None
        machine.tags.append((_midnight(row["valid_from"]), tags))
    return found


def _add_power(lens: Lens, since: date, machines: Mapping[str, Machine]) -> None:
    rows = lens.query(
        "select resource_id, usage_date, billing_currency, charges, sampled_hours from silver.power_days "
        f"where {_SELECTED.format(since=since)} order by resource_id, usage_date, billing_currency"
    ).to_pylist()
    for row in rows:
        machine = machines.get(row["resource_id"])
        if machine is None:
            continue
        machine.currency = row["billing_currency"] or machine.currency
        charges = [Charge(each["starts_at"], each["ends_at"], each["cost"]) for each in row["charges"] or ()]
        machine.charges += [each for each in charges if each.cost > 0]
        machine.sampled |= {_midnight(row["usage_date"]) + timedelta(hours=hour) for hour in row["sampled_hours"] or ()}


def _add_calls(lens: Lens, since: date, machines: Mapping[str, Machine]) -> None:
    rows = lens.query(
        "select resource_id, recorded_at, action, user_agent from silver.audit_events "
        "where resource_type = 'instance_server' and coalesce(status_code, 200) < 400 and action is not null "
        f"and recorded_at >= timestamptz '{since} 00:00:00+00' and billing_month >= '{since:%Y-%m}' "
        "order by recorded_at, event_id"
    ).to_pylist()
    for row in rows:
        machine = machines.get(row["resource_id"])
        if machine is not None and row["action"] in (*_STARTS, *_STOPS):
            agent = row["user_agent"] or ""
            machine.calls.append(
                Call(row["recorded_at"], row["action"] in _STARTS, agent.startswith(_BROWSER), agent.partition(" ")[0])
            )


def _add_labels(lens: Lens, since: date, machines: Mapping[str, Machine]) -> None:
    rows = lens.query(
        "select resource_id, arg_max(environment, charge_start) as environment, arg_max(owner, charge_start) as owner "
        f"from silver.labelled_costs where charge_date >= date '{since}' and billing_month >= '{since:%Y-%m}' "
        "and sku like '/compute/%' group by resource_id"
    ).to_pylist()
    for row in rows:
        if row["resource_id"] in machines:
            machine = machines[row["resource_id"]]
            machine.environment, machine.owner = row["environment"], row["owner"]


def _measured(lens: Lens, since: date) -> Mapping[str, frozenset[date]]:
    """Days on which metrics were read, by project."""
    rows = lens.query(
        "select distinct project_id, day from silver.latest_measurements where source = 'cockpit.usage' "
        f"and reading_hash is not null and day >= date '{since}' and project_id is not null"
    ).to_pylist()
    found: defaultdict[str, set[date]] = defaultdict(set)
    for row in rows:
        found[row["project_id"]].add(row["day"])
    return {project: frozenset(days) for project, days in found.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
