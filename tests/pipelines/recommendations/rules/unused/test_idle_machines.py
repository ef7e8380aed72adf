"""Idle is what is seen to do nothing, on processors and network, for weeks; anything less is not advised."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recommendations.recommendation import Level, NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.empty_pool import EMPTY_POOL
from pipelines.recommendations.rules.idle_elastic_metal import IDLE_ELASTIC_METAL
from pipelines.recommendations.rules.idle_gpu_instance import IDLE_GPU_INSTANCE
from pipelines.recommendations.rules.idle_instance import IDLE_INSTANCE
from pipelines.recommendations.rules.stopped_but_billed import STOPPED_BUT_BILLED
from pipelines.recommendations.rules.stopped_in_place import STOPPED_IN_PLACE

D = Decimal
ATTACHED = {"used_by": 1, "last_used_by": "it", "unused_since": None}


def answer(asked, rule, server, **row):
    return asked(rule, [server], activity={server.resource_id: row}).get(server.resource_id)


def test_a_machine_goes_with_its_volumes_and_addresses_and_snapshots_are_taken_first(asked, thing):
    server, volume, address = (
        thing("instance_server"),
        thing("block_volume", "disk", "8"),
        thing("instance_ip", "ip", "3"),
    )
    other = thing("block_volume", "other", "50")
    rows = {"disk": ATTACHED, "ip": ATTACHED, "other": ATTACHED | {"last_used_by": "another"}}
    advice = asked(IDLE_INSTANCE, [server, volume, address, other], attachments=rows)["it"]
    assert advice.monthly_saving == 41
    assert advice.overlaps_on == {"it", "disk", "ip"}
    assert advice.one_off_cost == D("21.60")  # 100 GB x 0.0001 x 24 h x 90 days
    words = [command.split()[1:4] for command in advice.change.cli]
    assert words == [["instance", "server", "stop"], ["block", "snapshot", "create"], ["instance", "server", "delete"]]
    assert "from-snapshot.snapshot-id" in advice.change.undo_cli[0]
    assert advice.evidence["cpu_p995_ratio"] == D("0.02")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"cpu_p995_ratio": None}, Unjudged),
        ({"cpu_days": 13}, Unjudged),
        ({"cpu_weekends": 1}, Unjudged),
        ({"cpu_p995_ratio": D("0.05")}, NothingToDo),
        ({"network_bytes_per_day": D(5_000_000)}, NothingToDo),  # a bastion: quiet processors, and people pass through
        ({"cpu_hours": 35 * 11}, NothingToDo),  # office hours
        ({"network_bytes_per_day": None}, Recommendation),  # processors alone, very quiet
        ({"network_bytes_per_day": None, "cpu_p995_ratio": D("0.04")}, Unjudged),
        ({"is_node": True}, type(None)),
    ],
)
def test_quiet_processors_alone_do_not_make_a_machine_idle(asked, thing, row, expected):
    assert isinstance(answer(asked, IDLE_INSTANCE, thing("instance_server"), **row), expected)


def test_in_production_processors_alone_are_not_enough_and_the_missing_metric_is_named(asked, thing):
    found = answer(asked, IDLE_INSTANCE, thing("instance_server", environment=None), network_bytes_per_day=None)
    assert isinstance(found, Unjudged)
    assert "node_network_received_bytes" in found.reason
    assert isinstance(answer(asked, IDLE_INSTANCE, thing("instance_server", environment=None)), Recommendation)


def test_less_evidence_asks_for_more_effort_and_confidence_is_not_made_up(asked, thing):
    advice = answer(asked, IDLE_INSTANCE, thing("instance_server"), network_bytes_per_day=None)
    assert advice.effort is Level.medium
    assert advice.evidence["missing_metric"] == "node_network_received_bytes"
    assert advice.confidence is None


def test_a_volume_whose_snapshot_has_no_price_is_no_reason_to_guess(asked, thing):
    elsewhere = thing("block_volume", "disk", "8", availability_zone="xx-1")
    assert isinstance(asked(IDLE_INSTANCE, [thing("instance_server"), elsewhere], {"disk": ATTACHED})["it"], Unjudged)


@settings(max_examples=40, deadline=None)
@given(ratio=st.decimals(0, 1, places=4), network=st.one_of(st.none(), st.integers(0, 10**8)))
def test_nothing_busy_is_ever_called_idle(asked, thing, ratio, network):
    volume = None if network is None else D(network)
    found = answer(asked, IDLE_INSTANCE, thing("instance_server"), cpu_p995_ratio=ratio, network_bytes_per_day=volume)
    if isinstance(found, Recommendation):
        assert ratio < D("0.05")
        assert network is None or network < 5_000_000


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, Recommendation),
        ({"gpu_max_percent": D(2)}, NothingToDo),  # a model that answers sixty requests a day
        ({"gpu_max_percent": None}, Unjudged),
        ({"gpu_days": 10}, Unjudged),
    ],
)
def test_a_gpu_is_idle_by_its_gpu_and_not_by_its_processors(asked, thing, row, expected):
    server = thing("instance_server", resource_class="L4-1-24G")
    assert isinstance(answer(asked, IDLE_GPU_INSTANCE, server, **row), expected)
    assert answer(asked, IDLE_INSTANCE, server, **row) is None


def test_metal_that_does_nothing_is_copied_and_deleted_and_its_term_is_told(asked, thing):
    metal = thing("baremetal_server", costs={"/baremetal/em-a/monthly/run_par1": D(300)}, cost="300")
    advice = answer(asked, IDLE_ELASTIC_METAL, metal)
    assert advice.effort is Level.high
    assert any("term ends" in note for note in advice.change.notes)
    assert isinstance(answer(asked, IDLE_ELASTIC_METAL, metal, cpu_p995_ratio=D("0.4")), NothingToDo)


def test_metal_that_is_powered_off_is_billed_all_the_same(asked, thing):
    off = {"cpu_p995_ratio": None, "last_active_on": None}
    metal = thing("baremetal_server", resource_state="stopped")
    assert isinstance(answer(asked, IDLE_ELASTIC_METAL, metal, **off), Recommendation)
    lately = off | {"last_active_on": date(2026, 11, 1)}
    assert isinstance(answer(asked, IDLE_ELASTIC_METAL, metal, **lately), NothingToDo)


@pytest.mark.parametrize("state", ["stopped in place", "stopped_in_place", "Stopped in place"])
def test_standby_is_powered_off_through_the_api_and_never_from_inside(asked, thing, state):
    costs = {"/compute/pro2_l/run_par1": D(650), "/ip/reserved": D(3)}
    server = thing("instance_server", cost="653", costs=costs, resource_state=state)
    advice = asked(STOPPED_IN_PLACE, [server])["it"]
    assert advice.monthly_saving == 650  # its address goes on
    assert advice.change.cli == ("scw instance server stop it zone=fr-par-1",)
    assert advice.change.undo_cli == ("scw instance server start it zone=fr-par-1",)


def test_standby_that_nothing_was_charged_for_is_not_judged_and_running_is_no_standby(asked, thing):
    assert isinstance(
        asked(STOPPED_IN_PLACE, [thing("instance_server", cost=None, resource_state="stopped in place")])["it"],
        Unjudged,
    )
    assert asked(STOPPED_IN_PLACE, [thing("instance_server")]) == {}


def stopped(asked, thing, created=datetime(2025, 1, 1, tzinfo=UTC), environment="dev", **row):
    server = thing("instance_server", "it", None, resource_state="stopped", created_at=created, environment=environment)
    volume = thing("block_volume", "disk", "20")
    return asked(STOPPED_BUT_BILLED, [server, volume], {"disk": ATTACHED}, {"it": row})["it"]


def test_a_machine_off_for_long_costs_what_hangs_on_it(asked, thing):
    advice = stopped(asked, thing, last_charged_on=date(2026, 9, 1))
    assert (advice.monthly_saving, advice.overlaps_on) == (20, {"it", "disk"})


@pytest.mark.parametrize("last", [date(2026, 11, 17), date(2026, 10, 31)])
def test_what_ran_in_office_hours_or_at_the_months_end_is_left_alone(asked, thing, last):
    assert isinstance(stopped(asked, thing, last_charged_on=last), NothingToDo)


def test_what_ran_at_the_last_quarters_end_is_left_alone_in_production(asked, thing):
    last = date(2026, 9, 30)
    assert isinstance(stopped(asked, thing, environment="prod", last_charged_on=last), NothingToDo)
    assert isinstance(stopped(asked, thing, environment="dev", last_charged_on=last), Recommendation)
    assert isinstance(stopped(asked, thing, environment="prod", last_charged_on=date(2026, 8, 10)), Recommendation)


def test_a_machine_never_charged_is_off_since_charges_were_read_or_since_it_was_made(asked, thing):
    assert isinstance(stopped(asked, thing, last_charged_on=None), Recommendation)
    assert isinstance(stopped(asked, thing, datetime(2026, 11, 10, tzinfo=UTC), last_charged_on=None), NothingToDo)
    assert isinstance(stopped(asked, thing, last_charged_on=None, history_from=None), Unjudged)


def pools(asked, thing, peak, others=True):
    things = [thing("k8s_pool", "quiet", None, parent_id="c"), thing("instance_server", "node", "40")]
    rows = {"node": {"is_node": True, "pool_id": "quiet", "cpu_p995_ratio": peak}}
    if others:
        things += [thing("k8s_pool", "busy", None, parent_id="c"), thing("instance_server", "worker", "40")]
        rows["worker"] = {"is_node": True, "pool_id": "busy", "cpu_p995_ratio": D("0.7")}
    return asked(EMPTY_POOL, things, activity=rows)


def test_a_pool_on_which_nothing_runs_is_scaled_to_zero_and_back(asked, thing):
    found = pools(asked, thing, D("0.02"))
    advice = found["quiet"]
    assert advice.monthly_saving == 40
    assert "size=0" in advice.change.cli[0]
    assert "size=1" in advice.change.undo_cli[0]
    assert isinstance(found["busy"], NothingToDo)


def test_the_last_pool_of_a_cluster_stays_and_an_unmeasured_node_is_not_quiet(asked, thing):
    assert isinstance(pools(asked, thing, D("0.02"), others=False)["quiet"], NothingToDo)
    assert isinstance(pools(asked, thing, None)["quiet"], Unjudged)
