"""One event is one anomaly, told where it happened, with its parts; what cancels out or echoes is not told twice."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.anomalies.grouping import Signal
from pipelines.anomalies.hierarchy import incidents
from pipelines.anomalies.verdicts import Kind

DAYS = 120
STORM = slice(80, 83)


def steady(level, seed=0):
    return level * (1 + 0.01 * np.random.default_rng(seed).standard_normal(DAYS))


def on(days, level):
    found = np.zeros(DAYS)
    found[days] = level
    return found


def background():
    return {("shop", "Instances", "pro2", f"web-{number}"): steady(20, number) for number in range(4)} | {
        ("data", "Block Storage", "bssd", "lake"): steady(30, 9)
    }


def told(found):
    return [(each.kind, each.scope.level, each.first, each.last) for each in found]


def test_a_spike_of_one_resource_is_told_once_at_the_resource_although_all_wider_scopes_moved(organization):
    costs = background()
    costs["shop", "Cockpit", "logs", "debug"] = steady(2, 5) + on(STORM, 60)
    judged = organization(costs)
    assert {signal.scope.level for signal in judged.signals} >= {"organization", "project", "service", "sku"}
    (storm,) = judged.incidents
    assert told([storm]) == [("spike", "resource", 80, 82)]
    assert [scope.level for scope in storm.chain] == ["project", "service", "sku", "resource"]
    assert storm.course.impact == pytest.approx(180, rel=0.05)


def test_several_equal_resources_are_one_burst_of_their_sku_with_each_as_a_cause(organization):
    costs = background()
    for number in range(6):
        costs["sandbox", "GPU Instances", "l40s@pl-waw", f"srv-{number}"] = on(slice(90, 92), 30)
    costs["sandbox", "Instances", "dev1", "toy"] = steady(5, 7)
    (burst,) = organization(costs).incidents
    assert (burst.kind, burst.scope.sku, burst.first, burst.last) == ("new_region", "l40s@pl-waw", 90, 91)
    assert len(burst.causes) == 6
    assert [cause.share for cause in burst.causes] == pytest.approx([1 / 6] * 6)


def test_incidents_of_two_projects_on_one_day_stay_two_and_the_whole_is_not_a_third(organization):
    costs = background()
    costs["shop", "Cockpit", "logs", "debug"] = steady(2, 5) + on(STORM, 60)
    costs["data", "Serverless Jobs", "vcpu", "etl"] = steady(3, 6) + on(STORM, 60)
    judged = organization(costs)
    assert any(signal.scope.level == "organization" for signal in judged.signals)
    assert sorted(each.scope.resource_id for each in judged.incidents) == ["debug", "etl"]


def test_moves_that_cancel_out_in_the_whole_are_both_told(organization):
    costs = background()
    costs["shop", "Instances", "pro2", "web-0"] = steady(20, 0) + on(slice(80, DAYS), 15)
    costs["shop", "Instances", "pro2", "web-1"] = steady(20, 1) - on(slice(80, DAYS), 15)
    judged = organization(costs)
    assert {signal.scope.level for signal in judged.signals} == {"resource"}
    assert sorted((each.scope.resource_id, each.sign) for each in judged.incidents) == [("web-0", 1), ("web-1", -1)]


def test_a_resource_that_takes_the_place_of_another_is_one_replacement(organization):
    costs = background()
    costs["data", "Instances", "pro2", "old"] = steady(25, 3) * (np.arange(DAYS) < 80)
    costs["data", "Instances", "pro2", "new"] = steady(25, 4) * (np.arange(DAYS) >= 80)
    found = organization(costs).incidents
    replaced = [each for each in found if each.replaces is not None]
    assert [(each.scope.resource_id, each.replaces.resource_id) for each in replaced] == [("new", "old")]
    assert len(found) == 1


def test_what_moves_to_another_project_takes_the_place_of_what_ended_there_if_it_costs_the_same(organization):
    costs = background()
    costs["data", "Managed Databases", "db-m", "orders"] = steady(25, 3) * (np.arange(DAYS) < 80)
    costs["shop", "Managed Databases", "db-m", "orders"] = steady(25, 4) * (np.arange(DAYS) >= 80)
    found = {each.scope.project_id: each for each in organization(costs).incidents}
    assert found["shop"].replaces == found["data"].scope
    costs["shop", "Managed Databases", "db-m", "orders"] *= 1.3
    found = {each.scope.project_id: each for each in organization(costs).incidents}
    assert found["shop"].replaces is None


def test_a_machine_that_is_off_and_on_without_plan_is_told_with_its_service_alone(organization):
    costs = background() | {
        ("shop", "Instances", "pro2", f"base-{number}"): steady(40, 50 + number) for number in (1, 2)
    }
    chance = np.random.default_rng(4)
    for number in range(4):
        costs["shop", "Instances", "pro2", f"pool-{number}"] = on(chance.random(DAYS) < 0.4, 5)
    assert [each for each in organization(costs).incidents if each.first >= 56] == []
    office = costs["shop", "Instances", "pro2", "office"] = on(np.arange(DAYS) % 7 < 5, 5)
    office[79:81] = 0
    assert ("office", 79) in [(each.scope.resource_id, each.first) for each in organization(costs).incidents]


def test_what_grows_while_it_lasts_stays_one_event_and_what_comes_to_nearly_nothing_is_none(organization):
    costs = background()
    costs["shop", "Instances", "pro2", "web-0"] = steady(20, 0) + on(slice(80, DAYS), 50) + on(slice(92, DAYS), 200)
    judged = organization(costs)
    (grown,) = judged.incidents
    assert (grown.scope.resource_id, grown.first, grown.last) == ("web-0", 80, 107)
    flat = next(scope for scope in judged.tree.values if scope.resource_id == "lake")
    trifle = Signal(flat, 80, 80, Kind.SPIKE, 5.0, 0.9, 1.0)
    assert [len(incidents([trifle], judged.tree, floor)) for floor in (0.0, 5.0)] == [1, 0]


def test_all_parts_of_a_move_are_its_causes_and_the_largest_are_listed(organization):
    costs = background() | {
        ("data", "Instances", "dev1", f"w-{number:02}"): on(slice(80, DAYS), 2) for number in range(60)
    }
    (grown,) = organization(costs).incidents
    assert (len(grown.causes), len(grown.listed)) == (60, 20)
    assert sum(cause.share for cause in grown.causes) == pytest.approx(1)


def test_what_moves_against_a_wider_scope_is_a_negative_cause_of_the_same_anomaly(organization):
    costs = background()
    costs["data", "Managed Databases", "db-s", "orders"] = steady(10, 3) * (np.arange(DAYS) < 80)
    costs["data", "Managed Databases", "db-m", "orders-2"] = steady(30, 4) * (np.arange(DAYS) >= 80)
    (grown,) = organization(costs).incidents
    assert grown.scope.level == "service"
    assert [round(cause.share, 1) for cause in grown.causes] == [1.5, -0.5]


def test_a_step_of_a_part_is_not_told_again_as_the_drift_of_the_whole_nor_is_the_end_of_a_spike(organization):
    costs = background()
    costs["data", "Block Storage", "bssd", "copy"] = steady(40, 2) + on(slice(70, 80), 14)
    judged = organization(costs)
    assert told(judged.incidents) == [("level_shift", "resource", 70, 79)]
    assert len(judged.signals) > 1


def test_one_more_machine_beside_many_of_its_kind_is_no_anomaly_unless_it_is_large(organization):
    costs = background() | {
        ("shop", "Instances", "pro2", f"more-{number}"): steady(40, 20 + number) for number in range(6)
    }
    costs["shop", "Instances", "pro2", "web-9"] = on(slice(80, DAYS), 9)
    assert organization(costs).incidents == []
    costs["shop", "Instances", "pro2", "web-9"] = on(slice(80, DAYS), 30)
    assert [each.scope.resource_id for each in organization(costs).incidents] == ["web-9"]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(40, 100), st.integers(-15, 80)), max_size=4), st.randoms()
)
def test_shares_of_causes_add_up_and_the_order_of_what_was_seen_does_not_matter(organization, moves, random):
    costs = {
        (project, service, f"{service}-sku", f"{service}-{number}"): steady(20, number)
        for project in "abc"
        for service in ("x", "y")
        for number in range(2)
    }
    for project, day, size in moves:
        costs[project, "x", "x-sku", "x-0"] = costs[project, "x", "x-sku", "x-0"] + on(slice(day, day + 4), size)
    judged = organization(costs)
    for each in judged.incidents:
        assert each.first <= each.last < DAYS
        assert sum(cause.course.impact for cause in each.causes) == pytest.approx(each.course.impact, abs=5)
    shuffled = list(judged.signals)
    random.shuffle(shuffled)
    assert incidents(shuffled, judged.tree, 1.0) == judged.incidents
