"""Scaleway's ways of answering: error bodies, money, and two styles of pages."""

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

Item = TypeVar("Item")

MAX_PAGE = 100


class Refusal(Exception):
    """An answer that is an error: a status and its body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def invalid(argument: str, reason: str, help_message: str) -> Refusal:
    details = [{"argument_name": argument, "help_message": help_message, "reason": reason}]
    return Refusal(400, {"details": details, "message": "invalid argument(s)", "type": "invalid_arguments"})


def denied() -> Refusal:
    return Refusal(
        401,
        {
            "message": "authentication is denied",
            "method": "api_key",
            "reason": "not_found",
            "type": "denied_authentication",
        },
    )


def forbidden(resource: str) -> Refusal:
    details = [{"action": "read", "resource": resource}]
    return Refusal(403, {"details": details, "message": "insufficient permissions", "type": "permissions_denied"})


def not_found(resource: str, identifier: str) -> Refusal:
    return Refusal(
        404,
        {
            "message": "resource is not found",
            "resource": resource,
            "resource_id": identifier,
            "type": "not_found",
        },
    )


def answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, "application/json")


def refusal(_: Request, error: Exception) -> Response:
    """The answer for a Refusal."""
    assert isinstance(error, Refusal)
    return answer(error.body, error.status)


def money(nanos: int, currency: str) -> dict[str, Any]:
    """Units and nanos carry the same sign."""
    units, rest = divmod(abs(nanos), 10**9)
    sign = -1 if nanos < 0 else 1
    return {"currency_code": currency, "units": sign * units, "nanos": sign * rest}


def whole_number(query: QueryParams, name: str, default: int) -> int:
    """A positive whole number of the query."""
    text = query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise invalid(name, "format", "must be a positive integer")
    return int(text)


def flag(query: QueryParams, name: str) -> bool:
    """A boolean of the query, in Python's or JSON's spelling."""
    text = query.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise invalid(name, "format", "must be a boolean")
    return text in ("true", "1")


def page_of(query: QueryParams, items: Sequence[Item], default: int | None, maximum: int = MAX_PAGE) -> Sequence[Item]:
    """One page by `page` and `page_size`; with no default size an unsized request gets everything."""
    size = min(whole_number(query, "page_size", default or max(len(items), 1)), maximum)
    if default is None and not query.get("page_size"):
        size = max(len(items), 1)
    first = (whole_number(query, "page", 1) - 1) * size
    return items[first : first + size]


def instance_page(request: Request, items: Sequence[Item], path: str) -> tuple[Sequence[Item], dict[str, str]]:
    """One page by `page` and `per_page`, and the headers that tell how many items there are."""
    query = request.query_params
    size = min(whole_number(query, "per_page", 50), MAX_PAGE)
    first = (whole_number(query, "page", 1) - 1) * size
    last = -(-len(items) // size)
    headers = {
        "X-Total-Count": str(len(items)),
        "Link": f'</{path}?page={last}&per_page={size}&>; rel="last"',
    }
    return items[first : first + size], headers
