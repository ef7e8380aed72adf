"""Series that are not sent: relabelling in Prometheus' own words, checked by `promtool check config`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml

JOB = "YOUR_JOB"
TARGET = "YOUR_TARGET:9100"


def drop_regex(names: Sequence[str]) -> str:
    """One expression for all names, in their order in the alphabet; Prometheus anchors it by itself."""
    return "|".join(re.escape(name) for name in sorted(set(names)))


def scrape_config(dropped: Sequence[str], interval_seconds: int | None = None) -> str:
    """A scrape job without the dropped names; it replaces the job that is there. Everything else is passed on."""
    job: dict[str, object] = {"job_name": JOB}
    if interval_seconds is not None:
        job["scrape_interval"] = f"{interval_seconds}s"
        job["scrape_timeout"] = f"{min(interval_seconds, 10)}s"
    job["static_configs"] = [{"targets": [TARGET]}]
    if dropped:
        rule = {"source_labels": ["__name__"], "regex": drop_regex(dropped), "action": "drop"}
        job["metric_relabel_configs"] = [rule]
    return _written({"scrape_configs": [job]})


def aggregation_rules(names: Sequence[str], by: Sequence[str] = ("job", "cluster")) -> str:
    """Rules that keep the sum of names by a few labels, for those dropped in detail: `promtool check rules`."""
    labels = ", ".join(by)
    rules = [
        {"record": f"finops:{name}:sum", "expr": f"sum by ({labels}) ({name})"}
        if not name.endswith("_total")
        else {"record": f"finops:{name}:rate5m", "expr": f"sum by ({labels}) (rate({name}[5m]))"}
        for name in sorted(set(names))
    ]
    return _written({"groups": [{"name": "finops_aggregated", "interval": "1m", "rules": rules}]})


def _written(content: object) -> str:
    text: str = yaml.safe_dump(content, sort_keys=False, width=1_000_000)
    return text
