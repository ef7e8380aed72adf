"""How much CPU and memory a bill takes on its way from API pages to typed Parquet, beside a script that only does that.

`python -m benchmarks.ingest_charges` writes 200,000 charges as pages of the charges API, bodies as a server sends
them. Programs turn them into Parquet, each in a process of its own, in turns:

* the product: pages through its reader into listings, items and answers recorded (`bronze.charges`, `bronze.answers`),
  `silver.costs` built from them, all of it as a run does;
* the same over HTTP, from a server in another process whose time counts for nobody;
* a script: the same bodies, `json.loads`, typed Arrow columns (decimal, timestamps), one Parquet file. No answer is
  kept, nothing recognised as known, and there is no key, no hash and no order.

CPU is user and system time of the whole process, start-up and imports included; what importing alone takes is told
apart. The results are compared charge by charge.
"""

import argparse
import json
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

MONTH = date(2026, 10, 1)
DAYS = 31
PAGE = 1000
ORGANIZATION = "0f0f0f0f-0000-4000-8000-000000000001"
CPU_RATIO, MEMORY_MB = 1.5, 500
"""What is promised."""
_PRODUCTS = ("compute/pro2_s/run_par1", "storage/block/volume_5k_iops", "network/loadbalancer/lb_s", "k8s/pool/node")


@dataclass(frozen=True)
class Part:
    """What one process took: CPU of its work and of its imports, the highest resident memory."""

    work: float
    imports: float
    memory_mb: float

    @property
    def cpu(self) -> float:
        """Of the whole process."""
        return self.work + self.imports


@dataclass(frozen=True)
class Ingested:
    """All rounds, oldest first; the first of each is the one whose files were cold."""

    charges: int
    body_bytes: int
    ours: Sequence[Part]
    served: Sequence[Part]
    script: Sequence[Part]

    @property
    def ratio(self) -> float:
        """The product's CPU by the script's: the median of the rounds."""
        return _ratio((part.cpu for part in self.ours), (part.cpu for part in self.script))

    @property
    def work_ratio(self) -> float:
        """The same without imports."""
        return _ratio((part.work for part in self.ours), (part.work for part in self.script))

    @property
    def served_ratio(self) -> float:
        """The same with imports and HTTP."""
        return _ratio((part.cpu for part in self.served), (part.cpu for part in self.script))

    @property
    def memory_mb(self) -> float:
        """The product's highest."""
        return max(part.memory_mb for part in (*self.ours, *self.served))

    @property
    def is_kept(self) -> bool:
        """Whether both promises are."""
        return self.ratio <= CPU_RATIO and self.memory_mb < MEMORY_MB


