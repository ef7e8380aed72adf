"""What a weekly review says before its tables: state, sentence, key figures, forecast, freshness, agenda."""

from dataclasses import dataclass
from datetime import timedelta

from pipelines.reporting.display import Fact, Tile, trace
from pipelines.reporting.money import NOTHING, MoneyFormat, arrow, count, divided, is_flat, percent, total
from pipelines.reporting.monthly_outlook_tiles import chance, known_days
from pipelines.reporting.outlook_rows import ForecastRow
from pipelines.reporting.sentence import SECOND_DRIVER, in_text, month_name
from pipelines.reporting.weekly_advice import WeekAdvice
from pipelines.reporting.weekly_rows import WeekAnomalies, WeeklyInput
from pipelines.reporting.weekly_tables import by_project, project_of, week_before
from pipelines.reporting.weeks import DAYS


@dataclass(frozen=True)
class Step:
    """One point of the review: minutes, what is done, and where on the page."""

    minutes: int
    what: str
    place: str


def status(report: WeeklyInput) -> tuple[str, str]:
    """The state of the week's figures in a word or two, and a sentence for it."""
    if report.is_complete:
        return "Complete", "All seven days are charged; charges can change until the invoice is issued."
    return "Week to date", f"{report.known_days} of {DAYS} days; charges still arrive."


def chip(found: WeekAnomalies | None, money: MoneyFormat) -> str:
    """How many new anomalies ask for action; nothing where none does."""
    return f"{count(len(found.new), money.locale)} new {_word(len(found.new))}" if found and found.new else ""


def sentence(report: WeeklyInput, money: MoneyFormat) -> str:
    """What was spent, how that differs from the week before, and what explains it."""
    so_far = "" if report.is_complete else " so far"
    told = f"You spent {money.headline(report.cost)} in the week of {report.week.days}{so_far}"
    if report.previous_cost <= 0:
        return f"{told}; there is nothing before it to compare with."
    delta, before = report.delta_cost, week_before(report)
    ratio = divided(delta, report.previous_cost)
    shown = percent(ratio, money.locale, plus=True)
    if is_flat(ratio):
        return f"{told}, about the same as in {before} ({money.signed_headline(delta)}, {shown})."
    word = "more" if delta > 0 else "less"
    told += f", {money.headline(abs(delta))} {word} than in {before} ({shown})."
    return f"{told} {_drivers(report, money)}".rstrip()


def _drivers(report: WeeklyInput, money: MoneyFormat) -> str:
    """The one or two projects that moved most in the direction of the whole."""
    delta = report.delta_cost
    moved = sorted(
        (row for row in by_project(report.costs) if row.delta_cost * delta > 0),
        key=lambda row: (-abs(row.delta_cost), project_of(row)),
    )
    leading = [row for i, row in enumerate(moved[:2]) if i == 0 or abs(row.delta_cost) >= SECOND_DRIVER * abs(delta)]
    parts = [f"{in_text(project_of(row))} {money.signed_headline(row.delta_cost)}" for row in leading]
    return f"Most of it: {' and '.join(parts)}." if parts else ""


def tiles(report: WeeklyInput, found: WeekAnomalies | None, money: MoneyFormat) -> tuple[Tile, ...]:
    """The week's cost and change, the anomalies, and where the month ends."""
    week, delta = str(report.week), report.delta_cost
    compared = report.previous_cost > 0
    ratio = f"{money.change_ratio(delta, report.previous_cost)} {arrow(delta)}" if compared else "no week before"
    tone = "more" if delta > 0 else "less" if delta < 0 else ""
    cost = Tile("Cost", money.headline(report.cost), f"{report.known_days} of {DAYS} days", week, None)
    moved = Tile(
        "Vs the week before",
        money.signed_headline(delta) if compared else NOTHING,
        ratio,
        f"{week} against {report.week.before}",
        None,
        tone if compared else "",
    )
    return (cost, moved, *_anomaly_tiles(week, found, money), *_outlook_tiles(report, money))


def _anomaly_tiles(week: str, found: WeekAnomalies | None, money: MoneyFormat) -> tuple[Tile, ...]:
    if found is None:
        return (Tile("Anomalies", NOTHING, "not judged yet", week, None),)

    def counted(number: int) -> str:
        return count(number, money.locale)

    tone = "finding" if found.new else ""
    impact = [row.impact for row in found.new if row.unit == money.currency and row.impact is not None]
    told = f"{money.signed_headline(total(impact))} against what was expected" if impact else "that ask for action"
    told += f"; {counted(len(found.quiet))} more that do not" if found.quiet else ""
    return (
        Tile("New anomalies", counted(len(found.new)), told, week, None, tone),
        Tile("Still open", counted(len(found.still_open)), "from before", week, None),
        Tile("Answered", counted(len(found.answered)), "explained, expected, closed, suppressed", week, None),
    )


