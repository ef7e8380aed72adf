"""A server on this machine that answers what a case says, bombs included, to whoever asks."""

import gzip
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread

from benchmarks.hostile_grammar import damaged

GIGABYTE = 1 << 30
_PIECE = b" " * (1 << 20)


@dataclass(frozen=True)
class Answer:
    """One answer. `spaces` are sent before the body ends, `is_short` promises more than is sent."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    spaces: int = 0
    is_short: bool = False
    is_chunked: bool = False


@dataclass
class Script:
    """What is answered: one after the other, and the last one for ever. `asked` counts."""

    answers: list[Answer] = field(default_factory=list)
    asked: int = 0

    def next(self) -> Answer:
        """The answer to the next request."""
        found = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return found


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that leave while they are answered: that is what they shall do."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        pass


class HostileServer:
    """Listens on a free port of this machine; `play` sets what the next case is answered."""

    def __init__(self) -> None:
        self.script = Script()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each small write waits for an answer to the one before

            def do_GET(self) -> None:
                with suppress(OSError):
                    _send(self, outer.script.next())

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def play(self, *answers: Answer) -> Script:
        """Answer these from now on."""
        self.script = Script(list(answers))
        return self.script

    def start(self) -> "HostileServer":
        """Serve until the process ends."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    handler.send_response(answer.status)
    for name, value in answer.headers:
        handler.send_header(name, value)
    length = len(answer.body) + answer.spaces
    if answer.is_chunked:
        handler.send_header("Transfer-Encoding", "chunked")
    else:
        handler.send_header("Content-Length", str(length + (1000 if answer.is_short else 0)))
    handler.end_headers()
    pieces = [_PIECE] * (answer.spaces >> 20)
    for piece in (answer.body[:1], *pieces, answer.body[1:]):
        if answer.is_chunked and piece:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        elif piece:
            handler.wfile.write(piece)
    if answer.is_chunked:
        handler.wfile.write(b"!!\r\n" if answer.is_short else b"0\r\n\r\n")
    if answer.is_short:
        handler.close_connection = True


@cache
def gzip_bomb(size: int = GIGABYTE, piece: bytes = _PIECE) -> bytes:
    """A megabyte of gzip that unpacks to a gigabyte of spaces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(piece) for _ in range(size // len(piece))), packer.flush()])


_STATUSES = (204, 206, 301, 400, 401, 403, 404, 418, 429, 500, 501, 503, 599)
_ODD_HEADERS = (
    *(("Content-Encoding", name) for name in ("br", "identity", "gzip, gzip", "x")),
    *(("X-Total-Count", told) for told in ("-1", "NaN", "1e999999", "9" * 5000, "7")),
    *(("Retry-After", told) for told in ("-1", "9" * 400, "Thu, 99 Foo 2026", "1e9", "0")),
    ("Content-Type", "text/html; charset=\udc80".encode("ascii", "replace").decode()),
    ("Set-Cookie", "a" * 9000),
)


def hostile_answer(rng: Random, body: bytes, content_type: str = "application/json") -> Answer:
    """The body as a transport might spoil it: mostly as it is, now and then with another status, coding or length."""
    how = rng.randrange(100)
    kind = (("Content-Type", content_type),)
    if how < 70:
        return Answer(body, headers=kind)
    if how < 80:
        return Answer(damaged(rng, body), headers=kind)
    if how < 84:
        return Answer(body, rng.choice(_STATUSES), kind)
    if how < 88:
        return Answer(body, headers=(*kind, rng.choice(_ODD_HEADERS)))
    if how < 91:
        packed = gzip.compress(body, mtime=0)
        packed = damaged(rng, packed) if rng.random() < 0.5 else packed
        return Answer(packed, headers=(*kind, ("Content-Encoding", "gzip")))
    if how < 95:
        return Answer(body, headers=kind, is_short=True, is_chunked=rng.random() < 0.5)
    if how < 98:
        return Answer(body, headers=kind, is_chunked=True)
    if how < 99 or rng.random() < 0.6:
        return Answer(body, headers=kind, is_chunked=rng.random() < 0.5)
    if rng.random() < 0.5:
        return Answer(gzip_bomb(), headers=(*kind, ("Content-Encoding", "gzip")))
    return Answer(body, headers=kind, spaces=GIGABYTE, is_chunked=rng.random() < 0.5)
