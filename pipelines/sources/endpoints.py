"""Requests as the `scaleway` SDK builds them, without the SDK sending them.

The SDK's classes know each path, parameter and default, and check what they are given; so every question goes
through them. Their own sending has no time-out, no retry and no redaction, and it turns each item into dataclasses,
which is slow for a hundred thousand charges and drops the fields the SDK does not know yet. So the one method all of
them send with, `_request`, is replaced by one that keeps path and parameters and hands back an empty answer; the
transport sends what was kept. The SDK never sees the secret key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from importlib import import_module
from inspect import signature
from typing import Any

from scaleway import Client

from pipelines.errors import WriteRefused


@dataclass(frozen=True)
class Endpoint:
    """One read-only call of the SDK.

    `source` names it here, as `<api>.<list key>`; `api` is the SDK's class with its module; `permission_set` is
    the IAM permission set a key needs for it, None when any valid key will do.
    """

    source: str
    api: str
    method: str
    permission_set: str | None
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def accepts(self, argument: str) -> bool:
        """Whether the SDK's method has this argument: `page_token`, `per_page`, `zone`, …"""
        return argument in signature(getattr(_api_class(self.api), self.method)).parameters


@dataclass(frozen=True)
class Request:
    """A GET that is ready to be sent, and what to say when it is refused."""

    source: str
    path: str
    parameters: tuple[tuple[str, str], ...]
    permission_set: str | None = None

    @property
    def product(self) -> str:
        """The API it belongs to, which has its own rate limit: 'billing', 'instance', …"""
        return self.path.strip("/").partition("/")[0]


def build(client: Client, endpoint: Endpoint, /, **arguments: Any) -> Request:
    """The request that the SDK would send for this call. Raises WriteRefused for anything but a GET."""
    recorder = _recording(endpoint.api)(client, bypass_validation=True)
    getattr(recorder, endpoint.method)(**{**endpoint.arguments, **arguments})
    path, parameters = recorder.asked
    return Request(endpoint.source, path, parameters, endpoint.permission_set)


class _Recording:
    """Mixed in before an SDK class: keeps the request instead of sending it."""

    asked: tuple[str, tuple[tuple[str, str], ...]]

    def _request(self, method: str, path: str, params: Mapping[str, Any] | None = None, **_: Any) -> "_EmptyAnswer":
        if method.upper() != "GET":
            raise WriteRefused(f"{method.upper()} {path}: refused, only GET is ever sent; use the scw command")
        self.asked = (path, _spelled(params or {}))
        return _EmptyAnswer()


class _EmptyAnswer:
    """What the SDK needs to return without complaint."""

    status_code = 200

    def json(self) -> dict[str, Any]:
        return {}


def _spelled(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters as the API reads them: the SDK sends `True`, `2026-05-26 00:00:00` and `global_`, which it does
    not. A list becomes a repeated parameter; None is left out."""
    pairs = []
    for name, value in params.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None:
                pairs.append((name.rstrip("_"), _text(each)))
    return tuple(pairs)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value.value if isinstance(value, Enum) else value)


@cache
def _recording(name: str) -> Any:
    return type(name.rpartition(".")[2], (_Recording, _api_class(name)), {})


@cache
def _api_class(name: str) -> Any:
    module, _, class_name = name.rpartition(".")
    return getattr(import_module(module), class_name)
