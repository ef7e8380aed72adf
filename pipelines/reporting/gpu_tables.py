"""GPUs and models as tables: idle euros by machine, unit costs at both bases, training beside inference."""

from collections.abc import Sequence
from decimal import Decimal

from pipelines.reporting.display import Cell, Column, Line, Table, Trace, amount, name, owner_cell, text, trace
from pipelines.reporting.folding import cents_adding_up, largest
from pipelines.reporting.gpu_rows import API, DEDICATED, Gpu, MachineRow, ModelRow, TrainingRow
from pipelines.reporting.kpi_words import amount_shown, three_digits
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.sentence import month_name

MOST_MACHINES, MOST_MODELS, MOST_RUNS = 10, 12, 8
_QUIET = Cell(NOTHING, tone="quiet")
_BLANK = text("")
_ZERO = Decimal(0)
_ASKED_OF = {API: "Generative APIs", DEDICATED: "dedicated deployment"}
_SHOWN = ("allocation_cost", "busy_cost", "queue_idle_cost", "warm_idle_cost", "nobodys_cost", "unknown")


def machines_table(rows: Sequence[MachineRow], month: str, money: MoneyFormat) -> Table:
    """One line a machine, dearest first: what it cost, how much of it worked, and what kept the rest idle."""
    folded = largest(rows, lambda row: row.allocation_cost, MOST_MACHINES)
    groups = [*((row,) for row in folded.shown), *([folded.folded] if folded.folded else [])]
    columns_of = [_column([total(_part(row, part) for row in group) for group in groups], money) for part in _SHOWN]
    lines = [_machine_line(row, [column[at] for column in columns_of], money) for at, row in enumerate(folded.shown)]
    source = Trace(MachineRow.TABLE, (("billing_month", month), ("billing_currency", money.currency)))
    if folded.folded:
        label = f"… and {count(len(folded.folded), money.locale)} more"
        lines.append(_machine_sums(label, [column[-1] for column in columns_of], money, "fold", source))
    if len(lines) > 1:
        lines.append(_machine_sums("Total", [total(column) for column in columns_of], money, "total", source))
    columns = (
        Column("Machine", numeric=False),
        Column("Cost", lead=True),
        Column("Worked"),
        Column("Idle: requests waited"),
        Column("Idle: model in memory"),
        Column("Idle: nobody's"),
        Column("Not measured"),
        Column("Owner", numeric=False),
    )
    caption = f"What GPUs cost in {month_name(month)}, and what they did for it"
    return Table("machines", caption, columns, tuple(lines), "No machine with a GPU was charged in this month.")


def _column(values: Sequence[Decimal], money: MoneyFormat) -> list[Decimal]:
    """In cents that add up to the whole in cents."""
    return cents_adding_up(values, total(values), money)


def _part(row: MachineRow, part: str) -> Decimal:
    """Nothing where it is not known: then all of it is among what was not measured."""
    if part == "unknown":
        return row.unmeasured_cost + (row.unsorted_idle_cost or _ZERO)
    return getattr(row, part) or _ZERO


def _machine_line(row: MachineRow, shown: Sequence[Decimal], money: MoneyFormat) -> Line:
    place = ", ".join(each for each in (row.commercial_type, row.project_name, row.environment) if each)
    cost, worked, *others = shown
    cells = (
        name(row.label, place),
        Cell(money.exact(cost)),
        _worked(row, worked, money),
        *(_some(each, money) for each in others),
        owner_cell(row.owner),
    )
    return Line(cells, trace(row))


def _worked(row: MachineRow, shown: Decimal, money: MoneyFormat) -> Cell:
    """What its GPUs worked for, with the share of what was seen."""
    if row.busy_cost is None:
        return Cell("not measured", tone="quiet")
    seen = row.busy_cost + row.idle_cost
    share = percent(divided(row.busy_cost, seen), money.locale, decimals=0) if seen > 0 else ""
    return Cell(money.exact(shown), f"{share} of the hours seen" if share else "")


def _some(value: Decimal | None, money: MoneyFormat) -> Cell:
    return _QUIET if not value or not money.rounded(value) else Cell(money.exact(value))


def _machine_sums(label: str, sums: Sequence[Decimal], money: MoneyFormat, kind: str, source: Trace) -> Line:
    return Line((text(label), *(Cell(money.exact(each)) for each in sums), _BLANK), source, kind)


def purposes_table(gpu: Gpu, money: MoneyFormat) -> Table:
    """Training, inference and neither, of machines and of Generative APIs; together what was billed."""
    training = total(row.training_cost or _ZERO for row in gpu.machines)
    inference = total(row.cost for row in gpu.models if row.resource_id is not None and row.billing_currency)
    failed = total(row.failed_cost or _ZERO for row in gpu.models)
    waste = total(row.waste_cost or _ZERO for row in gpu.training)
    rest = gpu.machine_cost - training - inference
    parts = (
        ("Inference on machines of one's own", inference, "by the requests and tokens that were counted"),
        ("Training", training, "hours of runs that were imported"),
        ("Neither", rest, "no model served and no run imported in these hours"),
        ("Generative APIs", gpu.api_cost, "by the token"),
    )
    whole = gpu.machine_cost + gpu.api_cost
    cents = cents_adding_up([value for _, value, _ in parts], whole, money)
    days, models, runs = _sources(gpu.month, money)
    lines = [
        Line((text(label, note), Cell(money.exact(shown)), _share(value, whole, money)), source)
        for (label, value, note), shown, source in zip(parts, cents, (models, days, days, models), strict=True)
        if value
    ]
    lines.append(Line((text("Total"), Cell(money.exact(whole)), _BLANK), days, kind="total"))
    apart = (("Of it failed or aborted requests", failed, models), ("Of it runs that did not complete", waste, runs))
    lines += [
        Line((text(label), Cell(money.exact(value)), _share(value, whole, money)), source, kind="fold")
        for label, value, source in apart
        if value
    ]
    columns = (Column("For what", numeric=False), Column("Cost", lead=True), Column("Share"))
    return Table("purposes", "Training and inference apart", columns, tuple(lines) if whole else ())


