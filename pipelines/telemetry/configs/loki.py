"""Retention by class for a Loki of one's own. Cockpit keeps all of a data source equally long, without such rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from pipelines.telemetry.classes import LogClass, class_of_level, is_protected
from pipelines.telemetry.policy import Policy

_MOST = 100


def retention(services: Mapping[str, Sequence[str]], policy: Policy, label: str = "service_name") -> str:
    """Limits and compactor for services with the levels they log at; what no rule matches is kept as the longest.

    Only classes that may be kept shorter get a rule, so that a level nobody thought of is never shortened.
    """
    longest = policy.shortest(frozenset(LogClass))
    rules = []
    for place, (service, levels) in enumerate(sorted(services.items())):
        for level in sorted(set(levels)):
            log_class = class_of_level(level)
            if is_protected(log_class):
                continue
            selector = f'{{{label}="{service}", level="{level}"}}'
            rules.append(
                {
                    "selector": selector,
                    "priority": _MOST - min(place, _MOST - 1),
                    "period": f"{max(1, policy.hot(log_class)) * 24}h",
                }
            )
    content = {
        "limits_config": {"retention_period": f"{longest * 24}h", "retention_stream": rules},
        "compactor": {"retention_enabled": True, "delete_request_store": "YOUR_STORE"},
    }
    text: str = yaml.safe_dump(content, sort_keys=False, width=1_000_000)
    return text
