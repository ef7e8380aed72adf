import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.bill_scenario import Publication
from simulator.charges import Charge, half_even
from simulator.instants import DAY, inclusive_end, month_named, months_between, parse_rfc3339, zulu
from simulator.world import build

DAYS_OF_JUNE = [f"2026-06-{day:02}T00:00:00Z" for day in range(1, 31)] + ["2026-07-01T00:00:00Z"]


def _nanos(row):
    price = row["price"]
    return 0 if price is None else price["units"] * 10**9 + price["nanos"]


def _seconds(text):
    """An instant; an inclusive end counts as the exclusive one a microsecond later."""
    return round(parse_rfc3339(text))


@given(
    rate=st.integers(-(10**24), 10**24),
    scale=st.integers(1, 10**15),
    start=st.integers(0, 10 * DAY),
    cuts=st.lists(st.integers(1, 31 * DAY), min_size=1, max_size=40),
)
def test_the_pieces_of_a_charge_add_up_to_it_within_a_nano_each(rate, scale, start, cuts):
    charge = Charge(None, start, start + max(cuts), rate, scale, 0, 1)
    edges = [start, *sorted({start + cut for cut in cuts})]
    pieces = [charge.nanos(a, b, now=0) for a, b in itertools.pairwise(edges)]
    assert abs(sum(pieces) - charge.nanos(charge.start, charge.end, now=0)) <= len(pieces)


@given(numerator=st.integers(-(10**30), 10**30), denominator=st.integers(1, 10**20))
def test_rounding_is_to_the_nearest_and_a_tie_to_the_even(numerator, denominator):
    rounded = half_even(numerator, denominator)
    distance = abs(2 * (rounded * denominator - numerator))
    assert distance <= denominator
    assert distance < denominator or rounded % 2 == 0


@given(first=st.integers(1_577_836_800, 2_051_222_400), length=st.integers(1, 900 * DAY))
def test_months_cover_a_span_without_gap_or_overlap(first, length):
    last = first + length
    months = months_between(first, last)
    assert months[0].start <= first < months[0].end
    assert months[-1].start < last <= months[-1].end
    assert all(a.end == b.start for a, b in itertools.pairwise(months))


@pytest.mark.parametrize("text", ["2026-05-26 00:00:00+00:00", "2026-05-26", "2026-05-26T00:00:00", "now", ""])
def test_only_rfc_3339_is_a_time(text):
    with pytest.raises(ValueError, match="not an RFC 3339 time"):
        parse_rfc3339(text)


def test_an_end_is_written_one_microsecond_early():
    assert inclusive_end(month_named("2026-02").end) == "2026-02-28T23:59:59.999999Z"
    assert zulu(month_named("2026-12").end) == "2027-01-01T00:00:00Z"


def test_without_clamping_only_charges_entirely_inside_the_window_are_returned(simulator):
    start, end = "2026-06-10T00:00:00Z", "2026-06-11T00:00:00Z"
    rows = simulator.charges(start, end)
    assert rows
    for row in rows:
        assert row["start_date"] >= start
        assert row["end_date"] < end
    assert "/storage/block/snapshot/fr-par-1" not in {row["sku"] for row in rows}  # its charge is a month long
    clamped = simulator.charges(start, end, clamp_to_time_range="True")
    assert "/storage/block/snapshot/fr-par-1" in {row["sku"] for row in clamped}
    assert len(clamped) > len(rows)


def test_thirty_clamped_days_are_the_clamped_month_within_a_nano_per_piece(simulator):
    month: dict = {}
    for row in simulator.charges(DAYS_OF_JUNE[0], DAYS_OF_JUNE[-1], clamp_to_time_range="true"):
        key = row["project_id"], row["sku"], row["resource_id"]
        month[key] = month.get(key, 0) + _nanos(row)
    days: dict = {}
    for start, end in itertools.pairwise(DAYS_OF_JUNE):
        for row in simulator.charges(start, end, clamp_to_time_range="true"):
            assert start <= row["start_date"] < row["end_date"] < end
            key = row["project_id"], row["sku"], row["resource_id"]
            days[key] = days.get(key, 0) + _nanos(row)
    assert days.keys() == month.keys()
    assert all(abs(days[key] - month[key]) <= 31 for key in days)


@pytest.mark.parametrize("page_size", [1, 7, 100, 1000])
def test_any_page_size_returns_every_charge_once(simulator, page_size):
    window = {"start": "2026-06-10T00:00:00Z", "end": "2026-06-14T00:00:00Z", "clamp_to_time_range": "true"}
    rows = simulator.charges(**window, page_size=page_size)
    assert rows == simulator.charges(**window)
    identities = [(r["resource_id"], r["sku"], r["start_date"]) for r in rows]
    assert len(set(identities)) == len(identities)
    assert [row["start_date"] for row in rows] == sorted(row["start_date"] for row in rows)


def test_native_charges_last_hours_a_day_a_life_or_a_whole_month(simulator):
    def lengths(sku):
        rows = simulator.charges("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", skus=sku)
        return {(_seconds(row["end_date"]) - _seconds(row["start_date"])) / 3600 for row in rows}

    assert lengths("/compute/dev1_m/run_par1") == {11}
    assert lengths("/compute/pro2_xxs/run_par1") == {24}
    assert lengths("/storage/block/snapshot/fr-par-1") == {20 * 24}
    assert lengths("/compute/pro2_xs/run_par1") == {31 * 24}


