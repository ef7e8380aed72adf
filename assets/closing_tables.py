"""The tables of closed months: append only, so that what was once closed stays as it was. No Dagster here."""

from __future__ import annotations

import pyarrow as pa

from pipelines.lake.tables import PythonTable

_TEXT = pa.string()
_UTC = pa.timestamp("us", tz="UTC")
_MONEY = pa.decimal128(38, 12)
MONTH = "billing_month"

_FIGURE = [("figure", _TEXT), ("scope", _TEXT), ("billing_currency", _TEXT), ("unit", _TEXT)]

MONTH_CLOSES = PythonTable(
    "gold.month_closes",
    "Closed months, each with the manifest of what its figures were made from; the newest close of a month holds.",
    pa.schema(
        [
            ("manifest_hash", _TEXT),
            ("closed_at", _UTC),
            ("is_preliminary", pa.bool_()),
            ("invoice_state", _TEXT),
            ("figures", pa.int64()),
            ("product_version", _TEXT),
            ("manifest", _TEXT),
            (MONTH, _TEXT),
        ]
    ),
    MONTH,
)

CLOSED_FIGURES = PythonTable(
    "gold.closed_figures",
    "The figures of closed months as they were: totals, the invoice's steps, causes of change, key figures.",
    pa.schema([("manifest_hash", _TEXT), *_FIGURE, ("value", _MONEY), (MONTH, _TEXT)]),
    MONTH,
)

RESTATEMENTS = PythonTable(
    "gold.restatements",
    "Figures of closed months that became others, each with the moment it was first seen and what changed it. A later "
    "change of the same figure is a line of its own; the newest holds.",
    pa.schema(
        [
            ("manifest_hash", _TEXT),
            *_FIGURE,
            ("closed_value", _MONEY),
            ("present_value", _MONEY),
            ("difference", _MONEY),
            ("causes", _TEXT),
            ("answers", _TEXT),
            ("first_seen_at", _UTC),
            ("noted_at", _UTC),
            (MONTH, _TEXT),
        ]
    ),
    MONTH,
)

CLOSING_TABLES = (MONTH_CLOSES, CLOSED_FIGURES, RESTATEMENTS)
