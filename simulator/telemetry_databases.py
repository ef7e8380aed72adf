"""Managed databases: PostgreSQL, Redis, Serverless SQL by their names; MongoDB, whose names are not published."""

from collections.abc import Callable, Sequence

import numpy as np

from simulator.resources import Resource
from simulator.service_parts import amount, size, word
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_flows import BusyTime
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_machines import GIB, disks, filesystems
from simulator.telemetry_noise import Floats, Whole
from simulator.telemetry_things import Signal
from simulator.telemetry_usage import CONNECTIONS, CPU, DISK, MEMORY, usage_of
from simulator.telemetry_values import Clock, Values

_RDB, _RDB_NODE, _RDB_STORAGE = "/storage/rdb/instance/", "/storage/rdb/node/", "/storage/rdb/storage/"
_REDIS, _REDIS_MORE = "/storage/redis/main-node/", "/storage/redis/additional-node/"
_MONGO, _MONGO_NODE, _SQL = "/storage/mgdb/instance/", "/storage/mgdb/node/", "/paas/serverless_sqldb/"
_CORES = {"nano": 2, "micro": 2, "xxs": 2, "xs": 4, "s": 8, "m": 16, "l": 32, "xl": 64, "dev-s": 2, "dev-m": 4}
_REDIS_GIB = {"micro": 1, "xs": 1, "s": 2, "m": 4, "l": 8, "xl": 16, "2xl": 32, "3xl": 64}
_GIB_A_CORE = 4
_MOST_CONNECTIONS = 25  # by core
_OPERATIONS = {"sbs_5k": 5_000, "sbs_15k": 15_000, "lssd": 20_000}
_BUSY_MODES = {"user": 0.74, "system": 0.16, "iowait": 0.1}
_SQL_CORES = 4
_QUOTA = 100_000  # of a processor, as the provisioned ones are told
_SQL_MODES = {"user": 0.8, "system": 0.2}
_LAG_SECONDS = 0.4


