"""A network of its own for a program: the loopback, and a way out that leads nowhere, where all that leaves is seen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

MARK = "FINOPS_BENCHMARK_CUT_OFF"
_WAY_OUT = """
ip link set lo up
ip link add away type veth peer name nowhere
for each in away nowhere; do echo 1 > /proc/sys/net/ipv6/conf/$each/disable_ipv6; ip link set $each up; done
ip addr add 192.0.2.2/24 dev away
ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:01 dev away nud permanent
ip route add default via 192.0.2.1
exec "$@"
"""
"""192.0.2.0/24 is kept for documentation (RFC 5737): nobody has it. Names are asked for by the same way."""
_IPV4_LOOPBACK = "0100007F"
_IPV6_LOOPBACK = "00000000000000000000000001000000"
_LISTENS = "0A"
_ALL_PROTOCOLS, _ETHERNET, _IPV4, _NAMES = 3, 14, 4, 53


def enter(module: str, arguments: Sequence[str]) -> None:
    """Begin this program again inside such a network; returns at once where it is there already.

    Raises SystemExit where Linux refuses, or with the program's own exit code.
    """
    if MARK in os.environ:
        return
    missing = [name for name in ("unshare", "ip", "bash") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{', '.join(missing)} is missing: a network of its own needs Linux with util-linux, iproute2")
    inside = ["bash", "-ec", _WAY_OUT, "bash", sys.executable, "-m", module, *arguments]
    ran = subprocess.run(  # noqa: S603 (this program)
        ["unshare", "--map-root-user", "--net", *inside],  # noqa: S607 (of the system)
        env={**os.environ, MARK: "1"},
        check=False,
    )
    raise SystemExit(ran.returncode)


class WayOut:
    """Sees every packet that leaves for another host, of any process and any library, from `__enter__` on."""

    def __init__(self) -> None:
        self.calls: set[str] = set()
        self.packets = 0
        self._seen = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL_PROTOCOLS))
        self._seen.bind(("nowhere", 0))
        self._seen.settimeout(0.2)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> WayOut:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self._seen.close()

    def _watch(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                self.calls.add(_told(self._seen.recv(2048)))
                self.packets += 1


def _told(frame: bytes) -> str:
    """Whom a packet is for: the host and port, and the name that is asked for."""
    packet = frame[_ETHERNET:]
    if not packet or packet[0] >> 4 != _IPV4:
        return "no IPv4"
    inside = packet[4 * (packet[0] & 15) :]
    host, port = socket.inet_ntoa(packet[16:20]), int.from_bytes(inside[2:4])
    if port != _NAMES:
        return f"{host}:{port}"
    question, labels = inside[20:], []
    while question and question[0]:
        labels.append(question[1 : 1 + question[0]].decode(errors="replace"))
        question = question[1 + question[0] :]
    return f"the address of {'.'.join(labels)}"


def listeners() -> dict[str, set[int]]:
    """Ports that are listened on now, by whether only this machine reaches them: `loopback` and `open`."""
    found: dict[str, set[int]] = {"loopback": set(), "open": set()}
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text(encoding="ascii").splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == _LISTENS:
                address, port = local.split(":")
                is_here = address.endswith(_IPV4_LOOPBACK) or address == _IPV6_LOOPBACK
                found["loopback" if is_here else "open"].add(int(port, 16))
    return found


def command_lines() -> str:
    """The command lines of all processes there are now, as anybody on this machine can read them."""
    told = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            told.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return "\n".join(told)
