"""Runs the application on a local port until SIGTERM, or until the parent closes our input."""

import socket
import sys
import threading
from typing import Any

import uvicorn
from starlette.applications import Starlette


class _Announced(uvicorn.Server):
    """A server that prints its address once it accepts connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            sys.stdout.write(f"simulator listening on http://{host}:{port}\n")
            sys.stdout.flush()


def serve(app: Starlette, host: str, port: int, exit_with_stdin: bool) -> None:
    """Serves until told to stop; OSError when the port is taken."""
    listener = socket.create_server((host, port))
    settings: dict[str, Any] = {
        "log_level": "warning",
        "access_log": False,
        "lifespan": "off",
        "timeout_graceful_shutdown": 1,
    }
    server = _Announced(uvicorn.Config(app, **settings))
    if exit_with_stdin:
        threading.Thread(target=_watch_input, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


def _watch_input(server: uvicorn.Server) -> None:
    while sys.stdin.buffer.read(1_024):
        pass
    server.should_exit = True
