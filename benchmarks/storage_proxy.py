"""A server before a real S3 server that lets one request of a chosen number, or each from it on, go wrong."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import urlsplit

from benchmarks.fault_proxy import reset

_XML = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>%s</Message></Error>"
STATUS: Mapping[str, tuple[int, bytes]] = {
    "500": (500, _XML % (b"InternalError", b"We encountered an internal error.")),
    "503": (503, _XML % (b"ServiceUnavailable", b"Service is unable to handle request.")),
    "503 SlowDown": (503, _XML % (b"SlowDown", b"Please reduce your request rate.")),
    "507 disk full": (507, _XML % (b"InsufficientStorage", b"No space left on device")),
    "403 read-only": (403, _XML % (b"AccessDenied", b"Access Denied")),
}
"""Answers without asking the real server."""
_WRONG_CHECKSUM = "wrong checksum"
_CUT, _LOST, _TRUNCATED = "cut in the upload", "answer lost after success", "truncated answer"
_ANYWHERE = ("500", "503", "503 SlowDown")
WRITING = (*_ANYWHERE, "507 disk full", "403 read-only", _CUT, _LOST, _WRONG_CHECKSUM)
READING = (*_ANYWHERE, _TRUNCATED)


@dataclass(frozen=True)
class Fault:
    """What happens to the n-th request, and to all after it if it stays."""

    request: int
    kind: str
    stays: bool = False

    def is_of(self, number: int, method: str) -> bool:
        """Whether this request goes wrong; one that stays as an outage spoils only requests of its kind."""
        due = number >= self.request if self.stays else number == self.request
        return due and self.kind in kinds_of(method)


def kinds_of(method: str) -> Sequence[str]:
    """What can go wrong with a request."""
    if method in ("PUT", "POST"):
        return WRITING
    return READING if method == "GET" else _ANYWHERE


@dataclass
class StorageProxy:
    """Serves `upstream` on the loopback; `begin` says what goes wrong from now on."""

    upstream: str
    methods: list[str] = field(default_factory=list)
    spoiled: int = 0
    fault: Fault | None = None

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def begin(self, fault: Fault | None) -> None:
        """Count anew."""
        with self._lock:
            self.methods, self.spoiled, self.fault = [], 0, fault

    def kind(self, method: str) -> str:
        """What befalls this request; empty for nothing."""
        with self._lock:
            self.methods.append(method)
            if self.fault is None or not self.fault.is_of(len(self.methods), method):
                return ""
            self.spoiled += 1
            return self.fault.kind


class ProxyProcess:
    """A `StorageProxy` in a process of its own: some clients keep this process' threads waiting until they are
    answered."""

    def __init__(self, upstream: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(upstream, theirs), daemon=True)
        self._process.start()
        self.url: str = self._ours.recv()

    def begin(self, fault: Fault | None) -> tuple[list[str], int]:
        """Count anew; the methods of the requests until now, and how many went wrong."""
        self._ours.send(fault)
        told: tuple[list[str], int] = self._ours.recv()
        return told

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def _serve(upstream: str, asked: Connection) -> None:
    proxy = StorageProxy(upstream)
    asked.send(proxy.url)
    while True:
        fault = asked.recv()
        asked.send((proxy.methods, proxy.spoiled))
        proxy.begin(fault)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that gave up waiting closes its connection."""


def _handler(proxy: StorageProxy) -> type[BaseHTTPRequestHandler]:
    upstream = urlsplit(proxy.upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def log_message(self, *_: Any) -> None:
            """The benchmark prints its own."""

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            kind = proxy.kind(self.command)
            if kind == _CUT:
                self.rfile.read(length // 2)
                reset(self)
                return
            body = self.rfile.read(length)
            if kind in STATUS:
                status, told = STATUS[kind]
                self._send(status, told, {})
                return
            if kind == _WRONG_CHECKSUM and body:
                body = bytes([body[0] ^ 1]) + body[1:]  # on the way: the server holds it against the signed checksum
            status, told, headers = self._forwarded(body)
            if kind == _LOST:
                reset(self)
                return
            self._send(status, told, headers, len(told) // 2 if kind == _TRUNCATED and told else None)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _any

        def _forwarded(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
            connection = HTTPConnection(upstream, timeout=60)
            try:
                # the host is signed, so it stays that of this server
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():
                    connection.putheader(name, value)
                connection.endheaders(body or None)
                answer = connection.getresponse()
                return answer.status, answer.read(), dict(answer.getheaders())
            finally:
                connection.close()

        def _send(self, status: int, body: bytes, headers: Mapping[str, str], cut: int | None = None) -> None:
            self.send_response_only(status)
            length = headers.get("Content-Length", str(len(body))) if self.command == "HEAD" else str(len(body))
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body if cut is None else body[:cut])
            if cut is not None:
                self.wfile.flush()
                reset(self)

    return Handler
