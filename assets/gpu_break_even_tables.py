"""What each way to answer a model's requests would cost, as tables that Python makes."""

from __future__ import annotations

import pyarrow as pa

from assets.made_tables import MONTH, MadeTable
from pipelines.gpu import capacity, curves, options, queueing, shapes, traffic, workloads
from pipelines.lake.tables import PythonTable

_TEXT, _NUMBER, _MONEY = pa.string(), pa.int64(), pa.decimal128(38, 12)
IDENTITY = ("project_id", "provider", "model", "gpu_name", "billing_currency")
READS = ("gold.gpu_workloads", "silver.gpu_offers", "silver.inference_offers", "silver.model_prices")
_CODE = (capacity, curves, options, queueing, shapes, traffic, workloads)

BREAK_EVEN = MadeTable(
    PythonTable(
        "gold.gpu_break_even",
        "Every way to answer what is asked of a model in a project, by the month of 730 hours at the traffic of four "
        "weeks: as today, Generative APIs in realtime and in batches at the live price list, dedicated deployments, "
        "and machines of each type that fits, always on, on a schedule or scaled by the hour, as many as hold the "
        "busiest of a hundred hours within two seconds to the first token for 95 % of the requests. Break-even is the "
        "mean traffic from which the way costs no more than the API, null where it never does; what cannot be told "
        "says why. What is billed by the token tells no requests, only tokens.",
        pa.schema(
            [
                *((name, _TEXT) for name in ("project_id", "project_name", "environment", "owner", "provider")),
                *((name, _TEXT) for name in ("model", "gpu_name", "option", "offer")),
                ("monthly_cost", _MONEY),
                ("million_tokens_cost", _MONEY),
                *((name, _NUMBER) for name in ("machines", "gpus")),
                *((name, _MONEY) for name in ("requests_per_hour", "peak_requests_per_hour", "tokens_per_day")),
                *((name, _MONEY) for name in ("working_hours_ratio", "scheduled_hours_ratio")),
                *((name, _MONEY) for name in ("break_even_requests_per_hour", "break_even_tokens_per_day")),
                ("batch_break_even_tokens_per_day", _MONEY),
                ("first_token_seconds", _MONEY),
                ("known_by", _TEXT),
                ("is_same_model", pa.bool_()),
                ("reason", _TEXT),
                ("known_from", pa.date32()),
                ("known_until", pa.date32()),
                ("billing_currency", _TEXT),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    grain=(MONTH, *IDENTITY, "option", "offer"),
    reads=READS,
    code=_CODE,
)

CURVE = MadeTable(
    PythonTable(
        "gold.gpu_break_even_curve",
        "What the ways of gold.gpu_break_even cost by the month at other traffic of the same shape, from a tenth of "
        "today's or of break-even to ten times it; is_today marks today's. Of machines the type of today and the "
        "cheapest, always on, and the cheapest scaled by the hour.",
        pa.schema(
            [
                *((name, _TEXT) for name in ("project_id", "provider", "model", "gpu_name", "option", "offer")),
                *((name, _MONEY) for name in ("tokens_per_day", "requests_per_hour", "monthly_cost")),
                ("machines", _NUMBER),
                ("is_today", pa.bool_()),
                ("billing_currency", _TEXT),
                (MONTH, _TEXT),
            ]
        ),
        MONTH,
    ),
    grain=(MONTH, *IDENTITY, "option", "offer", "tokens_per_day"),
    reads=READS,
    code=_CODE,
)
