"""The bill seen from several sides: they reconcile, or say why not; steps lead from one subtotal to the next."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

OCTOBER = "2026-10"
FINAL = {"billing_month": OCTOBER, "days_read": 31, "is_complete": True, "is_final": True, "invoice_state": "issued"}
OPEN = {**FINAL, "is_final": False, "is_complete": False, "invoice_state": None}


def line(consumed: str, sku: str = "/a", **fields) -> dict:
    row = {
        "billing_month": OCTOBER,
        "project_id": "p",
        "sku": sku,
        "consumed_cost": consumed,
        "billing_currency": "EUR",
    }
    return {**row, **fields}


def charge(billed: str | None, sku: str = "/a", **fields) -> dict:
    row = {"billing_month": OCTOBER, "project_id": "p", "sku": sku, "billed_cost": billed, "billing_currency": "EUR"}
    return {**row, "charge_key": f"{sku}{billed}{fields}", **fields}


def invoice(undiscounted: str, discount: str = "0", tax: str = "0", **fields) -> dict:
    untaxed = Decimal(undiscounted) + Decimal(discount)
    row = {
        "invoice_id": f"{undiscounted}{fields}",
        "billing_month": OCTOBER,
        "invoice_type": "periodic",
        "invoice_state": "issued",
        "undiscounted_cost": undiscounted,
        "discount": discount,
        "untaxed_cost": untaxed,
        "tax": tax,
        "taxed_cost": untaxed + Decimal(tax),
        "billing_currency": "EUR",
    }
    return {**row, **fields}


EXPLAINED = {
    "rounding to the cent": ([charge("1.004")], [line("1.00")], FINAL, False),
    "below half a cent, no line on the bill": ([charge("0.003")], [], FINAL, False),
    "contract line, billed without a charge": ([], [line("-40", category_name="Contracts")], FINAL, False),
    "month not invoiced yet: charges and bill are read at different times": ([charge("5")], [line("4")], OPEN, False),
    "unexplained": ([charge("1.006")], [line("1.00")], FINAL, True),
}


@pytest.mark.parametrize("explanation", EXPLAINED)
def test_a_difference_between_charges_and_bill_is_explained_as(build, explanation):
    charges, lines, month, is_alarm = EXPLAINED[explanation]
    (row,) = build(
        "gold.reconciliation",
        given={"silver.costs": charges, "silver.consumptions": lines, "silver.billing_months": [month]},
    )
    assert (row["explanation"], row["is_alarm"]) == (explanation, is_alarm)
    consumed = sum(Decimal(each["consumed_cost"]) for each in lines)
    assert row["residual"] == consumed - sum(Decimal(each["billed_cost"]) for each in charges)


def test_a_line_without_charges_and_charges_without_a_line_both_alarm_and_nothing_is_lost(build):
    given_rows = {
        "silver.costs": [
            charge("3", "/charged"),
            charge("1", "/both"),
            charge("1", "/both", resource_id="r"),
            charge(None, "/free"),
        ],
        "silver.consumptions": [line("2", "/both"), line("7", "/billed")],
        "silver.billing_months": [FINAL],
    }
    rows = {row["sku"]: row for row in build("gold.reconciliation", given=given_rows)}
    assert {sku: row["is_alarm"] for sku, row in rows.items()} == {
        "/charged": True,
        "/both": False,
        "/free": False,
        "/billed": True,
    }
    assert rows["/charged"]["consumed_cost"] is None
    assert rows["/billed"]["charged_cost"] is None
    assert rows["/both"]["tolerance"] == Decimal("0.005000001")


def test_the_invoice_stands_beside_the_months_lines_and_what_is_invoiced_apart_beside_it(build):
    lines = [
        {"billing_month": OCTOBER, "sku": sku, "billing_currency": "EUR", "charged_cost": charged,
         "consumed_cost": consumed, "residual": residual, "explanation": why, "is_alarm": why == "unexplained"}
        for sku, charged, consumed, residual, why in [
            ("/a", "1.004", "1", "-0.004", "rounding to the cent"),
            ("/b", "5", "7", "2", "unexplained"),
            ("/c", None, "-3", "-3", "contract line, billed without a charge"),
        ]
    ]  # fmt: skip
    invoices = [
        invoice("5"),
        invoice("100", invoice_type="purchase"),
        invoice("-2", invoice_type="credit_note"),
        invoice("900", invoice_state="draft"),
        invoice("800", invoice_state="voided"),
        invoice("9", billing_currency="USD"),
    ]
    rows = build("gold.invoice_reconciliation", given={"gold.reconciliation": lines, "silver.invoices": invoices})
    (row,) = rows
    expected = {
        "charged_cost": "6.004",
        "consumed_cost": "5",
        "invoiced_cost": "5",
        "consumption_residual": "0",
        "charge_residual": "-1.004",
        "rounding_residual": "-0.004",
        "contract_residual": "-3",
        "unexplained_residual": "2",
        "alarms": "1",
        "invoiced_apart_cost": "100",
        "credit_note_cost": "-2",
    }
    assert {name: row[name] for name in expected} == {name: Decimal(value) for name, value in expected.items()}
    parts = row["rounding_residual"] + row["contract_residual"] + row["unexplained_residual"]
    assert parts == row["charge_residual"]


def test_a_month_without_an_invoice_is_not_one_of_zero(build):
    (row,) = build(
        "gold.invoice_reconciliation",
        given={
            "gold.reconciliation": [
                {"billing_month": OCTOBER, "billing_currency": "EUR", "consumed_cost": "5", "explanation": "x"}
            ]
        },
    )
    assert (row["invoiced_cost"], row["consumption_residual"]) == (None, None)


def waterfall(build, lines, invoices):
    rows = build("gold.invoice_waterfall", given={"silver.consumptions": lines, "silver.invoices": invoices})
    return sorted(rows, key=lambda row: (row["billing_month"], row["billing_currency"], row["step_number"]))


def test_the_waterfall_leads_from_list_price_to_the_taxed_invoice(build):
    lines = [
        line("1000"),
        line("-50", "/storage/obj/offer/free-tier/external-bandwidth"),
        line("-20", "/offer/deducted/generative_apis"),
        line("-100", "/x", category_name="Contracts"),
        line("-7", "/billing/discount"),
    ]
    rows = waterfall(build, lines, [invoice("823", discount="-23", tax="160")])
    assert [(row["step"], row["amount"], row["is_subtotal"]) for row in rows] == [
        ("list price", 1000, True),
        ("free tier", -70, False),
        ("plan or contract", -107, False),
        ("consumption", 823, True),
        ("vouchers", -23, False),
        ("untaxed invoice", 800, True),
        ("tax", 160, False),
        ("taxed invoice", 960, True),
    ]
    assert all(row["basis"] for row in rows)


@pytest.mark.parametrize(
    ("committed", "denominator", "reason", "taken_off"),
    [
        ("500", "1015", None, 15),
        ("0", "1200", None, 200),
        ("0", "1001", None, 0),  # quantities on the bill are rounded
        ("500", "1015", "nobody has verified it", 0),
    ],
)
def test_what_lines_are_net_of_is_in_the_list_price_and_taken_off_again(
    build, committed, denominator, reason, taken_off
):
    rate = {
        "billing_month": OCTOBER,
        "billing_currency": "EUR",
        "denominator": denominator,
        "charged_cost": "1000",
        "committed_cost": committed,
        "reason": reason,
    }
    given = {"silver.consumptions": [line("1000"), line("-3", "/billing/x")], "gold.effective_savings_rate": [rate]}
    steps = {row["step"]: row["amount"] for row in build("gold.invoice_waterfall", given=given)}
    assert steps == {
        "list price": 1000 + taken_off,
        "free tier": 0,
        "plan or contract": -3 - taken_off,
        "consumption": 997,
    }


def test_a_difference_of_the_invoice_is_a_step_and_a_missing_invoice_ends_at_consumption(build):
    rows = waterfall(build, [line("10")], [invoice("12")])
    assert ("not on the invoice", 2) in [(row["step"], row["amount"]) for row in rows]
    rows = waterfall(build, [line("10")], [])
    assert rows[-1]["step"] == "consumption"


CENTS = st.decimals(-(10**6), 10**6, places=2)
KINDS = [("/a", "Compute"), ("/b", None), ("/offer/deducted/x", "AI"), ("/billing/plan", "Compute"),
         ("/c", "Contracts"), ("/x/free-tier/y", "Storage"), ("/offer/x", "Contracts"),
         ("/billing/y/free-tier/z", None)]  # fmt: skip


@settings(max_examples=10, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2026-09", "2026-10", "2026-11"]),
            st.sampled_from(["EUR", "USD"]),
            st.sampled_from(KINDS),
            CENTS,
        ),
        min_size=1,
        max_size=30,
    ),
    st.dictionaries(
        st.tuples(st.sampled_from(["2026-09", "2026-10"]), st.sampled_from(["EUR", "USD"])),
        st.tuples(CENTS, CENTS, CENTS),
    ),
)
def test_every_step_leads_to_the_next_subtotal_whatever_was_billed(build, lines, invoices):
    consumed = [
        line(
            str(amount),
            sku,
            category_name=category,
            billing_month=month,
            billing_currency=currency,
            resource_label=str(n),
        )
        for n, (month, currency, (sku, category), amount) in enumerate(lines)
    ]
    issued = [
        invoice(str(whole), str(discount), str(tax), billing_month=month, billing_currency=currency)
        for (month, currency), (whole, discount, tax) in invoices.items()
    ]
    running = None
    for row in waterfall(build, consumed, issued):
        if row["step_number"] == 1:
            running = row["amount"]
        elif row["is_subtotal"]:
            assert row["amount"] == running, row
        else:
            running += row["amount"]


LINE = {
    "project_id": "p",
    "sku": "/a",
    "product_name": "A",
    "resource_name": "label",
    "category_name": "Compute",
    "unit": "minute",
    "billed_quantity": "44",
}


def test_a_newer_snapshot_of_the_consumption_supersedes_the_older(answers, euros):
    from datetime import UTC, datetime

    for day, value in ((10, "1.5"), (11, "2.25"), (12, "-0.75")):
        at = datetime(2026, 10, day, tzinfo=UTC)
        answers.answer("bronze.consumptions", "billing.consumptions", [{**LINE, "value": euros(value)}],
                       at=at, month=OCTOBER, extra={"updated_at": "2026-10-10T01:02:03Z"})  # fmt: skip
    (row,) = answers.built("silver.consumptions", OCTOBER)
    assert (row["consumed_cost"], row["billed_quantity"], row["unit"]) == (Decimal("-0.75"), 44, "minute")


def test_taxes_and_vouchers_are_exact(answers):
    from pipelines.sources.answers import items_of

    taxes = b'{"taxes": [{"description": "VAT", "currency": "EUR", "rate": 0.2, "total_tax_value": 1234.57}]}'
    answers.answer("bronze.taxes", "billing.taxes", items_of("billing.taxes", taxes)[0], month=OCTOBER)
    vouchers = b'{"discounts":[{"id":"d","value":3000,"value_used":0.1,"value_remaining":2999.9,"stop_date":null}]}'
    answers.answer("bronze.discounts", "billing.discounts", items_of("billing.discounts", vouchers)[0])
    (tax,) = answers.built("silver.taxes", OCTOBER)
    assert (tax["tax"], tax["tax_rate"]) == (Decimal("1234.57"), Decimal("0.2"))
    (voucher,) = answers.built("silver.discounts")
    assert voucher["granted_value"] - voucher["used_value"] == voucher["remaining_value"] == Decimal("2999.9")
    assert voucher["ends_at"] is None
