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


def shared_with(served: Resource, host: Resource, *, is_one_model: bool, with_parts: bool) -> Change:
    """What one machine does moves to another one's GPU, and the first is stopped, its disks kept."""
    zone = {"zone": served.availability_zone} if served.availability_zone else {}
    if is_one_model:
        how = [f"Point clients of {served.resource_name} at {host.resource_name}, which serves the same model."]
    else:
        parts = "Cut the GPU into parts (nvidia-smi mig -cgi), one for each model: each has memory of its own."
        slices = "Both processes take turns on the GPU; limit the memory of each (vLLM: --gpu-memory-utilization)."
        how = [f"Start the server of {served.resource_name} on {host.resource_name}.", parts if with_parts else slices]
    return Change(
        cli=(scw("instance", "server", "stop", served.resource_id, "--wait", **zone),),
        undo_cli=(scw("instance", "server", "start", served.resource_id, "--wait", **zone),),
        terraform=_state(served, "stopped"),
        undo_terraform=_state(served, "started"),
        notes=(
            *how,
            "A fault of the machine that is left stops both; latency may grow in hours in which both are asked.",
            "Its volumes and addresses are kept and billed until they are deleted.",
            "Stopped, it gives its place back: a start may be refused while its type is out of stock.",
        ),
    )


def moved_from_api(model: str, commercial_type: str, machines: int) -> Change:
    """Machines with GPUs that serve the model, beside the API until they are trusted."""
    names = [f"{label(model)}-{number + 1}" for number in range(machines)]
    return Change(
        cli=tuple(
            scw("instance", "server", "create", type=commercial_type, image="ubuntu_jammy_gpu_os_12", name=name)
            for name in names
        ),
        undo_cli=tuple(
            scw("instance", "server", "delete", f"ID_OF_{name.upper()}", with_volumes="all") for name in names
        ),
        terraform="\n".join(
            block("resource", _SERVER, label(name), name=name, type=commercial_type,
                  image="ubuntu_jammy_gpu_os_12")
            for name in names
        ),
        notes=(
            f"Serve {model} with vLLM, share requests out between the machines, and point clients at them.",
            f"Until then, and when they fail, {ENDPOINT} answers as before: keep its key.",
            "Machines want updates, monitoring and somebody on call; what that is worth is no part of the figures.",
        ),
    )  # fmt: skip


def asked_in_batches(model: str) -> Change:
    """Requests as lines of a file in Object Storage instead of one by one; the code that asks changes."""
    body = (
        '{"input_file_id": "https://BUCKET.s3.REGION.scw.cloud/requests.jsonl", '
        '"endpoint": "/v1/chat/completions", "completion_window": "24h"}'
    )
    key = "-H 'Authorization: Bearer SECRET_KEY'"
    return Change(
        cli=(f"curl -X POST {ENDPOINT}/batches {key} -d '{body}'",),
        undo_cli=(f"curl -X POST {ENDPOINT}/chat/completions {key} -d @request.json",),
        notes=(
            f'Write the requests to a file of lines, each with the model "{model}", and put it into a bucket of the '
            "project; the answers are written beside it.",
            "The application scw-managed-genapi-batch must be allowed to read and write objects of that bucket.",
            "A batch is answered within a day: nothing a person waits for.",
        ),
    )
