"""Sources that are measured by the day are one line of the report, but for those that are late or have gaps."""

import re
from datetime import UTC, date, datetime

from pipelines.reporting.monthly import render_monthly

TODAY = date(2026, 11, 18)


def measured(source: str, until: date | None = TODAY, gaps: int = 0, notes: str | None = None) -> dict:
    return {"source": source, "last_answer_at": datetime(2026, 11, 18, 5, tzinfo=UTC), "data_until": until,
            "answers": 9, "places": 12, "gaps": gaps, "gap_notes": notes}  # fmt: skip


def told(html: str) -> str:
    """The words of the table of sources."""
    table = html[html.index(">Last answer (UTC)<") :]
    return " ".join(re.sub(r"<[^>]+>", " ", table[: table.index("</table>")]).split())


def test_sources_without_trouble_are_one_line_and_those_with_it_say_what_it_is(rows, build):
    reason = "no Cockpit token for this project and region; " * 20
    rows["gold.data_freshness"] += [
        measured("cockpit.usage"),
        measured("cockpit.telemetry"),
        measured("storage.buckets", date(2026, 9, 1)),
        measured("cockpit.requests", gaps=3, notes=reason),
        measured("opencost.allocations", date(2026, 11, 16)),
        measured("cockpit.logs", date(2026, 11, 17)),
        measured("edge_services.requests", None),
    ]
    words = told(render_monthly(build(rows)))
    assert (
        "measured by the day 4 sources of up to 12 places each; newest answer 2026-11-18 05:00 2026-11-18 36" in words
    )
    assert "cockpit.usage" not in words
    assert "storage.buckets" not in words
    found = re.search(r"cockpit.requests nothing from 3 of 12 places: (no Cockpit token.*…[^0-9]*) 2026-11-18", words)
    assert len(found[1]) <= 160
    assert "opencost.allocations late 2026-11-18 05:00 2026-11-16" in words
    assert "edge_services.requests late" in words
    assert "billing charges 2026-11-" in words
