"""The Scaleway profile, chosen as the `scw` command chooses it.

File: `SCW_CONFIG_PATH`, else `$XDG_CONFIG_HOME/scw/config.yaml`, else `~/.config/scw/config.yaml`.
Profile: the one asked for, else `SCW_PROFILE`, else `active_profile`, else the top level, which also fills
what a named profile leaves out. `SCW_ACCESS_KEY` and its kin then override value by value.
The environment is an argument: `pipelines.settings` is the one that reads it.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pipelines.errors import ConfigurationError
from pipelines.files.small import read_small
from pipelines.secrets import Secret

DEFAULT_API_URL: Final = "https://api.scaleway.com"
TOP_LEVEL: Final = "default"
"""What `scw` calls the values outside of any named profile."""

_VARIABLES: Final = {
    "access_key": "SCW_ACCESS_KEY",
    "secret_key": "SCW_SECRET_KEY",
    "default_organization_id": "SCW_DEFAULT_ORGANIZATION_ID",
    "api_url": "SCW_API_URL",
}
_ACCESS_KEY = re.compile(r"SCW[A-Z0-9]{17}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_REMEDY = "run `scw init`, or export SCW_ACCESS_KEY, SCW_SECRET_KEY and SCW_DEFAULT_ORGANIZATION_ID"


@dataclass(frozen=True)
class Profile:
    """What was found, unchecked: each value with where it came from."""

    name: str
    file: Path
    values: Mapping[str, str | Secret] = field(repr=False)
    origin: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def text(self, key: str) -> str | None:
        """A value that is not secret, or None when nobody gave it."""
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    @property
    def secret_key(self) -> Secret | None:
        """The secret key, or None when nobody gave it."""
        value = self.values.get("secret_key")
        return value if isinstance(value, Secret) else None


@dataclass(frozen=True)
class Credentials:
    """A checked key for one organisation and one API host. The secret shows nowhere."""

    access_key: str
    secret_key: Secret
    organization_id: str
    api_url: str
    profile_name: str
    origin: Mapping[str, str]
    warnings: tuple[str, ...] = ()


def config_file(environment: Mapping[str, str]) -> Path:
    """Where `scw` looks for its file, whether it exists or not."""
    if chosen := environment.get("SCW_CONFIG_PATH"):
        return Path(chosen).expanduser()
    if folder := environment.get("XDG_CONFIG_HOME"):
        return Path(folder) / "scw" / "config.yaml"
    return Path(environment.get("HOME") or "~").expanduser() / ".config" / "scw" / "config.yaml"


def read_profile(environment: Mapping[str, str], profile: str | None = None) -> Profile:
    """The profile `scw` would use here. A missing file is no error as long as no profile is asked for."""
    file = config_file(environment)
    document = _read(file)
    name = profile or environment.get("SCW_PROFILE") or _active(document) or TOP_LEVEL
    found, origin = _profile_values(document, name, file)

    for key, variable in _VARIABLES.items():
        if environment.get(variable):
            found[key], origin[key] = environment[variable].strip(), variable

    values: dict[str, str | Secret] = dict(found)
    if "secret_key" in found:
        values["secret_key"] = Secret(found["secret_key"])
    return Profile(name, file, values, origin, _warnings(file, document))


def credentials(profile: Profile, organization_id: str | None = None) -> Credentials:
    """The profile's values, checked. Raises ConfigurationError that names the value and the remedy."""
    access_key, secret_key = profile.text("access_key"), profile.secret_key
    if access_key is None or secret_key is None:
        missing = "access key" if access_key is None else "secret key"
        raise ConfigurationError(f"no Scaleway {missing}: {_where(profile)}; {_REMEDY}")
    if not _ACCESS_KEY.fullmatch(access_key):
        raise ConfigurationError(
            f"access_key {access_key!r} from {profile.origin['access_key']} is not SCW and 17 capitals or digits; "
            "copy it again from https://console.scaleway.com/iam/api-keys"
        )
    if not _UUID.fullmatch(secret_key.reveal()):
        raise ConfigurationError(f"secret_key from {profile.origin['secret_key']} is not a UUID; {_REMEDY}")
    return Credentials(
        access_key=access_key,
        secret_key=secret_key,
        organization_id=_organization(profile, organization_id),
        api_url=_api_url(profile),
        profile_name=profile.name,
        origin=profile.origin,
        warnings=profile.warnings,
    )


