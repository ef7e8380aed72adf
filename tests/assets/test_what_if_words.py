"""Scenarios as a person writes them, in words and in a file; what is not understood is named with the remedy."""

from datetime import date
from decimal import Decimal

import pytest

from assets.what_if_words import Scope, from_file, from_words, labels_of
from pipelines.errors import UsageError
from pipelines.whatif.scenarios import Price, Retention, Schedule, Selector, Size, Traffic

DEV = Scope({"environment": "dev"}, date(2026, 12, 1))
ABOUT = {"since": date(2026, 12, 1), "until": None}


def price_of(sku):
    if sku != "/compute/small":
        raise UsageError(f"SKU {sku!r} has no list price now")
    return Decimal("0.5")


def selector(sku="*", **labels):
    return Selector(sku, labels or {"environment": "dev"})


@pytest.mark.parametrize(
    ("kind", "word", "expected"),
    [
        (
            "price",
            "/compute/*=+5%",
            Price(percent=Decimal(5), name="price /compute/*=+5%", lines=selector("/compute/*"), **ABOUT),
        ),
        (
            "price",
            "/a=0.0088",
            Price(unit_price=Decimal("0.0088"), name="price /a=0.0088", lines=selector("/a"), **ABOUT),
        ),
        (
            "traffic",
            "requests=-12.5%",
            Traffic(
                driver="requests", percent=Decimal("-12.5"), name="traffic requests=-12.5%", lines=selector(), **ABOUT
            ),
        ),
        (
            "size",
            "/a=/compute/small*2",
            Size(
                to_sku="/compute/small",
                unit_price=Decimal("0.5"),
                quantity_factor=Decimal(2),
                name="size /a=/compute/small*2",
                lines=selector("/a"),
                **ABOUT,
            ),
        ),
        (
            "retention",
            "/o/*=90:30:31",
            Retention(
                days_before=90,
                days_after=30,
                free_days=31,
                name="retention /o/*=90:30:31",
                lines=selector("/o/*"),
                **ABOUT,
            ),
        ),
        (
            "schedule",
            "/a=20-7",
            Schedule(hours_off=Decimal(77), name="schedule /a=20-7", lines=selector("/a"), **ABOUT),
        ),
        (
            "schedule",
            "/a=20-7+weekends",
            Schedule(hours_off=Decimal(103), name="schedule /a=20-7+weekends", lines=selector("/a"), **ABOUT),
        ),
    ],
)
def test_words_are_scenarios(kind, word, expected):
    assert from_words({kind: [word]}, DEV, price_of) == [expected]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        *(("price", word) for word in ("/a", "/a=", "=5%", "/a=5%", "/a=+5", "/a=-3", "/a=x")),
        *(("traffic", word) for word in ("requests", "requests=20", "requests=x%")),
        ("size", "/a=/compute/small*x"),
        *(("retention", word) for word in ("/a=30", "/a=30:x", "/a=-1:2")),
        *(("schedule", word) for word in ("/a=20", "/a=20-7+nights", "/a=8pm-7am")),
    ],
)
def test_words_that_are_not_understood_are_named_with_an_example(kind, word):
    with pytest.raises(UsageError) as refused:
        from_words({kind: [word]}, DEV, price_of)
    assert str(refused.value).startswith(f"--{kind} {word!r} is not understood; write '")


@pytest.mark.parametrize("word", ["dev", "colour=red", "=x"])
def test_a_label_nobody_knows_is_refused(word):
    assert labels_of(["environment=dev", "product="]) == {"environment": "dev", "product": ""}
    with pytest.raises(UsageError, match="a label being project, service, environment"):
        labels_of([word])


FILE = """
[[scenarios]]
name = "new prices"
kind = "price"
sku = "/compute/*"
percent = 5
since = 2027-01-01

[[scenarios]]
name = "smaller"
kind = "size"
sku = "/a"
where = { project = "shop" }
to_sku = "/compute/small"
factor = "0.5"

[[scenarios]]
kind = "schedule"
off_from = 20
on_from = 7
"""


def test_a_file_says_the_same_and_more(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(FILE)
    dearer, smaller, nights = from_file(file, price_of)
    assert dearer == Price(
        name="new prices", lines=Selector("/compute/*", {}), percent=Decimal(5), since=date(2027, 1, 1)
    )
    assert (smaller.lines.labels, smaller.quantity_factor) == ({"project": "shop"}, Decimal("0.5"))
    assert (nights.name, nights.hours_off) == ("schedule 3", 77)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("scenarios = 1", "has no [[scenarios]]"),
        ("x = ", "is not TOML"),
        ("[[scenarios]]\nkind = 'colour'", "scenario 1 has no kind; write kind = one of price, traffic"),
        ("[[scenarios]]\nkind = 'traffic'\npercent = 5", "scenario 1 lacks 'driver', which a traffic needs"),
        ("[[scenarios]]\nkind = 'price'\npercent = 5\nfactor = 2", "has the key 'factor'; a price knows percent"),
        ("[[scenarios]]\nkind = 'price'\npercent = 'much'", "'much' is no number"),
        ("[[scenarios]]\nkind = 'price'\npercent = 5\nsince = 'soon'", "since = 'soon' is no day"),
        ("[[scenarios]]\nkind = 'price'\npercent = 5\nwhere = {colour = 'red'}", "its keys are project, service"),
        (
            "[[scenarios]]\nkind = 'retention'\ndays_before = 1.5\ndays_after = 1",
            "days_before = 1.5 is no whole number",
        ),
        ("[[scenarios]]\nkind = 'price'", "give either percent or unit_price"),
    ],
)
def test_a_file_that_says_nothing_usable_is_refused_with_its_place(tmp_path, text, complaint):
    file = tmp_path / "plan.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as refused:
        from_file(file, price_of)
    assert complaint in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"nothing.toml cannot be read"):
        from_file(tmp_path / "nothing.toml", price_of)
