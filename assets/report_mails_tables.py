"""The table of what was sent by e-mail; no Dagster here, so that a question to the lake starts at once."""

import pyarrow as pa

from assets.made_tables import MadeTable
from pipelines.lake.tables import PythonTable

_TEXT = pa.string()
_MONTH = "mail_month"

MAILS = MadeTable(
    PythonTable(
        "gold.report_mails",
        "Reviews that a mail server took: which report of which period, when, with which Message-ID. Append only: a "
        "recipient gets a period's review once. Addresses are not kept, only what tells them apart.",
        pa.schema(
            [
                ("message_id", _TEXT),
                ("report", _TEXT),
                ("period", _TEXT),
                ("recipient", _TEXT),
                ("is_delayed", pa.bool_()),
                ("subject", _TEXT),
                ("sent_at", pa.timestamp("us", tz="UTC")),
                (_MONTH, _TEXT),
            ]
        ),
        _MONTH,
    ),
    ("message_id", "sent_at"),
    (),
    (),
)
