"""Kill a run while it sends reviews, let the next one finish, and look at every e-mail a real mail server got.

`python -m benchmarks.mail_kills --kills 50 --seed 1` prints what was sent and ends with 1 where a recipient got a
review under two Message-IDs, or not at all. Each run is a process of its own and dies by SIGKILL: while the server
takes one of its e-mails, before it answers or shortly after.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

WRONG = 1
RECIPIENTS = tuple(f"person{number}@example.org" for number in range(4))
_PRELOADED = ["assets.report_mails", "assets.tables", "deltalake", "duckdb"]


@dataclass(frozen=True)
class Moment:
    """When a run dies: at its n-th e-mail, before the server answers (no seconds) or so long after."""

    mail: int
    seconds: float


@dataclass(frozen=True)
class Verdict:
    """What one period's recipients got after a killed run and the run that followed it."""

    period: str
    noted: int
    mails: int
    most_ids: int
    missing: int

    @property
    def is_good(self) -> bool:
        """Everybody got it, under one Message-ID."""
        return self.most_ids == 1 and self.missing == 0


class Sink:
    """A mail server that keeps Message-IDs by recipient, and kills its client at a chosen moment."""

    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = defaultdict(list)
        self.client = 0
        self.moment: Moment | None = None

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """One more e-mail for each recipient."""
        text = envelope.content.decode("utf-8", "replace")
        found = next(line for line in text.splitlines() if line.lower().startswith("message-id:"))
        for recipient in envelope.rcpt_tos:
            self.ids[recipient].append(found.partition(":")[2].strip())
        if self.moment and sum(map(len, self.ids.values())) == self.moment.mail:
            threading.Timer(self.moment.seconds, _killed, (self.client,)).start()
            if not self.moment.seconds:
                await asyncio.sleep(0.2)  # it is dead before it is answered
        return "250 OK"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nobody got a review twice under two names, and nobody missed it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mail_kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how many runs are killed")
    parser.add_argument("--seed", type=int, default=1, help="chooses the moments")
    options = parser.parse_args(arguments)
    verdicts = kill_and_look(options.kills, options.seed)
    wrong = [verdict for verdict in verdicts if not verdict.is_good]
    noted = Counter(verdict.noted for verdict in verdicts)
    again = sum(verdict.mails > len(RECIPIENTS) for verdict in verdicts)
    sys.stdout.write(f"recipients noted when the run was killed: {dict(sorted(noted.items()))}\n")
    sys.stdout.write(f"runs after which an e-mail came again, under the same Message-ID: {again}\n")
    sys.stdout.write(
        f"{len(verdicts) - len(wrong)} of {len(verdicts)} reviews reached everybody under one Message-ID\n"
    )
    return WRONG if wrong else 0


def kill_and_look(kills: int, seed: int) -> list[Verdict]:
    """One period a kill: a run that dies, the run after it, and what the server got of both."""
    moments = random.Random(seed)  # noqa: S311 - moments, no keys
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=_free_port())
    controller.start()
    try:
        with tempfile.TemporaryDirectory(prefix="mail-kills-") as name:
            folder = Path(name)
            verdicts = []
            for number in range(kills):
                period = f"{2001 + number // 12}-{number % 12 + 1:02d}"
                sink.ids.clear()
                later = moments.choice((0.0, moments.uniform(0.001, 0.2)))
                sink.moment = Moment(moments.randint(1, len(RECIPIENTS)), later)
                _run(context, folder, controller.port, period, sink)
                noted, sink.moment = _noted(folder, period), None
                _run(context, folder, controller.port, period, sink)
                got = [sink.ids.get(each, []) for each in RECIPIENTS]
                most = max((len({*ids}) for ids in got), default=0)
                verdicts.append(Verdict(period, noted, sum(map(len, got)), most, sum(not ids for ids in got)))
            return verdicts
    finally:
        controller.stop()


def send_one(folder: str, port: int, period: str) -> None:
    """What one run does: the review of a period to everybody who did not get it."""
    os.environ |= {
        "FINOPS_LAKE": f"{folder}/lake",
        "FINOPS_STATE": f"{folder}/state",
        "FINOPS_MAIL_SENDER": "finops@example.org",
        "FINOPS_MAIL_HOST": "127.0.0.1",
        "FINOPS_MAIL_PORT": str(port),
        "FINOPS_MAIL_SECURITY": "none",
    }
    from assets.opening import open_lake_of
    from assets.report_mails import send_review
    from assets.tables import open_catalog
    from pipelines.mail.message import Content
    from pipelines.settings import load_settings

    settings = load_settings()
    content = Content("monthly", period, f"[FinOps] {period}", "text\n", "<p>page</p>", {})
    with contextlib.redirect_stdout(io.StringIO()):
        send_review(
            open_catalog(open_lake_of(settings)), settings, content, RECIPIENTS, "org", lambda: datetime.now(UTC)
        )


def _run(context: Any, folder: Path, port: int, period: str, sink: Sink) -> None:
    process = context.Process(target=send_one, args=(str(folder), port, period))
    process.start()
    sink.client = process.pid
    process.join(60)
    if sink.moment is None and process.exitcode:
        raise SystemExit(f"an undisturbed run ended with {process.exitcode}")


def _killed(client: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was done before
        os.kill(client, signal.SIGKILL)


def _noted(folder: Path, period: str) -> int:
    import deltalake

    table = folder / "lake" / "gold" / "report_mails"
    if not (table / "_delta_log").exists():
        return 0
    rows = deltalake.DeltaTable(str(table)).to_pyarrow_table(columns=["period"]).column("period").to_pylist()
    return int(rows.count(period))


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
