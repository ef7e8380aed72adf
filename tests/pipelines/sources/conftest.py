"""A small HTTP server on the loopback that misbehaves on demand, and a Scaleway that asks it."""

import json
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipelines.sources.transport import Scaleway

SECRET_KEY = "5ec2e700-dead-4bee-8bad-c0ffee000001"
ORGANIZATION_ID = "22222222-2222-2222-2222-222222222222"


@dataclass(frozen=True)
class Reply:
    """One scripted answer. `announced_bytes` lies about the length; `hang` never answers."""

    body: bytes | dict[str, Any] = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    announced_bytes: int | None = None
    hang: bool = False

    @property
    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


class FaultyServer:
    """Answers with the scripted replies of a path, one after the other and the last one for ever; or with what a
    function of the query returns. A path without a script is a 404 with an empty body."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._scripts: dict[str, Any] = {}
        self._answered: dict[str, int] = defaultdict(int)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def script(self, path: str, *replies: Reply) -> None:
        self._scripts[path] = replies

    def answer(self, path: str, function: Any) -> None:
        self._scripts[path] = function

    def close(self) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def reply_to(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        script = self._scripts.get(asked.path, (Reply(status=404),))
        if callable(script):
            return script(asked.query)
        turn = self._answered[asked.path]
        self._answered[asked.path] += 1
        return script[min(turn, len(script) - 1)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 20  # head and body at once

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                reply = server.reply_to(Asked(parts.path, parse_qs(parts.query), dict(self.headers)))
                if reply.hang:
                    server.closing.wait(30)
                    self.close_connection = True
                    return
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(reply.announced_bytes or len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)
                if reply.announced_bytes:
                    self.close_connection = True

            do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        return Handler


@pytest.fixture
def server():
    running = FaultyServer()
    yield running
    running.close()


@pytest.fixture
def slept():
    """The waits that were asked for, none of which takes time."""
    return []


@pytest.fixture
def scaleway_at(slept):
    """A Scaleway for an address, as impatient as a test."""

    def make(url: str, **settings: Any) -> Scaleway:
        defaults: dict[str, Any] = {
            "requests_per_second": 0,
            "timeout": (1, 0.2),
            "attempts": 3,
            "backoff": (0.0, 0.0),
            "sleep": slept.append,
        }
        return Scaleway("SCW00000000000000000", SECRET_KEY, ORGANIZATION_ID, api_url=url, **{**defaults, **settings})

    return make


@pytest.fixture
def scaleway(server, scaleway_at):
    return scaleway_at(server.url, timeout=(1, 10))


@pytest.fixture
def secret_key():
    return SECRET_KEY


@pytest.fixture
def reply():
    return Reply
