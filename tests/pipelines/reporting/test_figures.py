import json
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pipelines.reporting.figures import (
    bridge_figure,
    daily_figure,
    history_figure,
    register_template,
    round_ticks,
    script_json,
    waterfall_figure,
)
from pipelines.reporting.money import MoneyFormat

EUROS = MoneyFormat("EUR")


def test_the_bridge_climbs_from_nothing_to_the_whole_change():
    parts = [("a", Decimal(30)), ("b", Decimal(-10)), ("c", Decimal(5))]
    bars = bridge_figure(parts, ("all", Decimal(25)), EUROS).data[0]
    assert list(bars.base) == [0, 30, 20, 0]
    assert list(bars.x) == [30, -10, 5, 25]
    assert bars.base[2] + bars.x[2] == bars.x[3]


def test_a_waterfall_stands_each_subtotal_on_the_axis_and_signs_only_steps():
    steps = [("List price", Decimal(1200), True), ("Plan", Decimal(-200), False), ("Consumption", Decimal(1000), True)]
    figure = waterfall_figure(steps, EUROS)
    assert list(figure.data[0].base) == [0, 1200, 0]
    labels = [note.text for note in figure.layout.annotations]
    assert labels == ["<b>€1,200</b>", "−€200 ▼", "<b>€1,000</b>"]


def test_each_service_is_a_trace_with_its_own_colour_and_days():
    days = [date(2026, 10, 1), date(2026, 10, 2)]
    series = [(name, [Decimal(1), Decimal(2)]) for name in "abcde"]
    figure = daily_figure(days, series, EUROS)
    assert [trace.name for trace in figure.data] == list("abcde")
    assert len({trace.marker.color for trace in figure.data}) == 5
    assert list(figure.data[0].x) == ["2026-10-01", "2026-10-02"]
    assert figure.data[0].hovertext[1] == "Fri 2 Oct<br>a: €2.00"


def test_an_open_month_is_hatched():
    months = [("2026-10", Decimal(9), True), ("2026-11", Decimal(4), False)]
    assert list(history_figure(months, EUROS).data[0].marker.pattern.shape) == ["", "/"]


def test_labels_keep_a_names_brackets_and_cannot_end_a_script():
    figure = bridge_figure([("<b>bold</b> & </script>", Decimal(1))], ("all", Decimal(1)), EUROS)
    text = script_json(figure)
    assert not set("<>&") & set(text)
    label = json.loads(text)["layout"]["yaxis"]["ticktext"][0]
    assert label.strip().startswith("&lt;b&gt;bold")


def test_the_template_is_there_for_notebooks():
    import plotly.io as pio

    register_template("finops")
    assert pio.templates["finops"].layout.colorway[0] == "#0072B2"


@given(st.decimals(-(10**9), 0, places=2), st.decimals(0, 10**9, places=2))
def test_axis_marks_are_few_round_and_within_the_range(low, high):
    ticks = round_ticks(low, high)
    assert 0 in ticks
    assert len(ticks) <= 6
    assert all(low <= tick <= high for tick in ticks)
