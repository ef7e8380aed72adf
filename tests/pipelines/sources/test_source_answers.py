"""What makes two questions, or two answers, the same; and what is kept of a body."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceUnavailable
from pipelines.sources import billing
from pipelines.sources.answers import Listing, Question, canonical, document_of, items_of

ASKED_AT = datetime(2026, 11, 18, 6, tzinfo=UTC)
QUESTION = Question("billing.charges", "/billing/v2beta1/charges", (("start_date_after", "2026-11-17T00:00:00Z"),))

numbers = st.integers(-(10**12), 10**12) | st.decimals(
    allow_nan=False, allow_infinity=False, places=9, min_value=-(10**6), max_value=10**6
)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8)
names = st.text(max_size=6).filter(lambda name: name not in ("total_count", "next_page_token", "charges", "id"))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
items = st.dictionaries(names, values, min_size=1, max_size=5)
listings = st.lists(items, max_size=8)
extras = st.dictionaries(names, scalars, max_size=3)


def answered(body_items, extra, sizes=(), shuffled=None, indent=None, question=QUESTION):
    """A listing from JSON text, with pages of the given sizes, each spelled as told."""
    bodies, rest = [], list(body_items)
    for size in (*sizes, len(rest)):
        page, rest = rest[:size], rest[size:]
        fields = {"charges": page, **extra, "next_page_token": f"token-{len(bodies)}", "total_count": len(body_items)}
        bodies.append(_json(fields, shuffled, indent).encode())
        if not rest:
            break
    read = [items_of("billing.charges", body) for body in bodies]
    return Listing(question, tuple(bodies), tuple(item for page, _ in read for item in page), read[0][1], ASKED_AT)


def _json(value, shuffled, indent):
    """JSON with Decimals as numbers, keys in another order when `shuffled` is a random.Random."""
    if isinstance(value, dict):
        pairs = list(value.items())
        if shuffled:
            shuffled.shuffle(pairs)
        gap = " " * (indent or 0)
        return "{" + ",".join(f"{gap}{json.dumps(k)}{gap}:{_json(v, shuffled, indent)}" for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_json(entry, shuffled, indent) for entry in value) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=not indent)


@settings(deadline=None)
@given(
    body_items=listings, extra=extras, sizes=st.lists(st.integers(1, 3)), random=st.randoms(), indent=st.integers(0, 3)
)
def test_an_answer_is_the_same_however_it_is_paged_ordered_and_spelled(body_items, extra, sizes, random, indent):
    again = list(body_items)
    random.shuffle(again)
    one = answered(body_items, extra)
    other = answered(again, extra, sizes, random, indent)
    assert len(one.items) == len(other.items) == len(body_items)
    assert one.answer_hash == other.answer_hash


@settings(deadline=None)
@given(body_items=listings.filter(bool), extra=extras, data=st.data())
def test_an_answer_differs_when_any_value_differs(body_items, extra, data):
    at = data.draw(st.integers(0, len(body_items) - 1))
    name = data.draw(st.sampled_from(sorted(body_items[at])))
    value = data.draw(values.filter(lambda new: not _same(new, body_items[at][name])))
    changed = [*body_items[:at], {**body_items[at], name: value}, *body_items[at + 1 :]]
    assert answered(body_items, extra).answer_hash != answered(changed, extra).answer_hash


def _same(one, other):
    """Equality as JSON has it: true is not 1, but 2.50 is 2.5."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other


@settings(deadline=None)
@given(body_items=listings, extra=extras)
def test_an_answer_differs_with_one_more_item_another_extra_or_another_question(body_items, extra):
    tomorrow = Question(QUESTION.source, QUESTION.path, (("start_date_after", "2026-11-18T00:00:00Z"),))
    answers = [
        answered(body_items, extra),
        answered([*body_items, {"sku": "/one/more"}], extra),
        answered(body_items, {**extra, "updated_at_too": "2026-11-18T05:00:00Z"}),
        answered(body_items, extra, question=tomorrow),
    ]
    assert len({each.answer_hash for each in answers}) == len(answers)


@settings(deadline=None)
@given(number=numbers)
def test_a_number_has_one_spelling_and_loses_no_digit(number):
    text = canonical([number, Decimal("0.5")])
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal)[0] == number
    assert text == canonical(
        [Decimal(f"{Decimal(number):f}0" if "." in f"{Decimal(number):f}" else f"{number}.00"), Decimal("0.5")]
    )


