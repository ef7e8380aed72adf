"""Months, spenders and coverage as people read them: like with like, missing never zero."""

from datetime import date
from decimal import Decimal

from pipelines.billing.periods import month_start, next_month
from pipelines.lake.answers import record

TWELVE = Decimal(10) ** -12


def month(name: str, until: str | None = None, **fields) -> dict:
    end = next_month(month_start(name))
    last = date.fromisoformat(until) if until else end
    read = {"charges_until": last, "days_read": (last - month_start(name)).days, "is_complete": last == end}
    return {
        "billing_month": name,
        **read,
        "is_final": last == end,
        "invoice_state": "paid" if last == end else None,
        **fields,
    }


def day(name: str, cost: str, **fields) -> dict:
    row = {
        "charge_date": date.fromisoformat(name),
        "billing_month": name[:7],
        "billed_cost": cost,
        "billing_currency": "EUR",
    }
    return {**row, "project_id": "p", **fields}


def labelled(name: str, cost: str | None, **fields) -> dict:
    return {
        **day(name, cost),
        "charge_key": f"{name}{cost}{fields}",
        "project_name": "P",
        "service_name": "S",
        **fields,
    }


def daily(name: str, cost: str, until: int = 0) -> list[dict]:
    """The same cost on every day of a month, or of its first days."""
    start = month_start(name)
    days = until or (next_month(start) - start).days
    return [day(f"{name}-{number:02d}", cost) for number in range(1, days + 1)]


def summaries(build, days, months):
    rows = build("gold.monthly_summary", given={"gold.daily_costs": days, "silver.billing_months": months})
    return {(row["billing_month"], row["billing_currency"]): row for row in rows}


def test_months_of_other_lengths_are_compared_by_the_day(build):
    rows = summaries(build, daily("2026-01", "31") + daily("2026-02", "31"), [month("2026-01"), month("2026-02")])
    row = rows["2026-02", "EUR"]
    assert (row["billed_cost"], row["previous_cost"], row["delta_cost"]) == (28 * 31, 31 * 31, -3 * 31)
    assert (row["cost_per_day"], row["previous_cost_per_day"]) == (31, 31)
    assert (row["delta_cost_per_day"], row["delta_per_day_ratio"]) == (0, 0)
    assert (row["charged_days"], row["previous_days"]) == (28, 31)


def test_the_first_month_has_nothing_before_it_rather_than_zero(build):
    row = summaries(build, daily("2026-01", "1"), [month("2026-01")])["2026-01", "EUR"]
    names = (
        "previous_cost",
        "previous_cost_per_day",
        "previous_days",
        "delta_cost",
        "delta_cost_per_day",
        "delta_per_day_ratio",
    )
    assert {row[name] for name in names} == {None}


def test_an_open_month_is_compared_with_the_same_first_days(build):
    days = [
        *daily("2026-09", "10", until=4),
        *[day(f"2026-09-{n:02d}", "99") for n in range(5, 31)],
        *daily("2026-10", "12", until=4),
    ]
    row = summaries(build, days, [month("2026-09"), month("2026-10", until="2026-10-05")])["2026-10", "EUR"]
    assert (row["billed_cost"], row["previous_cost"], row["delta_cost"]) == (48, 40, 8)
    assert (row["charged_days"], row["previous_days"], row["delta_per_day_ratio"]) == (4, 4, Decimal("0.2"))
    assert (row["is_complete"], row["is_final"], row["charges_until"]) == (False, False, date(2026, 10, 5))


def test_a_month_costs_as_much_per_day_beside_the_next_as_by_itself(build):
    """Days without a charge are days all the same."""
    days = [day("2026-09-10", "30"), day("2026-09-20", "30"), *daily("2026-10", "2")]
    rows = summaries(build, days, [month("2026-09"), month("2026-10")])
    assert rows["2026-10", "EUR"]["previous_cost_per_day"] == rows["2026-09", "EUR"]["cost_per_day"] == 2


def test_the_year_so_far_starts_in_january_and_says_from_when_it_is_known(build):
    days = [day("2025-12-31", "100"), day("2026-02-10", "20"), day("2026-03-10", "3")]
    months = [month(name) for name in ("2025-12", "2026-02", "2026-03")]
    rows = summaries(build, days, months)
    assert rows["2026-03", "EUR"]["year_to_date_cost"] == 23
    assert rows["2026-03", "EUR"]["year_known_from"] == date(2026, 2, 10)
    assert rows["2026-02", "EUR"]["year_to_date_cost"] == 20


def test_ratios_are_exact_to_twelve_digits(build):
    days = [day("2026-09-01", "1"), day("2026-10-01", "3", owner="a"), day("2026-10-02", "4")]
    row = summaries(build, days, [month("2026-09"), month("2026-10")])["2026-10", "EUR"]
    assert row["owned_cost_ratio"] == (Decimal(3) / 7).quantize(TWELVE)
    assert row["cost_per_day"] == (Decimal(7) / 31).quantize(TWELVE)
    assert abs(row["delta_per_day_ratio"] - ((Decimal(7) / 31) / (Decimal(1) / 30) - 1)) < 10 * TWELVE


