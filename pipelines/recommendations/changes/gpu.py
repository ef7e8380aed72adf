"""Servers of models: taken off their GPUs, which an Instance allows by a stop and a dedicated deployment does not."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change, block, label, removed, scw
from pipelines.recommendations.world import Resource

_SERVER, _DEPLOYMENT = "scaleway_instance_server", "scaleway_inference_deployment"
ENDPOINT = "https://api.scaleway.ai/v1"


def moved_to_api(served: Resource, api_model: str, model_id: str | None = None, nodes: int | None = None) -> Change:
    """Clients ask the API; then the Instance is stopped, or the deployment deleted (it has no stop call).

    `model_id` and `nodes` are the deployment's own, for the way back.
    """
    told = f'Point clients at {ENDPOINT} (the protocol of OpenAI) with the model "{api_model}" and a key of its own.'
    quality = "Compare answers on requests of your own first; latency and limits of the API are others."
    if served.resource_type == "inference_deployment":
        return _deleted(served, (told, quality), model_id, nodes)
    zone = {"zone": served.availability_zone} if served.availability_zone else {}
    return Change(
        cli=(scw("instance", "server", "stop", served.resource_id, "--wait", **zone),),
        undo_cli=(scw("instance", "server", "start", served.resource_id, "--wait", **zone),),
        terraform=_state(served, "stopped"),
        undo_terraform=_state(served, "started"),
        notes=(
            told,
            quality,
            "Its volumes and addresses are kept and billed until they are deleted.",
            "Stopped, it gives its place back: a start may be refused while its type is out of stock.",
        ),
    )


def _deleted(served: Resource, notes: tuple[str, ...], model_id: str | None, nodes: int | None) -> Change:
    region = {"region": served.region_id} if served.region_id else {}
    size = {} if nodes is None else {"min_size": nodes, "max_size": nodes}
    node_type = served.resource_class or "NODE_TYPE"
    model = model_id or "MODEL_ID"
    return Change(
        cli=(scw("inference", "deployment", "delete", served.resource_id, **region),),
        undo_cli=(
            scw(
                "inference",
                "deployment",
                "create",
                name=served.resource_name,
                model_id=model,
                node_type_name=node_type,
                accept_eula=True,
                **size,
                **region,
            ),
        ),
        terraform=removed(_DEPLOYMENT, served.resource_name),
        undo_terraform=block(
            "resource",
            _DEPLOYMENT,
            label(served.resource_name),
            name=served.resource_name,
            node_type=node_type,
            model_id=model,
            accept_eula=True,
        ),
        notes=(
            *notes,
            "A deployment cannot be stopped, only deleted; one made anew has another address and takes its nodes from "
            "the stock of that day.",
        ),
    )


def _state(served: Resource, state: str) -> str:
    zone = {"zone": served.availability_zone} if served.availability_zone else {}
    return block("resource", _SERVER, label(served.resource_name), name=served.resource_name, state=state, **zone)


def longest_time(hours: int) -> Change:
    """A training command that ends itself; Scaleway knows nothing of what runs on an Instance."""
    return Change(
        cli=(f"timeout --signal=TERM --kill-after=5m {hours}h TRAINING_COMMAND",),
        undo_cli=("TRAINING_COMMAND",),
        notes=(
            "Put your own command for TRAINING_COMMAND, and let it write a checkpoint on SIGTERM.",
            "An Instance is billed while it is on: this saves what the machine would have run on for, if it is stopped "
            "or takes the next run then.",
        ),
    )
