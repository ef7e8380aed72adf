"""Schedules as people write them."""

from datetime import time

import pytest
from pydantic import BaseModel, ValidationError

from pipelines.settings_schedules import Schedules, ScheduleSetting


class Holder(BaseModel):
    schedules: Schedules = ()


def test_a_schedule_is_read_as_it_is_written():
    told = {
        "name": "office",
        "tags": ["schedule=office"],
        "on_from": "07:30",
        "on_until": "24:00",
        "days": ["mon", "sat"],
    }
    (found,) = Holder(schedules=[told]).schedules
    assert (found.minutes_on, found.weekdays) == ((450, 1440), {0, 5})


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"on_from": "20:00", "on_until": "07:00"}, "swap"),
        ({"on_from": "7"}, "on_from"),
        ({"on_until": "24:30"}, "on_until"),
        ({"days": ["monday"]}, "'mon'"),
        ({"tags": [], "projects": []}, "no machine"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"pauses": [{"starts_on": "2026-12-02", "ends_on": "2026-12-01", "reason": "freeze"}]}, "swap"),
    ],
)
def test_what_makes_no_sense_names_the_value(wrong, told):
    with pytest.raises(ValidationError, match=told):
        ScheduleSetting(**{"name": "office", "tags": ["schedule=office"], **wrong})


def test_two_schedules_of_one_name_are_refused():
    with pytest.raises(ValidationError, match="two schedules"):
        Holder(schedules=[{"name": "a", "tags": ["x"]}, {"name": "a", "tags": ["y"]}])


def test_a_time_of_toml_needs_no_quotes_and_the_schema_says_text():
    assert ScheduleSetting(name="office", tags=("x",), on_from=time(7, 30)).minutes_on == (450, 1200)
    assert ScheduleSetting.model_json_schema()["properties"]["on_from"]["type"] == "string"
