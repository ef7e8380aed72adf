"""How many points of a range query become hourly statistics per second of our own CPU.

`python -m benchmarks.range_queries [--series N] [--days N]` serves recorded-like answers of Prometheus from this
machine in another process, reads them as a daily run does, and prints one line for each stage. The server's time is
not ours and is not counted.
"""

import argparse
import json
import logging
import multiprocessing
import random
import resource
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from pipelines.sources.asking import Manners
from pipelines.sources.cockpit.account import DataSource
from pipelines.sources.cockpit.catalogue import load_catalogue
from pipelines.sources.cockpit.hourly import aggregated, usage_hourly
from pipelines.sources.cockpit.prometheus import PrometheusClient
from pipelines.sources.cockpit.series import joined, parsed_matrix

START = datetime(2026, 3, 2, tzinfo=UTC)
SOURCE = DataSource("source", "project", "fr-par", "metrics", "scaleway", "http://127.0.0.1", 31)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--series", type=int, default=100, help="series of the metric (100)")
    parser.add_argument("--days", type=int, default=7, help="days of one sample a minute (7)")
    chosen = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=_serve, args=(chosen.series, sender), daemon=True)
    server.start()
    try:
        _measure(receiver.recv(), chosen.series, chosen.days)
    finally:
        server.terminate()
        server.join()
    return 0


def _measure(url: str, series: int, days: int) -> None:
    points = series * days * 1440
    client = PrometheusClient(url, manners=Manners(requests_per_second=0))
    metric, until = load_catalogue().metrics["load_balancer_cpu_ratio"], START + timedelta(days=days)
    print(f"{'stage':<28}{'points':>12}{'CPU s':>9}{'points per CPU s':>19}")
    _print("read into hours, all", points, _cpu(lambda: usage_hourly(client, SOURCE, metric, START, until)))
    print(f"largest memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    body = _answer(series, int(START.timestamp()), int(START.timestamp()) + 86_340, 60)
    data = json.loads(body)["data"]
    samples = parsed_matrix(data, "benchmark")
    day = series * 1440
    _print("JSON alone, a day", day, _cpu(lambda: json.loads(body)))
    _print("samples of a day", day, _cpu(lambda: parsed_matrix(data, "benchmark")))
    _print("hours of a day", day, _cpu(lambda: aggregated(samples)))
    _print(
        "one split range, all", points, _cpu(lambda: joined(client.query_windows("x", START, until, metric.sampled)))
    )


def _cpu(work: Callable[[], Any]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _print(stage: str, points: int, seconds: float) -> None:
    print(f"{stage:<28}{points:>12,}{seconds:>9.2f}{points / max(seconds, 1e-9):>19,.0f}")


def _serve(series: int, sender: Connection) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            start, end, step = (float(query[name][0]) for name in ("start", "end", "step"))
            body = _answer(series, start, end, int(step))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sender.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def _answer(series: int, start: float, end: float, step: int) -> bytes:
    times = [start + number * step for number in range(int(end - start) // step + 1)]
    result = [
        {
            "metric": {"__name__": "load", "resource_id": f"lb-{number:05d}", "region": "fr-par"},
            "values": [[at, value] for at, value in zip(times, _values(number, len(times)), strict=True)],
        }
        for number in range(series)
    ]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


@cache
def _values(number: int, count: int) -> tuple[str, ...]:
    chance = random.Random(number)  # noqa: S311 - figures to parse, nothing secret
    return tuple(repr(chance.random()) for _ in range(count))


if __name__ == "__main__":
    raise SystemExit(main())
