"""Where Cockpit can be asked: the data sources of each project and region, and the token that opens them."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from weakref import WeakKeyDictionary

from assets.bronze.telemetry_causes import Causes, cause_of
from pipelines.errors import FinopsError, NotOffered, SourceUnavailable
from pipelines.secrets import Secret
from pipelines.settings import Settings
from pipelines.sources.asking import Manners
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
_LIMITS = Limits(longest_span=32 * DAY, most_samples=250_000)


@dataclass(frozen=True)
class Place:
    """One data source, and the token of its project and region if there is one."""

    source: DataSource
    project_name: str
    token: Secret | None
    manners: Manners

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


_KNOWN_FOR = timedelta(minutes=30)
# the steps of a run ask one after the other; what is where is looked up by the first
_KNOWN: WeakKeyDictionary[Scaleway, tuple[datetime, list[DataSource], Causes]] = WeakKeyDictionary()


def surveyed(
    projects: Mapping[str, str], scaleway: Scaleway, settings: Settings, now: datetime, manners: Manners | None = None
) -> Survey:
    """All data sources of these projects (names by id), with what is missing to ask them."""
    known = _KNOWN.get(scaleway)
    if known is None or abs(now - known[0]) > _KNOWN_FOR:
        known = _KNOWN[scaleway] = (now, *_looked_up(scaleway, projects))
    _, sources, causes = known
    places = []
    tokens = Causes("Cockpit")
    for source in sources:
        token = settings.cockpit_token(source.project_id, source.region)
        name = projects.get(source.project_id, source.project_id)
        places.append(Place(source, name, token, manners or _manners(scaleway, settings)))
        if token is None and source.signal in _READABLE:
            tokens.add(places[-1].where, f"{NOT_OPENED}; {_REMEDY}")
    return Survey(tuple(places), (*causes.lines, *tokens.lines))


def _manners(scaleway: Scaleway, settings: Settings) -> Manners:
    return Manners(
        requests_per_second=settings.cockpit.requests_per_second,
        timeout=(5, settings.scaleway.timeout_seconds),
        attempts=settings.scaleway.attempts,
        clock=scaleway.clock,
    )


def _looked_up(scaleway: Scaleway, projects: Mapping[str, str]) -> tuple[list[DataSource], Causes]:
    sources: list[DataSource] = []
    causes = Causes("Cockpit")
    not_offered = 0
    pairs = list(product(projects, REGIONS))
    for (project_id, region), answer in zip(pairs, _listings(scaleway, pairs), strict=True):
        if isinstance(answer, NotOffered):
            not_offered += 1
        elif isinstance(answer, FinopsError):
            causes.add(f"data sources of {projects[project_id]} in {region}", cause_of(answer))
        else:
            sources += sorted(answer, key=lambda each: (each.origin, each.signal, each.id))
    if pairs and not_offered == len(pairs):
        causes.add("data sources", f"offered in none of {', '.join(REGIONS)}; check SCW_API_URL")
    return sources, causes


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