def _organization(profile: Profile, chosen: str | None) -> str:
    organization_id = chosen or profile.text("default_organization_id")
    if organization_id is None:
        raise ConfigurationError(
            f"no organisation: {_where(profile)}; set organization_id under [scaleway] in finops.toml, "
            "or export SCW_DEFAULT_ORGANIZATION_ID"
        )
    if not _UUID.fullmatch(organization_id):
        origin = "[scaleway] organization_id" if chosen else profile.origin["default_organization_id"]
        raise ConfigurationError(
            f"organization id {organization_id[:60]!r} from {origin} is not a UUID; "
            "copy it from https://console.scaleway.com/organization/settings"
        )
    return organization_id


def _api_url(profile: Profile) -> str:
    url = (profile.text("api_url") or DEFAULT_API_URL).rstrip("/")
    origin = profile.origin.get("api_url", "default")
    try:
        parts = urlsplit(url)
        host, port_is_valid = parts.hostname, parts.port != 0
    except ValueError:
        parts, host, port_is_valid = urlsplit(""), None, False
    if parts.scheme not in ("http", "https") or not host or not port_is_valid or "@" in parts.netloc:
        raise ConfigurationError(
            f"API address from {origin} is not https://host[:port]; unset it to use {DEFAULT_API_URL}"
        )
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ConfigurationError(
            f"API address {url!r} from {origin} would send the key unencrypted; use https (http only for this machine)"
        )
    return url


def _read(file: Path) -> Mapping[str, object]:
    import yaml  # here, so that `finops --help` does not pay for it

    try:
        document = yaml.safe_load(read_small(file).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except yaml.MarkedYAMLError as error:
        # neither the message's snippet nor its context: they quote the line, which may hold the key
        mark = error.problem_mark
        place = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(f"{file}:{place} is not YAML; repair it or run `scw init`") from None
    except (OSError, UnicodeDecodeError, RecursionError, ValueError, yaml.YAMLError) as error:
        raise ConfigurationError(
            f"{file} cannot be read ({type(error).__name__}); repair it or run `scw init`"
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError(f"{file} holds no scw configuration; run `scw init`")
    return document


def _active(document: Mapping[str, object]) -> str | None:
    name = document.get("active_profile")
    return str(name) if name else None


def _profile_values(document: Mapping[str, object], name: str, file: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Values and their origin: the top level, then the named profile on top of it."""
    named = document.get("profiles") or {}
    if not isinstance(named, dict):
        raise ConfigurationError(f"{file}: profiles is not a mapping of names; run `scw config validate`")
    layers = [(TOP_LEVEL, document)]
    if name in named:
        layers.append((name, named[name] or {}))
    elif name != TOP_LEVEL:
        raise _unknown_profile(name, sorted(map(str, named)), file)

    values: dict[str, str] = {}
    origin: dict[str, str] = {}
    for layer, content in layers:
        if not isinstance(content, dict):
            raise ConfigurationError(f"{file}: profile {layer!r} is not a mapping; run `scw config validate`")
        for key in _VARIABLES:
            if content.get(key) is not None:
                values[key] = str(content[key]).strip()
                origin[key] = f"{file} (profile {layer})"
    return values, origin


def _unknown_profile(name: str, known: list[str], file: Path) -> ConfigurationError:
    if not file.exists():
        return ConfigurationError(f"scw profile {name!r} is asked for, but {file} does not exist; {_REMEDY}")
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return ConfigurationError(f"scw profile {name!r} is not in {file}; {hint}known: {', '.join([TOP_LEVEL, *known])}")


def _where(profile: Profile) -> str:
    if not profile.file.exists():
        return f"not in the environment, and {profile.file} does not exist"
    return f"not in the environment nor in profile {profile.name!r} of {profile.file}"


def _warnings(file: Path, document: Mapping[str, object]) -> tuple[str, ...]:
    if document and file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return (f"{file} can be read by others on this machine; run `chmod 600 {file}`",)
    return ()
