"""How machines are switched off at night and on in the morning: through the API, never from within the guest."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.nights_calendar import Week
from pipelines.recommendations.world import Resource

_CLI_IMAGE = "scaleway/cli:latest"
_DAY_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_API_ONLY = (
    "Only a power-off through the API ends the charge: a shutdown typed inside the machine leaves it stopped in place, "
    "which is charged as if it ran."
)
_GOES_ON = "Volumes and reserved addresses are charged on while it is off."


def machine_schedule(server: Resource, week: Week) -> Change:
    """An Instance powered off and on by two Serverless Jobs; the commands are those that cron may run as well."""
    zone = server.availability_zone or ""
    stop = scw("instance", "server", "stop", server.resource_id, zone=zone)
    start = scw("instance", "server", "start", server.resource_id, zone=zone)
    words = {"stop": ("instance", "server", "stop", server.resource_id, f"zone={zone}"),
             "start": ("instance", "server", "start", server.resource_id, f"zone={zone}")}  # fmt: skip
    return Change(
        cli=(stop,),
        undo_cli=(start,),
        terraform=_jobs(server, week, words["stop"], words["start"]),
        notes=(
            _API_ONLY,
            _GOES_ON,
            *_crontab(week, stop, start),
            "Once off, the machine has no place reserved: a type that is scarce may not start when it is wanted.",
            f"These hours are {week.time_zone}: change the time zone of both clocks to that of the people who use it.",
            "A tag `keep-on` or `schedule-override` lets it run for a night.",
        ),
    )


def pool_schedule(pool: Resource, week: Week, size: int) -> Change:
    """A Kapsule pool scaled to zero and back; its nodes are never powered off one by one."""
    region = pool.region_id or ""
    stop = scw("k8s", "pool", "update", pool.resource_id, autoscaling=False, min_size=0, size=0, region=region)
    start = scw("k8s", "pool", "update", pool.resource_id, min_size=size, size=size, region=region)
    common = ("k8s", "pool", "update", pool.resource_id)
    return Change(
        cli=(stop,),
        undo_cli=(start,),
        terraform=_jobs(
            pool,
            week,
            (*common, "autoscaling=false", "min-size=0", "size=0", f"region={region}"),
            (*common, f"min-size={size}", f"size={size}", f"region={region}"),
        ),
        notes=(
            "Scale the pool, never power its nodes off: Kapsule heals what is powered off.",
            "Nodes that are scaled away lose what lies on their own volumes; workloads wait until the morning.",
            "The control plane, load balancers and volumes of workloads are charged on.",
            *_crontab(week, stop, start),
            "In Terraform, add `ignore_changes = [size, min_size]` to the lifecycle of the pool, else every apply "
            "scales it up again.",
        ),
    )


def _crontab(week: Week, stop: str, start: str) -> tuple[str, str]:
    return (
        f"With cron instead ({week.time_zone}): `{_cron(week.on_until, week)} {stop}`",
        f"and `{_cron(week.on_from, week)} {start}`",
    )


def _cron(minute: int, week: Week) -> str:
    """When a minute of the day comes on the week's days; the end of a day is the next one's first minute."""
    days = sorted(week.days if minute < 24 * 60 else {(day + 1) % 7 for day in week.days})
    minute %= 24 * 60
    return f"{minute % 60} {minute // 60} * * {','.join(_DAY_NAMES[day] for day in days)}"


def _jobs(resource: Resource, week: Week, stop: tuple[str, ...], start: tuple[str, ...]) -> str:
    """Two job definitions with a clock each. Their key comes from a secret, which is no part of this text."""
    name = label(resource.resource_name).replace("_", "-")
    return "\n".join(
        _job(f"{name}-{verb}", words, _cron(minute, week), week.time_zone, resource.region_id or "")
        for verb, words, minute in (("stop", stop, week.on_until), ("start", start, week.on_from))
    )


def _job(name: str, words: tuple[str, ...], schedule: str, time_zone: str, region: str) -> str:
    head = block(
        "resource",
        "scaleway_job_definition",
        label(name),
        name=name,
        region=region,
        cpu_limit=140,
        memory_limit=256,
        image_uri=_CLI_IMAGE,
        command=" ".join(("/scw", *words)),
        timeout="10m",
    ).rstrip("}\n")
    clock = block("cron", schedule=schedule, timezone=time_zone)
    return f"{head}\n\n  " + clock.rstrip("\n").replace("\n", "\n  ") + "\n}\n"
