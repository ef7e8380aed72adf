"""The findings about Object Storage: what it costs, what lies cold, what plans save, what stays and why."""

from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.advice_areas import STORAGE, AreaAdvice, advice_of_area
from pipelines.reporting.display import Cell, Column, Line, Table, name
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR
from pipelines.reporting.folding import cents_adding_up, largest
from pipelines.reporting.money import count, divided, percent, total
from pipelines.reporting.monthly_areas import area_lead, findings_table
from pipelines.reporting.monthly_storage import cold_words, left_alone, plan_chart
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View
from pipelines.reporting.storage_rows import (
    BucketPlan,
    Storage,
    StoredRow,
    name_of,
    plan_of,
    plans_of,
    storage_costs,
)
from pipelines.reporting.storage_tables import (
    GIGABYTE,
    classes_table,
    egress_table,
    left_table,
    months_table,
    plans_table,
)

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
_ADVICE, _STORED = "gold.recommendations", "gold.storage_by_bucket"
_NO_TABLE = Table("chart", "", (), ())
_AGES = (
    ("younger than 30 days", CATEGORY_COLOURS[2]),
    ("30 to 180 days", CATEGORY_COLOURS[1]),
    ("older", REST_COLOUR),
)


def cost(reconciliation: "pl.DataFrame", stored: "pl.DataFrame", view: View) -> Finding:
    """What Object Storage cost in the month, by class and place: rows of gold.reconciliation."""
    costs = storage_costs(view.with_rows(reconciliation=reconciliation).residuals)
    whole, source = total(costs.values()), view.source("gold.reconciliation", _STORED)
    facts: Facts = {"billed_cost": whole, "skus": len(costs)}
    if not costs:
        return Finding("Nothing was charged for Object Storage in this month", source, facts)
    dearest = max(costs, key=lambda sku: costs[sku])
    share = percent(divided(costs[dearest], whole), view.money.locale) if whole else ""
    title = f"Object Storage cost {view.money.headline(whole)}; {name_of(dearest)} made up {share} of it"
    parts = sorted(costs, key=lambda sku: (-costs[sku], sku))
    cents = cents_adding_up([costs[sku] for sku in parts], whole, view.money)
    ranked = largest(list(zip(parts, cents, strict=True)), lambda each: each[1], SHOWN)
    bars = [(name_of(sku), (amount,)) for sku, amount in ranked.shown]
    if ranked.folded:
        bars.append((f"… and {count(len(ranked.folded))} more", (total(amount for _, amount in ranked.folded),)))
    figure = ranked_figure(bars, (("cost", CATEGORY_COLOURS[0]),), view.money.exact)
    chart = chart_of("storage-cost", title, source, figure, _NO_TABLE)
    return finding_of(chart, facts, classes_table(costs, storage_in(view, stored), view.month, view.money))


def cold(stored: "pl.DataFrame", view: View) -> Finding:
    """How old what lies in each bucket is: rows of gold.storage_by_bucket."""
    storage, source = storage_in(view, stored), view.newest_source(_STORED)
    rows = [row for row in storage.stored if row.bytes]
    facts: Facts = {
        "bytes": sum(row.bytes or 0 for row in rows),
        "bytes_180_days_old": sum(row.bytes_180_days_old or 0 for row in rows),
    }
    if not rows:
        return Finding("No bucket was listed, so that what lies in them is not known", source, facts)
    sizes: dict[str, list[StoredRow]] = {}
    for row in rows:
        sizes.setdefault(row.bucket, []).append(row)
    ranked = largest([(bucket, _ages(held)) for bucket, held in sizes.items()], lambda each: total(each[1]), SHOWN)
    figure = ranked_figure(ranked.shown, _AGES, lambda size: f"{count(round(size), view.money.locale)} GB")
    title = cold_words(storage, view.money).rstrip(".") or "Nothing lies in Standard or One Zone"
    chart = chart_of("storage-cold", title, source, figure, _NO_TABLE, *_AGES)
    lines = [
        Line((name(bucket), *(Cell(count(round(each), view.money.locale)) for each in ages)))
        for bucket, ages in ranked.shown
    ]
    if ranked.folded:
        rest = [total(parts) for parts in zip(*(ages for _, ages in ranked.folded), strict=True)]
        label = name(f"… and {count(len(ranked.folded))} more")
        lines.append(Line((label, *(Cell(count(round(each), view.money.locale)) for each in rest)), kind="fold"))
    columns = (Column("Bucket", numeric=False), *(Column(f"{label}, GB") for label, _ in _AGES))
    return finding_of(chart, facts, Table("storage-ages", "What lies in buckets, by age", columns, tuple(lines)))


def _ages(rows: list[StoredRow]) -> tuple[Decimal, Decimal, Decimal]:
    """GB younger than 30 days, from there to 180, and older."""
    size, month, half = (
        Decimal(sum(each or 0 for each in held)) / GIGABYTE
        for held in (
            [row.bytes for row in rows],
            [row.bytes_30_days_old for row in rows],
            [row.bytes_180_days_old for row in rows],
        )
    )
    return size - month, month - half, half


