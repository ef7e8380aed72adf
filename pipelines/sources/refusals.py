"""What a status other than 200 means, and what the person reading can do about it."""

import json
from typing import Any

from pipelines.errors import FinopsError, NotOffered, PermissionDenied, SourceUnavailable
from pipelines.sources.endpoints import Request

STATUS_PAGE = "https://status.scaleway.com"
# may be answered differently the next time; 501 says "never here"
PASSING = frozenset({408, 425, 429, *range(500, 600)}) - {501}


def refusal(request: Request, asked: str, status: int, body: bytes) -> FinopsError:
    """The error for an answer that asking again would not change. `asked` is 'GET /path?…'."""
    said = _said(body)
    if status == 401:
        return PermissionDenied(
            f"{asked}: HTTP 401, {request.product} refused the API key: {said or 'no reason given'}; "
            "check SCW_ACCESS_KEY and SCW_SECRET_KEY, or make a new key"
        )
    if status == 403:
        return PermissionDenied(
            f"{asked}: HTTP 403, {request.product} needs {_permission(request)}: {said or 'no reason given'}"
        )
    if status in (404, 501):
        if "/zones/" in request.path or "/regions/" in request.path:
            return NotOffered(f"{asked}: HTTP {status}, {request.source} is not offered there")
        return SourceUnavailable(f"{asked}: HTTP {status}, no such API at this address; check SCW_API_URL")
    return FinopsError(f"{asked}: HTTP {status}: {said or 'no reason given'}")


def _permission(request: Request) -> str:
    if request.permission_set is None:
        return "a valid API key of this organization"
    return f"the IAM permission set {request.permission_set}; add it to the key's policy"


def _said(body: bytes) -> str:
    """What the body says in one line: message, reason, and each refused argument. Empty for anything but JSON."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(told, dict):
        return ""
    parts = [told.get("message"), told.get("reason"), told.get("help_message")]
    details, fields = told.get("details"), told.get("fields")
    if isinstance(details, list):
        parts += [_detail(detail) for detail in details if isinstance(detail, dict)]
    if isinstance(fields, dict):  # the older Instances API
        parts += [f"{name}: {reason}" for name, reason in fields.items()]
    return ", ".join(" ".join(str(part).split())[:300] for part in parts if part)


def _detail(detail: dict[str, Any]) -> str:
    if "argument_name" in detail:
        told = detail.get("help_message") or detail.get("reason") or "refused"
        return f"{detail['argument_name']}: {told}"
    return " ".join(str(detail[key]) for key in ("action", "resource") if key in detail)
