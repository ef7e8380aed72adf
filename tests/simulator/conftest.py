"""A simulator on a local port, as its users meet it: over HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import uvicorn

from simulator.loading import load
from simulator.scenario import Fault, Scenario
from simulator.server import create_app
from simulator.world import Clock, World, build


@dataclass
class Simulator:
    """A running world; `get` asks it with the right key."""

    address: str
    world: World
    clock: Clock
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def organization_id(self) -> str:
        return self.world.scenario.organization.id

    def get(self, path: str, **parameters: Any) -> requests.Response:
        return self.session.get(self.address + path, params=parameters, timeout=10)

    def json(self, path: str, **parameters: Any) -> Any:
        response = self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def charges(self, start: str, end: str, page_size: int = 1000, **parameters: Any) -> list[dict[str, Any]]:
        """All charges of a window, every page of them."""
        asked = {
            "organization_id": self.organization_id,
            "start_date_after": start,
            "end_date_before": end,
            "page_size": page_size,
            **parameters,
        }
        answer = self.json("/billing/v2beta1/charges", **asked)
        rows = answer["charges"]
        while token := answer["next_page_token"]:
            answer = self.json("/billing/v2beta1/charges", page_token=token, **asked)
            rows += answer["charges"]
        return rows


@pytest.fixture(scope="session")
def small() -> Scenario:
    return load("small")


@pytest.fixture(scope="session")
def small_world(small: Scenario) -> World:
    return build(small)


@pytest.fixture(scope="session")
def run_simulator() -> Iterator[Callable[..., Simulator]]:
    """Starts simulators that stop when all tests have ended."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(world: World, faults: list[Fault] | None = None) -> Simulator:
        clock = Clock(world.scenario.today)
        config = uvicorn.Config(
            create_app(world, clock, faults), port=0, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        simulator = Simulator(f"http://127.0.0.1:{port}", world, clock)
        simulator.session.headers["X-Auth-Token"] = world.scenario.organization.secret_key
        return simulator

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(5)


@pytest.fixture(scope="session")
def _running_small(run_simulator: Callable[..., Simulator], small_world: World) -> Simulator:
    return run_simulator(small_world)


@pytest.fixture
def simulator(_running_small: Simulator) -> Simulator:
    """The small scenario at its own time: the server itself, not the factory other tests use."""
    _running_small.clock.now = _running_small.world.scenario.today
    return _running_small
