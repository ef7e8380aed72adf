"""Complete listings from servers that page, clamp, miscount, repeat and change while they are read."""

from datetime import date

import pytest

from pipelines.errors import SourceUnavailable
from pipelines.sources import billing, catalog, inventory
from pipelines.sources.paging import MOST_ASKINGS, listing

CHARGES = "/billing/v2beta1/charges"
CONSUMPTIONS = "/billing/v2beta1/consumptions"
INVOICES = "/billing/v2beta1/invoices"
PRODUCTS = "/product-catalog/v2alpha1/public-catalog/products"
SERVER_TYPES = "/instance/v1/zones/fr-par-1/products/servers"
PRODUCT = {each.source: each for each in inventory.INVENTORY_PRODUCTS}


def numbered(reply, key, things, *, size="page_size", most=100, count="total_count"):
    """A server that pages as Scaleway does: at most `most` items whatever is asked, none beyond the end."""

    def answer(query):
        number, asked = int(query["page"][0]), int(query[size][0])
        start = (number - 1) * min(asked, most)
        body = {key: things[start : start + min(asked, most)]}
        if count == "total_count":
            body["total_count"] = len(things)
        headers = {"X-Total-Count": str(len(things))} if count == "X-Total-Count" else {}
        return reply(body, headers=headers)

    return answer


def things(count):
    return [{"id": f"id-{number}", "value": number} for number in range(count)]


@pytest.mark.parametrize(("count", "calls"), [("total_count", 13), ("X-Total-Count", 13), ("no count at all", 14)])
def test_a_server_that_clamps_the_page_size_costs_no_item(server, scaleway, reply, count, calls):
    server.answer(INVOICES, numbered(reply, "invoices", things(243), most=20, count=count))
    answer = billing.invoices(scaleway)
    assert list(answer.items) == things(243)
    assert len(server.asked) == len(answer.pages) == calls
    assert {asked.query["page_size"][0] for asked in server.asked} == {"100"}


def test_a_large_catalogue_is_read_in_pages_of_a_hundred(server, scaleway, reply):
    server.answer(PRODUCTS, numbered(reply, "products", things(1203), most=1000))
    assert len(catalog.products(scaleway).items) == 1203
    assert [asked.query["page_size"] for asked in server.asked] == [["100"]] * 13


def test_a_listing_longer_than_the_recursion_limit_is_read(server, scaleway, reply):
    server.answer(PRODUCTS, numbered(reply, "products", things(1100), most=1))
    assert len(catalog.products(scaleway).items) == 1100


def test_pages_of_server_types_are_merged_as_maps(server, scaleway, reply):
    types = {f"PRO2-{number}": {"ncpus": number, "hourly_price": 0.1} for number in range(135)}

    def answer(query):
        start = (int(query["page"][0]) - 1) * 50
        page = dict(list(types.items())[start : start + 50])
        return reply({"servers": page}, headers={"X-Total-Count": "135"})

    server.answer(SERVER_TYPES, answer)
    answer = listing(scaleway, PRODUCT["instance.server_types"], zone="fr-par-1")
    assert [item["commercial_type"] for item in answer.items] == list(types)
    assert len(server.asked) == 3


def test_a_cursor_is_followed_to_its_end_with_the_size_the_server_likes(server, scaleway, reply):
    tokens = {None: "t1", "t1": "t2", "t2": ""}

    def answer(query):
        token = query.get("page_token", [None])[0]
        return reply({"charges": [{"sku": f"/after/{token}"}], "next_page_token": tokens[token]})

    server.answer(CHARGES, answer)
    answer = billing.charges(scaleway, date(2026, 2, 28))
    assert [item["sku"] for item in answer.items] == ["/after/None", "/after/t1", "/after/t2"]
    assert len(answer.pages) == 3
    assert [asked.query["page_size"] for asked in server.asked] == [["1000"]] * 3


def test_an_empty_page_of_a_cursor_is_not_its_end(server, scaleway, reply):
    last = {"charges": [{"sku": "/late"}], "next_page_token": None}
    server.script(CHARGES, reply({"charges": [], "next_page_token": "more"}), reply(last))
    assert billing.charges(scaleway, date(2026, 2, 28)).items == ({"sku": "/late"},)


def test_a_repeated_page_token_is_named_and_does_not_loop(server, scaleway, reply):
    server.script(CHARGES, reply({"charges": [{"sku": "/again"}], "next_page_token": "gAAAtoken"}))
    with pytest.raises(SourceUnavailable, match=r"billing\.charges: .*'gAAAtoken' a second time"):
        billing.charges(scaleway, date(2026, 2, 28))
    assert len(server.asked) == 1 + MOST_ASKINGS


@pytest.mark.parametrize("count", [{}, {"total_count": 300}])
def test_a_server_that_ignores_the_page_number_is_an_error_and_no_endless_loop(server, scaleway, reply, count):
    server.script(INVOICES, reply({"invoices": things(100), **count}))
    with pytest.raises(SourceUnavailable, match=r"page 2 repeats the one before it, the server ignores `page`"):
        billing.invoices(scaleway)
    assert len(server.asked) == 1 + MOST_ASKINGS