def test_a_month_is_as_far_known_as_its_charges_and_final_with_its_invoice(answers, charge):
    from datetime import UTC, datetime

    days = [answers.day(f"2026-10-{number:02d}", charge("1")) for number in range(1, 32)]
    record(answers.lake, "bronze.charges", [*days, answers.day("2026-11-01")])

    def invoiced(state: str, number: int) -> None:
        item = {"id": "i", "type": "periodic", "state": state, "billing_period": "2026-10-01T00:00:00Z",
                "issued_date": "2026-11-03T10:00:00Z"}  # fmt: skip
        answers.answer("bronze.invoices", "billing.invoices", [item], at=datetime(2026, 11, number, tzinfo=UTC))

    def known() -> list[tuple]:
        answers.build("silver.invoices")
        rows = answers.read("select * from silver.billing_months order by billing_month")
        names = ("billing_month", "charges_until", "days_read", "is_complete", "is_final", "invoice_state")
        return [tuple(row[name] for name in names) for row in rows]

    november = ("2026-11", date(2026, 11, 2), 1, False, False, None)
    assert known() == [("2026-10", date(2026, 11, 1), 31, True, False, None), november]
    invoiced("draft", 2)
    assert known()[0][3:] == (True, False, "draft")
    invoiced("issued", 4)
    assert known()[0][3:] == (True, True, "issued")


def spenders(build, costs, months) -> dict[tuple, dict]:
    rows = build("gold.top_spenders", given={"silver.labelled_costs": costs, "silver.billing_months": months})
    return {(row["billing_month"], row["dimension"], row["item_id"]): row for row in rows}


def test_spenders_are_ranked_with_share_and_change(build):
    costs = [
        labelled("2026-09-01", "1", resource_id="r1", owner="a"),
        labelled("2026-10-01", "6", resource_id="r1", owner="a"),
        labelled("2026-10-02", "3", resource_id="r2", owner=None, project_id="q", project_name="Q"),
        labelled("2026-10-03", None, resource_id="r3"),
    ]
    rows = spenders(build, costs, [month("2026-09"), month("2026-10")])
    ranked = sorted(
        (row["rank"], key[2], row["billed_cost"]) for key, row in rows.items() if key[:2] == ("2026-10", "resource")
    )
    assert ranked == [(1, "r1", 6), (2, "r2", 3), (3, "r3", 0)]
    first = rows["2026-10", "resource", "r1"]
    assert (first["previous_cost"], first["delta_cost"], first["cost_share"]) == (
        1,
        5,
        (Decimal(2) / 3).quantize(TWELVE),
    )
    assert rows["2026-10", "owner", ""]["item_name"] is None
    assert (rows["2026-10", "project", "p"]["owner"], rows["2026-10", "project", "q"]["owner"]) == ("a", None)
    for dimension in ("project", "service", "owner", "resource"):
        assert sum(row["billed_cost"] for key, row in rows.items() if key[:2] == ("2026-10", dimension)) == 9


def test_the_first_month_of_spenders_has_no_change_rather_than_a_rise_from_zero(build):
    rows = spenders(build, [labelled("2026-10-01", "6", resource_id="r1")], [month("2026-10")])
    for row in rows.values():
        names = ("previous_cost", "delta_cost", "previous_cost_per_day", "delta_cost_per_day")
        assert {row[name] for name in names} == {None}


def test_a_spender_that_is_new_in_a_known_history_rose_from_zero(build):
    costs = [labelled("2026-09-01", "1", resource_id="old"), labelled("2026-10-01", "6", resource_id="new")]
    rows = spenders(build, costs, [month("2026-09"), month("2026-10")])
    assert (rows["2026-10", "resource", "new"]["previous_cost"], rows["2026-10", "resource", "new"]["delta_cost"]) == (
        0,
        6,
    )
    assert rows["2026-10", "resource", "old"]["delta_cost"] == -1


def test_coverage_counts_euros_and_resources_and_cost_without_a_resource_can_have_no_label(build):
    none = {"owner": None, "has_environment_tag": False, "has_tags": False}
    costs = [
        labelled("2026-10-01", "60", resource_id="r1", owner="a", has_environment_tag=True, has_tags=True),
        labelled("2026-10-02", "5", resource_id="r2", **{**none, "has_tags": True}),
        labelled("2026-10-03", "25", resource_id="r3", **none),
        labelled("2026-10-04", "10", resource_id=None, **none),
    ]
    rows = {row["label"]: row for row in build("gold.tag_coverage", given={"silver.labelled_costs": costs})}
    assert {label: row["cost_coverage"] for label, row in rows.items()} == {
        "owner": Decimal("0.6"),
        "environment": Decimal("0.6"),
        "any tag": Decimal("0.65"),
    }
    assert {row["total_cost"] for row in rows.values()} == {Decimal(100)}
    assert {row["total_resources"] for row in rows.values()} == {3}
    assert rows["any tag"]["resource_coverage"] == (Decimal(2) / 3).quantize(TWELVE)


def test_coverage_of_nothing_is_unknown_rather_than_zero(build):
    costs = [labelled("2026-10-01", "0", resource_id=None, owner=None, has_environment_tag=False, has_tags=False)]
    for row in build("gold.tag_coverage", given={"silver.labelled_costs": costs}):
        assert (row["cost_coverage"], row["resource_coverage"]) == (None, None)


def test_freshness_says_until_which_day_each_source_speaks(answers, charge):
    answers.charges("2026-10-01", charge("1"))
    answers.charges("2026-10-03")
    answers.answer("bronze.invoices", "billing.invoices", [{"id": "i"}])
    rows = {row["source"]: row for row in answers.built("gold.data_freshness")}
    assert rows["billing.charges"]["data_until"] == date(2026, 10, 4)
    assert (rows["billing.charges"]["questions"], rows["billing.invoices"]["answers"]) == (2, 1)
    assert rows["billing.invoices"]["data_until"] is None
