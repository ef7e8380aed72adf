"""How far something may scale or run: limits of containers, functions, pools and jobs."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, scw
from pipelines.recommendations.world import Resource

_PRODUCTS = {
    "containers_container": (("container", "container"), "scaleway_container", "max_scale"),
    "functions_function": (("function", "function"), "scaleway_function", "max_scale"),
    "k8s_pool": (("k8s", "pool"), "scaleway_k8s_pool", "max_size"),
}


def most_instances(resource: Resource, wanted: int, today: int | None) -> Change:
    """The largest number of instances, or of a pool's nodes."""
    words, kind, field = _PRODUCTS[resource.resource_type]
    region = resource.region_id or ""
    undo = {field: today} if today is not None else {}
    named = {"name": resource.resource_name}
    return Change(
        cli=(scw(*words, "update", resource.resource_id, **{field: wanted}, region=region),),
        undo_cli=(scw(*words, "update", resource.resource_id, **undo, region=region),),
        terraform=block("resource", kind, label(resource.resource_name), **named, **{field: wanted}),
        undo_terraform=block("resource", kind, label(resource.resource_name), **named, **undo),
        notes=(
            "Beyond this limit requests wait or are refused: raise it before a campaign.",
            *(() if today is not None else ("There was no limit before; to go back, remove it.",)),
        ),
    )


def job_timeout(job: Resource, wanted_seconds: int, today_seconds: int) -> Change:
    """After how long a run of a job is ended."""
    words, region = ("jobs", "definition", "update", job.resource_id), job.region_id or ""
    name = {"name": job.resource_name}
    return Change(
        cli=(scw(*words, job_timeout=f"{wanted_seconds}s", region=region),),
        undo_cli=(scw(*words, job_timeout=f"{today_seconds}s", region=region),),
        terraform=block(
            "resource", "scaleway_job_definition", label(job.resource_name), **name, timeout=f"{wanted_seconds}s"
        ),
        undo_terraform=block(
            "resource", "scaleway_job_definition", label(job.resource_name), **name, timeout=f"{today_seconds}s"
        ),
        notes=("It holds from the next run on; a run that hangs now goes on until its old timeout: stop it by hand.",),
    )
