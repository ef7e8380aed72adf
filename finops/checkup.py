"""What `finops doctor` looks at: each check says what it found and, if that is not good, what to do.

A check never raises for what it is there to find; what cannot be judged says so, and why.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from finops.lake_probe import probe_lake
from pipelines.errors import ConfigurationError, FinopsError

if TYPE_CHECKING:
    from pipelines.scw_profile import Credentials
    from pipelines.settings import Settings
    from pipelines.sources.endpoints import Endpoint
    from pipelines.sources.transport import Scaleway

PACKAGES: Final = (
    "dagster",
    "deltalake",
    "duckdb",
    "duckdb-extension-httpfs",
    "great-expectations",
    "plotly",
    "polars",
    "pyarrow",
    "s3fs",
    "scaleway",
)
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SMALLEST_FREE: Final = 2 * 1024**3
LARGEST_SKEW: Final = timedelta(minutes=5)
OLDEST_DATA: Final = timedelta(days=2)


class Verdict(StrEnum):
    """How a check ended; only a failure stops the product from working."""

    good = "good"
    warning = "warning"
    failed = "failed"


@dataclass(frozen=True)
class Check:
    """One row of the doctor's table."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""

    @property
    def sign(self) -> str:
        """What a person sees first."""
        return {Verdict.good: "✔", Verdict.warning: "▲", Verdict.failed: "✖"}[self.verdict]


def examine(now: datetime, profile: str | None = None) -> Iterator[Check]:
    """All checks in order, each as soon as it is known; what needs a failed one is not judged."""
    yield from _software()
    yield _browser()
    try:
        from pipelines.settings import load_settings, unknown_variables, used_files

        settings = load_settings({"scaleway.profile": profile})
        files = ", ".join(map(str, used_files())) or "none, defaults and environment only"
    except ConfigurationError as error:
        yield Check("settings", Verdict.failed, str(error), "correct it; everything else waits for it")
        return
    yield Check("settings", Verdict.good, files)
    for warning in unknown_variables():
        yield Check("settings", Verdict.warning, warning, "rename or unset it")
    yield from _state(settings)
    yield from _lake(settings, now)
    yield from _scaleway(settings, now)


def _software() -> Iterator[Check]:
    yield Check("python", Verdict.good, ".".join(map(str, sys.version_info[:3])))
    found: dict[str, str] = {}
    missing = []
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            missing.append(name)
    remedy = "install again: `make`, or `pip install --force-reinstall scaleway-finops`"
    if missing:
        yield Check("packages", Verdict.failed, f"missing: {', '.join(missing)}", remedy)
    elif found["duckdb"] != found["duckdb-extension-httpfs"]:
        differ = f"duckdb {found['duckdb']} but httpfs for {found['duckdb-extension-httpfs']}"
        yield Check("packages", Verdict.failed, differ, remedy)
    else:
        yield Check("packages", Verdict.good, ", ".join(f"{name} {number}" for name, number in found.items()))


def _browser() -> Check:
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path:
        return Check("browser", Verdict.good, path)
    return Check("browser", Verdict.warning, "none found", "install chromium if charts are wanted as images")


def _state(settings: Settings) -> Iterator[Check]:
    yield _writable("state folder", settings.state)
    folder = _nearest(settings.state)
    free = shutil.disk_usage(folder).free
    verdict = Verdict.good if free >= SMALLEST_FREE else Verdict.warning
    remedy = "" if verdict is Verdict.good else "free some, or move FINOPS_STATE and the lake"
    yield Check("disk space", verdict, f"{free / 1024**3:.1f} GiB free at {folder}", remedy)


def _lake(settings: Settings, now: datetime) -> Iterator[Check]:
    if not settings.lake.startswith("s3://"):
        check = _writable("lake", Path(unquote(urlsplit(settings.lake).path)))
    else:
        try:
            probe_lake(settings)
            check = Check("lake", Verdict.good, f"{settings.lake} can be written and read")
        except FinopsError as error:
            check = Check("lake", Verdict.failed, *_split(error))
    yield check
    if check.verdict is Verdict.failed:
        yield Check("last run", Verdict.warning, "not judged: the lake cannot be used")
    else:
        yield _last_run(settings, now)


def _last_run(settings: Settings, now: datetime) -> Check:
    from finops.lake_probe import newest_answer

    try:
        newest = newest_answer(settings)
    except FinopsError as error:
        return Check("last run", Verdict.warning, *_split(error))
    if newest is None:
        return Check("last run", Verdict.warning, "none yet", "`finops run`, or `finops demo` without an account")
    found = f"newest answer of {newest.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if now - newest > OLDEST_DATA:
        return Check("last run", Verdict.warning, found, "`finops run`; schedules start with `finops ui`")
    return Check("last run", Verdict.good, found)


