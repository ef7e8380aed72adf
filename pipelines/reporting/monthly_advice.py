"""What to do and what was saved: recommendations and their proof, as sections of the monthly report."""

from collections import Counter
from dataclasses import dataclass

from pipelines.reporting.advice_rows import Advice
from pipelines.reporting.advice_tables import advice_table, effort_table, spending_table
from pipelines.reporting.display import ALL_ADVICE, Chart, Table, Tile
from pipelines.reporting.money import MoneyFormat, count, divided, percent
from pipelines.reporting.monthly_rows import MonthlyInput
from pipelines.reporting.saved_tables import accuracy_table, saved_chart, saved_lead, saved_table
from pipelines.reporting.unjudged_tables import commonest_metric, unjudged_cost, unjudged_table

NEXT_RUN = "No rule has been asked yet: recommendations, and what they saved, come with the next run:"
NEXT_PROOF = "Nothing was proved yet: what actions saved comes with the next run:"


@dataclass(frozen=True)
class AdviceBlock:
    """What to do, and what the page's head says of it. `missing`, before a command, where no rule was asked yet."""

    missing: str = ""
    chip: str = ""
    lead: str = ""
    overlap: str = ""
    effort: Table | None = None
    table: Table | None = None
    spending: Table | None = None
    aside: str = ""
    unjudged_lead: str = ""
    unjudged: Table | None = None


@dataclass(frozen=True)
class SavedBlock:
    """What was saved. `missing` alone where nothing was proved yet."""

    missing: str = ""
    lead: str = ""
    chart: Chart | None = None
    table: Table | None = None
    accuracy: Table | None = None


def advice_block(report: MonthlyInput, money: MoneyFormat) -> AdviceBlock:
    """Advice as it stands on the day of the page, whatever its month."""
    advice = report.advice
    if advice is None:
        return AdviceBlock(missing=NEXT_RUN)
    unjudged = unjudged_table(advice.unjudged, money)
    return AdviceBlock(
        chip=f"{money.headline(advice.counted_saving)} a month to save" if advice.counted else "",
        lead=advice_lead(advice, money) + _share_of(report, advice, money),
        overlap=overlap_words(advice, money),
        effort=effort_table(advice, money) if advice.counted else None,
        table=advice_table(advice, money),
        spending=spending_table(advice, money),
        aside=aside_words(advice, money),
        unjudged_lead=unjudged_words(advice, money) if unjudged else "",
        unjudged=unjudged,
    )


def saved_block(report: MonthlyInput, money: MoneyFormat) -> SavedBlock | None:
    """What was done so far, and how far it is proved; None where no rule was asked yet."""
    advice = report.advice
    if advice is None:
        return None
    if advice.savings is None:
        return SavedBlock(missing=NEXT_PROOF)
    source = (
        f"Source: gold.savings · {money.currency} a month of 730 hours · as of {advice.judged_on or 'the last run'}"
    )
    return SavedBlock(
        lead=saved_lead(advice, money),
        chart=saved_chart(advice.savings, money, source),
        table=saved_table(advice.savings, money),
        accuracy=accuracy_table(advice.accuracy, money),
    )


def saving_tile(report: MonthlyInput, money: MoneyFormat) -> Tile | None:
    """What can be saved and what is; None where no rule was asked."""
    advice = report.advice
    if advice is None:
        return None
    detail = f"a month, by {actions_counted(len(advice.counted), money)}"
    if advice.savings:
        detail += f"; {money.headline(advice.proved_saving)} saved and proved"
    period = f"as of {advice.judged_on}" if advice.judged_on else "as of the last run"
    return Tile("To be saved", money.headline(advice.counted_saving), detail, period, ALL_ADVICE)


def actions_counted(number: int, money: MoneyFormat) -> str:
    """`1 action`, `2 actions`."""
    return f"{count(number, money.locale)} action{'' if number == 1 else 's'}"


def advice_lead(advice: Advice, money: MoneyFormat) -> str:
    """What can be saved by how many actions, nothing counted twice."""
    if not advice.counted:
        return ""
    told = actions_counted(len(advice.counted), money)
    return f"{told} would save {money.headline(advice.counted_saving)} a month"


def _share_of(report: MonthlyInput, advice: Advice, money: MoneyFormat) -> str:
    """Set against the month, where that is whole; a full stop in any case where there is a sentence."""
    if not advice.counted:
        return ""
    cost = report.summary.billed_cost
    if not report.summary.is_complete or cost <= 0:
        return "."
    return f", {percent(divided(advice.counted_saving, cost), money.locale)} of what the month cost."


def overlap_words(advice: Advice, money: MoneyFormat) -> str:
    """What they would come to if nobody looked at overlaps; nothing where there are none."""
    others = len(advice.saving) - len(advice.counted)
    if not others:
        return ""
    verb, them = "overlaps" if others == 1 else "overlap", "them" if len(advice.counted) > 1 else "it"
    more = f"{count(others, money.locale)} more {verb} with {them}"
    return f"{more}; added up blindly all would come to {money.headline(advice.naive_saving)}, which nobody can save."


def aside_words(advice: Advice, money: MoneyFormat) -> str:
    """How many people declined or put aside, and what is over; nothing where there is none."""
    states = Counter(row.status for row in advice.rows if not row.is_to_do)
    parts = [f"{count(number, money.locale)} {state}" for state, number in states.most_common()]
    return f"Not shown: {', '.join(parts)}." if parts else ""


def unjudged_words(advice: Advice, money: MoneyFormat) -> str:
    """How much was not judged by a rule that asked for it, and the metric that is missing most."""
    rows = advice.unjudged
    number = len({row.resource_id for row in rows})
    cost = money.headline(unjudged_cost(rows))
    told = (
        f"{count(number, money.locale)} resource{'' if number == 1 else 's'} of {cost} a month could not be judged by "
    )
    told += "at least one rule"
    metric = commonest_metric(rows)
    return f"{told}; what is missing most is {metric}." if metric else f"{told}."
