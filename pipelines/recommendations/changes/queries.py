"""Queries that read or take too much: what to look at. No command changes a query; whoever wrote it does."""

from __future__ import annotations

from pipelines.recommendations.changes.change import Change


def rewritten(service: str) -> Change:
    """What usually makes a query cheaper, in the order in which it is worth trying."""
    return Change(
        cli=(),
        undo_cli=(),
        notes=(
            f"Look at the plan (EXPLAIN ANALYZE) of what {service} asks: a full scan wants an index or a filter on the "
            "key the table is sorted or partitioned by.",
            "Ask for the columns that are shown, not for all; keep what many ask for in a table made once a day.",
            "A result that is the same for minutes can be cached by the dashboard.",
            "The way back is the query as it was; nothing of the data changes.",
        ),
    )
