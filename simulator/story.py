"""A scenario told in tables: who the organisation is, what is hidden in it, and what only looks wrong."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

from simulator.bill import Bill
from simulator.instants import DAY, at
from simulator.loading import ScenarioError
from simulator.resources import Resource
from simulator.s3_truth import storage_truth
from simulator.scenario import Planted
from simulator.truth import planted_truth
from simulator.world import World

_BLOCK = re.compile(r"(<!-- table: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def story(world: World, now: int) -> dict[str, str]:
    """Every table in Markdown, by name."""
    return {name: tell(world, now) for name, tell in _TABLES.items()}


def refreshed(text: str, world: World, now: int) -> str:
    """A text with the tables between `<!-- table: NAME -->` and `<!-- end -->` as they are now."""
    tables = story(world, now)

    def put(found: re.Match[str]) -> str:
        if found[2] not in tables:
            raise ScenarioError(f"no table {found[2]!r}; there are {', '.join(tables)}")
        return f"{found[1]}\n{tables[found[2]]}\n{found[3]}"

    return _BLOCK.sub(put, text)


def _months(world: World, now: int) -> str:
    bill = Bill(world)
    rows = []
    for month in bill.begun(now):
        total = Decimal(bill.total(month, now)).scaleb(-2)
        a_day = f"{total * DAY / month.seconds:,.0f}" if month.end <= now else "not over yet"
        rows.append((month.name, f"{total:,.0f}", a_day))
    return _table(("Month", "Euros", "A day"), rows)


def _projects(world: World, now: int) -> str:
    living = list(world.living(now))
    return _table(
        ("Project", "Environment", "Team", "Resources", "What it is"),
        (
            (
                f"`{project.name}`",
                project.environment,
                project.team or "nobody",
                str(sum(row.project.name == project.name for row in living)),
                project.description,
            )
            for project in world.scenario.projects
        ),
    )


def _loads(world: World, _: int) -> str:
    """Groups of machines and services by the shape of their load."""
    shapes: dict[str, list[str]] = {}
    for group in world.scenario.resources:
        words: list[str] = [group.load.shape] if group.load.shape != "steady" else []
        words += [f"{group.load.growth:+}\N{NO-BREAK SPACE}% a month"] if group.load.growth else []
        words += ["bursts"] if group.load.bursts else []
        if words:
            shapes.setdefault(", ".join(words), []).append(f"`{group.name}`")
    return _table(("Load", "Groups"), ((shape, ", ".join(groups)) for shape, groups in sorted(shapes.items())))


def _planted(world: World, now: int) -> str:
    return _situations(world, now, world.scenario.planted)


def _traps(world: World, now: int) -> str:
    return _situations(world, now, world.scenario.traps)


def _situations(world: World, now: int, items: Iterable[Planted]) -> str:
    return _table(
        ("Id", "What", "Where", "Since", "Euros", "What a good tool says"),
        (
            (
                f"`{item.id}`",
                item.title,
                _where(world, item.groups),
                (item.start.date().isoformat() if item.start else "before")
                + (f" to {item.end.date().isoformat()}" if item.end else ""),
                _cost(item, Decimal(planted_truth(world, item, now)["expected_monthly_cost"])),
                item.expect,
            )
            for item in items
        ),
    )


def _where(world: World, groups: Sequence[str]) -> str:
    members = [row for row in world.resources if row.group.name in groups]
    projects = list(dict.fromkeys(f"`{row.project.name}`" for row in members))
    regions = list(dict.fromkeys(row.zone[:6] for row in members))
    return f"{', '.join(projects)} in {', '.join(regions)}" if members else "the organisation"


def _cost(item: Planted, euros: Decimal) -> str:
    if not euros:
        return "none"
    return f"{euros:,.0f} in all" if item.end and item.groups else f"{euros:,.0f} a month"


def _buckets(world: World, now: int) -> str:
    rows = []
    for name, held in storage_truth(world, now).items():
        row = world.storage.buckets[name].resource
        classes = " + ".join(f"{_gb(size['bytes'])} {kind}" for kind, size in held["by_class"].items())
        more = [
            (held["noncurrent_bytes"], f"{_gb(held['noncurrent_bytes'])} of it old versions"),
            (held["delete_markers"], f"{held['delete_markers']:,} delete markers"),
            (held["incomplete_uploads"], f"{_gb(held['incomplete_bytes'])} in {held['incomplete_uploads']} uploads"),
        ]
        rows.append(
            (
                f"`{name}`",
                f"`{row.project.name}`",
                row.zone[:6],
                at(row.created).date().isoformat(),
                f"{held['objects']:,}",
                classes,
                ", ".join(text for amount, text in more if amount),
                ", ".join(f"`{tag}`" for tag in row.tags_at(now)) or "none",
            )
        )
    return _table(("Bucket", "Project", "Region", "Made", "Objects", "Holds", "And", "Tags"), rows)


def _gb(size: int) -> str:
    return f"{Decimal(size) / 10**9:,.3g} GB" if size < 10**10 else f"{size / 10**9:,.0f} GB"


def _jobs(world: World, now: int) -> str:
    rows = []
    for name, runs in world.jobs.runs.items():
        spec, row = world.jobs.specs[name], _by_id(world, name)
        over = [run for run in runs if run.ended <= now]
        failed = sum(run.outcome == "failed" for run in over)
        hours = ", ".join(f"{hour:02}:00" for hour in sorted(spec.hours)) + (" on workdays" if spec.workdays else "")
        size = f"{spec.cpu / 1_000:g} vCPU, {spec.memory / 1_024:g} GiB"
        rows.append((f"`{row.name}`", f"`{row.project.name}`", hours, size, f"{len(over):,}", f"{failed:,}"))
    return _table(("Job", "Project", "Starts, UTC", "Size", "Runs", "Failed"), rows)


def _deploys(world: World, now: int) -> str:
    rows = []
    for (service, environment), deploys in world.deploys.by_place.items():
        known = [deploy.status(now) for deploy in deploys if deploy.started <= now]
        counts = [f"{known.count(status):,}" for status in ("successful", "failed", "rolled_back")]
        rows.append((service, environment, *counts))
    return _table(("Service", "Environment", "Succeeded", "Failed", "Rolled back"), rows)


def _tenants(world: World, _: int) -> str:
    return _table(
        ("Tenant", "Plan", "Euros a month", "Contract"),
        (
            (
                tenant.name,
                tenant.plan,
                f"{tenant.monthly_price:,.0f}",
                (f"since {tenant.start.date()}" if tenant.start else "since before")
                + (f" until {tenant.end.date()}" if tenant.end else ""),
            )
            for tenant in world.scenario.tenants
        ),
    )


def _dashboards(world: World, _: int) -> str:
    return _table(
        ("Dashboard", "Asks", "Queries a day", "Since"),
        (
            (
                f"`{dashboard.name}`",
                f"`{dashboard.group}`",
                f"{dashboard.a_day:,}"
                + (f", {dashboard.growth:+}\N{NO-BREAK SPACE}% a month" * bool(dashboard.growth)),
                dashboard.start.date().isoformat() if dashboard.start else "before",
            )
            for dashboard in world.scenario.dashboards
        ),
    )


def _actors(world: World, _: int) -> str:
    return _table(
        ("Who", "From", "With", "Does everything in"),
        (
            (f"`{actor.name}`", actor.address, actor.agent, ", ".join(f"`{name}`" for name in actor.projects))
            for actor in world.scenario.actors
        ),
    )


def _by_id(world: World, identifier: str) -> Resource:
    return next(row for row in world.resources if row.id == identifier)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


_TABLES: Mapping[str, Callable[[World, int], str]] = {
    "months": _months,
    "projects": _projects,
    "loads": _loads,
    "planted": _planted,
    "traps": _traps,
    "buckets": _buckets,
    "job-runs": _jobs,
    "deploys": _deploys,
    "tenants": _tenants,
    "dashboards": _dashboards,
    "actors": _actors,
}
