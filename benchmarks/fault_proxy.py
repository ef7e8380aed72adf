"""A server before the pretend Scaleway, which spoils a share of the answers in ways chosen by a seed.

What befalls the n-th asking of a question depends on the seed, the question and n alone, so that a run is the same
however its threads take turns. Answers are fetched once and kept, since a world whose clock stands still repeats them.
Pages are clamped to `largest_page` items, so that a small world has long listings too.
"""

import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

PLAIN = (
    *("429", "429 with Retry-After", "500", "502 in HTML", "503", "504"),
    *("reset", "reset in the body", "timeout", "truncated JSON", "invalid JSON"),
)
OF_PAGES = ("duplicate page", "shifted page")
OF_TOKENS = ("token loop",)
SLOWNESS_SECONDS = 0.6
"""A timeout is an answer that comes later than the client waits."""

_HEADERS_KEPT = ("content-type", "x-total-count", "link")
_STATUS = {
    "429": (429, b"", {"X-Envoy-Ratelimited": "true"}),
    "429 with Retry-After": (429, b"", {"Retry-After": "1"}),
    "500": (500, b'{"message": "internal error"}', {}),
    "502 in HTML": (502, b"<html><body>Bad Gateway</body></html>", {"Content-Type": "text/html"}),
    "503": (503, b'{"message": "no healthy upstream"}', {}),
    "504": (504, b"", {}),
}


@dataclass(frozen=True)
class Kept:
    """One answer of the real server."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class FaultProxy:
    """Serves `upstream` on loopback; `share` of the askings go wrong."""

    upstream: str
    share: float = 0.3
    seed: int = 0
    largest_page: int = 20
    calls: int = 0
    spoiled: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._askings: Counter[str] = Counter()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._lock = threading.Lock()
        self._session = threading.local()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def begin(self, seed: int, share: float) -> None:
        """Start counting anew, with other faults; what was fetched stays."""
        with self._lock:
            self.seed, self.share, self.calls = seed, share, 0
            self._askings.clear()
            self.spoiled.clear()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fault(self, target: str) -> str | None:
        """What befalls this asking of a question, and count it."""
        with self._lock:
            self.calls += 1
            self._askings[target] += 1
            asking = self._askings[target]
        chance = random.Random(f"{self.seed}|{_without_host(target)}|{asking}")  # noqa: S311 (faults, not secrets)
        if chance.random() >= self.share:
            return None
        kind = chance.choice(_kinds(target))
        with self._lock:
            self.spoiled[kind] += 1
        return kind

    def fetch(self, target: str, headers: Mapping[str, str]) -> Kept:
        """The true answer, with addresses in it turned to this server."""
        key = (target, headers.get("X-Auth-Token", "") + headers.get("X-Token", "") + headers.get("Authorization", ""))
        kept = self._kept.get(key)
        if kept is None:
            sent = {name: value for name, value in headers.items() if name.lower() not in ("host", "accept-encoding")}
            session = self._session.__dict__.setdefault("session", requests.Session())
            asked = self.upstream + _clamped(target, self.largest_page)
            answer = session.get(asked, headers=sent, timeout=60, allow_redirects=False)
            body = answer.content.replace(self.upstream.encode(), self.url.encode())
            told = {name: value for name, value in answer.headers.items() if name.lower() in _HEADERS_KEPT}
            kept = self._kept[key] = Kept(answer.status_code, body, told)
        return kept


def _clamped(target: str, largest: int) -> str:
    parts = urlsplit(target)
    if "page_size=" not in parts.query and "per_page=" not in parts.query:
        return target
    asked = [
        (name, str(min(int(value), largest)) if name in ("page_size", "per_page") else value)
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    ]
    return parts._replace(query=urlencode(asked)).geturl()


def _kinds(target: str) -> tuple[str, ...]:
    asked = dict(parse_qsl(urlsplit(target).query))
    if asked.get("page", "1") != "1":
        return (*PLAIN, *OF_PAGES)
    return (*PLAIN, *OF_TOKENS) if "page_token" in asked else PLAIN


def _without_host(target: str) -> str:
    return urlsplit(target)._replace(scheme="", netloc="").geturl()


def _page_before(target: str) -> str:
    parts = urlsplit(target)
    asked = [(name, str(int(value) - 1) if name == "page" else value) for name, value in parse_qsl(parts.query)]
    return parts._replace(query=urlencode(asked)).geturl()


def _shifted(before: bytes, body: bytes) -> bytes:
    """The page as it is when an item came in front: the last one of the page before slips in, the last one out. A map
    has no order to shift, so its page before comes again."""
    document, earlier = json.loads(body), json.loads(before)
    shifted = {
        name: [earlier[name][-1], *items[:-1]]
        for name, items in document.items()
        if isinstance(items, list) and items and isinstance(earlier.get(name), list) and earlier[name]
    }
    return json.dumps({**document, **shifted}).encode() if shifted else before


def _looped(target: str, body: bytes) -> bytes:
    document = json.loads(body)
    document["next_page_token"] = dict(parse_qsl(urlsplit(target).query))["page_token"]
    return json.dumps(document).encode()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def log_message(self, *_: Any) -> None:
            """The benchmark prints its own."""

        def do_GET(self) -> None:
            kind = proxy.fault(self.path)
            if kind in _STATUS:
                status, body, headers = _STATUS[kind]
                self._send(status, body, headers)
                return
            if kind == "reset":
                self._reset()
                return
            if kind == "timeout":
                time.sleep(SLOWNESS_SECONDS)
            kept = proxy.fetch(self.path, dict(self.headers))
            body = self._spoiled(kind, kept.body)
            cut = len(body) // 2 if kind == "reset in the body" else None
            self._send(kept.status, body, kept.headers, cut)

        def _spoiled(self, kind: str | None, body: bytes) -> bytes:
            if kind == "truncated JSON":
                return body[: len(body) * 2 // 3]
            if kind == "invalid JSON":
                return body.replace(b":", b"=", 3) if b":" in body else b"{"
            if kind in OF_PAGES:
                before = proxy.fetch(_page_before(self.path), dict(self.headers)).body
                return before if kind == "duplicate page" else _shifted(before, body)
            return _looped(self.path, body) if kind == "token loop" else body

        def _send(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.wfile.flush()
                self._reset()

        def _reset(self) -> None:
            """Close with an RST, as a broken connection looks."""
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    return Handler