def _scaleway(settings: Settings, now: datetime) -> Iterator[Check]:
    try:
        credentials = settings.credentials()
    except ConfigurationError as error:
        yield Check("scw profile", Verdict.failed, *_split(error))
        return
    found = f"profile {credentials.profile_name}, key {credentials.access_key}, {credentials.origin['access_key']}"
    yield Check("scw profile", Verdict.good, found)
    for warning in credentials.warnings:
        yield Check("scw profile", Verdict.warning, *warning.split("; ", 1))
    reached = list(_reach(credentials.api_url, settings.scaleway.timeout_seconds, now))
    yield from reached
    if any(check.verdict is Verdict.failed for check in reached):
        yield Check("permissions", Verdict.warning, "not judged: the API cannot be reached")
    else:
        yield from _permissions(credentials, settings)
        from finops.cockpit_probe import cockpit_checks
        from finops.storage_probe import storage_checks

        yield from storage_checks(credentials, settings)
        yield from cockpit_checks(credentials, settings, now)


def _reach(api_url: str, timeout: float, now: datetime) -> Iterator[Check]:
    """Without the key: any answer will do, and its Date tells how wrong this machine's clock is."""
    import requests

    session = requests.Session()
    session.trust_env = urlsplit(api_url).hostname not in ("127.0.0.1", "localhost", "::1")
    try:
        answer = session.get(api_url, timeout=min(timeout, 10), allow_redirects=False)
    except requests.RequestException as error:
        yield Check(
            "api", Verdict.failed, f"{api_url}: {type(error).__name__}", "check the network, a proxy and SCW_API_URL"
        )
        return
    yield Check("api", Verdict.good, f"{api_url} answers")
    try:
        skew = abs(parsedate_to_datetime(answer.headers.get("Date", "")) - now)
    except (TypeError, ValueError):
        yield Check("clock", Verdict.warning, "not judged: the API sent no date")
        return
    seconds = f"{skew.total_seconds():.0f} s apart from the API's"
    if skew > LARGEST_SKEW:
        yield Check("clock", Verdict.failed, seconds, "set this machine's clock, for example by NTP")
    else:
        yield Check("clock", Verdict.good, seconds)


def _permissions(credentials: Credentials, settings: Settings) -> Iterator[Check]:
    """One small question per API. Only billing is required: the rest turns off one source each."""
    from pipelines.sources.billing import BUDGETS
    from pipelines.sources.catalog import PRODUCTS
    from pipelines.sources.inventory import INVENTORY_PRODUCTS, PROJECTS
    from pipelines.sources.transport import Scaleway

    scaleway = Scaleway(
        credentials.access_key,
        credentials.secret_key.reveal(),
        credentials.organization_id,
        credentials.api_url,
        timeout=(5, settings.scaleway.timeout_seconds),
        attempts=2,
    )
    yield _permission("billing", BUDGETS, scaleway, Verdict.failed)
    yield _permission("projects", PROJECTS, scaleway, Verdict.warning)
    # a product asked per project or per parent shares its set with what it belongs to
    firsts = {each.permission_set: each for each in reversed(INVENTORY_PRODUCTS) if each.each is None}
    for first in sorted(firsts.values(), key=lambda product: product.source):
        place = {name: first.localities[0] for name in ("zone", "region") if first.accepts(name)}
        yield _permission(first.source.partition(".")[0], first, scaleway, Verdict.warning, **place)
    yield _permission("catalog", PRODUCTS, scaleway, Verdict.warning)


def _permission(api: str, endpoint: Endpoint, scaleway: Scaleway, when_refused: Verdict, **arguments: object) -> Check:
    name = f"permission {api}"
    size = "per_page" if endpoint.accepts("per_page") else "page_size"
    try:
        scaleway.send(scaleway.request(endpoint, **{size: 1}, **arguments))
    except FinopsError as error:
        return Check(name, when_refused, *_split(error))
    return Check(name, Verdict.good, endpoint.permission_set or "any valid key")


def _writable(name: str, folder: Path) -> Check:
    """Tries a nameless file where the folder is, or will be made; nothing stays behind."""
    place = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            return Check(name, Verdict.good, f"{folder} can be written")
    except OSError as error:
        remedy = "make it writable, or name another folder in finops.toml"
        return Check(name, Verdict.failed, f"{folder} cannot be written: {error.strerror} at {place}", remedy)


def _nearest(folder: Path) -> Path:
    """The folder, or the closest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if _is_there(place))


def _is_there(place: Path) -> bool:
    try:
        return place.exists()
    except PermissionError:
        return False


def _split(error: FinopsError) -> tuple[str, str]:
    """An error's line as what was found and its remedy."""
    found, _, remedy = str(error).rpartition("; ")
    return (found, remedy) if found else (remedy, "")
