"""The findings about use: the load behind a size, the hours of a week, and the nights of a schedule."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from pipelines.reporting.anomaly_words import when_words
from pipelines.reporting.display import Cell, Column, Line, Table, name, sentence_case, text
from pipelines.reporting.figures import CATEGORY_COLOURS, LESS_COLOUR, MORE_COLOUR, REST_COLOUR
from pipelines.reporting.folding import largest
from pipelines.reporting.money import NOTHING, count, percent, total
from pipelines.reporting.notebook_advice import advice_in, chosen, none_words
from pipelines.reporting.notebook_charts import ranked_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_usage_charts import load_figure, week_figure
from pipelines.reporting.notebook_view import View

if TYPE_CHECKING:
    import polars as pl

SHOWN = 10
SCHEDULE = "off_hours_schedule"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LIKELY = 0.25  # in one of four weeks: such an hour is left on
_CHANCES = "chance_of_use_by_hour_of_week"
_CPU = ("node_cpu_ratio", "instance_cpu_ratio")
_CLASSES = (
    ("stopped", LESS_COLOUR),
    ("missed", MORE_COLOUR),
    ("excused", CATEGORY_COLOURS[2]),
    ("unknown", REST_COLOUR),
)
_NO_TABLE = Table("chart", "", (), ())


def load(found: "pl.DataFrame", usage: "pl.DataFrame", view: View, recommendation: str | None = None) -> Finding:
    """How busy the processors of one machine were on each day of its evidence: rows of silver.usage_hourly."""
    source = view.newest_source("silver.usage_hourly")
    row = chosen(advice_in(found, view), recommendation)
    if row is None:
        return Finding(none_words(recommendation), source, {})
    hours = [each for each in usage.to_dicts() if each["metric"] in _CPU and each["p95_value"] is not None]
    first, until = row.evaluation_start, row.evaluation_end
    days: dict[date, list[Decimal]] = defaultdict(list)
    for each in hours:
        if (first is None or each["usage_date"] >= first) and (until is None or each["usage_date"] < until):
            days[each["usage_date"]].append(each["p95_value"])
    if not days:
        return Finding(
            f"The processors of {row.resource_name or row.resource_id} were not measured", source, {"days": 0}
        )
    names = sorted(days)
    peaks = [max(days[day]) for day in names]
    means = [total(days[day]) / len(days[day]) for day in names]
    figure = load_figure(names, peaks, means, view.money.locale)
    highest = max(peaks)
    title = (
        f"{row.resource_name or row.resource_id} never used more than {percent(highest, view.money.locale, decimals=0)}"
    )
    title += f" of its processors in {count(len(names))} day{'' if len(names) == 1 else 's'}, for 95 % of any hour"
    legend = (("its busiest hour", CATEGORY_COLOURS[1]), ("the mean of its hours", CATEGORY_COLOURS[0]))
    facts: Facts = {"resource_id": row.resource_id, "days": len(names), "highest_share": highest}
    return finding_of(chart_of("load", title, source, figure, _NO_TABLE, *legend), facts)


def week(found: "pl.DataFrame", view: View, recommendation: str | None = None) -> Finding:
    """The hours of a week in which a machine that could be off is used: the evidence of a schedule."""
    source = view.newest_source("gold.recommendations", "gold.activity_hours")
    row = chosen(advice_in(found, view), recommendation, SCHEDULE)
    chances = row.facts.get(_CHANCES) if row else None
    if row is None or not isinstance(chances, list) or len(chances) != len(DAYS) * 24:
        return Finding("No schedule is advised now", source, {"hours_used": 0})
    used = sum(chance >= _LIKELY for chance in chances)
    where = row.resource_name or row.resource_id
    plan = row.facts.get("plan")
    title = f"{where} is used in {count(used)} of the 168 hours of a week; a schedule{f' ({plan})' if plan else ''}"
    title += f" would save {view.money.headline(row.monthly_saving)} a month"
    figure = week_figure(DAYS, [chances[24 * day : 24 * (day + 1)] for day in range(len(DAYS))], view.money.locale)
    facts: Facts = {
        "recommendation_id": row.recommendation_id,
        "hours_used": used,
        "monthly_saving": row.monthly_saving,
    }
    note = (
        "Chance by hour, UTC, that it is used; few weeks were seen, so each hour leans on the same hour of like days."
    )
    return finding_of(chart_of("week", title, source, figure, _NO_TABLE), facts, notes=(note,))


def nights(judged: "pl.DataFrame", view: View) -> Finding:
    """What became of the nights and weekends on which machines are meant to be off: rows of gold.schedule_nights."""
    source = view.newest_source("gold.schedule_nights")
    rows = [row for row in judged.to_dicts() if row["billing_currency"] in (view.currency, None)]
    if not rows:
        return Finding("No machine is meant to be off at night", source, {"nights": 0})
    classes = Counter(row["night_class"] for row in rows)
    missed = total(row["missed_cost"] or Decimal(0) for row in rows)
    kept = classes["stopped"]
    title = f"Of {count(len(rows))} nights and weekends {count(kept)} {'was' if kept == 1 else 'were'} kept"
    title += f"; {count(classes['missed'])} missed cost {view.money.headline(missed)}" if classes["missed"] else ""
    machines: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        machines[row["resource_name"] or row["resource_id"]][row["night_class"]] += 1
    folded = largest(list(machines.items()), lambda one: Decimal(one[1]["missed"] * 10**6 + one[1].total()), SHOWN)
    kinds = [(kind, colour) for kind, colour in _CLASSES if classes[kind]]
    bars = [(label, tuple(Decimal(held[kind]) for kind, _ in kinds)) for label, held in folded.shown]
    figure = ranked_figure(bars, kinds, lambda number: f"{number:,.0f}")
    facts: Facts = {"nights": len(rows), "missed": classes["missed"], "missed_cost": missed}
    chart = chart_of("nights", title, source, figure, _NO_TABLE, *kinds)
    return finding_of(chart, facts, _missed_table(rows, view))


def _missed_table(rows: Sequence[dict[str, object]], view: View) -> Table:
    """The dearest misses with the reason of each."""
    missed = [row for row in rows if row["night_class"] == "missed"]
    ranked = sorted(missed, key=lambda row: (-_cost(row), str(row["starts_at"])))
    lines = [
        Line(
            (
                name(str(row["resource_name"] or row["resource_id"]), note=str(row["environment"] or "")),
                text(_night(row), note=sentence_case(str(row["night_kind"]))),
                Cell(view.money.exact(_cost(row)) if row["missed_cost"] is not None else NOTHING),
                text(str(row["reason"] or NOTHING)),
            )
        )
        for row in ranked[:SHOWN]
    ]
    if rest := ranked[SHOWN:]:
        folded = Cell(view.money.exact(total(_cost(row) for row in rest)))
        lines.append(Line((text(f"… and {count(len(rest))} more"), text(""), folded, text("")), kind="fold"))
    columns = (
        *(Column("Machine", numeric=False), Column("Night of", numeric=False), Column("Cost", lead=True)),
        Column("Why it is a miss", numeric=False),
    )
    return Table("missed", "The dearest misses", columns, tuple(lines))


def _cost(row: dict[str, object]) -> Decimal:
    value = row["missed_cost"]
    return value if isinstance(value, Decimal) else Decimal(0)


def _night(row: dict[str, object]) -> str:
    day = row["night_of"]
    return when_words(day, day) if isinstance(day, date) else NOTHING
