"""`finops what-if`: the effect of other prices, traffic, sizes, retention and hours, before they happen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.commands.days import day_of
from finops.commands.lake import Lake
from finops.streams import write_hint, write_json, write_line, write_table
from pipelines.errors import UsageError

if TYPE_CHECKING:
    from assets.what_if import Asked
    from pipelines.whatif.forecast import Range

Words = list[str] | None

_LARGEST = 10


def what_if(
    price: Annotated[Words, typer.Option("--price", help="'SKU glob=+5%', or '=0.0088' for a new unit price.")] = None,
    traffic: Annotated[Words, typer.Option("--traffic", help="'requests=+20%'; jobs and telemetry too.")] = None,
    size: Annotated[Words, typer.Option("--size", help="'SKU glob=other SKU', '*2' behind it for two each.")] = None,
    retention: Annotated[
        Words, typer.Option("--retention", help="'SKU glob=90:30': kept days before and after, then ':free' days.")
    ] = None,
    schedule: Annotated[
        Words, typer.Option("--schedule", help="'SKU glob=20-7': off from 20 until 7 UTC; '+weekends' too.")
    ] = None,
    where: Annotated[Words, typer.Option("--where", help="environment=dev and the like; for all of these.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="First day, YYYY-MM-DD; else always.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Day after the last, YYYY-MM-DD.")] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="TOML file of scenarios, each with kind and name.")
    ] = None,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Such as EUR; else the one that costs most.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    lake: Lake = None,
) -> None:
    """Say what changes would do to next month, to key figures, forecasts and budgets.

    Several at once are never counted twice: they are applied together, and each gets its share.
    Every option can be repeated; the lake is only read.
    """
    from assets.what_if import ask, list_prices
    from assets.what_if_words import Scope, from_file, from_words, labels_of
    from finops import catalog_of

    catalog = catalog_of(lake)
    prices = list_prices(catalog) if size or file else {}

    def price_of(sku: str) -> Any:
        if sku not in prices:
            raise UsageError(
                f'SKU {sku!r} has no list price now; `finops sql "select sku from silver.prices"` lists them'
            )
        return prices[sku]

    scope = Scope(labels_of(where or []), day_of(since, "--since"), day_of(until, "--until"))
    given = {"price": price, "traffic": traffic, "size": size, "retention": retention, "schedule": schedule}
    scenarios = from_words({kind: words or [] for kind, words in given.items()}, scope, price_of)
    scenarios += from_file(file, price_of) if file else []
    asked = ask(catalog, scenarios, currency)
    if json:
        write_json(_told(asked))
    else:
        _write(asked)


def _write(asked: Asked) -> None:
    outcome, money = asked.outcome, asked.baseline.currency
    write_line(f"{asked.since:%Y-%m} in {money}, with what {asked.baseline.month} used each day")
    shares = [
        {"scenario": name, "alone": _cents(outcome.alone[name]), "share": _cents(outcome.shares[name])}
        for name in sorted(outcome.shares)
    ]
    together = {"scenario": "together", "alone": None, "share": _cents(outcome.change)}
    write_table([*shares, together], "table", ["scenario", "alone", "share"])
    write_line(f"Cost of the month: {_cents(outcome.before)} becomes {_cents(outcome.after)}")
    _write_part("Where", _lines(asked))
    _write_part("Key figures", _kpis(asked))
    _write_part("Forecasts", _forecasts(asked))
    _write_part("Budgets", _budgets(asked))
    for note in outcome.notes:
        lines = f"{note.lines} lines of {_cents(note.cost)} {money}: " if note.lines else ""
        write_hint(f"{note.scenario}: {lines}{note.reason}")
    for line in asked.missing:
        write_hint(line)


def _write_part(title: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        write_line()
        write_line(title)
        write_table(rows, "table")


def _lines(asked: Asked) -> list[dict[str, Any]]:
    """The lines that change most; what the others come to is the last."""
    changed = sorted(
        (each for each in asked.outcome.lines if each.before != each.after),
        key=lambda each: (-abs(each.after - each.before), each.line.item, each.line.sku),
    )
    rows = [
        {"line": each.line.item, "sku": each.line.sku, "before": _cents(each.before), "after": _cents(each.after)}
        for each in changed[:_LARGEST]
    ]
    if rest := changed[_LARGEST:]:
        before, after = sum(each.before for each in rest), sum(each.after for each in rest)
        rows.append({"line": f"{len(rest)} others", "sku": "", "before": _cents(before), "after": _cents(after)})
    return rows


def _kpis(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "key figure": each.name,
            "before": each.before,
            "after": each.after,
            **({"reason": each.reason} if any(kpi.reason for kpi in asked.kpis) else {}),
        }
        for each in asked.kpis
    ]


def _forecasts(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "period": each.period,
            "from": each.since,
            "before": _cents(each.before.expected),
            "after": _cents(each.after.expected),
            "between": _between(each.after),
        }
        for each in asked.forecasts
    ]


def _budgets(asked: Asked) -> list[dict[str, Any]]:
    rows = []
    for each in asked.budgets:
        row: dict[str, Any] = {"budget": each.name, "amount": None, "left before": None, "left after": None}
        if each.effect is not None:
            effect = each.effect
            row |= {
                "amount": _cents(effect.amount),
                "left before": _cents(effect.left_before),
                "left after": _cents(effect.left_after),
            }
        if any(budget.reason for budget in asked.budgets):
            row["reason"] = each.reason
        rows.append(row)
    return rows


def _told(asked: Asked) -> dict[str, Any]:
    outcome = asked.outcome
    return {
        "baseline_month": asked.baseline.month,
        "billing_currency": asked.baseline.currency,
        "since": asked.since,
        "until": asked.until,
        "before": outcome.before,
        "after": outcome.after,
        "change": outcome.change,
        "shares": dict(outcome.shares),
        "alone": dict(outcome.alone),
        "interaction": outcome.interaction,
        "lines": _told_lines(asked),
        "kpis": _told_kpis(asked),
        "forecasts": _told_forecasts(asked),
        "budgets": _told_budgets(asked),
        "notes": [
            {"scenario": each.scenario, "reason": each.reason, "lines": each.lines, "cost": each.cost}
            for each in outcome.notes
        ],
        "missing": list(asked.missing),
    }


def _told_lines(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "item": each.line.item,
            "sku": each.line.sku,
            "labels": dict(each.line.labels),
            "before": each.before,
            "after": each.after,
            "shares": dict(each.shares),
        }
        for each in asked.outcome.lines
        if each.before != each.after
    ]


def _told_kpis(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "before": each.before,
            "after": each.after,
            "shares": dict(each.shares),
            "reason": each.reason,
        }
        for each in asked.kpis
    ]


def _told_forecasts(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "period": each.period,
            "since": each.since,
            "until": each.until,
            "before": _range(each.before),
            "after": _range(each.after),
        }
        for each in asked.forecasts
    ]


def _told_budgets(asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "budget": each.name,
            "amount": each.effect and each.effect.amount,
            "left_before": each.effect and each.effect.left_before,
            "left_after": each.effect and each.effect.left_after,
            "reason": each.reason,
        }
        for each in asked.budgets
    ]


def _between(found: Range) -> str:
    if found.low is None or found.high is None:
        return "not measured"
    return f"{_cents(found.low)} and {_cents(found.high)}"


def _range(found: Range) -> dict[str, Any]:
    return {"expected": found.expected, "low": found.low, "high": found.high}


def _cents(value: Any) -> Any:
    """For eyes; --json keeps every digit."""
    from decimal import Decimal

    return Decimal(value).quantize(Decimal("0.01"))


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (("what-if", what_if),)
