"""A lake that holds three anomalies as a run would have judged them, and servers that take alerts."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from assets.anomalies_tables import ANOMALIES, CAUSES, CHANGES, DAYS
from assets.made_tables import MadeTable, content_of, in_order
from assets.tables import open_catalog
from pipelines.lake.address import parse_address
from pipelines.lake.engine import Catalog
from pipelines.lake.store import Lake, PartitionState

NOTEBOOK, DISKS, STORM, CLOSED = "aa11aa11aa11", "bb22bb22bb22", "aa33cc33cc33", "dd44dd44dd44"
NOW = datetime(2026, 11, 5, 6, tzinfo=UTC)
D = Decimal


def anomaly(anomaly_id: str, **changes: Any) -> dict[str, Any]:
    """A row of gold.anomalies: a notebook left on, unless the changes say otherwise."""
    row = {
        **dict.fromkeys(ANOMALIES.table.schema.names),
        "anomaly_id": anomaly_id, "first_day": date(2026, 11, 2), "last_day": date(2026, 11, 4), "duration_days": 3,
        "is_ongoing": True, "kind": "spike", "subject": "cost", "level": "resource", "project_id": "id-sandbox",
        "project_name": "sandbox", "service_name": "GPU", "resource_id": "r-7", "resource_name": "notebook-7",
        "unit": "EUR", "actual": D("240"), "expected": D("46.8"), "low": D("30"), "high": D("60"),
        "impact": D("193.2"), "impact_percent": D("412.8"), "score": 0.93, "confidence": 0.9, "severity": "urgent",
        "state": "open", "state_reason": "nothing known explains it", "state_since": date(2026, 11, 3),
        "is_actionable": True, "owner": "ml-team", "environment": "dev",
        "root_cause": "sandbox › GPU › H100-1-80G › notebook-7", "runbook": "https://wiki.example.org/spike",
        "first_judged_on": date(2026, 11, 3), "judged_on": date(2026, 11, 5), "anomaly_month": "2026-11",
    }  # fmt: skip
    return row | changes


ROWS = (
    anomaly(NOTEBOOK),
    anomaly(
        DISKS, severity="medium", project_id="id-shop", project_name="shop", service_name="Block Storage",
        resource_id=None, resource_name=None, level="service", root_cause=None, actual=D("40"), expected=D("20"),
        low=D("15"), high=D("25"), impact=D("20"), impact_percent=D("100"), owner=None, environment=None,
        runbook=None, first_day=date(2026, 11, 4), duration_days=1,
    ),
    anomaly(
        STORM, severity="high", state="suppressed", state_reason="load test (shop-team, until 2026-11-30)",
        is_actionable=False, impact=D("500"), subject="telemetry", unit="bytes", actual=D("9000000000"),
        expected=D("1000000000"), low=D("500000000"), high=D("1500000000"), root_cause="shop › logs",
    ),
    anomaly(
        CLOSED, state="explained", state_reason="explained by +38 % requests", is_actionable=False,
        impact=D("900.125"), explained_by="requests of shop", explanation="+38 % requests explain 96 % of it",
        first_day=date(2026, 10, 1), last_day=date(2026, 10, 3), is_ongoing=False, anomaly_month="2026-10",
    ),
)  # fmt: skip


class AnomalyLake:
    """The lake and how to fill it."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self.lake = Lake(parse_address(self.address))

    @property
    def catalog(self) -> Catalog:
        return open_catalog(self.lake)

    def give(self, made: MadeTable, *rows: Mapping[str, Any]) -> None:
        """Make a table hold just these rows."""
        table = in_order(made, rows)
        months = sorted({row["anomaly_month"] for row in rows})
        held = [*self.lake.state(made.name).partitions, *months]
        states = {month: PartitionState(f"{content_of(table)}/{month}") for month in held}
        self.lake.replace(made.name, table, states, "anomaly_month")

    def fill(self) -> "AnomalyLake":
        """Four anomalies, with the evidence of the first."""
        self.give(ANOMALIES, *ROWS)
        none = dict.fromkeys(CAUSES.table.schema.names)
        self.give(
            CAUSES,
            none | {
                "anomaly_id": NOTEBOOK, "rank": 1, "level": "sku", "project_name": "sandbox", "service_name": "GPU",
                "sku": "/compute/h100", "unit": "EUR", "actual": D(240), "expected": D("46.8"), "impact": D("193.2"),
                "share_percent": D(100), "anomaly_month": "2026-11",
            },
        )  # fmt: skip
        self.give(
            DAYS,
            *(
                {
                    "anomaly_id": NOTEBOOK, "day": date(2026, 11, day), "actual": D(80 if day > 1 else 15),
                    "expected": D("15.6"), "low": D(10), "high": D(20), "is_unusual": day in (2, 3),
                    "anomaly_month": "2026-11",
                }
                for day in (1, 2, 3, 4)
            ),
        )  # fmt: skip
        self.give(
            CHANGES,
            {
                "anomaly_id": NOTEBOOK, "number": 1, "changed_on": date(2026, 11, 2), "change": "new_resource",
                "what": "H100-1-80G started", "who": "ci-token", "resource_id": "r-7",
                "resource_name": "note\nbook-7", "anomaly_month": "2026-11",
            },
        )  # fmt: skip
        return self

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.catalog.query(sql).to_pylist()


class MailSink:
    """An SMTP server that keeps what it gets, or refuses every recipient in `refused`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.refused: set[str] = set()
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return f"550 {address} is nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@contextmanager
def mail_sink(port: int) -> Iterator[MailSink]:
    """A running one on the loopback."""
    from aiosmtpd.controller import Controller

    sink = MailSink()
    sink.port = port
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


class Webhook:
    """An HTTP server that keeps the JSON it gets and answers `status`."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.port = 0


@contextmanager
def webhook() -> Iterator[Webhook]:
    """A running one on the loopback."""
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.paths.append(self.path)
            if hook.status == 200:
                hook.posts.append(json.loads(body))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
