"""Cockpit's tokens, as the environment gives them: one for all, or one for each project and region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pipelines.errors import ConfigurationError
from pipelines.secrets import Secret

ALL: Final = "FINOPS_COCKPIT_TOKEN"
EACH: Final = "FINOPS_COCKPIT_TOKENS"


def cockpit_token(environment: Mapping[str, str], project_id: str, region: str) -> Secret | None:
    """The token for a project and region, else the project's, else the one for all, else None.

    Raises ConfigurationError when FINOPS_COCKPIT_TOKENS holds something else than pairs; it shows no token.
    """
    tokens = _pairs(environment.get(EACH, ""))
    found = tokens.get(f"{project_id}/{region}") or tokens.get(project_id) or environment.get(ALL)
    return Secret(found) if found else None


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for number, part in enumerate(text.replace(",", " ").split(), start=1):
        place, separator, token = part.partition("=")
        if not (place and separator and token):
            raise ConfigurationError(
                f"{EACH}: entry {number} is no pair; write PROJECT=TOKEN or PROJECT/REGION=TOKEN, separated by commas"
            )
        pairs[place] = token
    return pairs
