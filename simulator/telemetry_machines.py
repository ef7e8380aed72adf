"""Machines: what Cockpit tells of Instances by itself, and what node_exporter tells of any machine that runs it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulator.resources import Resource
from simulator.service_parts import meter, word
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_flows import BusyTime, Flow
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_usage import CPU, DISK, MEMORY, NETWORK, filling_of, usage_of
from simulator.telemetry_values import ByDay, Clock, Values

GIB = 2**30
METAL = "/baremetal/em-"
_METAL_SIZES = {"a": (4, 32), "b": (16, 128), "i": (32, 256), "l": (32, 192), "t": (48, 256)}  # cores and GiB by range
_METAL_DISK_GB = 1_900
_OPERATIONS = {"sbs_5k": 5_000, "sbs_15k": 15_000, "b_ssd": 5_000, "l_ssd": 30_000}
_BYTES_OF_AN_OPERATION = 16_384
_BYTES_A_SECOND = 25_000_000  # bandwidth by processor
_PACKET_BYTES = 900
_RETRANSMITTED = 0.0007  # of the segments sent
_BUSY_MODES = {"user": 0.66, "system": 0.2, "iowait": 0.08, "softirq": 0.03, "irq": 0.01, "nice": 0.02}
_DIRECTIONS: tuple[Labels, ...] = ({"direction": "rx"}, {"direction": "tx"})
_SENT = 0.6  # of all bytes that pass
_DISKS: tuple[Labels, ...] = ({"device": "vda"},)
_LINKS: tuple[Labels, ...] = ({"device": "ens2"}, {"device": "lo"})


@dataclass(frozen=True)
class Sizes:
    """What machines have, by row."""

    cores: Floats
    memory: Floats
    disk: Floats
    operations: Floats

    @property
    def bandwidth(self) -> Floats:
        return self.cores * _BYTES_A_SECOND


def instances(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """Instances: processors without an agent; memory and network where one runs."""
    rows = [row for row in resources if row.kind == "instance"]
    if not rows:
        return []
    things = land.things(rows)
    sizes = sizes_of(land, rows)
    board = Board(things, _instance_labels(land, rows))
    time = BusyTime(land.signal(things, CPU))

    def clock(member: Whole) -> Values:
        return Clock(time, member, np.zeros(len(member)), sizes.cores[member])

    board.add("instance_server_cpu_seconds_total", "counter", "Processor seconds used", clock)
    board.constant("instance_server_vcpu_count", "Virtual processors", sizes.cores)
    return [*board.made, *_with_agent(land, [row for row in rows if usage_of(row).agent])]


def _with_agent(land: Landscape, rows: Sequence[Resource]) -> list[Metric]:
    if not rows:
        return []
    things, sizes = land.things(rows), sizes_of(land, rows)
    board = Board(things, _instance_labels(land, rows))
    memory = land.signal(things, MEMORY)
    board.gauge("instance_server_memory_used", "Bytes of memory in use", memory, sizes.memory, digits=0)
    board.constant("instance_server_memory_total", "Bytes of memory", sizes.memory)
    board.constant("instance_server_agent_up", "Whether the agent runs", np.ones(len(rows)))
    traffic = land.flow(land.signal(things, NETWORK), sizes.bandwidth)
    shares = (1 - _SENT, _SENT)
    board.counter("instance_server_network_bytes_total", "Bytes that passed", traffic, _DIRECTIONS, shares)
    return board.made


def _instance_labels(land: Landscape, rows: Sequence[Resource]) -> list[Labels]:
    return [land.labels(row, "instance_server", az=row.zone) for row in rows]


def sizes_of(land: Landscape, rows: Sequence[Resource]) -> Sizes:
    """What Instances and bare metal machines have."""
    cores, memory, disk, operations = [], [], [], []
    for row in rows:
        if row.kind == "instance":
            kind = land.world.book.types[row.type, row.zone]
            volumes = row.group.volumes
            cores.append(kind.vcpus)
            memory.append(kind.ram_gib * GIB)
            disk.append((sum(volume.gb for volume in volumes) or kind.local_gb or 20) * 10**9)
            operations.append(sum(_OPERATIONS[volume.type] for volume in volumes) or _OPERATIONS["l_ssd"])
        else:
            number, gib = _METAL_SIZES.get(word(row, METAL)[:1], _METAL_SIZES["b"])
            cores.append(number)
            memory.append(gib * GIB)
            disk.append(_METAL_DISK_GB * 10**9)
            operations.append(_OPERATIONS["l_ssd"])
    return Sizes(*(np.array(each, dtype=np.float64) for each in (cores, memory, disk, operations)))


def is_machine(row: Resource) -> bool:
    """Whether node_exporter can run on it."""
    return row.kind == "instance" or (row.kind == "service" and meter(row, METAL) is not None)


def node_exporter(land: Landscape, resources: Sequence[Resource], job: str) -> list[Metric]:
    """What node_exporter tells of machines; `instance` is the machine's name."""
    rows = [row for row in resources if is_machine(row)]
    if not rows:
        return []
    things, sizes = land.things(rows), sizes_of(land, rows)
    board = Board(things, [{"instance": row.name, "job": job} for row in rows])
    _processors(land, board, sizes)
    memory = land.signal(things, MEMORY)
    about = "Bytes of memory that programs could still take"
    board.gauge("node_memory_MemAvailable_bytes", about, memory, -sizes.memory, sizes.memory, digits=0)
    board.constant("node_memory_MemTotal_bytes", "Bytes of memory", sizes.memory)
    mounted: Labels = {"device": "/dev/vda1", "fstype": "ext4", "mountpoint": "/"}
    filesystems(board, "node_filesystem_", sizes.disk, (mounted,))
    _disks(board, land.flow(land.signal(things, DISK), sizes.operations))
    _network(board, land.flow(land.signal(things, NETWORK), sizes.bandwidth))
    return board.made