def planned(found: "pl.DataFrame", view: View) -> Finding:
    """The lifecycle plans that count and what they save, month by month: rows of gold.recommendations."""
    plans, source = plans_in(found, view), view.newest_source(_ADVICE)
    facts: Facts = {
        "plans": len(plans),
        "monthly_saving": total(plan.row.monthly_saving for plan in plans),
        "net_saving": total(plan.net_saving for plan in plans),
    }
    chart = plan_chart(plans, view.money)
    if chart is None:
        return Finding("No bucket would cost less under another lifecycle", source, facts)
    tables = (plans_table(plans, view.money), months_table(plans, view.money))
    return Finding(chart.title, source, facts, chart, tables)


def one(found: "pl.DataFrame", view: View, bucket: str | None = None) -> Finding:
    """One bucket's plan month by month; without a name that of the largest saving."""
    source = view.newest_source(_ADVICE)
    plans = [plan for plan in plans_in(found, view, all_of_them=True) if bucket in (None, plan.row.resource_name)]
    if not plans:
        title = "No bucket has a plan" if bucket is None else f"No plan is advised for {bucket}"
        return Finding(title, source, {})
    plan = max(plans, key=lambda each: each.row.monthly_saving)
    chart = plan_chart([plan], view.money)
    facts: Facts = {"resource_id": plan.row.resource_id, "monthly_saving": plan.row.monthly_saving}
    notes = (plan.row.reason, f"The exact rules, with the way back: finops plan {plan.row.recommendation_id}")
    return Finding(
        f"{plan.row.action}: saves {view.money.headline(plan.row.monthly_saving)} a month",
        source,
        facts,
        chart,
        (plans_table([plan], view.money),),
        notes,
    )


def left(found: "pl.DataFrame", buckets: "pl.DataFrame", view: View) -> Finding:
    """Which buckets are left as they are, and why: gold.storage_outlook with gold.recommendations."""
    report = view.with_rows(recommendations=found, storage_outlook=buckets)
    rows = left_alone(report.storage.buckets if report.storage else (), report.advice)
    source, facts = view.newest_source("gold.storage_outlook", _ADVICE), {"buckets": len(rows)}
    if not rows:
        return Finding("No bucket is left alone: each has advice, or none was listed", source, facts)
    spared = sum(bucket.spared_by is not None for bucket, _ in rows)
    title = f"{count(len(rows))} bucket{'' if len(rows) == 1 else 's'} stay{'s' if len(rows) == 1 else ''} as they are"
    title += f", {count(spared)} of them protected by a tag" if spared else ""
    return Finding(title, source, facts, tables=(left_table(rows, view.money),))


def leaving(egress: "pl.DataFrame", view: View) -> Finding:
    """What traffic out of buckets costs, beside what is usual: rows of gold.storage_egress."""
    report = view.with_rows(storage_outlook=egress.clear(), storage_egress=egress)
    rows = report.storage.egress if report.storage else ()
    source = view.newest_source("gold.storage_egress")
    facts: Facts = {"recent_cost": total(row.recent_cost or Decimal(0) for row in rows)}
    table = egress_table(rows, view.money)
    if not table.lines:
        return Finding("Nothing was charged for traffic out of buckets in the last four weeks", source, facts)
    rising = [row for row in rows if row.rising_since is not None]
    title = f"Traffic out of buckets cost {view.money.headline(Decimal(str(facts['recent_cost'])))} in four weeks"
    title += f"; {count(len(rising))} of {count(len(rows))} cost more than usual" if rising else ", as usual"
    return Finding(title, source, facts, tables=(table,))


def others(found: "pl.DataFrame", view: View) -> Finding:
    """What else rules found in buckets, beside the plans."""
    source, area = view.newest_source(_ADVICE), area_in(found, view)
    plans = {plan.row for plan in plans_of(area.saving)}
    rows = [row for row in area.saving if row not in plans]
    facts: Facts = {"findings": len(rows), "monthly_saving": total(r.monthly_saving for r in rows if r.is_counted)}
    judged = max((row.judged_on for row in rows), default=None)
    if judged is None:
        return Finding("Nothing else was found in buckets", source, facts)
    table = findings_table(rows, view.money, judged, STORAGE, "Beside the plans")
    return Finding(area_lead(AreaAdvice(tuple(rows)), view.money).rstrip("."), source, facts, tables=(table,))


def area_in(found: "pl.DataFrame", view: View) -> AreaAdvice:
    """Advice about storage in the frame."""
    advice = view.with_rows(recommendations=found).advice
    assert advice is not None
    return advice_of_area(advice, STORAGE)


def plans_in(found: "pl.DataFrame", view: View, *, all_of_them: bool = False) -> tuple[BucketPlan, ...]:
    """Plans that count, or all that wait."""
    area = area_in(found, view)
    return tuple(plan for plan in map(plan_of, area.saving if all_of_them else area.counted) if plan)


def storage_in(view: View, stored: "pl.DataFrame") -> Storage:
    """What lies in buckets, as of the newest month of the frame."""
    newest = stored.filter(usage_month=stored["usage_month"].max()) if stored.height else stored
    report = view.with_rows(storage_outlook=stored.clear(), storage_by_bucket=newest)
    return report.storage or Storage()
