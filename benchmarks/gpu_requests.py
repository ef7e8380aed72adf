"""What the requests of a published log cost on a machine of one's own, and from when on that beats an API.

`python -m benchmarks.gpu_requests LOG --gpu-price 0.7875 --api-input 0.15 --api-output 0.35 --column at=TIMESTAMP …`
reads the log as `finops import metrics` does, with the columns of `[imports.inferences]` of a settings file
(`--mapping`) or given one by one, and prints cost per 1,000 requests and per million tokens, bursts and break-even.
A GPU is billed by the minute, from the first request to the last. Prices are in one currency, of an hour and of a
million tokens. `--holds` is how many requests an hour the machine was measured to answer. With the measured pace of a
GPU (`--prefill` and `--decode`, tokens a second of a stream, and `--streams` at once) that follows from the log's mean
request, and the log is replayed for the fewest GPUs whose 95th percentile of the time to the first token is within
`--first-token` seconds.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from pathlib import Path

from pipelines.gpu.break_even import BreakEven, Machine, Point, Price, break_even, curve, levels_around
from pipelines.gpu.capacity import Throughput, fewest_gpus
from pipelines.gpu.traffic import Bursts, Requests, bursts
from pipelines.imports.kinds import KINDS
from pipelines.imports.read import Request, open_numbers

KIND = "inferences"


@dataclass(frozen=True)
class Measured:
    """Figures of a log; None where it does not tell the tokens they need."""

    requests: int
    quarantined: int
    billed_minutes: int
    input_tokens: int | None
    output_tokens: int | None
    cost: Decimal
    thousand_requests_cost: Decimal
    million_tokens_cost: Decimal | None
    bursts: Bursts
    break_even: BreakEven | None
    curve: list[Point]


def read_log(path: Path, mapping: Mapping[str, str]) -> tuple[Requests, int]:
    """Requests of a log, and how many of its lines could not be used; cached tokens are taken out of the prompt."""
    reading = open_numbers(path, path.name, Request(KINDS[KIND], "log", {KIND: mapping}))
    arrivals: list[float] = []
    inputs: list[float | None] = []
    outputs: list[float | None] = []
    for accepted, _ in reading.batches():
        rows = accepted.select(["happened_at", "input_tokens", "cached_tokens", "output_tokens", "requests"])
        for at, sent, cached, written, count in zip(*(each.to_pylist() for each in rows.columns), strict=True):
            arrivals += [at.timestamp()] * count
            inputs += [None if sent is None else (sent - (cached or 0)) / count] * count
            outputs += [None if written is None else written / count] * count
    return Requests.of(arrivals, inputs, outputs), reading.quarantined


def measure(requests: Requests, quarantined: int, machine: Machine, price: Price | None) -> Measured:
    """All figures of a log."""
    minutes = max(1, ceil(requests.seconds / 60))
    cost = machine.hourly_cost * minutes / 60
    shape, found = requests.shape, bursts(requests)
    tokens = None if shape is None else shape.tokens * len(requests)
    peak = Decimal(str(found.peak_factor)) if machine.hourly_requests else Decimal(1)
    hourly = requests.hourly
    return Measured(
        requests=len(requests),
        quarantined=quarantined,
        billed_minutes=minutes,
        input_tokens=None if shape is None else round(shape.input_tokens * len(requests)),
        output_tokens=None if shape is None else round(shape.output_tokens * len(requests)),
        cost=cost,
        thousand_requests_cost=1000 * cost / len(requests),
        million_tokens_cost=1_000_000 * cost / tokens if tokens else None,
        bursts=found,
        break_even=break_even(machine, price, shape, peak) if price and shape else None,
        curve=curve(machine, price, shape, levels_around(Decimal(str(hourly)), 9), peak)
        if price and shape and hourly
        else [],
    )


def told(found: Measured) -> str:
    """The figures as lines."""
    lines = [
        f"requests                 {found.requests:>16,}   ({found.quarantined} lines set apart)",
        f"billed minutes           {found.billed_minutes:>16,}",
        f"input, output tokens     {found.input_tokens or '-':>16}   {found.output_tokens or '-'}",
        f"cost of the machines     {found.cost:>16.6f}",
        f"cost per 1,000 requests  {found.thousand_requests_cost:>16.6f}",
        "cost per 1M tokens       "
        + ("-" if found.million_tokens_cost is None else f"{found.million_tokens_cost:16.6f}"),
        f"arrivals per second      mean {found.bursts.mean:.3f}, p50 {found.bursts.p50:.0f}, "
        f"p95 {found.bursts.p95:.0f}, p99 {found.bursts.p99:.0f}, most {found.bursts.most:.0f}",
    ]
    if found.break_even:
        reached = {True: "can be reached", False: "cannot be reached", None: "what the machine holds is not known"}
        lines.append(
            f"break-even               {found.break_even.requests_per_hour:16.2f} requests/h, "
            f"{found.break_even.tokens_per_day:.0f} tokens/day ({reached[found.break_even.is_reachable]})"
        )
    if found.curve:
        lines.append("requests/h     machines   own per 1,000   API per 1,000")
        lines += [
            f"{point.requests_per_hour:>12.1f} {point.machines:>9} {point.machine_thousand_cost:>15.4f} "
            f"{point.api_thousand_cost:>15.4f}"
            for point in found.curve
        ]
    return "\n".join(lines)


def fleet(found: tuple[int, float] | None, target: float) -> str:
    """How many GPUs hold the target."""
    if found is None:
        return f"GPUs for a first token within {target:g} s: no number of them"
    return f"GPUs for a first token within {target:g} s: {found[0]} (95 % within {found[1]:.3f} s)"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every line of the log could be used."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu_requests", description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--gpu-price", type=Decimal, required=True, help="of one machine, by the hour")
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--holds", type=Decimal, help="requests an hour that one machine was measured to answer")
    parser.add_argument("--api-input", type=Decimal, help="of a million tokens")
    parser.add_argument("--api-output", type=Decimal, help="of a million tokens")
    parser.add_argument("--mapping", type=Path, help="a finops.toml with [imports.inferences]")
    parser.add_argument(
        "--column", action="append", default=[], metavar="OURS=THEIRS", help="as in [imports.inferences]"
    )
    parser.add_argument("--prefill", type=float, help="tokens of a prompt a second, of one stream")
    parser.add_argument("--decode", type=float, help="tokens of an answer a second, of one stream")
    parser.add_argument("--streams", type=int, help="requests that one GPU answers at once")
    parser.add_argument("--first-token", type=float, default=1.0, help="seconds")
    options = parser.parse_args(arguments)
    mapping: dict[str, str] = {}
    if options.mapping:
        mapping = tomllib.loads(options.mapping.read_text(encoding="utf-8")).get("imports", {}).get(KIND, {})
    mapping |= dict(each.split("=", 1) for each in options.column)
    price = None
    if options.api_input is not None or options.api_output is not None:
        price = Price(options.api_input or Decimal(0), options.api_output or Decimal(0))
    requests, quarantined = read_log(options.log, mapping)
    pace = None
    if options.prefill and options.decode and options.streams:
        pace = Throughput(options.prefill, options.decode, options.streams)
    holds = options.holds or (pace.hourly_requests(requests.shape) if pace and requests.shape else None)
    machine = Machine("machine", options.gpu_price * options.machines, holds and holds * options.machines)
    print(told(measure(requests, quarantined, machine, price)))
    if pace:
        print(fleet(fewest_gpus(requests, pace, options.first_token), options.first_token))
    return 0 if not quarantined else 1


if __name__ == "__main__":
    sys.exit(main())
