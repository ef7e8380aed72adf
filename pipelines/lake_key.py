"""The key of a lake in a bucket: its own, else Scaleway's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.errors import ConfigurationError
from pipelines.scw_profile import Profile
from pipelines.secrets import Secret


@dataclass(frozen=True)
class LakeKey:
    """Access to the bucket that holds the lake. The secret shows nowhere."""

    access_key: str
    secret_key: Secret
    origin: str


def lake_key(environment: Mapping[str, str], profile: Profile) -> LakeKey:
    """FINOPS_S3_*, else the key of the profile. ConfigurationError where neither is whole."""
    access_key = environment.get("FINOPS_S3_ACCESS_KEY")
    secret = environment.get("FINOPS_S3_SECRET_KEY")
    if access_key and secret:
        return LakeKey(access_key, Secret(secret), "FINOPS_S3_ACCESS_KEY")
    if access_key or secret:
        missing = "FINOPS_S3_SECRET_KEY" if access_key else "FINOPS_S3_ACCESS_KEY"
        raise ConfigurationError(
            f"{missing} is not set, but its pair is; export both, or neither to use Scaleway's key"
        )
    found, scaleway_secret = profile.text("access_key"), profile.secret_key
    if found is None or scaleway_secret is None:
        raise ConfigurationError(
            "the lake is on S3 and there is no key for it; export FINOPS_S3_ACCESS_KEY and FINOPS_S3_SECRET_KEY, "
            "or run `scw init`"
        )
    return LakeKey(found, scaleway_secret, profile.origin["access_key"])
