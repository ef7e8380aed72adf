"""Do the tokens of Cockpit open what they are for? For `finops doctor`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from finops.checkup import Check, Verdict
from pipelines.errors import FinopsError

if TYPE_CHECKING:
    from assets.bronze.telemetry_asking import Asking
    from pipelines.scw_profile import Credentials
    from pipelines.settings import Settings

_ATTEMPTS = 2


def cockpit_checks(credentials: Credentials, settings: Settings, now: datetime) -> Iterator[Check]:
    """Does each project's token open its metrics and logs."""
    if not settings.cockpit.enabled:
        yield Check("cockpit", Verdict.good, "not read: cockpit.enabled is false")
        return
    try:
        found, missing = _probed(credentials, settings, now)
    except FinopsError as error:
        missing = (str(error),)
    else:
        yield Check("cockpit", Verdict.good, found)
    for line in missing:
        cause, _, remedy = line.partition("; ")
        yield Check("cockpit", Verdict.warning, cause, remedy)


def _probed(credentials: Credentials, settings: Settings, now: datetime) -> tuple[str, Sequence[str]]:
    """What answered one small question, and one line for each reason why something did not. Raises FinopsError when not
    even the projects are known."""
    from assets.bronze.telemetry_asking import Asking
    from assets.bronze.telemetry_causes import Causes
    from assets.bronze.telemetry_places import NOT_OPENED, surveyed
    from assets.bronze.telemetry_rounds import in_turns
    from pipelines.sources.asking import Manners
    from pipelines.sources.inventory import projects
    from pipelines.sources.transport import Scaleway

    timeout = (5.0, settings.scaleway.timeout_seconds)
    scaleway = Scaleway(
        credentials.access_key, credentials.secret_key.reveal(), credentials.organization_id, credentials.api_url,
        timeout=timeout, attempts=_ATTEMPTS,
    )  # fmt: skip
    names = {str(each["id"]): str(each.get("name") or each["id"]) for each in projects(scaleway).items}
    survey = surveyed(names, scaleway, settings, now, Manners(timeout=timeout, attempts=_ATTEMPTS))
    askings = [Asking(place) for place in (*survey.of("metrics"), *survey.of("logs"))]
    answers = list(in_turns(lambda asking: _answers(asking, now), askings))
    causes = Causes("Cockpit")
    for asking in askings:
        if asking.dead and asking.dead != NOT_OPENED:
            causes.add(str(asking.place), asking.dead)
    found = f"{sum(answers)} of {len(askings)} data sources for metrics and logs answer"
    return found, (*survey.missing, *causes.lines)


def _answers(asking: Asking, now: datetime) -> bool:
    before = now - timedelta(hours=1)

    def ask() -> bool:
        if asking.place.source.signal == "logs":
            asking.whole(lambda: asking.place.loki().labels(before, now))
        else:
            asking.whole(lambda: asking.place.prometheus().label_values("__name__", before, now))
        return True

    return bool(asking.all_of(ask))
