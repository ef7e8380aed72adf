"""What a data source holds of the catalogue: which names, at which step, in about how many series."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TypeVar

from assets.bronze.telemetry_asking import Asking
from assets.bronze.telemetry_days import ONE, midnight
from pipelines.sources.cockpit.catalogue import Metric, RequestCount, as_sampled
from pipelines.sources.cockpit.discovery import Finding, discovered, names_present, sampling_step, series_by_name
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.windows import MILLISECOND

ASSUMED_SERIES = 50
"""Of a metric that has none at the moments they are counted at."""

Entry = TypeVar("Entry", Metric, RequestCount)


@dataclass(frozen=True)
class Held:
    """Findings and steps as measured by the key of the entry; series by the name of the metric."""

    client: PrometheusClient
    findings: Mapping[str, Finding]
    steps: Mapping[str, timedelta | None] = field(default_factory=dict)
    series: Mapping[str, int] = field(default_factory=dict)

    def readable(self, entries: Mapping[str, Entry]) -> dict[str, Entry]:
        """The entries that can be read here, at the step their samples have."""
        return {
            key: as_sampled(entry, self.steps.get(key))
            for key, entry in entries.items()
            if self.findings[key].found_as is not None
        }

    def series_of(self, key: str) -> int | None:
        """About how many series an entry has; None where series could not be counted."""
        return self.series.get(self.findings[key].found_as or "", ASSUMED_SERIES) if self.series else None

    def series_of_all(self, keys: Iterable[str]) -> int:
        """About how many series these entries have together."""
        return sum(self.series_of(key) or ASSUMED_SERIES for key in keys)


def look(
    asking: Asking,
    client: PrometheusClient,
    entries: Mapping[str, Metric | RequestCount],
    days: Sequence[date],
    known_since: date,
    in_rules: Collection[str] = (),
) -> Held:
    """Look for the entries at one place: which names had samples since `known_since`, and how far apart these lie on
    the newest of the days, or else on any of them. Only within `Asking.all_of`."""
    since, until = midnight(days[0]), midnight(days[-1] + ONE)
    present = asking.whole(partial(names_present, client, min(midnight(known_since), since), until))
    findings = dict(zip(entries, discovered(entries.values(), present, in_rules), strict=True))
    found_as = {key: finding.found_as for key, finding in findings.items() if finding.found_as is not None}

    def step_of(name: str) -> timedelta | None:
        newest = sampling_step(client, name, until - ONE, until)
        return newest if newest or len(days) == 1 else sampling_step(client, name, since, until)

    steps = {name: asking.part(f"step of {name}", partial(step_of, name)) for name in dict.fromkeys(found_as.values())}
    # what runs in office hours is off at midnight, what runs by night at noon
    counting = partial(series_by_name, client, until - ONE / 2, until - MILLISECOND)
    series = asking.part("number of series", counting) if steps else {}
    return Held(client, findings, {key: steps[name] for key, name in found_as.items()}, series or {})
