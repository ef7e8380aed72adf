"""The same for the OpenTelemetry Collector (contrib), as YAML of its processors, exporters and pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml

from pipelines.telemetry.classes import PROTECTED_WORDS, LogClass
from pipelines.telemetry.configs.prometheus import drop_regex
from pipelines.telemetry.traces import TailSampling

_RECEIVERS = {"otlp": {"protocols": {"grpc": {"endpoint": "0.0.0.0:4317"}, "http": {"endpoint": "0.0.0.0:4318"}}}}
_BELOW = {
    LogClass.debug: "SEVERITY_NUMBER_INFO",
    LogClass.info: "SEVERITY_NUMBER_WARN",
    LogClass.warn: "SEVERITY_NUMBER_ERROR",
}
"""The first severity above a class."""


def metric_filter(dropped: Sequence[str]) -> str:
    """Metrics without the dropped names."""
    # the collector takes one dollar for a variable and two for one
    conditions = [f'IsMatch(name, "^(?:{_quoted(drop_regex(dropped))})$$")']
    return _config({"filter/finops": {"error_mode": "ignore", "metrics": {"metric": conditions}}}, "metrics")


def log_filter(services: Sequence[str], below: LogClass) -> str:
    """Logs of some services without a class and what is less than it.

    A record without a severity, and one that speaks of audit, security, errors or slowness, passes. Raises KeyError for
    a protected class: there is no configuration that drops one.
    """
    ceiling = _BELOW[below]
    conditions = [
        f'resource.attributes["service.name"] == "{_quoted(service)}" '
        f"and severity_number > SEVERITY_NUMBER_UNSPECIFIED and severity_number < {ceiling} "
        f'and not IsMatch(body, "(?i){_quoted(PROTECTED_WORDS)}")'
        for service in sorted(set(services))
    ]
    return _config({"filter/finops": {"error_mode": "ignore", "logs": {"log_record": conditions}}}, "logs")


def archived_logs(services: Sequence[str], keep_share: Decimal, bucket: str, region: str) -> str:
    """All that some services log into a bucket, and a share of what merely informs into Cockpit as well.

    Errors, all else above information and all other services go to Cockpit whole: the pipelines part before sampling.
    """
    named = " or ".join(f'resource.attributes["service.name"] == "{_quoted(name)}"' for name in sorted(set(services)))
    uploader = {
        "region": region,
        "s3_bucket": bucket,
        "s3_prefix": "logs",
        "endpoint": f"https://s3.{region}.scw.cloud",
        "s3_force_path_style": True,
        "compression": "gzip",
    }
    informs = (
        f"({named}) and severity_number > SEVERITY_NUMBER_UNSPECIFIED and severity_number < SEVERITY_NUMBER_WARN "
        f'and not IsMatch(body, "(?i){_quoted(PROTECTED_WORDS)}")'
    )
    return _written(
        {
            "receivers": _RECEIVERS,
            "processors": {
                "filter/finops_archive": {"error_mode": "ignore", "logs": {"log_record": [f"not ({named})"]}},
                "filter/finops_informs": {"error_mode": "ignore", "logs": {"log_record": [f"not ({informs})"]}},
                "filter/finops_rest": {"error_mode": "ignore", "logs": {"log_record": [informs]}},
                "probabilistic_sampler/finops": {"sampling_percentage": float(keep_share * 100)},
                "batch": {},
            },
            "exporters": {"awss3/finops": {"s3uploader": uploader, "marshaler": "otlp_json"}, **_cockpit("logs")},
            "service": {
                "pipelines": {
                    "logs/archive": _pipeline(["filter/finops_archive", "batch"], ["awss3/finops"]),
                    "logs/informs": _pipeline(
                        ["filter/finops_informs", "probabilistic_sampler/finops", "batch"], ["otlphttp/cockpit"]
                    ),
                    "logs/rest": _pipeline(["filter/finops_rest", "batch"], ["otlphttp/cockpit"]),
                }
            },
        }
    )


def tail_sampling(sampling: TailSampling) -> str:
    """Every slow and failed trace, and a share of the others."""
    policies = [
        {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        {"name": "slow", "type": "latency", "latency": {"threshold_ms": int(sampling.slow_seconds * 1000)}},
        {"name": "rest", "type": "probabilistic", "probabilistic": {"sampling_percentage": sampling.share * 100}},
    ]
    return _config({"tail_sampling/finops": {"decision_wait": "30s", "policies": policies}}, "traces")


def _config(processors: Mapping[str, Any], signal: str) -> str:
    return _written(
        {
            "receivers": _RECEIVERS,
            "processors": {**processors, "batch": {}},
            "exporters": _cockpit(signal),
            "service": {"pipelines": {signal: _pipeline([*processors, "batch"], ["otlphttp/cockpit"])}},
        }
    )


def _pipeline(processors: Sequence[str], exporters: Sequence[str]) -> dict[str, list[str]]:
    return {"receivers": ["otlp"], "processors": list(processors), "exporters": list(exporters)}


def _cockpit(signal: str) -> dict[str, Any]:
    headers = {"X-TOKEN": "${env:COCKPIT_TOKEN}"}
    return {"otlphttp/cockpit": {"endpoint": f"https://YOUR_DATA_SOURCE.{signal}.cockpit.YOUR_REGION.scw.cloud/otlp",
                                 "headers": headers}}  # fmt: skip


def _quoted(text: str) -> str:
    """Inside double quotes of the collector's transformation language."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _written(content: object) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, width=1_000_000)
    return text
