"""The findings about GPUs and models: what they cost and did, what a request costs, and where it costs less."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pipelines.reporting.advice_areas import GPU, advice_of_area
from pipelines.reporting.display import Table
from pipelines.reporting.figures import CATEGORY_COLOURS, REST_COLOUR
from pipelines.reporting.gpu_charts import curves
from pipelines.reporting.gpu_rows import API, TODAY, Gpu, MachineRow, ModelRow, PointRow, TrainingRow, WayRow, gpu_of
from pipelines.reporting.gpu_tables import machines_table, models_table, purposes_table, training_table
from pipelines.reporting.gpu_ways import ways_table
from pipelines.reporting.money import count, divided, percent, quantized, total
from pipelines.reporting.monthly_areas import area_lead, findings_table
from pipelines.reporting.monthly_gpu import NOTHING_FOUND, cost_words, idle_chart
from pipelines.reporting.monthly_input import typed
from pipelines.reporting.notebook_advice import advice_in
from pipelines.reporting.notebook_charts import Path, path_figure
from pipelines.reporting.notebook_page import Facts, Finding, chart_of, finding_of
from pipelines.reporting.notebook_view import View

if TYPE_CHECKING:
    import polars as pl

_ZERO = Decimal(0)
_NO_TABLE = Table("chart", "", (), ())
_PARTS = ("busy_cost", "queue_idle_cost", "warm_idle_cost", "nobodys_cost", "unsorted_idle_cost")
_NAMES = ("resource_name", "resource_type", "project_name", "environment", "commercial_type")


def fleet(days: "pl.DataFrame", view: View) -> Finding:
    """What machines with GPUs cost in the month and did for it: rows of gold.gpu_days."""
    gpu, source = Gpu(machines_in(days, view)), view.source("gold.gpu_days")
    facts: Facts = {"machines": len(gpu.machines), "allocation_cost": gpu.machine_cost}
    if not gpu.machines:
        return Finding(f"No machine with a GPU was charged in {view.name}", source, facts)
    title = cost_words(gpu, view.month, view.money).rstrip(".")
    return Finding(title, source, facts, tables=(machines_table(gpu.machines, view.month, view.money),))


def idle(days: "pl.DataFrame", view: View) -> Finding:
    """What kept idle GPUs, in euros: requests that waited, a model in memory, nobody."""
    gpu, source = Gpu(machines_in(days, view)), view.source("gold.gpu_days")
    facts: Facts = {part: total(getattr(row, part) or _ZERO for row in gpu.machines) for part in _PARTS}
    chart = idle_chart(gpu, view.month, view.money)
    if chart is None:
        return Finding(f"No hour of a GPU was measured in {view.name}", source, facts)
    return Finding(chart.title, source, facts, chart)


def by_day(days: "pl.DataFrame", view: View) -> Finding:
    """What GPUs cost a day, and what part of it they worked for."""
    source = view.source("gold.gpu_days")
    rows = [row for row in days.to_dicts() if row["billing_currency"] == view.currency]
    cost: dict[date, Decimal] = {}
    busy: dict[date, Decimal | None] = {}
    for row in sorted(rows, key=lambda row: row["charge_date"]):
        day = row["charge_date"]
        cost[day] = cost.get(day, _ZERO) + row["allocation_cost"]
        known, more = busy.get(day), row["busy_cost"]
        busy[day] = known if more is None else (known or _ZERO) + more
    facts: Facts = {"days": len(cost), "allocation_cost": total(cost.values())}
    if not cost:
        return Finding(f"No GPU was charged on any day of {view.name}", source, facts)
    names = (("as billed", REST_COLOUR), ("while GPUs worked", CATEGORY_COLOURS[0]))
    paths = [
        Path(names[0][0], list(cost), list(cost.values()), names[0][1]),
        Path(names[1][0], list(busy), list(busy.values()), names[1][1]),
    ]
    low, high = (view.money.headline(each(cost.values())) for each in (min, max))
    title = f"GPUs cost {low} to {high} a day"
    return finding_of(
        chart_of("gpu-days", title, source, path_figure(paths, None, view.money), _NO_TABLE, *names), facts
    )


def units(models: "pl.DataFrame", view: View) -> Finding:
    """What a request and a token cost at both bases: rows of gold.cost_per_inference."""
    rows, source = _gpu(view, models=models).models, view.source("gold.cost_per_inference")
    facts: Facts = {
        "models": len(rows),
        "allocation_cost": total(row.allocation_cost or _ZERO for row in rows),
        "uncounted_cost": total(row.uncounted_cost or _ZERO for row in rows),
    }
    if not rows:
        return Finding(f"No model was asked in {view.name}", source, facts)
    own = [row for row in rows if row.thousand_requests_cost is not None and row.provider != API]
    table = models_table(rows, view.month, view.money)
    if not own:
        return Finding(
            "Nobody counted the requests of a model on machines of one's own", source, facts, tables=(table,)
        )
    dear, cheap = (each(own, key=lambda row: row.thousand_requests_cost or _ZERO) for each in (max, min))
    told = f"A thousand requests cost {view.money.exact(cheap.thousand_requests_cost or _ZERO)} with {cheap.model}"
    if dear is not cheap:
        told += f", and {view.money.exact(dear.thousand_requests_cost or _ZERO)} on {dear.resource_name or dear.model}"
    return Finding(told, source, facts, tables=(table,))


def purposes(days: "pl.DataFrame", models: "pl.DataFrame", runs: "pl.DataFrame", view: View) -> Finding:
    """Training, inference and neither."""
    gpu = _gpu(view, days=days, models=models, runs=runs)
    source = view.source("gold.gpu_days", "gold.cost_per_inference", "gold.cost_per_training")
    training = total(row.training_cost or _ZERO for row in gpu.machines)
    facts: Facts = {"training_cost": training, "whole_cost": gpu.machine_cost + gpu.api_cost}
    whole = gpu.machine_cost + gpu.api_cost
    if whole <= 0:
        return Finding(f"Nothing was charged for GPUs and models in {view.name}", source, facts)
    title = f"Training took {percent(divided(training, whole), view.money.locale)} of {view.money.headline(whole)}"
    return Finding(title, source, facts, tables=(purposes_table(gpu, view.money),))


def trained(runs: "pl.DataFrame", view: View) -> Finding:
    """What runs and epochs cost, and what was wasted: rows of gold.cost_per_training."""
    rows, source = _gpu(view, runs=runs).training, view.source("gold.cost_per_training")
    waste = total(row.waste_cost or _ZERO for row in rows)
    cost = total(row.allocation_cost or _ZERO for row in rows)
    facts: Facts = {"runs": sum(row.runs for row in rows), "allocation_cost": cost, "waste_cost": waste}
    if not rows:
        return Finding(f"No training run of {view.name} was imported", source, facts)
    number = sum(row.runs for row in rows)
    title = f"{count(number, view.money.locale)} training run{'' if number == 1 else 's'} cost "
    title += f"{view.money.headline(cost)}, of which {view.money.headline(waste)} did not complete"
    return Finding(title, source, facts, tables=(training_table(rows, view.month, view.money),))


def ways(found: "pl.DataFrame", view: View) -> Finding:
    """What is asked today answered in other ways: rows of gold.gpu_break_even."""
    gpu, source = _gpu(view, ways=found), view.source("gold.gpu_break_even")
    today = [row.monthly_cost or _ZERO for row in gpu.ways if row.option == TODAY]
    facts: Facts = {"workloads": len(gpu.workloads), "monthly_cost": total(today)}
    if not gpu.workloads:
        return Finding("No model was asked in the last four weeks", source, facts)
    number = len(gpu.workloads)
    title = f"{count(number, view.money.locale)} model{'' if number == 1 else 's'} cost "
    title += f"{view.money.headline(total(today))} a month as they are answered today"
    return Finding(title, source, facts, tables=(ways_table(gpu, view.money),))


def curve(found: "pl.DataFrame", points: "pl.DataFrame", view: View, at: int = 0) -> Finding:
    """From which traffic on machines cost less than the API, and where today is: the dearest, then the next (`at`)."""
    gpu = _gpu(view, ways=found, points=points)
    source = view.source("gold.gpu_break_even_curve")
    shown = curves(gpu, view.money)
    facts: Facts = {"points": len(gpu.points), "curves": len(shown)}
    if at >= len(shown):
        none = "No model" if not shown else "No further model"
        return Finding(f"{none} has machines that were measured to set against the API", source, facts)
    chart = shown[at]
    return Finding(chart.title, source, facts, chart)


def advised(found: "pl.DataFrame", view: View) -> Finding:
    """What rules advise for GPUs and models, each with its owner: rows of gold.recommendations."""
    area, source = advice_of_area(advice_in(found, view), GPU), view.newest_source("gold.recommendations")
    facts: Facts = {"actions": len(area.counted), "counted_saving": area.counted_saving}
    if not area.saving:
        return Finding(NOTHING_FOUND.rstrip("."), source, facts)
    table = findings_table(area.saving, view.money, view.report.as_of.date(), GPU, "What to do with GPUs")
    return Finding(area_lead(area, view.money).rstrip("."), source, facts, tables=(table,))


def machines_in(days: "pl.DataFrame", view: View) -> tuple[MachineRow, ...]:
    """Days of gold.gpu_days summed to one row a machine, as the review shows them."""
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(days.to_dicts(), key=lambda row: row["charge_date"]):
        if row["billing_currency"] != view.currency or row["billing_month"] != view.month:
            continue
        held = found.setdefault(row["resource_id"], dict.fromkeys((*_PARTS, "training_cost")))
        held |= {name: row[name] for name in ("billing_month", "resource_id", "billing_currency", *_NAMES)}
        held["owner"] = row["owner"] or row["team"]
        for part in ("allocation_cost", "unmeasured_cost"):
            held[part] = held.get(part, _ZERO) + row[part]
        for part, value in (*((part, row[part]) for part in _PARTS), ("training_cost", _training(row))):
            held[part] = held[part] if value is None else (held[part] or _ZERO) + value
    rows = [typed(MachineRow, row) for row in found.values()]
    return tuple(sorted(rows, key=lambda row: (-row.allocation_cost, row.resource_id)))


def _training(row: Mapping[str, Any]) -> Decimal | None:
    hours, charged = row["training_gpu_hours"], row["charged_gpu_hours"]
    if hours is None or not charged:
        return None
    return quantized(row["allocation_cost"] * divided(hours, charged), 12)


def _gpu(view: View, days: "pl.DataFrame | None" = None, **frames: "pl.DataFrame") -> Gpu:
    """The frames' rows of the view's month and currency."""
    kinds = {"models": ModelRow, "runs": TrainingRow, "ways": WayRow, "points": PointRow}
    tables = {kinds[name]: frame.to_dicts() for name, frame in frames.items()}

    def read(kind: Any) -> tuple[Any, ...]:
        if kind is MachineRow:
            return () if days is None else machines_in(days, view)
        rows = [row for row in tables.get(kind, ()) if row["billing_month"] == view.month]
        return tuple(typed(kind, row) for row in rows if row["billing_currency"] in (view.currency, None))

    return gpu_of(read) or Gpu()
