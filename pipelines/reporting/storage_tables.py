"""Object Storage as tables: what it cost by class, what plans save, what is left alone and why, what left buckets."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pipelines.reporting.advice_tables import owner_cell as advised_owner_cell
from pipelines.reporting.display import (
    Cell,
    Column,
    Command,
    Line,
    Table,
    Trace,
    amount,
    name,
    owner_cell,
    rows_of_skus,
    text,
    trace,
    traced,
)
from pipelines.reporting.folding import cents_adding_up, largest, remainder, shortened
from pipelines.reporting.money import NOTHING, MoneyFormat, count, divided, percent, total
from pipelines.reporting.storage_rows import (
    OBJECT_STORAGE,
    BucketPlan,
    BucketRow,
    EgressRow,
    Storage,
    StoredRow,
    name_of,
    place_of,
)

MOST_PLANS, MOST_LEFT, MOST_EGRESS = 12, 12, 6
GIGABYTE = 10**9
_LONGEST_ACTION = 90
_QUIET = Cell(NOTHING, tone="quiet")
_BLANK = text("")


def classes_table(costs: Mapping[str, Decimal], storage: Storage, month: str, money: MoneyFormat) -> Table:
    """One line a SKU that was charged, dearest first: its cost in the month, and what lay there when last listed."""
    ranked = sorted(costs, key=lambda sku: (-costs[sku], sku))
    whole = total(costs.values())
    cents = cents_adding_up([costs[sku] for sku in ranked], whole, money)
    lines = [_class_line(sku, cost, whole, storage, month, money) for sku, cost in zip(ranked, cents, strict=True)]
    if len(lines) > 1:
        cells = (Cell(money.exact(whole)), _BLANK, *_held_cells(storage.stored, money))
        source = rows_of_skus("silver.labelled_costs", OBJECT_STORAGE, month, money.currency)
        lines.append(Line((text("Total"), *cells), source, kind="total"))
    columns = (
        Column("Class and place", numeric=False),
        Column("Cost in the month", lead=True),
        Column("Share"),
        Column("Lies there, GB"),
        Column("Over 30 days old"),
        Column("Over 180 days old"),
        Column("Objects below 1 MB"),
    )
    empty = "Nothing was charged for Object Storage in this month."
    return Table("storage-classes", "What Object Storage cost, by class and place", columns, tuple(lines), empty)


def _class_line(sku: str, cost: Decimal, whole: Decimal, storage: Storage, month: str, money: MoneyFormat) -> Line:
    place = place_of(sku)
    held = storage.held(*place) if place else ()
    share = percent(divided(cost, whole), money.locale) if whole else NOTHING
    keys = (("billing_month", month), ("sku", sku), ("billing_currency", money.currency))
    cells = (text(name_of(sku)), Cell(money.exact(cost)), Cell(share), *_held_cells(held, money))
    return Line(cells, Trace("gold.reconciliation", keys))


def _held_cells(rows: Sequence[StoredRow], money: MoneyFormat) -> tuple[Cell, ...]:
    """GB, the shares that are old, small objects; a dash where it was not listed or not measured."""
    known = [row for row in rows if row.bytes]
    size = sum(row.bytes or 0 for row in known)
    if not size:
        return _QUIET, _QUIET, _QUIET, _QUIET
    old, cold = (
        percent(divided(Decimal(sum(each or 0 for each in ages)), Decimal(size)), money.locale, decimals=0)
        for ages in ([row.bytes_30_days_old for row in known], [row.bytes_180_days_old for row in known])
    )
    small = sum(row.small_objects or 0 for row in known)
    shared = {name: {getattr(row, name) for row in known} for name in ("usage_month", "region_id", "storage_class")}
    keys = tuple((name, str(held.pop())) for name, held in shared.items() if len(held) == 1 and None not in held)
    cells = (
        Cell(count(_gigabytes(known), money.locale)),
        Cell(old),
        Cell(cold),
        Cell(count(small, money.locale)) if small else _QUIET,
    )
    return tuple(traced(cell, Trace(StoredRow.TABLE, keys)) for cell in cells)


def _gigabytes(rows: Sequence[StoredRow]) -> int:
    """In whole GB of each class and place, so that a column adds up."""
    sizes: dict[tuple[str | None, str], int] = {}
    for row in rows:
        place = (row.storage_class, row.region_id)
        sizes[place] = sizes.get(place, 0) + (row.bytes or 0)
    return sum(round(size / GIGABYTE) for size in sizes.values())


def plans_table(plans: Sequence[BucketPlan], money: MoneyFormat) -> Table:
    """One line a bucket with a plan that counts, the largest saving first, with the command that prints all of it."""
    folded = largest(plans, lambda plan: plan.row.monthly_saving, MOST_PLANS)
    lines = [_plan_line(plan, money) for plan in folded.shown]
    amounts, shown = [plan.amounts for plan in plans], [plan.amounts for plan in folded.shown]
    sums = [total(each) for each in zip(*amounts, strict=True)]
    left = [remainder(whole, parts, money) for whole, parts in zip(sums, zip(*shown, strict=True), strict=True)]
    if folded.folded or any(left):
        label = f"… and {count(len(folded.folded), money.locale)} more" if folded.folded else "… rounding"
        lines.append(_plan_sums(text(label), left, money, "fold"))
    if len(lines) > 1:
        lines.append(_plan_sums(text("Total"), sums, money, "total"))
    columns = (
        Column("Bucket, and its plan", numeric=False),
        Column("Costs a month"),
        Column("Saves a month", lead=True),
        Column("Net in 12 months"),
        Column("Lies there, GB"),
        Column("Read a month"),
        Column("Risk", numeric=False),
        Column("Owner", numeric=False),
    )
    return Table("storage-plans", "Lifecycle plans, one a bucket", columns, tuple(lines))


def _plan_sums(label: Cell, sums: Sequence[Decimal], money: MoneyFormat, kind: str) -> Line:
    return Line(
        (label, *(Cell(money.exact(each)) for each in sums), *[_BLANK] * 4), Command("finops recommendations"), kind
    )


def _plan_line(plan: BucketPlan, money: MoneyFormat) -> Line:
    row = plan.row
    read = _QUIET if plan.read_percent is None else Cell(percent(plan.read_percent / 100, money.locale))
    return Line(
        (
            Cell(
                shortened(row.resource_name or row.resource_id, 64),
                shortened(row.action, _LONGEST_ACTION),
                code=f"finops plan {row.recommendation_id}",
            ),
            Cell(money.exact(plan.cost_now)),
            Cell(money.exact(row.monthly_saving)),
            Cell(money.exact(plan.net_saving)),
            Cell(count(round(plan.size_gb), money.locale)),
            read,
            Cell(row.risk, "deletes for good" if plan.deletes else "the rules can be undone"),
            advised_owner_cell(row),
        ),
        Command(f"finops recommendations {row.recommendation_id}"),
    )


def months_table(plans: Sequence[BucketPlan], money: MoneyFormat) -> Table:
    """Month by month for each bucket: as it is, and with its plan."""
    months = max((len(plan.months) for plan in plans), default=0)
    lines = []
    for plan in plans:
        label = shortened(plan.row.resource_name or plan.row.resource_id, 40)
        source = Command(f"finops recommendations {plan.row.recommendation_id}")
        lines += [
            Line((Cell(label, "as it is"), *(Cell(money.exact(each.before)) for each in plan.months)), source),
            Line((Cell(label, "with its plan"), *(Cell(money.exact(each.after)) for each in plan.months)), source),
        ]
    columns = (Column("Bucket", numeric=False), *(Column(f"Month {number}") for number in range(1, months + 1)))
    return Table("storage-months", "Each bucket, month by month", columns, tuple(lines), wide=True)


def left_table(rows: Sequence[tuple[BucketRow, str]], money: MoneyFormat) -> Table:
    """Buckets that are left as they are, each with the reason; the dearest first."""
    ranked = sorted(rows, key=lambda each: (-(each[0].monthly_cost or Decimal(0)), each[0].resource_id))
    keep = MOST_LEFT + 1 if len(ranked) == MOST_LEFT + 1 else MOST_LEFT
    lines = [
        Line(
            (
                name(row.resource_name, note=row.project_name or ""),
                traced(amount(row.monthly_cost, money), _charged(row)),
                text(why),
                owner_cell(row.owner),
            ),
            trace(row),
        )
        for row, why in ranked[:keep]
    ]
    if rest := ranked[keep:]:
        cost = total(row.monthly_cost or Decimal(0) for row, _ in rest)
        label = f"… and {count(len(rest), money.locale)} more"
        source = Trace(BucketRow.TABLE, (("usage_month", rest[0][0].usage_month),))
        lines.append(Line((text(label), Cell(money.exact(cost)), _BLANK, _BLANK), source, kind="fold"))
    columns = (
        Column("Bucket", numeric=False),
        Column("Costs a month", lead=True),
        Column("Why it is left alone", numeric=False),
        Column("Owner", numeric=False),
    )
    return Table("storage-left", "What is left as it is, and why", columns, tuple(lines))


def _charged(row: BucketRow) -> Trace:
    """What it is charged by the month."""
    return Trace("gold.resource_costs", (("billing_month", row.usage_month), ("resource_id", row.resource_id)))


def egress_table(rows: Sequence[EgressRow], money: MoneyFormat) -> Table:
    """Traffic out of buckets in the last four weeks beside their usual day; the dearest first."""
    known = [row for row in rows if row.recent_cost]
    folded = largest(known, lambda row: row.recent_cost or Decimal(0), MOST_EGRESS)
    lines = [_egress_line(row, money) for row in folded.shown]
    if folded.folded:
        rest = total(row.recent_cost or Decimal(0) for row in folded.folded)
        label = f"… and {count(len(folded.folded), money.locale)} more"
        month = (("billing_month", known[0].billing_month), ("billing_currency", money.currency))
        cells = (Cell(money.exact(rest)), *[_BLANK] * 4)
        lines.append(Line((text(label), *cells), Trace(EgressRow.TABLE, month), kind="fold"))
    columns = (
        Column("Out of", numeric=False),
        Column("Last four weeks", lead=True),
        Column("A day now"),
        Column("A usual day"),
        Column("Since", numeric=False),
        Column("Owner", numeric=False),
    )
    return Table("storage-egress", "Traffic that left buckets", columns, tuple(lines))


def _egress_line(row: EgressRow, money: MoneyFormat) -> Line:
    recent = row.recent_cost or Decimal(0)
    now = divided(recent, Decimal(row.recent_days)) if row.recent_days else None
    since = Cell("as usual", tone="quiet")
    if row.rising_since is not None:
        since = Cell(f"{row.rising_since.day} {row.rising_since:%b %Y}", "beyond 1½ times the usual", "finding")
    cells = (amount(now, money), amount(row.usual_daily_cost, money), since, owner_cell(row.owner))
    return Line((name(row.resource_id), Cell(money.exact(recent)), *cells), trace(row))
