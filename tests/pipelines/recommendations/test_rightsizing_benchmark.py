"""The program that proves the rule: what it reads, how it counts, and where the stored coefficients come from."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.rightsizing import main, splits_of
from benchmarks.rightsizing_fit import Examples, examples, fit
from benchmarks.rightsizing_rivals import RIVALS, Case, hindsight_advice, rival_advice, worth
from benchmarks.rightsizing_traces import DAY, Machine, read_machines, read_offers
from pipelines.recommendations.rightsizing.offers import Offer
from pipelines.recommendations.rightsizing.risk import CPU_MODEL, INPUTS, MEMORY_MODEL

BEGIN = datetime(2024, 6, 3, tzinfo=UTC)
OFFERS = [Offer(f"{vcpus}", vcpus, 4 * vcpus, Decimal(10 * vcpus)) for vcpus in (1, 2, 4, 8)]


def machine(before, after, vcpus=4.0, memory=None):
    """Hourly samples: 14 days at one level, 14 at another."""
    seconds = int(BEGIN.timestamp()) + 3600 * np.arange(24 * 28)
    cpu = np.repeat([before, after], 24 * 14).astype(float)
    used = np.full(len(cpu), np.nan if memory is None else memory)
    return Machine("one", vcpus, 4 * vcpus, seconds, {"cpu": cpu, "memory": used})


def case(of):
    start = int(BEGIN.timestamp())
    return Case(of, next(each for each in OFFERS if each.vcpus == of.vcpus), start, start + 14 * DAY, start + 28 * DAY)


def test_a_machine_harmed_forfeits_its_saving_and_costs_one_month():
    calm, grown, kept = case(machine(0.5, 0.5)), case(machine(0.5, 3.0)), case(machine(4.2, 4.2))
    came = worth([calm, grown, kept], [OFFERS[0], OFFERS[0], kept.current])
    assert (came.moved, came.harmed, came.over) == (2, 1, 2)
    assert came.saved == came.with_more == 30 - 40
    assert came.with_kept == 30 - 40 - 40


def test_rivals_ask_for_their_headroom_and_leave_unmeasured_memory_alone():
    measured, unmeasured = case(machine(0.9, 0.9, memory=3.9)), case(machine(0.9, 0.9))
    advised = {rule: rival_advice(measured, OFFERS, needs).name for rule, needs in RIVALS.items()}
    assert list(advised.values()) == ["2", "2", "2"]
    assert hindsight_advice(measured, OFFERS).name == "1"
    assert {rival_advice(unmeasured, OFFERS, needs).name for needs in RIVALS.values()} == {"4"}
    assert hindsight_advice(unmeasured, OFFERS).name == "4"


def test_a_neutral_folder_is_read_and_the_advice_written(tmp_path: Path, capsys):
    moments = [BEGIN + timedelta(hours=hour) for hour in range(24 * 28)]
    rows = [
        {
            "resource_id": name,
            "timestamp": moment,
            "vcpus": 8.0,
            "cpu_used_vcpus": used,
            "memory_gib": 32.0,
            "memory_used_gib": memory,
            "disk_read_kbps": 1.0,
            "disk_write_kbps": 2.0,
            "network_kbps": None,
        }
        for name, used, memory in (("quiet", 0.2, 1.0), ("busy", 7.0, 30.0), ("unknown", 0.2, None))
        for moment in moments
    ]
    pl.DataFrame(rows, schema_overrides={"network_kbps": pl.Float64}).write_parquet(tmp_path / "usage.parquet")
    priced = [f"{each.name},{each.vcpus},{each.memory_gib},{each.eur_per_month}" for each in OFFERS]
    (tmp_path / "offers.csv").write_text("\n".join(["name,vcpus,memory_gib,eur_per_month", *priced]))
    found = {each.name: each for each in read_machines(tmp_path)}
    assert found["quiet"].values["disk"].max() == 3.0
    assert np.isnan(found["unknown"].values["memory"]).all()
    assert read_offers(tmp_path)[0] == OFFERS
    out = tmp_path / "out.csv"
    assert main([str(tmp_path), "--recommend", str(out)]) == 0
    with out.open() as written:
        assert list(csv.DictReader(written)) == [{"resource_id": "quiet", "offer": "1"}]
    assert "days 0-14 → next 14 days: 3 machines" in capsys.readouterr().out
    pl.DataFrame([row for row in rows if row["timestamp"] < BEGIN + timedelta(days=14)]).write_parquet(
        tmp_path / "usage.parquet"
    )
    shorter = tmp_path / "shorter.csv"
    assert main([str(tmp_path), "--recommend", str(shorter)]) == 0
    assert shorter.read_text() == out.read_text()
    assert "nothing to judge by" in capsys.readouterr().out


def test_the_fit_finds_where_loads_turn_to_saturation():
    drawn = np.random.default_rng(3)
    passed = np.sort(drawn.uniform(0, 1, (400, INPUTS)), axis=1)[:, ::-1]
    saturated = (passed.sum(axis=1) < INPUTS / 2).astype(float)
    model = fit(Examples(passed, saturated, tuple(str(row % 20) for row in range(400))))
    told = 1 / (1 + np.exp(passed @ model.coefficients - model.intercept))
    assert (model.coefficients >= 0).all()
    assert np.mean((told > 0.5) == (saturated == 1)) > 0.95


def test_the_stored_coefficients_are_those_the_public_traces_give(reference_data):
    folder = reference_data / "data" / "vm"
    spans = splits_of(read_machines(folder), read_offers(folder)[0])
    found = examples([case for span in spans.values() for case in span], "cpu")
    for stored, fitted in ((CPU_MODEL, fit(found)), (MEMORY_MODEL, fit(found.without_replay()))):
        assert fitted.intercept == pytest.approx(stored.intercept, abs=0.02)
        assert fitted.coefficients == pytest.approx(stored.coefficients, abs=0.02)
