"""The benchmark on other series: hindsight, shares of right alarms, the page, and what it says is missed."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks import anomalies
from benchmarks.anomaly_ceiling import BUDGETS, ceiling
from benchmarks.anomaly_confidence import alarms_by_kind, confidence_module
from benchmarks.anomaly_daily import Tally, detector, tally
from benchmarks.anomaly_drivers import with_drivers
from benchmarks.anomaly_further import LEAK_DAYS, further_copies, further_table
from benchmarks.anomaly_hindsight import noise_before, real_moves, stands_clear
from benchmarks.anomaly_injector import copies
from benchmarks.anomaly_series import Daily, daily_series
from pipelines.anomalies import confidence
from pipelines.anomalies.verdicts import DailyCaution, Kind

FIRST = date(2025, 1, 1)


def calm(days: int = 200, level: float = 50.0, seed: int = 3) -> np.ndarray:
    return np.asarray(level * (1 + 0.02 * np.random.default_rng(seed).normal(size=days)))


def test_hindsight_confirms_a_lone_day_a_lasting_move_and_a_gap_and_nothing_else():
    values = calm()
    values[60] *= 2
    values[100:] *= 1.5
    values[150] = np.nan
    confirmed = real_moves(values)
    assert confirmed[[60, 100, 150]].all()
    quiet = [at for at in range(200) if min(abs(at - event) for event in (60, 100, 150)) > 8]
    assert not confirmed[quiet].any()
    assert not real_moves(calm()).any()


def test_noise_is_what_nine_of_ten_days_stay_below_and_decides_what_stands_clear():
    restless = calm() * np.where(np.arange(200) // 7 % 2, 1.4, 1.0)  # every other week by 40 %
    assert noise_before(calm(), 150) < 0.1
    assert 0.3 < noise_before(restless, 150) < 0.6
    nothing = np.zeros(200, dtype=bool)
    assert stands_clear(calm(), nothing, 150, 0.2)
    assert not stands_clear(restless, nothing, 150, 0.2)
    beside = nothing.copy()
    beside[152] = True
    assert not stands_clear(calm(), beside, 150, 0.2)
    assert not stands_clear(calm(), nothing, 10, 0.2)  # too little is known


def test_money_weights_and_clear_events_are_counted_apart():
    one = Tally(clear=[1, 2], money=[30.0, 40.0], false=1, own=4, own_unconfirmed=1)
    one.found["spike"], one.injected["spike"] = 3, 4
    both = one + one
    assert (both.clear_recall, both.money_recall, both.recall) == (0.5, 0.75, 0.75)
    assert (both.precision, both.confirmed_precision, both.strict_precision) == (6 / 8, 6 / 10, 6 / 16)
    assert Tally().money_recall is None


def test_events_in_a_calm_series_are_found_and_its_alarms_are_right():
    series = Daily("calm", FIRST, calm(300), is_money=True)
    copied = {"calm": list(copies(series, 2, seed=1))}
    (found,) = tally(detector(DailyCaution()), [series], copied)
    assert found.clear_recall >= 0.9
    assert found.clear[1] >= 10
    counts = alarms_by_kind([series], copied)
    assert {"burst", "new_service"} < set(counts)
    assert sum(right for right, _ in counts.values()) >= 0.9 * sum(every for _, every in counts.values())


def test_the_filter_that_knows_an_event_finds_it_in_a_calm_series_and_not_below_the_noise():
    noise = np.random.default_rng(8).normal(size=300)
    found = []
    for spread in (0.02, 0.6):
        series = Daily("x", FIRST, 50 * np.exp(spread * noise))
        result = ceiling([series], {"x": [copy for copy in copies(series, 3, seed=1) if not copy.invoices]})
        assert result.injected >= 20
        assert result.recall(BUDGETS[0]) >= result.recall(BUDGETS[1])
        found.append(result)
    calm_one, restless = found
    assert calm_one.recall(BUDGETS[1]) >= 0.95
    assert restless.recall(BUDGETS[0]) < calm_one.recall(BUDGETS[0]) - 0.1
    small, large = ([right / every for right, every in (restless.of_size[size],)] for size in (0.2, 2.0))
    assert small < large


def test_a_leak_grows_by_one_per_cent_a_day_and_a_weekend_is_two_days():
    series = Daily("x", FIRST, calm(300))
    made = list(further_copies(series, 3, seed=1))
    assert [copy.events[0].kind for copy in made] == ["leak", "weekend"] * 3
    for copy in made:
        (event,) = copy.events
        ratio = copy.series.values / series.values
        np.testing.assert_array_equal(np.flatnonzero(ratio != 1)[0], event.start)
        if event.kind == "leak":
            assert ratio[event.onset] >= 1.2 > ratio[event.onset - 1]
            assert ratio[-1] == pytest.approx(1.01 ** min(LEAK_DAYS, 300 - event.start))
        else:
            assert [series.days[at].weekday() for at in np.flatnonzero(ratio != 1)] == [5, 6]
    header, _, ours, *public = further_table([Daily("x", FIRST, calm(150))], 1, seed=1)
    assert header.startswith("| Method |")
    assert ours == "| finops | 1/1 | 1/1 |"
    assert len(public) == 5
    assert further_table([Daily("short", FIRST, calm(90))], 1, seed=1) == []


def test_the_module_of_confidence_says_what_was_counted_and_nothing_of_a_few_alarms():
    told: dict = {}
    exec(confidence_module({"drop": (19, 20), "burst": (2, 2)}, "--seed 1"), told)
    assert told["confidence_of"]("drop") == 0.95
    assert told["confidence_of"]("burst") is None
    assert told["confidence_of"]("else") is None


def test_the_products_confidence_is_a_share_for_kinds_that_exist():
    assert set(confidence.ALARMS) <= {kind.name.lower() for kind in Kind}
    for kind, (right, every) in confidence.ALARMS.items():
        assert 0 <= right <= every
        assert confidence.confidence_of(kind) in (None, right / every)


def test_any_folder_of_the_layout_will_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "cost_daily"
    folder.mkdir()
    days = [FIRST + timedelta(days=at) for at in range(200)]
    rows = [f"{day},web,{value:.4f}" for day, value in zip(days, calm(), strict=True)]
    rows.append("not a date,web,3")
    (folder / "other_cloud.csv").write_text("\n".join(["usage_date,service,amount_eur", *rows]) + "\n")
    (series,) = daily_series(tmp_path)
    assert (series.name, series.is_money, len(series.values)) == ("web", True, 200)
    page, module = tmp_path / "page.md", tmp_path / "confidence.py"
    options = ["--repeats", "1", "--page", str(page), "--confidence", str(module)]
    assert anomalies.main([str(tmp_path), *options]) == 0
    assert "| finops |" in page.read_text()
    assert "| rolling z, best threshold |" in page.read_text()
    assert "confidence_of" in module.read_text()
    assert "isolation forest" in capsys.readouterr().out


def test_a_folder_without_series_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert anomalies.main([str(tmp_path)]) == 2
    assert "holds no cost_daily" in capsys.readouterr().err


def test_a_rise_of_several_days_is_confirmed_from_its_first_day_on_and_not_before():
    values = calm()
    values[100] *= 1.3
    values[101:] *= 1.8
    values[102:] *= 1.2  # the sharpest change of medians comes late
    late, early = (real_moves(values, under_way=under_way) for under_way in (False, True))
    assert early[100:103].all()
    assert not early[:99].any()
    assert (early >= late).all()


def test_costs_are_told_with_and_without_what_drives_them():
    usage = 1000 * np.exp(0.3 * np.random.default_rng(5).normal(size=120))
    cost = Daily("cost", FIRST, 0.02 * usage * calm(120, 1.0), is_money=True)
    (line,) = with_drivers([cost, Daily("requests", FIRST, usage)], seed=1)
    alone, driven = (float(part.split()[0]) for part in line.split(" R ")[1:])
    assert line.startswith("- cost, 120 days: alone R")
    assert driven > alone + 0.2
    assert list(with_drivers([cost], seed=1)) == []