def _processors(land: Landscape, board: Board, sizes: Sizes) -> None:
    things = board.things
    time = BusyTime(land.signal(things, CPU))
    steal = np.array([usage_of(row).steal for row in things.resources])
    modes = ("idle", "steal", *_BUSY_MODES)
    variants = {
        int(cores): [{"cpu": str(cpu), "mode": mode} for cpu in range(int(cores)) for mode in modes]
        for cores in set(sizes.cores)
    }

    def clock(member: Whole) -> Values:
        mode = np.concatenate([np.tile(np.arange(len(modes)), int(cores)) for cores in sizes.cores])
        busy = np.array([-1.0, 0.0, *_BUSY_MODES.values()])[mode]
        busy = np.where(mode == 1, steal[member], np.where(mode > 1, busy * (1 - steal[member]), busy))
        return Clock(time, member, (mode == 0).astype(np.float64), busy)

    about = "Seconds the processors spent in each mode"
    board.add("node_cpu_seconds_total", "counter", about, clock, lambda row: variants[int(sizes.cores[row])])


def filesystems(board: Board, prefix: str, disk: Floats, variants: Sequence[Labels]) -> None:
    """Storage that fills up slowly."""
    calendar = board.things.calendar
    today, monthly = np.array([filling_of(row) for row in board.things.resources]).T
    used = np.clip(today[:, None] - monthly[:, None] * calendar.months_to_today[None, :], 0.01, 0.995)
    free = np.floor(disk[:, None] * (1 - used))

    def values(member: Whole) -> Values:
        return ByDay(free, member, is_straight=True)

    board.add(f"{prefix}avail_bytes", "gauge", "Bytes of storage that are free", values, variants)
    board.constant(f"{prefix}size_bytes", "Bytes of storage", disk, variants)


def disks(board: Board, prefix: str, operations: Flow, variants: Sequence[Labels], reads: float) -> None:
    """Operations and bytes, read and written."""
    for name, share in (("reads", reads), ("writes", 1 - reads)):
        about = f"Disk {name} completed"
        board.counter(f"{prefix}disk_{name}_completed_total", about, operations, variants, (share,))
    for name, share in (("read", reads), ("written", 1 - reads)):
        size = share * _BYTES_OF_AN_OPERATION
        board.counter(f"{prefix}disk_{name}_bytes_total", f"Bytes {name}", operations, variants, (size,))


def _disks(board: Board, operations: Flow) -> None:
    disks(board, "node_", operations, _DISKS, 0.35)
    about = "Seconds operations waited, times their number"
    board.counter("node_disk_io_time_weighted_seconds_total", about, operations, _DISKS, (0.0009,))


def _network(board: Board, traffic: Flow) -> None:
    for name, share in (("receive", 1 - _SENT), ("transmit", _SENT)):
        board.counter(f"node_network_{name}_bytes_total", f"Bytes by {name}", traffic, _LINKS, (share, 0.01))
        packets = (share / _PACKET_BYTES, 0.01 / _PACKET_BYTES)
        board.counter(f"node_network_{name}_packets_total", f"Packets by {name}", traffic, _LINKS, packets)
    segments = _SENT / _PACKET_BYTES * _RETRANSMITTED
    board.counter("node_netstat_Tcp_RetransSegs", "Segments sent again", traffic, ({},), (segments,))