def _outlook_tiles(report: WeeklyInput, money: MoneyFormat) -> tuple[Tile, ...]:
    row = report.outlook.whole("month_end")
    if row is None:
        return ()
    period = f"{month_name(f'{row.period_start:%Y-%m}')}, {known_days(row)}"
    return (Tile("Forecast, month end", money.headline(row.expected_cost), _band(row, money), period, None),)


def _band(row: ForecastRow, money: MoneyFormat) -> str:
    if row.low_cost is None or row.high_cost is None:
        return "expected; its band is not measured"
    return f"{row.interval_percent} %: {money.headline(row.low_cost)} to {money.headline(row.high_cost)}"


def strip(report: WeeklyInput, money: MoneyFormat) -> tuple[Fact, ...]:
    """What is to come and how far the data can be trusted, in one line each."""
    return (
        *_forecast_facts(report, money),
        _until_fact(report),
        _answer_fact(report),
        _checks_fact(report, money),
    )


def _forecast_facts(report: WeeklyInput, money: MoneyFormat) -> tuple[Fact, ...]:
    row = report.outlook.whole("month_end")
    if row is None:
        return (Fact("Forecast", NOTHING, "none was made", "quiet"),)
    month = f"{row.period_start:%Y-%m}"
    budget = report.outlook.budget_of(month, None, None)
    run_rate = money.headline(row.run_rate_cost) if row.run_rate_cost is not None else NOTHING
    facts = [Fact("At the rate so far", run_rate, f"{month_name(month)}, month end", "quiet")]
    if budget is not None and budget.amount_as_cost is not None:
        risk = budget.chance_of_overrun
        detail = f"chance of overrun {chance(risk)}"
        if budget.expected_breach_on is not None:
            detail += (
                f"; {'crossed' if budget.is_breached else 'expected to be crossed'} on {budget.expected_breach_on}"
            )
        state = "finding" if (risk or 0) >= 0.5 else "good"
        facts.append(Fact(f"Budget of {month_name(month)}", money.headline(budget.amount_as_cost), detail, state))
    later = report.outlook.whole("next_month")
    if later is not None:
        title = month_name(f"{later.period_start:%Y-%m}")
        facts.append(Fact(f"Forecast of {title}", money.headline(later.expected_cost), _band(later, money), "quiet"))
    return tuple(facts)


def _until_fact(report: WeeklyInput) -> Fact:
    last = report.charges_until - timedelta(days=1)
    detail = "end of day, UTC" if report.is_complete else f"the week has {report.known_days} of {DAYS} days"
    return Fact("Data until", f"{last}", detail, "good" if report.is_complete else "finding")


def _answer_fact(report: WeeklyInput) -> Fact:
    answered = [row for row in report.freshness if row.last_answer_at]
    if not answered:
        return Fact("Last answer", NOTHING, "no source has answered", "finding")
    newest = max(answered, key=lambda row: (row.last_answer_at or report.as_of, row.source.startswith("billing")))
    when = f"{newest.last_answer_at:%Y-%m-%d %H:%M} UTC"
    return Fact("Last answer", when, f"from {newest.source}", "good", trace(newest))


def _checks_fact(report: WeeklyInput, money: MoneyFormat) -> Fact:
    failed = report.checks_failed
    detail = ", ".join(f"{check.check_name} on {check.table_name}" for check in failed) or "all checks passed"
    return Fact("Failed checks", count(len(failed), money.locale), detail, "finding" if failed else "good")


def agenda(found: WeekAnomalies | None, advice: WeekAdvice | None = None) -> tuple[Step, ...]:
    """Fifteen minutes: what is new first, since it costs most to leave it."""
    new, still = (len(found.new), len(found.still_open)) if found else (0, 0)
    first = f"{new} new {_word(new)}: name the cause, an owner and a day" if new else "No new anomaly: go on"
    second = (
        f"{still} still open: what came of {_them(still)}? Close or explain" if still else "Nothing open from before"
    )
    if found is None:
        first = second = "Anomalies: nothing has been judged yet"
    return (
        Step(2, "Is the data there, and what did the week cost?", "head"),
        Step(4, first, "anomalies"),
        Step(2, second, "open"),
        Step(3, _advice_step(advice), "advice"),
        Step(2, "What moved without being unusual, and is it wanted?", "movers"),
        Step(2, "Where does the month end, and who does what until next week?", "head"),
    )


def _advice_step(advice: WeekAdvice | None) -> str:
    new = len(advice.new) if advice else 0
    if not new:
        return "No new recommendation: what came of those that were accepted?"
    return f"{new} new recommendation{'' if new == 1 else 's'}: who takes {_them(new)}, or why not?"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def _word(number: int) -> str:
    return "anomaly" if number == 1 else "anomalies"
