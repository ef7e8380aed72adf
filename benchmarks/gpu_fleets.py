"""Random fleets of GPU machines through the real tables: no negative hour or cost, nothing lost, no division by zero.

`python -m benchmarks.gpu_fleets --fleets 10000` draws fleets with unknown or no GPUs, credits, charges of a moment,
metrics that are missing, above all bounds or of more GPUs than there are, runs the selects of gold.gpu_costs,
gold.gpu_hours, gold.gpu_days and gold.cost_per_inference over them, and prints what breaks a promise. Ends with 1 when
something does.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from assets.tables import TABLES
from pipelines.lake.engine import connect
from pipelines.lake.sql_models import Layered, load_models

Row: TypeAlias = dict[str, Any]
DAY, MONTH = date(2026, 11, 10), "2026-11"
MADE = ("gold.gpu_costs", "gold.gpu_hours", "gold.gpu_days", "gold.cost_per_inference")
KINDS = ("queue_idle", "warm_idle", "nobodys", "unsorted_idle")
AT_ONCE = 500


@dataclass
class Fleets:
    """Rows of the inputs, many fleets together."""

    charges: list[Row] = field(default_factory=list)
    machines: list[Row] = field(default_factory=list)
    usage: list[Row] = field(default_factory=list)
    served: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)

    def inputs(self) -> dict[str, list[Row]]:
        """By table."""
        return {
            "silver.labelled_costs": self.charges,
            "silver.gpu_machines": self.machines,
            "silver.usage_hourly": self.usage,
            "silver.gpu_served_hours": self.served,
            "silver.requests_daily": self.requests,
            "silver.billing_months": [{"billing_month": MONTH, "days_read": 1}],
        }


def random_fleets(draw: random.Random, first: int, count: int) -> Fleets:
    """So many fleets of one to three machines on one day."""
    made = Fleets()
    for fleet in range(first, first + count):
        for number in range(draw.randint(1, 3)):
            _machine(draw, made, f"fleet{fleet}-{number}")
    return made


def _machine(draw: random.Random, made: Fleets, name: str) -> None:
    gpus = draw.choice([None, 0, 1, 1, 2, 8])
    since = draw.choice([0, 0.25, 7])
    until = since + draw.choice([0.01, 0.5, 1, 3])
    cost = draw.choice(["0", "0.000000000001", "18.9", "-1.5", str(draw.randint(1, 10**9) / 10**6)])
    made.machines.append({"resource_id": name, "resource_name": name, "gpus": gpus, "valid_from": DAY})
    made.charges.append(_charge(name, cost, since, until))
    for hour in range(int(since), int(until) + 1):
        for gpu in range(draw.choice([0, 0, 1, gpus or 0, 9])):
            made.usage += _readings(draw, name, hour, gpu)
        if draw.random() < 0.4:
            made.served.append(_served(draw, name, hour))
    if draw.random() < 0.6:
        made.requests.append(_counted(draw, name))


def _at(hour: float) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC) + timedelta(hours=hour)


def _charge(name: str, cost: str, since: float, until: float) -> Row:
    return {
        "charge_key": name,
        "charge_date": DAY,
        "charge_start": _at(since),
        "charge_end": _at(until),
        "resource_id": name,
        "resource_name": name,
        "resource_type": "instance_server",
        "service_name": "GPU Instances",
        "sku": "/compute/l4_1_24g/run_fr-par-2",
        "billed_cost": cost,
        "billing_currency": "EUR",
        "billing_month": MONTH,
    }


def _readings(draw: random.Random, name: str, hour: int, gpu: int) -> list[Row]:
    values = {
        "gpu_utilization_percent": draw.choice([None, 0, "33.3", 100, 250, -1]),
        "gpu_engine_active_ratio": draw.choice([None, None, "0.5", 2]),
        "gpu_memory_used_mebibytes": draw.choice([None, 0, draw.randint(0, 24576)]),
        "gpu_memory_free_mebibytes": draw.choice([None, 0, draw.randint(0, 24576)]),
    }
    samples = draw.choice([0, 1, 12, 40])
    return [
        {
            "metric": metric,
            "resource_type": "gpu",
            "resource_id": name,
            "raw_id": f"{name}-{gpu}",
            "usage_hour": _at(hour),
            "usage_date": DAY,
            "samples": samples,
            "expected_samples": draw.choice([0, None, 12]),
            "mean_value": value,
            "usage_month": MONTH,
        }
        for metric, value in values.items()
        if draw.random() < 0.8
    ]


def _served(draw: random.Random, name: str, hour: int) -> Row:
    counts = {
        column: str(draw.choice([0, 0, 3, 1000]))
        for column in ("prefill_seconds", "decode_seconds", "cached_tokens", "cache_queried_tokens", "waiting_requests")
    }
    return {
        "resource_id": name,
        "model": "llama",
        "usage_hour": _at(hour),
        "usage_date": DAY,
        "usage_month": MONTH,
        **counts,
    }


def _counted(draw: random.Random, name: str) -> Row:
    return {
        "source": "cockpit",
        "service_type": "vllm",
        "resource_id": name,
        "raw_id": name,
        "resource_name": "llama",
        "tenant": draw.choice([None, "a"]),
        "usage_date": DAY,
        "requests": draw.choice([None, 0, 1, 100]),
        "input_tokens": draw.choice([None, 0, 5000]),
        "output_tokens": draw.choice([None, 0, 700]),
        "coverage": 1,
        "usage_month": MONTH,
    }


class Selects:
    """The selects of models over given rows in one connection; inputs that are not given are empty."""

    def __init__(self) -> None:
        self._models: Layered = load_models()
        self._schemas: dict[str, pa.Schema] = {}

    def run(self, given: Mapping[str, Sequence[Row]]) -> dict[str, list[Row]]:
        """Rows of the tables of `MADE`, each made from those before it."""
        with connect() as connection:
            for layer in ("bronze", "silver", "gold"):
                connection.execute(f"create schema {layer}")
            for table in sorted({read for name in MADE for read in self._models.by_name[name].reads} - set(MADE)):
                rows = typed(given.get(table, ()), self.schema(table))
                connection.register("rows", rows)
                connection.execute(f"create table {table} as select * from rows")
            found = {}
            for table in MADE:
                connection.execute(f"create table {table} as {self._models.by_name[table].sql}")
                found[table] = connection.execute(f"select * from {table}").to_arrow_table().to_pylist()
        return found

    def schema(self, table: str) -> pa.Schema:
        """Columns of a table, as the models make them from empty inputs."""
        if table not in self._schemas:
            with connect() as connection:
                for layer in ("bronze", "silver", "gold"):
                    connection.execute(f"create schema {layer}")
                self._schemas[table] = self._made(connection, table)
        return self._schemas[table]

    def _made(self, connection: duckdb.DuckDBPyConnection, table: str) -> pa.Schema:
        if table in TABLES:
            connection.register("rows", TABLES[table].schema.empty_table())
            connection.execute(f"create table if not exists {table} as select * from rows")
        else:
            for read in sorted(self._models.by_name[table].reads):
                self._made(connection, read)
            connection.execute(f"create table if not exists {table} as {self._models.by_name[table].sql}")
        return connection.execute(f"select * from {table} limit 0").to_arrow_table().schema


def typed(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """An Arrow table; exact numbers may be written as text, a missing column is null."""
    exact = {name for name in schema.names if pa.types.is_decimal(schema.field(name).type)}
    return pa.Table.from_pylist(
        [
            {key: Decimal(str(value)) if key in exact and value is not None else value for key, value in row.items()}
            for row in rows
        ],
        schema=schema,
    )


def broken_promises(fleets: Fleets, found: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """What is negative, lost, or known although nobody measured it."""
    for row in found["gold.gpu_hours"]:
        yield from _of_hour(row)
    for row in found["gold.gpu_days"]:
        yield from _of_day(row)
    billed = sum((Decimal(row["billed_cost"]) for row in fleets.charges), Decimal(0))
    told = sum((row["allocation_cost"] for row in found["gold.gpu_days"]), Decimal(0))
    if billed != told:
        yield f"{billed} was billed and {told} allocated"
    without = {row["resource_id"] for row in fleets.machines if not row["gpus"]}
    for row in found["gold.gpu_days"]:
        if row["resource_id"] in without and (row["busy_cost"] is not None or row["idle_cost"] is not None):
            yield f"{row['resource_id']} has no GPU and a cost of one"
    for row in found["gold.cost_per_inference"]:
        yield from _of_inference(row)


def _of_hour(row: Row) -> Iterator[str]:
    told = {kind: row[f"{kind}_gpu_hours"] for kind in ("charged", "busy", "idle", "unmeasured", *KINDS)}
    if any(value is not None and value < 0 for value in told.values()):
        yield f"negative hours: {row}"
    if told["busy"] is None:
        if told["idle"] is not None or told["unmeasured"] != told["charged"]:
            yield f"idle without a measurement: {row}"
    elif told["busy"] + told["idle"] + told["unmeasured"] != told["charged"]:
        yield f"hours do not add up: {row}"
    elif sum(told[kind] for kind in KINDS) != told["idle"]:
        yield f"kinds of idleness do not add up: {row}"


def _of_day(row: Row) -> Iterator[str]:
    parts = [row[f"{kind}_cost"] for kind in ("busy", *KINDS)]
    whole, rest = row["allocation_cost"], row["unmeasured_cost"]
    sign = -1 if whole < 0 else 1
    if any(part is not None and part * sign < 0 for part in (*parts, rest)):
        yield f"a part below zero: {row}"
    known = [part for part in parts if part is not None]
    if len(known) not in (0, len(parts)) or sum(known, rest) != whole:
        yield f"costs do not add up: {row}"


def _of_inference(row: Row) -> Iterator[str]:
    if not row["completed_requests"] and row["thousand_requests_cost"] is not None:
        yield f"a price of no request: {row}"
    if row["busy_cost"] is None and row["busy_thousand_requests_cost"] is not None:
        yield f"a busy price without a measurement: {row}"
    cost = row["allocation_cost"]
    if cost is not None and cost >= 0 and row["idle_cost"] is not None and row["idle_cost"] < 0:
        yield f"negative idle: {row}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_fleets", description=__doc__)
    parser.add_argument("--fleets", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args(arguments)
    draw = random.Random(options.seed)  # noqa: S311
    selects, wrong, rows = Selects(), [], 0
    for first in range(0, options.fleets, AT_ONCE):
        fleets = random_fleets(draw, first, min(AT_ONCE, options.fleets - first))
        found = selects.run(fleets.inputs())
        rows += sum(len(each) for each in found.values())
        wrong += list(broken_promises(fleets, found))
    print(f"{options.fleets:,} fleets, {rows:,} rows, {len(wrong)} broken promises")
    print("\n".join(wrong[:10]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
