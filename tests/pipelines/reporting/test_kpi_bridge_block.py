"""Why unit costs changed, on the page: each row adds up as printed, and a figure without a split has a reason."""

import re
import shlex
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reporting.folding import digits_adding_up
from pipelines.reporting.kpi_bridge_rows import KpiBridgeRow, figure_bridges
from pipelines.reporting.money import NOTHING, MoneyFormat, quantized
from pipelines.reporting.monthly import render_monthly
from pipelines.reporting.monthly_kpi_bridge import digits_of, kpi_bridge_block

D = Decimal
EUROS = MoneyFormat("EUR")
EFFECTS = ("price", "volume", "mix", "efficiency", "new", "gone", "not_separable")


def part(kpi, scope, before, item="all", unit="thousand requests", reason=None, **effects):
    """A row of gold.kpi_bridge; the figure's value is its value before and this part's change."""
    change = sum((D(each) for each in effects.values()), D(0))
    return {
        "billing_month": "2026-10", "kpi": kpi, "scope": scope, "item": item, "billing_currency": "EUR", "unit": unit,
        "previous_value": D(before), "value": D(before) + change, "change": change,
        **{f"{each}_effect": D(effects.get(each, 0)) for each in EFFECTS}, "reason": reason,
    }  # fmt: skip


def unsplit(kpi, scope, reason):
    row = part(kpi, scope, "1", reason=reason)
    return {name: None if name.endswith(("_effect", "value", "change")) else value for name, value in row.items()}


ROWS = [
    part("cost_per_request", "production", "0.089820134351", price="0.001", mix="-0.006678504098"),
    part("cost_per_request", "product shop", "0.0242", volume="-0.0031", efficiency="0.0004"),
    part("cost_per_request", "product assistant", "0.57296", new="0.137554", volume="-0.01322"),
    part("cost_per_gb", "object", "0.011786182996", unit="GB and month of 730 hours", mix="0.000082534663"),
    part("cost_per_gb", "local", "0.04015", unit="GB and month of 730 hours"),
    unsplit("cost_per_deploy", "services", "the month before is not complete"),
]


@pytest.fixture
def block(small_rows, build):
    return lambda rows: kpi_bridge_block(build(small_rows | {"gold.kpi_bridge": rows}), EUROS)


def cells(table):
    return {line.cells[0].text: [cell.text for cell in line.cells[1:]] for line in table.lines}


def number(text):
    digits = re.sub(r"[^\d.−]", "", text).replace("−", "-")
    return D(digits) if digits else D(0)


def adds_up(line):
    before, now, change, *effects = (number(cell.text) for cell in line.cells[1:])
    return now - before == change == sum(effects)


def test_a_figure_stands_with_both_months_its_change_and_what_made_it(block):
    found = cells(block(ROWS).table)
    assert found["Requests: all of production"] == [
        *("€0.0898", "€0.0841", "−€0.0057", "+€0.0010", NOTHING, "−€0.0067", NOTHING, NOTHING, NOTHING, NOTHING)
    ]
    assert found["Storage: object"][:3] == ["€0.011786", "€0.011869", "+€0.000083"]
    assert list(found)[:4] == [
        "Requests: all of production",
        "Requests: assistant",
        "Requests: shop",
        "Storage: object",
    ]
    assert all(adds_up(line) for line in block(ROWS).table.lines if not line.kind)


def test_the_leading_figure_is_told_in_a_sentence(block):
    assert block(ROWS).lead == (
        "Requests: all of production cost 6.3% less each than in September: mix −€0.0067 and price +€0.0010 "
        "per thousand requests."
    )


def test_what_stayed_and_what_has_no_split_is_counted_with_the_reason(block):
    folded = {line.cells[0].text: line.cells[0].note for line in block(ROWS).table.lines if line.kind}
    assert folded == {"1 as before": "Storage: local", "Deploy": "not split: the month before is not complete"}


def test_of_one_sort_the_four_that_changed_most_are_shown(block):
    rows = [part("cost_per_request", f"product p{at}", "1", price=f"0.{at}") for at in range(1, 8)]
    found = list(cells(block(rows).table))
    assert found == [*(f"Requests: p{at}" for at in (7, 6, 5, 4)), "3 more that changed less"]


def test_a_row_leads_to_its_parts(block):
    rows = [part("cost_per_request", "product o'hara", "1", price="0.5")]
    [line] = block(rows).table.lines
    words = shlex.split(line.trace.command)
    assert words[:3] == ["finops", "trace", "gold.kpi_bridge"]
    assert {"kpi=cost_per_request", "scope=product o'hara", "billing_currency=EUR"} < set(words)


def test_an_open_month_shows_the_reason_and_no_bridge_at_all_no_section(block, small_rows, build):
    reason = "the month is not complete; its figure is split when it is"
    found = block([unsplit("cost_per_gb", kind, reason) for kind in ("block", "object")])
    assert found.lead == ""
    assert [(line.cells[0].text, line.cells[0].note) for line in found.table.lines] == [
        ("2 figures", f"not split: {reason}")
    ]
    assert block([]) is None
    assert "Why unit costs changed" not in render_monthly(build(small_rows))
    assert "Why unit costs changed" in render_monthly(build(small_rows | {"gold.kpi_bridge": ROWS}))


exact = st.decimals(min_value=-10, max_value=10, places=12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(*[exact] * len(EFFECTS)), min_size=1, max_size=6), st.decimals("0.01", 1000, places=12))
def test_every_row_adds_up_as_printed_whatever_its_size(parts, before):
    rows = [
        part("cost_per_request", "product p", before, item=str(at), **dict(zip(EFFECTS, effects, strict=True)))
        for at, effects in enumerate(parts)
    ]
    whole = sum((row["change"] for row in rows), D(0))
    fields = KpiBridgeRow.__dataclass_fields__
    rows = [row | {"value": before + whole} for row in rows]
    [figure] = figure_bridges([KpiBridgeRow(**{name: row[name] for name in fields}) for row in rows])
    assert figure.change == whole
    if whole:
        digits = digits_of(figure)
        change = quantized(figure.now, digits) - quantized(figure.before, digits)
        shown = digits_adding_up(figure.effects, change, digits)
        assert sum(shown) == change
        step = D(1).scaleb(-digits)
        assert all(abs(a - b) <= 2 * step for a, b in zip(shown, figure.effects, strict=True))
