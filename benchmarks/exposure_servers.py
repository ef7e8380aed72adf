"""Who answers while it is looked what gets out: a pretend Scaleway that allows what the policy does, a mail server."""

from __future__ import annotations

import secrets
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from benchmarks import cut_off
from benchmarks.allowed_calls import is_allowed
from simulator.cockpit_api import Cockpit
from simulator.loading import load
from simulator.server import create_app
from simulator.world import Clock, build

SCENARIO = Path(__file__).parents[1] / "simulator" / "scenarios" / "small.toml"


@dataclass(frozen=True)
class Keys:
    """Everything that must never be read again, new for each run."""

    secret_key: str
    wrong_key: str
    smtp_password: str
    wrong_password: str
    s3_secret: str
    opencost_token: str
    webhook: str

    @classmethod
    def new(cls) -> Keys:
        """Keys have Scaleway's form; of the rest each is a word nobody else writes."""
        words = [secrets.token_urlsafe(24) for _ in range(5)]
        return cls(str(uuid.uuid4()), str(uuid.uuid4()), *words)

    def of(self, tokens: Mapping[str, str]) -> dict[str, str]:
        """All by name, with the tokens the pretend Cockpit takes."""
        return {**vars(self), **{f"cockpit token of {place}": token for place, token in tokens.items()}}


@dataclass
class Scaleway:
    """A running pretend Scaleway: kinds of calls it was asked for, and those the policy does not allow."""

    url: str
    port: int
    tokens: Mapping[str, str]
    asked: set[tuple[str, str]] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)


@contextmanager
def organisation(folder: Path, keys: Keys) -> Iterator[Scaleway]:
    """The small organisation with these keys, on a port of its own."""
    file = folder.parent / f"{folder.name}-scenario.toml"
    text = SCENARIO.read_text(encoding="utf-8")
    file.write_text(text.replace("[organization]\n", f'[organization]\nsecret_key = "{keys.secret_key}"\n', 1))
    world = build(load(str(file)))
    file.unlink()
    clock = Clock(world.scenario.today)
    app = create_app(world, clock)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        told = Scaleway(f"http://127.0.0.1:{port}", port, Cockpit(world, clock).sign_in()["cockpit_tokens"])
        config = uvicorn.Config(_guarded(app, told), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield told
        finally:
            server.should_exit = True
            thread.join(10)


def _guarded(app: ASGIApp, told: Scaleway) -> ASGIApp:
    """Lets through what the documented policy allows; everything else is refused, and noted."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        told.asked.add((method, "/".join(path.split("/")[:4])))
        if is_allowed(method, path):
            await app(scope, receive, send)
            return
        told.refused.append(f"{method} {path}")
        await JSONResponse({"type": "denied_authentication"}, status_code=403)(scope, receive, send)

    return guarded


@dataclass(frozen=True)
class Mailbox:
    """A running mail server that wants a password."""

    port: int


@contextmanager
def mail_server(password: str) -> Iterator[Mailbox]:
    """On the loopback; takes letters of who knows the password, and keeps none."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink
    from aiosmtpd.smtp import AuthResult, LoginPassword

    def judge(_server: Any, _session: Any, _envelope: Any, _way: str, given: Any) -> AuthResult:
        is_right = isinstance(given, LoginPassword) and given.password.decode() == password
        return AuthResult(success=is_right, handled=False)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        Sink(), hostname="127.0.0.1", port=port, authenticator=judge, auth_required=True, auth_require_tls=False
    )
    controller.start()
    try:
        yield Mailbox(port)
    finally:
        controller.stop()


class Watch:
    """Looks at command lines and listening ports all the while, and keeps what it saw."""

    def __init__(self, every_seconds: float = 0.2) -> None:
        self.lines, self.looks = "", 0
        self.loopback: set[int] = set()
        self.open: set[int] = set()
        self._seen: set[str] = set()
        self._every, self._over = every_seconds, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)

    def _watch(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                found = cut_off.listeners()
                self.loopback |= found["loopback"]
                self.open |= found["open"]
            self._seen |= set(cut_off.command_lines().splitlines())
            self.lines = "\n".join(self._seen)
            self.looks += 1
            time.sleep(self._every)
