"""A server before the pretend Scaleway, which spoils a share of the answers in ways chosen by a seed.

It stands before everything that is asked: the API, the servers of telemetry it names, and Object Storage.

What befalls the n-th asking of a question depends on the seed, the question and n alone, so that a run is the same
however its threads take turns. Answers are fetched once and kept, since a world whose clock stands still repeats them.
Pages are clamped to `largest_page` items, so that a small world has long listings too.
"""

import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests

from benchmarks import fault_kinds as kinds

_HEADERS_KEPT = ("content-type", "x-total-count", "link")
_ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)")


@dataclass(frozen=True)
class Kept:
    """One answer of the real server."""

    status: int
    body: bytes
    headers: Mapping[str, str]


@dataclass
class FaultProxy:
    """Serves `upstream` on loopback; `share` of the askings go wrong, of one of the three who are asked if `only` names
    it."""

    upstream: str
    share: float = 0.3
    seed: int = 0
    largest_page: int = 30
    calls: int = 0
    spoiled: Counter[str] = field(default_factory=Counter)
    only: str = ""

    def __post_init__(self) -> None:
        self._askings: Counter[str] = Counter()
        self._kept: dict[tuple[str, str], Kept] = {}
        self._before: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        self._session = threading.local()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def begin(self, seed: int, share: float, only: str = "") -> None:
        """Start counting anew, with other faults; what was fetched stays."""
        with self._lock:
            self.seed, self.share, self.only, self.calls = seed, share, only, 0
            self._askings.clear()
            self.spoiled.clear()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def fault(self, target: str, headers: Mapping[str, str]) -> str | None:
        """What befalls this asking of a question, and count it."""
        question = f"{_without_host(target)}|{_who(headers)}"
        with self._lock:
            self.calls += 1
            self._askings[question] += 1
            asking = self._askings[question]
        chance = random.Random(f"{self.seed}|{question}|{asking}")  # noqa: S311 (faults, not secrets)
        if chance.random() >= self.share or self.only not in ("", kinds.reader_of(target)):
            return None
        kind = chance.choice(kinds.kinds(target))
        with self._lock:
            self.spoiled[kind] += 1
        return kind

    def fetch(self, target: str, headers: Mapping[str, str]) -> Kept:
        """The true answer, with addresses in it turned to this server."""
        who = _who(headers)
        kept = self._kept.get((target, who))
        if kept is None:
            sent = {name: value for name, value in headers.items() if name.lower() not in ("host", "accept-encoding")}
            session = self._session.__dict__.setdefault("session", requests.Session())
            asked = self.upstream + kinds.clamped(target, self.largest_page)
            answer = session.get(asked, headers=sent, timeout=60, allow_redirects=False)
            body = answer.content.replace(self.upstream.encode(), self.url.encode())
            told = {name: value for name, value in answer.headers.items() if name.lower() in _HEADERS_KEPT}
            kept = self._kept[target, who] = Kept(answer.status_code, body, told)
            if following := kinds.next_page(target, body):
                self._before[following, who] = target
        return kept

    def page_before(self, target: str, headers: Mapping[str, str]) -> bytes:
        """The page before the one asked for, which was asked for earlier where only that tells the way here."""
        place = kinds.place(target)
        before = self._before[place, _who(headers)] if place else kinds.page_before(target)
        return self.fetch(before, headers).body


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting closes its connection; whatever else is wrong, it sees itself."""


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Close with an RST, as a broken connection looks."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def _who(headers: Mapping[str, str]) -> str:
    """Whoever asks: the signature of a request to S3 is another each time, its access key is not."""
    told = headers.get("Authorization", "")
    signed = _ACCESS_KEY.search(told)
    return headers.get("X-Auth-Token", "") + headers.get("X-Token", "") + (signed[1] if signed else told)


def _without_host(target: str) -> str:
    return urlsplit(target)._replace(scheme="", netloc="").geturl()


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def log_message(self, *_: Any) -> None:
            """The benchmark prints its own."""

        def do_GET(self) -> None:
            asked_with = dict(self.headers)
            kind = proxy.fault(self.path, asked_with) or ""
            if kind in kinds.STATUS:
                self._send(*kinds.STATUS[kind])
                return
            if kind == "reset":
                reset(self)
                return
            if kind == "timeout":
                time.sleep(kinds.SLOWNESS_SECONDS)
                reset(self)
                return
            kept = proxy.fetch(self.path, asked_with)
            body = self._spoiled(kind, kept.body)
            cut = len(body) // 2 if kind == "reset in the body" else None
            self._send(kept.status, body, kept.headers, cut)

        def _spoiled(self, kind: str, body: bytes) -> bytes:
            if kind.startswith("truncated"):
                return kinds.truncated(body)
            if kind.startswith("invalid"):
                return kinds.broken(body)
            if kinds.is_of_pages(kind):
                before = proxy.page_before(self.path, dict(self.headers))
                return before if kind == "duplicate page" else kinds.shifted(before, body)
            return kinds.looped(self.path, body) if kind == "token loop" else body

        def _send(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.wfile.flush()
                reset(self)

    return Handler