def postgresql(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """One node, or two when it is highly available."""
    rows, nodes = _nodes(land.services(resources, _RDB), lambda row: amount(row, _RDB_NODE, 1))
    if not rows:
        return []
    prefix = "rdb_instance_postgresql_"
    cores = np.array([_cores(word(row, _RDB)) for row in rows], dtype=np.float64)
    board = _board(land, rows, nodes, "rdb_instance_postgresql")
    _node(land, board, f"{prefix}node_", cores, cores * _GIB_A_CORE * GIB)
    disk = np.array([size(row, _RDB_STORAGE) or 10**10 for row in rows], dtype=np.float64)
    mounted: Labels = {"device": "/dev/sda", "fstype": "ext4", "mountpoint": "/data"}
    filesystems(board, f"{prefix}node_filesystem_", disk, (mounted,))
    operations = [_OPERATIONS.get(word(row, _RDB_STORAGE), _OPERATIONS["sbs_5k"]) for row in rows]
    flow = land.flow(land.signal(board.things, DISK), np.array(operations, dtype=np.float64), has_restarts=True)
    disks(board, f"{prefix}node_", flow, ({"device": "sda"},), 0.55)
    most = np.floor(cores * _MOST_CONNECTIONS)
    databases: list[Labels] = [{"datname": "rdb"}, {"datname": "postgres"}]
    connections = land.signal(board.things, CONNECTIONS)
    about = "Connections to a database"
    board.gauge(f"{prefix}pg_stat_database_numbackends", about, connections, most / 2, digits=0, variants=databases)
    board.constant(f"{prefix}pg_settings_max_connections", "Connections it accepts", most)
    second = np.array([0.0 if node == 0 else _LAG_SECONDS for node in nodes])
    board.gauge(f"{prefix}pg_replication_lag", "Seconds behind the primary", connections, second, digits=3)
    return board.made


def redis(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    rows, nodes = _nodes(land.services(resources, _REDIS), lambda row: 1 + amount(row, _REDIS_MORE))
    if not rows:
        return []
    kinds = [word(row, _REDIS).lower().removeprefix("red1-") for row in rows]
    memory = np.array([_REDIS_GIB.get(kind, 4) * GIB for kind in kinds], dtype=np.float64)
    board = _board(land, rows, nodes, "rkv_cluster")
    used = _node(land, board, "rkv_cluster_node_", np.full(len(rows), 2.0), memory * 1.25)
    board.gauge("rkv_cluster_redis_memory_used_bytes", "Bytes of data", used, memory, digits=0)
    board.constant("rkv_cluster_redis_memory_max_bytes", "Bytes it may hold", memory)
    clients = land.signal(board.things, CONNECTIONS)
    board.gauge("rkv_cluster_redis_connected_clients", "Connected clients", clients, 120.0, digits=0)
    return board.made


def mongodb(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """The prefix is known, what follows it is not: these names stand for any."""
    rows, nodes = _nodes(land.services(resources, _MONGO), lambda row: amount(row, _MONGO_NODE, 1))
    if not rows:
        return []
    board = _board(land, rows, nodes, "mgdb_instance")
    cpu, memory = land.signal(board.things, CPU), land.signal(board.things, MEMORY)
    connections = land.signal(board.things, CONNECTIONS)
    board.gauge("mgdb_instance_cpu_usage", "Processor use", cpu, 100.0, digits=2)
    board.gauge("mgdb_instance_mem_usage", "Memory use", memory, 100.0, digits=2)
    board.gauge("mgdb_instance_connections_current", "Connections", connections, 800.0, digits=0)
    return board.made


def serverless_sql(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    rows = land.services(resources, _SQL)
    if not rows:
        return []
    board = Board(land.things(rows), [land.labels(row, "serverless_db_postgresql") for row in rows])
    time = BusyTime(land.signal(board.things, CPU))
    modes: list[Labels] = [{"mode": mode} for mode in ("idle", *_SQL_MODES)]

    def clock(member: Whole) -> Values:
        busy = np.tile([-1.0, *_SQL_MODES.values()], len(rows)) * _SQL_CORES
        return Clock(time, member, np.tile([float(_SQL_CORES), 0.0, 0.0], len(rows)), busy)

    name = "serverless_db_postgresql_cpu_usage_seconds"
    board.add(name, "counter", "Processor seconds by mode", clock, modes)
    provisioned = np.full(len(rows), float(_SQL_CORES * _QUOTA))
    board.constant("serverless_db_postgresql_cpu_provisioned", "Processor quota", provisioned)
    return board.made


def _nodes(rows: Sequence[Resource], count: Callable[[Resource], int]) -> tuple[list[Resource], list[int]]:
    """Each resource once for each of its nodes, and the number of the node."""
    pairs = [(row, node) for row in rows for node in range(count(row))]
    return [row for row, _ in pairs], [node for _, node in pairs]


def _board(land: Landscape, rows: Sequence[Resource], nodes: Sequence[int], kind: str) -> Board:
    """Nodes are things of their own: each has its own chance and its own label."""
    common = [
        land.labels(row, kind, instance=f"{row.id[:8]}-node-{node + 1}") for row, node in zip(rows, nodes, strict=True)
    ]
    return Board(land.nodes(rows, nodes), common)


def _node(land: Landscape, board: Board, prefix: str, cores: Floats, memory: Floats) -> Signal:
    """Processors and memory, as node_exporter names them; the signal of the memory in use."""
    things = board.things
    time = BusyTime(land.signal(things, CPU))
    steal = np.array([usage_of(row).steal for row in things.resources])
    modes: list[Labels] = [{"mode": mode} for mode in ("idle", "steal", *_BUSY_MODES)]

    def clock(member: Whole) -> Values:
        mode = np.tile(np.arange(len(modes)), len(things))
        busy = np.array([-1.0, 0.0, *_BUSY_MODES.values()])[mode]
        busy = np.where(mode == 1, steal[member], np.where(mode > 1, busy * (1 - steal[member]), busy))
        return Clock(time, member, (mode == 0).astype(np.float64), busy)

    board.add(f"{prefix}cpu_seconds_total", "counter", "Seconds of the average processor by mode", clock, modes)
    used = land.signal(things, MEMORY)
    board.gauge(f"{prefix}memory_MemAvailable_bytes", "Bytes still free", used, -memory, memory, digits=0)
    board.constant(f"{prefix}memory_MemTotal_bytes", "Bytes of memory", memory)
    return used


def _cores(kind: str) -> int:
    """Processors of a node type such as db-pro2-xs."""
    family, _, last = kind.rpartition("-")
    return _CORES.get(f"dev-{last}" if family.endswith("dev") else last, 4)
