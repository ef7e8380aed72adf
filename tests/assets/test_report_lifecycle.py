"""What the review is told of buckets: whose they are, what protects them, and nothing a table of before cannot say."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pyarrow as pa
import pytest

from assets.report_lifecycle import _buckets, _is_of_today
from pipelines.recommendations.rules.storage_buckets import OUTLOOK
from pipelines.recommendations.world import Resource, World
from pipelines.settings import load_settings

TODAY = date(2026, 11, 18)
MODEL = "select name, (select max(price) from prices) as price from buckets"


def lake(*columns):
    """A lake whose table has these columns, and a model that makes `name` and `price`."""
    return SimpleNamespace(
        models=SimpleNamespace(by_name={"gold.buckets": SimpleNamespace(sql=MODEL)}),
        state=lambda table: SimpleNamespace(schema=SimpleNamespace(names=list(columns))),
    )


def test_a_table_that_lacks_what_its_model_makes_now_is_of_before():
    assert _is_of_today(lake("name", "price", "usage_month"), "gold.buckets")
    assert not _is_of_today(lake("name", "usage_month"), "gold.buckets")


def bucket(name, **fields):
    given = dict.fromkeys(Resource.__dataclass_fields__) | {
        "resource_id": name, "resource_name": name, "resource_type": "object_storage_bucket", "tags": (), "costs": {},
        "monthly_cost": Decimal(9), "currency": "EUR", "team": "shop",
    }  # fmt: skip
    return Resource(**(given | fields))


@pytest.fixture
def world():
    listed = [
        {"usage_month": "2026-11", "resource_id": name, "as_of": TODAY, "bytes": 10**9, "is_sample": False}
        for name in ("held", "plain", "unknown")
    ]
    resources = {"held": bucket("held", tags=("legal-hold=2031",)), "plain": bucket("plain", owner="ada")}
    return World(TODAY, TODAY, resources, {OUTLOOK: pa.Table.from_pylist(listed)})


def test_of_tables_of_before_owner_and_protection_are_told_and_no_rule_is_asked(world):
    rows = {row["resource_id"]: row for row in _buckets(world, load_settings(), is_of_today=False)}
    assert {name: row["left"] for name, row in rows.items()} == dict.fromkeys(rows)
    assert [rows[name]["spared_by"] for name in ("held", "plain", "unknown")] == ["legal-hold=2031", None, None]
    assert [rows[name]["owner"] for name in ("held", "plain", "unknown")] == ["shop", "ada", None]
    assert (rows["unknown"]["resource_name"], rows["unknown"]["monthly_cost"]) == ("unknown", None)
