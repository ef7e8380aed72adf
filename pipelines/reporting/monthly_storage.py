"""Storage lifecycle as a section of the review: what storage costs, what lies cold, what plans save, what stays."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from pipelines.reporting.advice_areas import STORAGE, AreaAdvice, advice_of_area
from pipelines.reporting.advice_rows import Advice, RecommendationRow
from pipelines.reporting.display import Chart, Column, Command, Line, Table, amount, text
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR, script_json
from pipelines.reporting.money import MoneyFormat, count, divided, percent, total
from pipelines.reporting.monthly_areas import NOT_ASKED, area_lead, findings_table, notes_of
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.notebook_charts import Path, path_figure
from pipelines.reporting.review_section import Folded, ReviewSection
from pipelines.reporting.sentence import month_name
from pipelines.reporting.storage_rows import BucketPlan, BucketRow, PlanMonth, Storage, plans_of, storage_costs
from pipelines.reporting.storage_tables import (
    GIGABYTE,
    classes_table,
    egress_table,
    left_table,
    months_table,
    plans_table,
)

TITLE = "Storage lifecycle"
NOTHING_FOUND = "No bucket would cost less under another lifecycle, as far as what was listed tells."
NO_LISTING = "Buckets were not listed: what lies in them, and which plan would save, is not known."
_AS_IS, _PLANNED = ("as it is", REST_COLOUR), ("with the plans", CATEGORY_COLOURS[0])


def storage_section(report: MonthlyInput, money: MoneyFormat) -> ReviewSection | None:
    """The section; None where neither a cost, a bucket nor advice is known of."""
    storage, costs = report.storage or Storage(), storage_costs(report.residuals)
    found = AreaAdvice(()) if report.advice is None else advice_of_area(report.advice, STORAGE)
    if not (storage.buckets or costs or found.rows):
        return None
    plans = plans_of(found.counted)
    rest = [row for row in found.counted if row not in {plan.row for plan in plans}]
    findings = findings_table(rest, money, report.as_of.date(), STORAGE, "Beside the plans")
    chart = plan_chart(plans, money)
    return ReviewSection(
        name=STORAGE,
        title=TITLE,
        lead=area_lead(found, money) if found.saving else "",
        cost=cost_words(report, storage, money),
        nothing=_nothing(report, storage, found),
        charts=(chart,) if chart else (),
        tables=tuple(
            table
            for table in (
                classes_table(costs, storage, report.month, money),
                plans_table(plans, money),
                findings,
                left_table(left_alone(storage.buckets, report.advice), money),
                egress_table(storage.egress, money),
            )
            if table.lines
        ),
        folded=(Folded("What each plan makes of its bucket, month by month", months_table(plans, money)),)
        if plans
        else (),
        notes=notes_of(found, money),
    )


def _nothing(report: MonthlyInput, storage: Storage, found: AreaAdvice) -> str:
    """Why there is no plan; nothing where there is one."""
    if found.saving:
        return ""
    if report.advice is None:
        return NOT_ASKED
    return NOTHING_FOUND if storage.buckets else NO_LISTING


def cost_words(report: MonthlyInput, storage: Storage, money: MoneyFormat) -> str:
    """What Object Storage cost in the month, its share, and how much of what lies there has grown old."""
    charged = storage_costs(report.residuals)
    told = ""
    if charged:
        whole = total(charged.values())
        told = f"Object Storage cost {money.headline(whole)} in {month_name(report.month)}"
        if report.summary.billed_cost > 0:
            told += f", {percent(divided(whole, report.summary.billed_cost), money.locale)} of the month"
        told += "."
    return " ".join(each for each in (told, cold_words(storage, money)) if each)


def cold_words(storage: Storage, money: MoneyFormat) -> str:
    """How much of what lies in classes for data in use is older than half a year; nothing before a listing."""
    hot = [row for row in storage.stored if row.storage_class in ("STANDARD", "ONEZONE_IA") and row.bytes]
    size = sum(row.bytes or 0 for row in hot)
    if not size or storage.as_of is None:
        return ""
    cold = sum(row.bytes_180_days_old or 0 for row in hot)
    share = percent(divided(Decimal(cold), Decimal(size)), money.locale, decimals=0)
    gigabytes = count(round(cold / GIGABYTE), money.locale)
    day = storage.as_of
    return (
        f"Of what lies in Standard and One Zone, {share} ({gigabytes} GB) is older than half a year, "
        f"as listed on {day.day} {day:%b %Y}."
    )


def left_alone(buckets: Sequence[BucketRow], advice: Advice | None) -> list[tuple[BucketRow, str]]:
    """Buckets without advice that waits, each with the reason: a tag, what somebody said, or what a rule answered."""
    rows = () if advice is None else advice.rows
    waiting = {row.resource_id for row in rows if row.is_to_do}
    said = {row.resource_id: row for row in rows if not row.is_to_do}
    found = []
    for bucket in buckets:
        if bucket.resource_id not in waiting:
            found.append((bucket, _why(bucket, said.get(bucket.resource_id))))
    return found


def _why(bucket: BucketRow, said: RecommendationRow | None) -> str:
    if bucket.spared_by:
        return f"protected by its tag {bucket.spared_by}"
    if said is not None:
        return f"{said.status}: {said.status_reason}" if said.status_reason else said.status
    return bucket.left or "no rule has anything to say of it"


def plan_chart(plans: Sequence[BucketPlan], money: MoneyFormat) -> Chart | None:
    """All plans together over twelve months; None where there is none."""
    if not plans:
        return None
    whole = months_of(plans)
    first = max(plan.listed_on for plan in plans)
    days = [_month_after(first, number) for number in range(1, len(whole) + 1)]
    before, after = [each.before for each in whole], [each.after for each in whole]
    figure = path_figure(
        (Path(_AS_IS[0], days, before, _AS_IS[1], "dash"), Path(_PLANNED[0], days, after, _PLANNED[1])), None, money
    )
    figure.update_layout(margin={"b": 40}, xaxis={"tickformat": "%b<br>%Y", "nticks": 6})
    figure.update_yaxes(rangemode="tozero")
    saved = total(before) - total(after)
    title = (
        f"Over {count(len(whole))} months the planned buckets cost {money.headline(total(before))} as they are, and "
        f"{money.headline(total(after))} with their plans: {money.headline(saved)} less"
    )
    lines = [
        Line(
            (text(f"{day:%b %Y}"), amount(each.before, money), amount(each.after, money)),
            Command("finops recommendations"),
        )
        for day, each in zip(days, whole, strict=True)
    ]
    columns = (Column("Month", numeric=False), Column("As it is"), Column("With the plans", lead=True))
    data = Table("storage-plan-data", "Cost of planned buckets by month", columns, tuple(lines))
    source = f"Source: gold.recommendations · {money.currency} · as listed on {first.day} {first:%b %Y}"
    return Chart(
        "storage-plan", title, source, script_json(figure), int(figure.layout.height), data, (_AS_IS, _PLANNED)
    )


def months_of(plans: Sequence[BucketPlan]) -> list[PlanMonth]:
    """All plans month by month; a plan that tells fewer months ends the sum, so that no month misses a bucket."""
    number = min(len(plan.months) for plan in plans)
    return [
        PlanMonth(
            total(plan.months[at].before for plan in plans),
            total(plan.months[at].after for plan in plans),
        )
        for at in range(number)
    ]


def _month_after(day: date, number: int) -> date:
    """The first day of the month so many months later."""
    months = day.year * 12 + day.month - 1 + number
    return date(months // 12, months % 12 + 1, 1)
