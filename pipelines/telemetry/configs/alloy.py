"""The same for Grafana Alloy, in its own language: `prometheus.relabel`, `loki.process`, tail sampling.

Expressions stand in raw strings (backquotes), so that nothing in them has to be escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pipelines.telemetry.classes import PROTECTED_WORDS
from pipelines.telemetry.configs.prometheus import drop_regex
from pipelines.telemetry.traces import TailSampling

METRICS_RECEIVER = "prometheus.remote_write.YOUR_COCKPIT.receiver"
LOGS_RECEIVER = "loki.write.YOUR_COCKPIT.receiver"
TRACES_RECEIVER = "otelcol.exporter.otlphttp.YOUR_COCKPIT.input"
LEVEL = r"(?i)\b(?:level|lvl|severity)\b[\"']?\s*[=:]\s*[\"']?(?P<finops_level>[a-z]+)"
LEVEL_WORD = r"(?:^|[\s\[])(?P<finops_level>TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL)(?:[\s\]:]|$)"


def relabel(dropped: Sequence[str]) -> str:
    """Metrics without the dropped names; point what scrapes them at `prometheus.relabel.finops.receiver`."""
    return f"""prometheus.relabel "finops" {{
  forward_to = [{METRICS_RECEIVER}]

  rule {{
    source_labels = ["__name__"]
    regex         = {_raw(drop_regex(dropped))}
    action        = "drop"
  }}
}}
"""


def log_stage(services: Sequence[str], levels: Sequence[str], keep_share: Decimal, label: str = "service_name") -> str:
    """Logs of some services with only a share of some levels; point what reads them at `loki.process.finops.receiver`.

    Lines that speak of audit, security, errors or slowness never come into the block that drops.
    """
    blocks = "\n".join(_match(service, levels, keep_share, label) for service in sorted(set(services)))
    return f"""loki.process "finops" {{
  forward_to = [{LOGS_RECEIVER}]

{blocks}}}
"""


def _match(service: str, levels: Sequence[str], keep_share: Decimal, label: str) -> str:
    selector = f'{{{label}="{service}"}} !~ "(?i){_escaped(PROTECTED_WORDS)}"'
    expression = f"(?i)^(?:{'|'.join(sorted(levels))})$"
    inner = f"""    stage.drop {{
      source              = "finops_level"
      expression          = {_raw(expression)}
      drop_counter_reason = "finops"
    }}
"""
    if keep_share:
        inner = f"""    stage.labels {{
      values = {{ finops_level = "" }}
    }}

    stage.match {{
      selector = {_raw(f'{{finops_level=~"{expression}"}}')}

      stage.sampling {{
        rate                = {keep_share}
        drop_counter_reason = "finops"
      }}
    }}

    stage.label_drop {{
      values = ["finops_level"]
    }}
"""
    return f"""  stage.match {{
    selector = {_raw(selector)}

    stage.regex {{
      expression = {_raw(LEVEL_WORD)}
    }}

    stage.regex {{
      expression = {_raw(LEVEL)}
    }}

{inner}  }}
"""


def tail_sampling(sampling: TailSampling) -> str:
    """Every slow and failed trace and a share of the others, as `otelcol.processor.tail_sampling.finops.input`."""
    return f"""otelcol.processor.tail_sampling "finops" {{
  decision_wait = "30s"

  policy {{
    name = "errors"
    type = "status_code"

    status_code {{
      status_codes = ["ERROR"]
    }}
  }}

  policy {{
    name = "slow"
    type = "latency"

    latency {{
      threshold_ms = {int(sampling.slow_seconds * 1000)}
    }}
  }}

  policy {{
    name = "rest"
    type = "probabilistic"

    probabilistic {{
      sampling_percentage = {sampling.share * 100:g}
    }}
  }}

  output {{
    traces = [{TRACES_RECEIVER}]
  }}
}}
"""


def _raw(text: str) -> str:
    """A string as it stands; one that holds a backquote is quoted and escaped instead."""
    return f"`{text}`" if "`" not in text else '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    """Inside double quotes of LogQL or Alloy."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