def _ratio(mine: Iterable[float], its: Iterable[float]) -> float:
    return statistics.median(one / other for one, other in zip(mine, its, strict=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the promises are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest_charges", description=__doc__)
    parser.add_argument("--charges", type=int, default=200_000, help="charges of the month (200000)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each program runs (5)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        found = measure_ingestion(options.charges, options.rounds, Path(folder))
    for line in table(found):
        print(line)
    return 0 if found.is_kept else 1


def table(found: Ingested) -> Iterator[str]:
    """The rounds as Markdown."""
    yield f"{found.charges:,} charges, {found.body_bytes / 1e6:.0f} MB of pages"
    yield ""
    yield "| Program | CPU | of it imports | Memory |"
    yield "|---|--:|--:|--:|"
    for name, parts in (("Product", found.ours), ("Product, over HTTP", found.served), ("Script", found.script)):
        for part in parts:
            yield f"| {name} | {part.cpu:.2f} s | {part.imports:.2f} s | {part.memory_mb:.0f} MB |"
    yield ""
    yield (
        f"CPU, product ÷ script: {found.ratio:.2f} (at most {CPU_RATIO}); without imports {found.work_ratio:.2f}, "
        f"with HTTP {found.served_ratio:.2f}"
    )
    yield f"Memory of the product: {found.memory_mb:.0f} MB (below {MEMORY_MB})"


def measure_ingestion(charges: int, rounds: int, folder: Path) -> Ingested:
    """Run both programs in turns on the same pages, and compare what they made of them."""
    pages = folder / "pages"
    size = write_pages(pages, charges)
    receiver, sender = multiprocessing.get_context("spawn").Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(str(pages), sender), daemon=True)
    server.start()
    ours, served, script = [], [], []
    try:
        url = receiver.recv()
        for number in range(rounds):
            script.append(_run("script", str(pages), str(folder / "script.parquet")))
            ours.append(_run("product", str(pages), str(folder / f"lake-{number}")))
            served.append(_run("product", url, str(folder / f"served-{number}")))
    finally:
        server.terminate()
        server.join()
    for lake in (folder / "lake-0", folder / "served-0"):
        _compare(folder / "script.parquet", lake, charges)
    return Ingested(charges, size, ours, served, script)


def _run(part: str, *arguments: str) -> Part:
    """One program in a process of its own."""
    process = subprocess.Popen(  # noqa: S603 (this module, arguments as a list)
        [sys.executable, "-m", "benchmarks.ingest_parts", part, *arguments],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env={name: value for name, value in os.environ.items() if not name.startswith(("FINOPS_", "SCW_"))},
    )
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the {part} ended with {process.returncode}")
    told = json.loads(said)
    cpu = usage.ru_utime + usage.ru_stime
    return Part(cpu - told["imports"], told["imports"], usage.ru_maxrss * 1024 / 1e6)


def write_pages(folder: Path, charges: int) -> int:
    """The bodies of a month of charges, a file each, in a folder a day; their bytes are returned."""
    chance, size = random.Random(20261001), 0  # noqa: S311 (charges, not secrets)
    resources = [_resource(chance) for _ in range(max(charges // (DAYS * 4), 1))]
    for number in range(DAYS):
        day = MONTH + timedelta(days=number)
        of_day = [_charge(chance, resources[each % len(resources)], day, each) for each in _shares(charges, number)]
        (folder / str(day)).mkdir(parents=True)
        starts = range(0, max(len(of_day), 1), PAGE)
        for page, start in enumerate(starts):
            token = str(page + 1) if page + 1 < len(starts) else None
            document = {"charges": of_day[start : start + PAGE], "next_page_token": token}
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            (folder / str(day) / f"{page:04}.json").write_bytes(body)
            size += len(body)
    return size


def _shares(charges: int, day: int) -> range:
    """Numbers of the charges of one day; the days share them evenly."""
    return range(charges * day // DAYS, charges * (day + 1) // DAYS)


def _resource(chance: random.Random) -> dict[str, Any]:
    number = chance.getrandbits(32)
    return {
        "organization_id": ORGANIZATION,
        "organization_name": "Société d'essai",
        "project_id": f"0b0b0b0b-0000-4000-8000-{number % 40:012}",
        "project_name": f"project-{number % 40}",
        "sku": f"/{_PRODUCTS[number % len(_PRODUCTS)]}-{number % 300}",
        "resource_id": f"{number:08x}-{number % 65536:04x}-4000-8000-{chance.getrandbits(48):012x}",
        "resource_name": f"worker-{number % 5000}" if number % 5 else None,
    }


def _charge(chance: random.Random, of: dict[str, Any], day: date, number: int) -> dict[str, Any]:
    """One charge of an hour or a day; one in twelve has no price, one in forty is negative."""
    hour = chance.randrange(24)
    start, until = (f"{hour:02}:00:00", f"{hour:02}:59:59.999999") if number % 3 else ("00:00:00", "23:59:59.999999")
    sign = -1 if number % 40 == 7 else 1
    price = {
        "currency_code": "EUR",
        "units": sign * (chance.randrange(30) if number % 9 == 0 else 0),
        "nanos": sign * chance.randrange(10**9),
    }
    updated = datetime(2026, 11, 1, 3, tzinfo=UTC) - timedelta(seconds=number % 80_000)
    return {
        **of,
        "price": None if number % 12 == 5 else price,
        "start_date": f"{day}T{start}Z",
        "end_date": f"{day}T{until}Z",
        "updated_at": updated.isoformat().replace("+00:00", "Z"),
        "invoice_id": "",
    }


def _serve(folder: str, sender: Connection) -> None:
    """The pages over HTTP, from memory."""
    pages = {
        day.name: [page.read_bytes() for page in sorted(day.iterdir())]
        for day in Path(folder).iterdir()
        if day.is_dir()
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 21

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            body = pages[query["start_date_after"][0][:10]][int(query.get("page_token", ["0"])[0])]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sender.send(f"http://127.0.0.1:{server.server_address[1]}")
    server.serve_forever()


def _compare(script: Path, lake: Path, charges: int) -> None:
    """Both must have found the same charges: every one, with its money and its period."""
    import duckdb

    from benchmarks.ingest_parts import COMPARED, open_lake

    costs = ", ".join(f"'{file}'" for file in open_lake(str(lake)).state("silver.costs").files())
    columns = ", ".join(COMPARED)
    [mine, its, shared] = duckdb.execute(
        f"""
        with ours as (select {columns}, count(*) as n from read_parquet([{costs}]) group by all),
        theirs as (select {columns}, count(*) as n from read_parquet('{script}') group by all)
        select (select sum(n) from ours), (select sum(n) from theirs),
            (select sum(n) from (select * from ours intersect select * from theirs))
        """
    ).fetchone() or (0, 0, 0)
    if not mine == its == shared == charges:
        raise SystemExit(f"of {charges} charges the product kept {mine}, the script {its}, and {shared} agree")


if __name__ == "__main__":
    sys.exit(main())