def _sources(month: str, money: MoneyFormat) -> tuple[Trace, Trace, Trace]:
    """The month's machines, its models, and its runs by model."""
    currency = ("billing_currency", money.currency)
    of_models = (("period", "month"), ("period_start", f"{month}-01"), ("is_sum", "true"))
    return (
        Trace(MachineRow.TABLE, (("billing_month", month), currency)),
        Trace(ModelRow.TABLE, (*of_models, currency)),
        Trace(TrainingRow.TABLE, (("billing_month", month), ("scope", "model"), currency)),
    )


def _share(value: Decimal, whole: Decimal, money: MoneyFormat) -> Cell:
    return Cell(percent(divided(value, whole), money.locale)) if whole > 0 else _QUIET


def models_table(rows: Sequence[ModelRow], month: str, money: MoneyFormat) -> Table:
    """One line a model and machine: each unit at both bases, allocation first and truly busy below it."""
    folded = largest(rows, lambda row: row.cost, MOST_MODELS)
    lines = [_model_line(row, money) for row in folded.shown]
    if folded.folded:
        rest = total(row.cost for row in folded.folded)
        label = Cell(f"… and {count(len(folded.folded), money.locale)} more", "in gold.cost_per_inference")
        source = _sources(month, money)[1]
        lines.append(Line((label, Cell(money.exact(rest)), *[_BLANK] * 5), source, kind="fold"))
    columns = (
        Column("Model", numeric=False),
        Column("Cost", lead=True),
        Column("Requests"),
        Column("1,000 requests"),
        Column("1M prompt tokens"),
        Column("1M answer tokens"),
        Column("Failed or aborted"),
    )
    caption = f"What a request and a token cost in {month_name(month)}: as billed, and for the hours GPUs worked"
    return Table("models", caption, columns, tuple(lines), "No model was asked in this month.")


def _model_line(row: ModelRow, money: MoneyFormat) -> Line:
    asked = row.resource_name or _ASKED_OF.get(row.provider, row.provider.replace("-", " "))
    place = ", ".join(each for each in (asked, row.project_name) if each)
    reason = f"; {row.reason}" if row.reason and row.provider != API else ""
    units = ("thousand_requests_cost", "million_input_tokens_cost", "million_output_tokens_cost")
    cells = (
        name(row.model or "no model", place + reason),
        Cell(money.exact(row.cost)),
        Cell(_counted(row.completed_requests, money)),
        *(_both(getattr(row, unit), getattr(row, f"busy_{unit}"), money) for unit in units),
        _failed(row, money),
    )
    return Line(cells, trace(row) if row.billing_currency else None)


def _counted(value: Decimal | None, money: MoneyFormat) -> str:
    return NOTHING if value is None else count(int(value.to_integral_value()), money.locale)


def _both(allocated: Decimal | None, busy: Decimal | None, money: MoneyFormat) -> Cell:
    if allocated is None:
        return _QUIET
    return Cell(amount_shown(allocated, money), f"{amount_shown(busy, money)} busy" if busy is not None else "")


def _failed(row: ModelRow, money: MoneyFormat) -> Cell:
    if row.failed_requests is None:
        return Cell("not counted", tone="quiet") if row.completed_requests is not None else _QUIET
    if not row.failed_requests:
        return Cell("none")
    cost = money.exact(row.failed_cost) if row.failed_cost is not None else ""
    return Cell(_counted(row.failed_requests, money), cost, "finding")


def training_table(rows: Sequence[TrainingRow], month: str, money: MoneyFormat) -> Table:
    """One line a model and outcome of its runs; what did not complete is waste and a finding."""
    folded = largest(rows, lambda row: row.allocation_cost or _ZERO, MOST_RUNS)
    lines = [_training_line(row, money) for row in folded.shown]
    if folded.folded:
        rest = total(row.allocation_cost or _ZERO for row in folded.folded)
        label = Cell(f"… and {count(len(folded.folded), money.locale)} more", "in gold.cost_per_training")
        source = _sources(month, money)[2]
        lines.append(Line((label, _BLANK, Cell(money.exact(rest)), *[_BLANK] * 4), source, kind="fold"))
    columns = (
        Column("Model", numeric=False),
        Column("Runs"),
        Column("Cost", lead=True),
        Column("Hours"),
        Column("An epoch"),
        Column("Wasted"),
        Column("Beyond the usual time"),
    )
    return Table("training", f"Training runs of {month_name(month)}", columns, tuple(lines))


def _training_line(row: TrainingRow, money: MoneyFormat) -> Line:
    return Line(
        (
            name(row.model or "no model", ", ".join(each for each in (row.status, row.project_name) if each)),
            Cell(count(row.runs, money.locale)),
            amount(row.allocation_cost, money),
            Cell(three_digits(row.run_hours, money.locale)),
            _both(row.epoch_cost, row.busy_epoch_cost, money),
            Cell(money.exact(row.waste_cost), tone="finding") if row.waste_cost else _QUIET,
            _some(row.over_typical_cost, money),
        ),
        trace(row) if row.billing_currency else None,
    )
