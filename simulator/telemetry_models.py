"""Models: tokens of Generative APIs, GPUs as NVIDIA's exporter tells them, and servers of models that run vLLM."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from simulator.instants import DAY
from simulator.resources import Resource
from simulator.service_parts import meter as meter_of
from simulator.telemetry_families import Labels, Metric
from simulator.telemetry_flows import Flow
from simulator.telemetry_landscape import Board, Landscape
from simulator.telemetry_noise import Floats, Whole, derived, uniform
from simulator.telemetry_requests import Traffic, traffic
from simulator.telemetry_scenario import Served
from simulator.telemetry_storage import histogram
from simulator.telemetry_usage import GPU, GPU_MEMORY
from simulator.telemetry_values import Counter, Dealt, Values, dealt_out

_GENERATIVE, _DEDICATED = "/ai/generative_apis/consumption/", "/ai/inference_dedicated/deployment/"
_DIRECTIONS = {"input": "input_tokens", "output": "output_tokens"}
_MEBI = 1_024
_WATTS = {"L4": 72.0, "L40S": 350.0, "H100-PCIe": 350.0, "H100-SXM": 700.0, "P100": 250.0, "B300-SXM": 1_100.0}
_IDLE_WATTS = 0.22
_TENSOR = 0.34  # of the cycles in which its engine works
_FIRST_TOKEN = {"0.1": 0.2, "0.25": 0.55, "0.5": 0.8, "1": 0.93, "2.5": 0.985, "5": 0.997, "+Inf": 1.0}
_FIRST_TOKEN_SECONDS = 0.34
_NEXT_TOKEN = {"0.01": 0.08, "0.025": 0.78, "0.05": 0.96, "0.1": 0.995, "0.25": 1.0, "+Inf": 1.0}
_FINISHED = {"stop": 0.886, "length": 0.102, "abort": 0.012}
_HIT_RATE = 0.31
_PREFILL, _DECODE, _QUEUE = 0.00019, 0.021, 0.04  # seconds by prompt token, by generated one, by request
_TOKENS_DIFFER = 0.1


@dataclass(frozen=True)
class Tokens:
    """Counters of tokens, by row of the things they belong to."""

    input: Flow
    output: Flow


Counted: TypeAlias = dict[str, tuple[Flow, tuple[str, ...]]]


def generative(land: Landscape, resources: Sequence[Resource]) -> tuple[list[Metric], Counted]:
    """Tokens as they are billed; the flows by the name of their type, with the models they are of."""
    made: list[Metric] = []
    counted: Counted = {}
    for word, name in _DIRECTIONS.items():
        rows = [row for row in land.services(resources, _GENERATIVE) if _meters(row, word)]
        if rows:
            things = land.things(rows)
            models = tuple(_model(land, row) for row in rows)
            told = [
                {**land.labels(row, "generative_apis"), "resource_name": model, "type": name}
                for row, model in zip(rows, models, strict=True)
            ]
            board = Board(things, [{k: v for k, v in each.items() if k != "resource_id"} for each in told])
            totals = np.array([_billed(land, row, word) for row in rows], dtype=np.int64)
            signal = land.shaped(things, 30, ["office-hours"] * len(rows))
            flow = Flow.of(things, np.arange(len(rows)), totals, signal, land.restarts(things))
            board.counter("generative_apis_tokens_total", "Tokens", flow)
            made += board.made
            counted[name] = (flow, models)
    return made, counted


def _meters(row: Resource, word: str) -> list[str]:
    return [meter.sku for meter in row.meters if meter.sku.startswith(_GENERATIVE) and f"_{word}" in meter.sku]


def _model(land: Landscape, row: Resource) -> str:
    """The model, as the price list names it."""
    found = meter_of(row, _GENERATIVE)
    return land.world.book.offers[found.sku].product if found else ""


def _billed(land: Landscape, row: Resource, word: str) -> list[int]:
    wanted = _meters(row, word)
    amounts = [meter.amount for meter in row.meters if meter.sku in wanted and meter.per == "day"]
    return [
        sum(land.billed(row, amount, day) for amount in amounts)
        for day in range(land.calendar.start, land.calendar.end, DAY)
    ]


def dedicated(land: Landscape, resources: Sequence[Resource]) -> list[Metric]:
    """Dedicated inference: its dashboards show these, their names are not published; these stand for any."""
    rows = land.services(resources, _DEDICATED)
    if not rows:
        return []
    board = Board(land.things(rows), [land.labels(row, "llm_inference_deployment") for row in rows])
    busy, held = land.signal(board.things, GPU), land.signal(board.things, GPU_MEMORY, stays=True)
    prefix = "llm_inference_deployment_"
    board.gauge(f"{prefix}gpu_usage", "Share of time the GPUs were busy", busy)
    board.gauge(f"{prefix}gpu_memory_usage", "Share of the GPUs' memory", held)
    board.gauge(f"{prefix}running_requests", "Requests under way", busy, 16.0, digits=0)
    return board.made


def gpus(land: Landscape, resources: Sequence[Resource], job: str) -> list[Metric]:
    """NVIDIA's DCGM exporter on Instances with GPUs; each GPU is a thing."""
    pairs = [(row, number) for row in resources for number in range(_gpu_count(land, row))]
    if not pairs:
        return []
    rows, numbers = [row for row, _ in pairs], [number for _, number in pairs]
    things = land.nodes(rows, numbers)
    kinds = [land.world.book.types[row.type, row.zone] for row in rows]
    uuid = land.world.identity.uuid
    board = Board(things, [
        {
            "UUID": f"GPU-{uuid('gpu', row.id, number)}",
            "gpu": str(number),
            "device": f"nvidia{number}",
            "modelName": f"NVIDIA {kind.gpu_name}",
            "Hostname": row.name,
            "instance": row.name,
            "job": job,
        }
        for (row, number), kind in zip(pairs, kinds, strict=True)
    ])  # fmt: skip
    memory = np.array([kind.gpu_gib * _MEBI for kind in kinds], dtype=np.float64)
    watts = np.array([_WATTS.get(kind.gpu_name, 300.0) for kind in kinds])
    busy, held = land.signal(things, GPU), land.signal(things, GPU_MEMORY, stays=True)
    board.gauge("DCGM_FI_DEV_GPU_UTIL", "Percent of time it was busy", busy, 100.0, digits=0)
    board.gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "Share of time its engine worked", busy)
    board.gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Share of cycles its tensor cores worked", busy, _TENSOR)
    board.gauge("DCGM_FI_DEV_FB_USED", "Memory in use, MiB", held, memory, digits=0)
    board.gauge("DCGM_FI_DEV_FB_FREE", "Memory that is free, MiB", held, -memory, memory, digits=0)
    board.gauge("DCGM_FI_DEV_POWER_USAGE", "Watts", busy, watts * (1 - _IDLE_WATTS), watts * _IDLE_WATTS, digits=2)
    board.gauge("DCGM_FI_DEV_GPU_TEMP", "Degrees Celsius", busy, 41.0, 34.0, digits=0)
    return board.made


