"""Which Instance types carry GPUs, by the families that Scaleway sells. No rule of its own."""

from __future__ import annotations

import re

from pipelines.recommendations.world import Resource

_FAMILIES = re.compile(r"^(gpu|render|h100|h200|b200|b300|l4|l40s|gh200|rtx|a100|3070)(-|$)", re.IGNORECASE)


def has_gpu(server: Resource) -> bool:
    """Whether the type of an Instance has a GPU."""
    return bool(_FAMILIES.match(server.resource_class or ""))
