"""Faults to rehearse: every n-th request to a path goes wrong in one chosen way."""

import asyncio
import re
from collections.abc import Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.scenario import Fault

_BODIES = {
    "429": (429, b"", [(b"x-envoy-ratelimited", b"true")]),
    "502": (
        502,
        b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>",
        [(b"content-type", b"text/html")],
    ),
    "403": (
        403,
        b'{"details":[{"action":"read","resource":"*"}],"message":"insufficient permissions",'
        b'"type":"permissions_denied"}',
        [(b"content-type", b"application/json")],
    ),
}


class Faulty:
    """An application whose answers go wrong by plan; requests are counted for each fault."""

    def __init__(self, app: ASGIApp, faults: Sequence[Fault]) -> None:
        self._app = app
        self._faults = [[fault, 0] for fault in faults]
        self._token: bytes | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._due(scope["path"]) if scope["type"] == "http" else None
        if fault is None:
            await self._app(scope, receive, send)
        elif fault.kind in _BODIES:
            status, body, headers = _BODIES[fault.kind]
            length = [(b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers + length})
            await send({"type": "http.response.body", "body": body})
        else:
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, self._spoil(fault.kind, send))

    def _due(self, path: str) -> Fault | None:
        if path.startswith("/simulator/"):
            return None
        for entry in self._faults:
            fault, count = entry
            assert isinstance(fault, Fault)
            assert isinstance(count, int)
            if path.startswith(fault.path):
                entry[1] = count + 1
                if (count + 1) % fault.every == 0:
                    return fault
        return None

    def _spoil(self, kind: str, send: Send) -> Send:
        """Passes an answer on, its body changed; the length header is left out since it would lie."""
        body = b""

        async def spoiled(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() != b"content-length"]
                await send({**message, "headers": headers})
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                await send({"type": "http.response.body", "body": self._changed(kind, body)})

        return spoiled

    def _changed(self, kind: str, body: bytes) -> bytes:
        if kind == "truncated":
            return body[: len(body) * 2 // 3]
        if kind == "repeated-token":
            found = re.search(rb'"next_page_token":"([^"]+)"', body)
            self._token = self._token or (found.group(1) if found else None)
            if self._token:
                return re.sub(rb'"next_page_token":("[^"]*"|null)', b'"next_page_token":"' + self._token + b'"', body)
        return body
