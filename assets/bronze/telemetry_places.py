"""Where Cockpit can be asked: the data sources of each project and region, and the token that opens them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from threading import Lock
from weakref import WeakKeyDictionary

from assets.bronze.telemetry_causes import Causes, cause_of
from pipelines.errors import FinopsError, NotOffered, SourceUnavailable
from pipelines.secrets import Secret
from pipelines.settings import Settings
from pipelines.sources.asking import PROBES, Manners
from pipelines.sources.cockpit.account import REGIONS, DataSource, data_source_of, data_sources
from pipelines.sources.cockpit.loki import LokiClient
from pipelines.sources.cockpit.prometheus import Limits, PrometheusClient
from pipelines.sources.cockpit.windows import DAY
from pipelines.sources.transport import Scaleway

ASKERS = 4
"""Calls under way at once; the rate limit of each data source holds for all of them together."""

NOT_OPENED = "no Cockpit token for this project and region"
_REMEDY = (
    "make one for each with `scw cockpit token create project-id=PROJECT_ID region=REGION "
    "token-scopes.0=read_only_metrics token-scopes.1=read_only_logs` and set FINOPS_COCKPIT_TOKENS to "
    "PROJECT_ID/REGION=TOKEN pairs, separated by commas; cockpit.enabled = false reads none"
)
_READABLE = ("metrics", "logs")
MOST_DIED = 2
"""Data sources of a region that may die in silence before others are only probed."""

_LIMITS = Limits(longest_span=32 * DAY, most_samples=250_000)


@dataclass
class Silence:
    """How many data sources of a region and signal died without an answer, since one of them gave some: they lie behind
    one address. Safe to share between threads."""

    died: int = 0
    cause: str = ""
    """What was the matter with the first."""

    _lock: Lock = field(default_factory=Lock)

    def deepen(self, cause: str) -> str:
        """One more died; what is to be told of it, which is one cause for all that were only probed."""
        with self._lock:
            self.died, self.cause = self.died + 1, self.cause or cause
            return self.cause if self.died > MOST_DIED else cause

    def end(self) -> None:
        """One answered."""
        if self.died:
            with self._lock:
                self.died, self.cause = 0, ""


@dataclass(frozen=True)
class Place:
    """One data source, and the token of its project and region if there is one."""

    source: DataSource
    project_name: str
    token: Secret | None
    patient: Manners
    silence: Silence = field(default_factory=Silence)

    @property
    def manners(self) -> Manners:
        """How to ask it: where others like it died, one is only probed."""
        is_silent = self.silence.died >= MOST_DIED
        return replace(self.patient, attempts=min(PROBES, self.patient.attempts)) if is_silent else self.patient

    @property
    def where(self) -> str:
        """As a person names the project and region."""
        return f"{self.project_name} in {self.source.region}"

    def __str__(self) -> str:
        return f"{self.source.origin} {self.source.signal} of {self.where}"

    def prometheus(self) -> PrometheusClient:
        """Its metrics."""
        return PrometheusClient.of_cockpit(self.source.url, self.token, limits=_LIMITS, manners=self.manners)

    def loki(self) -> LokiClient:
        """Its logs."""
        return LokiClient(self.source.url, self.token, manners=self.manners)


@dataclass(frozen=True)
class Survey:
    """Every data source of the organisation, and one line for each part that could not be looked up."""

    places: tuple[Place, ...]
    missing: tuple[str, ...]
    is_silent: bool = False
    """Whether nothing answered at all."""

    def of(self, signal: str) -> list[Place]:
        """The data sources of one signal, in the order of project, region and origin."""
        return [place for place in self.places if place.source.signal == signal]

    @property
    def regions(self) -> Mapping[tuple[str, str], list[Place]]:
        """The data sources of each project and region that has some."""
        found: dict[tuple[str, str], list[Place]] = {}
        for place in self.places:
            found.setdefault((place.source.project_id, place.source.region), []).append(place)
        return found


@dataclass(frozen=True)
class _Found:
    """All data sources, what could not be looked up, and whether that is everything since nothing answered."""

    sources: list[DataSource]
    causes: Causes
    is_silent: bool
    silences: dict[tuple[str, str], Silence] = field(default_factory=dict)


_KNOWN_FOR = timedelta(minutes=30)
# the steps of a run ask one after the other; what is where is looked up by the first
_KNOWN: WeakKeyDictionary[Scaleway, tuple[datetime, _Found]] = WeakKeyDictionary()


def surveyed(
    projects: Mapping[str, str], scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Survey:
    """All data sources of these projects (names by id), with what is missing to ask them."""
    known = _KNOWN.get(scaleway)
    if known is None or abs(now - known[0]) > _KNOWN_FOR:
        known = _KNOWN[scaleway] = (now, _looked_up(scaleway, projects))
    found = known[1]
    places = []
    tokens = Causes("Cockpit")
    for source in found.sources:
        token = settings.cockpit_token(source.project_id, source.region)
        name = projects.get(source.project_id, source.project_id)
        silence = found.silences.setdefault((source.region, source.signal), Silence())
        places.append(Place(source, name, token, manners or _manners(scaleway, settings), silence))
        if token is None and source.signal in _READABLE:
            tokens.add(places[-1].where, f"{NOT_OPENED}; {_REMEDY}")
    return Survey(tuple(places), (*found.causes.lines, *tokens.lines), found.is_silent)


def _manners(scaleway: Scaleway, settings: Settings) -> Manners:
    return Manners(
        requests_per_second=settings.cockpit.requests_per_second,
        timeout=(5, settings.scaleway.timeout_seconds),
        attempts=settings.scaleway.attempts,
        patience=settings.scaleway.patience_seconds,
        clock=scaleway.clock,
    )


def _looked_up(scaleway: Scaleway, projects: Mapping[str, str]) -> _Found:
    sources: list[DataSource] = []
    causes = Causes("Cockpit")
    not_offered = 0
    pairs = list(product(projects, REGIONS))
    answers = list(_listings(scaleway, pairs))
    is_silent = bool(answers) and all(isinstance(answer, SourceUnavailable) for answer in answers)
    if is_silent:  # one trouble, whatever the last word of each call was
        answers = answers[:1] * len(answers)
    for (project_id, region), answer in zip(pairs, answers, strict=True):
        if isinstance(answer, NotOffered):
            not_offered += 1
        elif isinstance(answer, FinopsError):
            causes.add(f"data sources of {projects[project_id]} in {region}", cause_of(answer))
        else:
            sources += sorted(answer, key=lambda each: (each.origin, each.signal, each.id))
    if pairs and not_offered == len(pairs):
        causes.add("data sources", f"offered in none of {', '.join(REGIONS)}; check SCW_API_URL")
    return _Found(sources, causes, is_silent)


def _listings(scaleway: Scaleway, pairs: list[tuple[str, str]]) -> Iterator[list[DataSource] | FinopsError]:
    """What each project and region answers. After two that do not answer, none is asked any more."""
    silent: list[SourceUnavailable] = []

    def ask(pair: tuple[str, str]) -> list[DataSource] | FinopsError:
        if len(silent) > 1:
            return silent[-1]
        project_id, region = pair
        try:
            return [data_source_of(item) for item in data_sources(scaleway, region, project_id).items]
        except FinopsError as error:
            if isinstance(error, SourceUnavailable):
                silent.append(error)
            return error

    with ThreadPoolExecutor(ASKERS, thread_name_prefix="cockpit") as pool:
        yield from pool.map(ask, pairs)
