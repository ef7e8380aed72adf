"""A batch on a machine of its own: its window, and who else asks it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import hcl2
import pyarrow as pa
import pytest

from pipelines.recommendations.activity import activity_week
from pipelines.recommendations.recommendation import NothingToDo, Recommendation, Unjudged
from pipelines.recommendations.rules.batch_window import BATCH_WINDOW, Thresholds, window_of
from pipelines.recommendations.world import Resource, World

D = Decimal
FIRST = date(2026, 10, 19)
UNTIL = FIRST + timedelta(days=28)
MIDNIGHT = datetime(2026, 10, 19, tzinfo=UTC)
HOURS = list(range(28 * 24))
SERVER = Resource(
    resource_id="batch",
    resource_name="batch",
    resource_type="instance_server",
    resource_class="PRO2-S",
    resource_state="running",
    project_id="p",
    project_name="data",
    region_id="fr-par",
    availability_zone="fr-par-1",
    environment="prod",
    owner=None,
    team=None,
    tags=(),
    created_at=None,
    parent_id=None,
    monthly_cost=D(100),
    currency="EUR",
    costs={"/compute/pro2_s/run_par1": D(96), "/ip/reserved": D(4)},
)


def judged(used=lambda hour: hour >= 22 or hour < 3, quiet=100.0, **fields):
    day = timedelta(days=1)
    row = {
        "resource_id": "batch",
        "pool_id": None,
        "known_from": FIRST,
        "known_until": UNTIL,
        "measured_hours": HOURS,
        "busy_shares": [0.8 if used(hour % 24) else 0.01 for hour in HOURS],
        "traffic_hours": HOURS,
        "traffic_bytes_per_second": [5e6 if used(hour % 24) else quiet for hour in HOURS],
        "charges": [
            {"starts_at": MIDNIGHT + day * number, "ends_at": MIDNIGHT + day * (number + 1), "cost": D(3)}
            for number in range(28)
        ],
    } | fields
    table = pa.Table.from_pylist([row])
    world = World(UNTIL, UNTIL, {"batch": SERVER}, {"gold.activity_hours": table})
    return list(BATCH_WINDOW.judge(world, Thresholds()))


def test_a_nightly_batch_needs_its_window_and_an_hour_before_and_after():
    (advice,) = judged()
    assert isinstance(advice, Recommendation)
    assert (advice.evidence["busy_from_hour_utc"], advice.evidence["busy_hours_per_day"]) == (22, 5)
    assert advice.monthly_saving == D(96) * 17 / 24
    assert "21:00-04:00" in advice.action
    hcl2.loads(advice.change.terraform)


def test_what_is_asked_outside_its_window_stays_on():
    (answer,) = judged(quiet=2e5)
    assert isinstance(answer, NothingToDo)
    assert "200000 bytes" in answer.reason


def test_without_its_network_nothing_is_judged_and_the_metric_is_named():
    (answer,) = judged(traffic_hours=None, traffic_bytes_per_second=None)
    assert isinstance(answer, Unjudged)
    assert "node_network_received_bytes" in answer.reason


@pytest.mark.parametrize("used", [lambda hour: hour < 12, lambda hour: False, lambda hour: hour in (0, 12)])
def test_long_windows_none_and_two_a_day_are_no_batch(used):
    assert judged(used) == []


def test_what_is_switched_off_already_is_no_candidate():
    (charge,) = [{"starts_at": MIDNIGHT, "ends_at": MIDNIGHT + timedelta(days=14), "cost": D(3)}]
    assert judged(charges=[charge]) == []


def test_a_window_may_lie_around_midnight_or_be_one_hour():
    week = activity_week(FIRST, HOURS, [float(hour % 24 == 23) for hour in HOURS], 0.5)
    assert window_of(week, 0.25) == (23, 1)
