"""Results keep their exact values, in every format."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.streams import exact_text, write_json, write_table

ROWS = [
    {"name": 'a "quoted", one', "cost": Decimal("900.100000000000"), "when": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
    {"name": "a | b\nsecond", "cost": None, "when": None},
]


def test_csv_is_a_header_then_rows_and_quotes_what_must_be_quoted(capsys):
    write_table(ROWS, "csv")
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "name,cost,when"
    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        ["name", "cost", "when"],
        ['a "quoted", one', "900.100000000000", "2026-01-02T03:04:05Z"],
        ["a | b\nsecond", "", ""],
    ]


def test_a_table_without_rows_still_has_its_header(capsys):
    write_table([], "csv", ["name", "cost"])
    assert capsys.readouterr().out == "name,cost\n"
    write_table([], "table", ["name", "cost"])
    assert capsys.readouterr().out.splitlines()[0] == "name  cost"


def test_json_says_its_schema_version_and_keeps_null_apart_from_text(capsys):
    write_table(ROWS, "json", ["name", "cost"])
    document = json.loads(capsys.readouterr().out)
    assert document["schema_version"] == 1
    assert document["rows"] == [
        {"name": 'a "quoted", one', "cost": "900.100000000000"},
        {"name": "a | b\nsecond", "cost": None},
    ]


def test_a_table_for_eyes_aligns_numbers_and_drops_the_zeros_that_only_fill_a_scale(capsys):
    rows = [{"item": "x", "cost": Decimal("900.100000000000")}, {"item": "long", "cost": Decimal("-0.0371000")}]
    write_table(rows, "table")
    assert capsys.readouterr().out == "item     cost\n────  ───────\nx      900.10\nlong  -0.0371\n"


def test_markdown_escapes_what_would_end_a_cell(capsys):
    write_table(ROWS, "md", ["name", "cost"])
    assert capsys.readouterr().out == (
        '| name | cost |\n| --- | --: |\n| a "quoted", one | 900.10 |\n| a \\| b second |  |\n'
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**20), max_value=10**20))
def test_a_decimal_is_printed_with_all_its_digits_and_never_as_a_float(amount):
    text = exact_text(amount)
    assert "E" not in text.upper()
    assert Decimal(text).as_tuple() == amount.as_tuple()


@given(st.datetimes(), st.integers(-720, 720))
def test_a_time_is_printed_in_utc_whatever_zone_it_is_given_in(moment, minutes):
    try:
        aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
        aware.astimezone(UTC)
    except OverflowError:
        return
    text = exact_text(aware)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == aware


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (date(2026, 2, 1), "2026-02-01"),
        (b"\x01\xff", "01ff"),
        ([Decimal("1.10"), None], '["1.10", null]'),
        ({"env": "prod"}, '{"env": "prod"}'),
        (datetime(2026, 1, 1), "2026-01-01T00:00:00Z"),  # noqa: DTZ001 - the lake's times without a zone are UTC
    ],
)
def test_other_values_have_one_spelling(value, text):
    assert exact_text(value) == text


def test_json_content_may_hold_any_of_these_values(capsys):
    write_json({"total": Decimal("0.10"), "at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "total": "0.10", "at": "2026-01-01T00:00:00Z"}