def test_a_gpu_costs_more_from_the_day_its_price_changes(simulator):
    sku = "/compute/l4_1_24g/run_fr-par-2"
    (last_old,) = simulator.charges(
        "2026-05-31T00:00:00Z", "2026-06-01T00:00:00Z", clamp_to_time_range="true", skus=sku
    )
    (first_new,) = simulator.charges(
        "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", clamp_to_time_range="true", skus=sku
    )
    assert _nanos(last_old) == Decimal("0.75") * 24 * 10**9
    assert _nanos(first_new) == Decimal("0.7875") * 24 * 10**9


def test_free_lines_have_no_price_and_deductions_are_negative_in_both_parts(simulator):
    rows = simulator.charges("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z", clamp_to_time_range="true")
    free = [row for row in rows if row["sku"] == "/storage/obj/bandwidth/to-internal/fr-par"]
    assert free
    assert all(row["price"] is None for row in free)
    (deducted,) = [row for row in rows if row["sku"].startswith("/offer/deducted/")]
    assert deducted["price"] == {"currency_code": "EUR", "units": 0, "nanos": -150_000_000}
    assert deducted["resource_name"] is None


def test_stepping_the_clock_reveals_late_charges(simulator):
    late = [c for c in simulator.world.charges if c.published]
    assert late
    charge = late[-12]
    day = datetime.fromtimestamp(charge.start - charge.start % DAY, UTC)
    window = {"start": f"{day:%Y-%m-%dT%H:%M:%SZ}", "end": f"{day + timedelta(1):%Y-%m-%dT%H:%M:%SZ}"}
    seen = []
    for moment in (charge.published - 1, charge.published):
        simulator.clock.now = datetime.fromtimestamp(moment, UTC)
        rows = simulator.charges(**window, clamp_to_time_range="true", resource_ids=charge.line.resource.id)
        seen.append(len([row for row in rows if row["sku"] == charge.line.offer.sku]))
    assert seen == [0, 1]
    assert rows[0]["updated_at"] == zulu(charge.published)


def test_stepping_the_clock_corrects_restated_charges(simulator):
    charge = next(c for c in simulator.world.charges if c.restated_at and not c.line.offer.is_free)
    prices = []
    for moment in (charge.restated_at - 1, charge.restated_at):
        simulator.clock.now = datetime.fromtimestamp(moment, UTC)
        (row,) = simulator.charges(
            zulu(charge.start), zulu(charge.end), skus=charge.line.offer.sku, resource_ids=charge.line.resource.id
        )
        prices.append(_nanos(row))
    assert prices[0] == pytest.approx(prices[1] * 1.12, rel=1e-6)


def test_nothing_late_or_corrected_waits_beyond_the_invoice(small):
    slow = Publication(late_share=Decimal("0.4"), late_days=30, restated_share=Decimal("0.4"), restated_days=30)
    world = build(small.model_copy(update={"publication": slow}))
    for month in world.months:
        moments = [max(c.published, c.restated_at) for c in world.of_month(month.name)]
        assert max(moments) < world.issued_at(month)


def test_the_open_month_grows_with_the_clock_and_its_past_days_stay_as_they_are(simulator):
    window = {"start": "2026-07-08T00:00:00Z", "end": "2026-07-09T00:00:00Z", "clamp_to_time_range": "true"}
    simulator.clock.now = datetime(2026, 7, 9, 6, tzinfo=UTC)
    before = simulator.charges(**window)
    month = simulator.charges("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z", clamp_to_time_range="true")
    assert max(row["end_date"] for row in month if "support" not in row["sku"]) == "2026-07-09T05:59:59.999999Z"
    simulator.clock.now = datetime(2026, 7, 20, 18, tzinfo=UTC)
    after = {(r["resource_id"], r["sku"]): r for r in simulator.charges(**window)}
    for row in before:
        assert after[row["resource_id"], row["sku"]] == row


@pytest.mark.parametrize(
    ("parameters", "argument"),
    [
        ({"organization_id": ""}, "organization_id"),
        ({"start_date_after": "2026-05-26 00:00:00+00:00"}, "start_date_after"),
        ({"page_token": "bm90IG91cnM="}, "page_token"),
        ({"page_token": "%%%"}, "page_token"),
        ({"page_size": "many"}, "page_size"),
        ({"clamp_to_time_range": "maybe"}, "clamp_to_time_range"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_as_scaleway_does(simulator, parameters, argument):
    response = simulator.get("/billing/v2beta1/charges", **{"organization_id": simulator.organization_id} | parameters)
    assert response.status_code == 400
    body = response.json()
    assert body["type"] == "invalid_arguments"
    assert body["details"][0]["argument_name"] == argument


def test_charges_carry_the_invoice_once_it_is_issued(simulator):
    window = {"start": "2026-06-10T00:00:00Z", "end": "2026-06-11T00:00:00Z", "clamp_to_time_range": "true"}
    (invoice,) = [
        row
        for row in simulator.json("/billing/v2beta1/invoices", invoice_type="periodic")["invoices"]
        if row["billing_period"] == "2026-06-01T00:00:00Z"
    ]
    assert {row["invoice_id"] for row in simulator.charges(**window)} == {invoice["id"]}
    assert simulator.charges(**window, invoice_ids=invoice["id"]) == simulator.charges(**window)
    simulator.clock.now = datetime(2026, 7, 2, tzinfo=UTC)
    assert {row["invoice_id"] for row in simulator.charges(**window)} == {""}


def test_a_charge_never_crosses_a_month_or_a_price(small_world):
    for charge in small_world.charges:
        month = next(m for m in small_world.months if m.start <= charge.start < m.end)
        assert charge.end <= month.end
        assert charge.line.offer.nanos(charge.start) == charge.line.offer.nanos(charge.end - 1)


def test_a_charge_may_be_replaced_without_changing_its_line(small_world):
    charge = small_world.charges[0]
    assert replace(charge, published=1).line is charge.line
