"""`finops close`: freezes a month's figures with the manifest of what they were made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_line, write_table
from pipelines.errors import QualityGateError

if TYPE_CHECKING:
    from assets.closing import Closing

_SHOWN = ("billed cost", "cost per day", "consumption", "invoice before discounts")


def close(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM; it must be over and read to its end.")],
    preliminary: Annotated[
        bool, typer.Option("--preliminary", help="Close although no invoice is issued yet.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show the manifest, and write nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Freeze a month: its figures, and a manifest of what they were made from.

    The same inputs give the same manifest hash. A closed month stays as it was closed: what
    changes later is listed with its date in gold.restatements, and the month's report shows both.
    """
    from datetime import UTC, datetime

    from assets.closing import close_month, note_restatements
    from finops import catalog_of
    from pipelines.billing.periods import month_start
    from pipelines.settings import load_settings

    settings, catalog, now = load_settings({"lake": lake}), catalog_of(lake), datetime.now(UTC)
    named = f"{month_start(month):%Y-%m}"
    closing = close_month(catalog, named, settings, now, preliminary=preliminary, dry_run=dry_run)
    if json:
        write_json(_told(closing))
    else:
        _write(closing, dry_run)
    if closing.differing and closing.before is not None:
        if not dry_run:
            note_restatements(catalog, settings, now)
        first = closing.differing[0]
        raise QualityGateError(
            f"{named} stays as closed on {closing.before.closed_at:%Y-%m-%d}: {len(closing.differing)} figures are "
            f"others now, such as {first.figure.name} {first.present} for {first.closed}; see gold.restatements"
        )


def _write(closing: Closing, dry_run: bool) -> None:
    manifest, before = closing.manifest, closing.before
    rows = [
        {"figure": each.name, "currency": each.currency, "value": each.value}
        for each in manifest.figures
        if each.name in _SHOWN
    ]
    write_table(rows, "table", ["figure", "currency", "value"])
    counted = (
        f"{len(manifest.figures)} figures, {len(manifest.inputs)} inputs, {len(manifest.answers)} answers, "
        f"{len(manifest.models)} models"
    )
    kind = " as preliminary" if manifest.is_preliminary else ""
    if closing.is_new:
        done = f"Would close {manifest.month}{kind}; nothing was" if dry_run else f"Closed {manifest.month}{kind}"
        write_line(f"{done}: {counted}; manifest {manifest.hash}")
        return
    assert before is not None
    same = "the same inputs" if before.manifest_hash == manifest.hash else "other inputs"
    outcome = "other figures" if closing.differing else "the same figures"
    closed = f"{manifest.month} was closed on {before.closed_at:%Y-%m-%d}"
    write_line(f"{closed}: {same}, {outcome}; manifest {before.manifest_hash}")
    write_hint("Nothing was written.")


def _told(closing: Closing) -> dict[str, Any]:
    manifest, before = closing.manifest, closing.before
    return {
        "month": manifest.month,
        "manifest_hash": manifest.hash,
        "is_preliminary": manifest.is_preliminary,
        "is_new": closing.is_new,
        "closed_before": before and {"closed_at": before.closed_at, "manifest_hash": before.manifest_hash},
        "figures": [
            {
                "figure": each.name,
                "scope": each.scope,
                "billing_currency": each.currency,
                "unit": each.unit,
                "value": each.value,
            }
            for each in manifest.figures
        ],
        "inputs": [
            {"table": each.table, "partition": each.partition, "content": each.content} for each in manifest.inputs
        ],
        "answers": [{"source": each.source, "answer_hash": each.answer} for each in manifest.answers],
        "models": dict(manifest.models),
        "settings": dict(manifest.settings),
        "versions": dict(manifest.versions),
        "product_version": manifest.product_version,
        "differences": [
            {
                "figure": each.figure.name,
                "scope": each.figure.scope,
                "billing_currency": each.figure.currency,
                "closed_value": each.closed,
                "present_value": each.present,
                "difference": each.amount,
            }
            for each in closing.differing
        ],
    }


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("close", close),)