def test_very_long_and_very_large_numbers_stay_exact():
    (item,), _ = items_of(
        "billing.taxes", b'{"taxes": [{"a": 0.1234567890123456789012345678901234567891, "b": 1e999999}]}'
    )
    assert str(item["a"]) == "0.1234567890123456789012345678901234567891"
    assert canonical(item) == '{"a":1234567890123456789012345678901234567891e-40,"b":1e999999}'


@settings(deadline=None)
@given(
    parameters=st.lists(st.tuples(names, st.text(max_size=5)), max_size=5),
    pages=st.fixed_dictionaries(
        {"page": st.integers(), "per_page": st.integers(), "page_size": st.integers(), "page_token": st.text()}
    ),
    random=st.randoms(),
)
def test_a_question_is_the_same_whatever_page_of_it_is_asked(parameters, pages, random):
    parameters = [pair for pair in parameters if pair[0] not in (*pages, "order_by")]
    paged = [*parameters, *((name, str(value)) for name, value in pages.items()), ("order_by", "created_at_asc")]
    random.shuffle(paged)
    one = Question("a.b", "/a/b", tuple(parameters), "2026-11")
    other = Question("a.b", "/a/b", tuple(paged), "2026-11")
    assert one.question_hash == other.question_hash
    assert one.question_hash != Question("a.c", "/a/b", tuple(parameters), "2026-11").question_hash
    assert one.question_hash != Question("a.b", "/a/c", tuple(parameters), "2026-11").question_hash
    assert one.question_hash != Question("a.b", "/a/b", (*parameters, ("project_id", "p")), "2026-11").question_hash


def test_a_question_is_the_same_for_every_host_and_port(server, scaleway_at, reply):
    other = type(server)()
    try:
        for running in (server, other):
            running.script("/billing/v2beta1/charges", reply({"charges": []}))
        local = f"http://localhost:{server.url.rpartition(':')[2]}"
        asked = [
            billing.charges(scaleway_at(url), date(2026, 11, 17), page_size)
            for url, page_size in [(server.url, 1000), (other.url, 10), (local, 100)]
        ]
        assert len({each.question.question_hash for each in asked}) == 1
        assert len({each.answer_hash for each in asked}) == 1
    finally:
        other.close()


def test_a_question_knows_its_locality():
    assert Question("instance.ips", "/instance/v1/zones/pl-waw-3/ips", ()).locality == "pl-waw-3"
    assert Question("k8s.clusters", "/k8s/v1/regions/it-mil/clusters", ()).locality == "it-mil"
    assert QUESTION.locality is None


def test_unknown_fields_are_kept_and_what_tells_of_pages_is_not():
    body = (
        b'{"charges": [{"sku": "/x", "brand_new": {"a": [1.50]}}], "total_count": 9, "next_page_token": "t", "new": 1}'
    )
    items, extra = items_of("billing.charges", body)
    assert items == ({"sku": "/x", "brand_new": {"a": [Decimal("1.50")]}},)
    assert extra == {"new": 1}


def test_a_map_of_server_types_becomes_items_that_know_their_name():
    items, extra = items_of("instance.server_types", b'{"servers": {"PRO2-S": {"ncpus": 2}, "L4-1-24G": {"ncpus": 8}}}')
    assert items == ({"commercial_type": "PRO2-S", "ncpus": 2}, {"commercial_type": "L4-1-24G", "ncpus": 8})
    assert extra == {}


@pytest.mark.parametrize("body", [b'{"ip": {"id": "i-1"}}', b'{"id": "i-1"}'])
def test_a_single_object_is_one_item(body):
    assert items_of("instance.ips", body) == (({"id": "i-1"},), {})


@pytest.mark.parametrize("body", [b'{"ips": []}', b'{"ips": null}', b'{"total_count": 0}', b'{"total_count": "0"}'])
def test_an_empty_list_has_no_items(body):
    assert items_of("instance.ips", body) == ((), {})


@pytest.mark.parametrize(
    "body",
    [b"{}", b'{"total_count": 3}', b'{"ips": {}}', b'{"ips": 3, "page": 1}', b'{"ips": ["a"]}', b'{"message": "oops"}',
     b"", b"[]", b"<html>", b'{"ips": [', b'{"ips": [Infinity]}', b"\xff\xfe\x00"],
)  # fmt: skip
def test_a_body_that_holds_no_list_is_an_error_and_not_an_empty_list(body):
    with pytest.raises(SourceUnavailable, match=r"^instance\.ips: "):
        items_of("instance.ips", body)


def test_a_document_is_an_object():
    with pytest.raises(ValueError, match="a list, not an object"):
        document_of(b"[1]")