def test_a_wrong_page_sent_once_costs_one_more_question(server, scaleway, reply):
    first, second = things(101)[:100], things(101)[100:]
    server.script(
        INVOICES,
        reply({"invoices": first, "total_count": 101}),
        reply({"invoices": first, "total_count": 101}),
        reply({"invoices": [first[-1]], "total_count": 101}),
        reply({"invoices": second, "total_count": 101}),
    )
    assert list(billing.invoices(scaleway).items) == [*first, *second]
    assert len(server.asked) == 4


def test_a_cursor_that_looks_back_once_is_asked_again(server, scaleway, reply):
    pages = [{"charges": [{"sku": f"/{number}"}], "next_page_token": token} for number, token in enumerate("abc")]
    last = {"charges": [{"sku": "/3"}], "next_page_token": None}
    server.script(CHARGES, *map(reply, [pages[0], pages[1], pages[1], pages[2], pages[0], last]))
    found = billing.charges(scaleway, date(2026, 2, 28))
    assert [item["sku"] for item in found.items] == ["/0", "/1", "/2", "/3"]
    assert len(server.asked) == 6


def test_a_listing_that_grows_while_it_is_read_is_read_again(server, scaleway, reply):
    grown = things(151)
    server.script(
        INVOICES,
        reply({"invoices": things(150)[:100], "total_count": 150}),
        reply({"invoices": grown[100:], "total_count": 151}),
        reply({"invoices": grown[:100], "total_count": 151}),
        reply({"invoices": grown[100:], "total_count": 151}),
    )
    answer = billing.invoices(scaleway)
    assert list(answer.items) == grown
    assert len(answer.pages) == 2


def test_an_item_that_slips_to_the_next_page_is_not_counted_twice(server, scaleway, reply):
    server.script(
        INVOICES,
        reply({"invoices": things(100), "total_count": 101}),
        reply({"invoices": [things(100)[99]], "total_count": 101}),
        reply({"invoices": things(100), "total_count": 101}),
        reply({"invoices": [{"id": "id-100"}], "total_count": 101}),
    )
    assert len({item["id"] for item in billing.invoices(scaleway).items}) == 101


def test_a_consumption_recomputed_while_it_is_read_is_read_again(server, scaleway, reply):
    def page(number, updated_at):
        lines = [{"sku": f"/{number}/{line}", "at": updated_at} for line in range(2)]
        return reply({"consumptions": lines, "total_count": 4, "updated_at": updated_at})

    server.script(CONSUMPTIONS, page(1, "old"), page(2, "new"), page(1, "new"), page(2, "new"))
    answer = billing.consumptions(scaleway, "2026-02")
    assert {item["at"] for item in answer.items} == {"new"}
    assert answer.extra == {"updated_at": "new"}


@pytest.mark.parametrize("last_page", [[], [{"id": "id-100"}]])
def test_a_listing_that_never_holds_what_it_counts_is_refused(server, scaleway, reply, last_page):
    def answer(query):
        first = query["page"] == ["1"]
        page = things(100) if first else last_page if query["page"] == ["2"] else []
        return reply({"invoices": page, "total_count": 102})

    server.answer(INVOICES, answer)
    with pytest.raises(SourceUnavailable, match=r"changed while being read, 3 times \(10[01] of 102 items came\)"):
        billing.invoices(scaleway)


def test_more_items_than_counted_are_all_kept(server, scaleway, reply):
    server.script(
        INVOICES,
        reply({"invoices": things(30), "total_count": 20}),
        reply({"invoices": [], "total_count": 20}),
    )
    assert list(billing.invoices(scaleway).items) == things(30)


def test_a_count_that_is_no_number_is_named(server, scaleway, reply):
    server.script(INVOICES, reply({"invoices": things(1), "total_count": "many"}))
    with pytest.raises(SourceUnavailable, match="total_count 'many' is not a number"):
        billing.invoices(scaleway)


def test_an_answer_without_its_list_is_not_an_empty_day(server, scaleway, reply):
    server.script(CHARGES, reply({"message": "all good"}))
    with pytest.raises(SourceUnavailable, match=r"billing\.charges: the answer holds no 'charges'"):
        billing.charges(scaleway, date(2026, 2, 28))


def test_pages_are_kept_as_received_and_dated_by_the_first(server, scaleway, reply):
    bodies = [b'{ "charges":[{"b":1,\n"a":2}],"next_page_token":"t" }', b'{"charges":[]}']
    server.script(CHARGES, *(reply(body) for body in bodies))
    answer = billing.charges(scaleway, date(2026, 2, 28))
    assert answer.pages == tuple(bodies)
    assert answer.asked_at.utcoffset().total_seconds() == 0