def _gpu_count(land: Landscape, row: Resource) -> int:
    return land.world.book.types[row.type, row.zone].gpus if row.kind == "instance" else 0


def model_servers(
    land: Landscape, resources: Sequence[Resource], job: str
) -> tuple[list[Metric], Traffic | None, Tokens | None]:
    """vLLM on Instances that serve a model."""
    rows = [row for row in resources if row.kind == "instance" and row.group.serves and row.group.serves.model]
    said = [row.group.serves for row in rows if row.group.serves]
    if not rows:
        return [], None, None
    things = land.things(rows)
    common = [
        {"instance": row.name, "model_name": served.model, "job": job} for row, served in zip(rows, said, strict=True)
    ]
    board = Board(things, common)
    counted = traffic(land, things, said, [row.name for row in rows])
    tokens = _tokens_of(land, counted, said)
    every = np.arange(len(counted.labels))

    def add(name: str, about: str, flow: Flow, share: Floats | float = 1.0) -> None:
        shares = np.ones(len(every)) * share
        board.add(name, "counter", about, lambda _: Counter(flow, every, shares), counted.labels_of)

    _finished(board, counted)
    add("vllm:prompt_tokens_total", "Tokens read", tokens.input)
    add("vllm:generation_tokens_total", "Tokens written", tokens.output)
    add("vllm:request_prefill_time_seconds_sum", "Seconds of prefill", tokens.input, _PREFILL)
    add("vllm:request_decode_time_seconds_sum", "Seconds of decoding", tokens.output, _DECODE)
    add("vllm:request_queue_time_seconds_sum", "Seconds in the queue", counted.flow, _QUEUE)
    add("vllm:gpu_prefix_cache_queries_total", "Tokens looked up", tokens.input)
    add("vllm:gpu_prefix_cache_hits_total", "Tokens found", tokens.input, _HIT_RATE)
    histogram(board, "vllm:time_to_first_token_seconds", counted, _FIRST_TOKEN, _FIRST_TOKEN_SECONDS)
    generated = Traffic(tokens.output, counted.labels, counted.ids)
    histogram(board, "vllm:inter_token_latency_seconds", generated, _NEXT_TOKEN, _DECODE)
    busy = land.signal(things, GPU)
    board.gauge("vllm:num_requests_running", "Requests under way", busy, 24.0, digits=0)
    board.gauge("vllm:num_requests_waiting", "Requests that wait", busy, 6.0, -2.5, digits=0, least=0.0)
    board.gauge("vllm:gpu_cache_usage_perc", "Share of the cache", busy, 0.8, 0.02)
    return board.made, counted, tokens


def _finished(board: Board, counted: Traffic) -> None:
    """Requests that ended, by why: vLLM counts one that was aborted as well."""
    reasons, table = list(_FINISHED), dealt_out(list(_FINISHED.values()))

    def by_reason(row: int) -> list[Labels]:
        return [{**labels, "finished_reason": reason} for labels in counted.labels_of(row) for reason in reasons]

    def values(member: Whole) -> Values:
        lines, kinds = np.divmod(np.arange(len(member)), len(reasons))
        return Dealt(counted.flow, lines, kinds, table)

    board.add("vllm:request_success_total", "counter", "Requests that ended", values, by_reason)


def _tokens_of(land: Landscape, counted: Traffic, said: Sequence[Served]) -> Tokens:
    """Tokens by line: so many for a request, a little more or less by day."""
    flow = counted.flow
    drawn = uniform(derived(flow.things.seeds, 310), land.calendar.midnights // DAY)[flow.owners]
    factor = 1 + _TOKENS_DIFFER * (2 * drawn - 1)

    def made(each: Sequence[int]) -> Flow:
        size = np.array(each, dtype=np.float64)[flow.owners, None]
        totals = np.floor(flow.totals * size * factor).astype(np.int64)
        return Flow(flow.things, flow.owners, totals, flow.signal, flow.runs)

    return Tokens(made([served.input_tokens for served in said]), made([served.output_tokens for served in said]))
