"""Readers of Scaleway's API, Cockpit, OpenCost and Object Storage, asked against a server that means them ill."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.hostile_case import Counts, Reader
from benchmarks.hostile_grammar import encoded, mutated, spelled
from benchmarks.hostile_seeds import ORGANIZATION, page
from benchmarks.hostile_server import Answer, HostileServer, hostile_answer
from pipelines.errors import PartialResult
from pipelines.sources import audit, billing, catalog, footprint
from pipelines.sources.answers import MAPS, Listing
from pipelines.sources.cockpit import account
from pipelines.sources.inventory import INVENTORY_PRODUCTS, InventoryProduct, inventory, projects
from pipelines.sources.transport import Scaleway

DAY = date(2026, 6, 2)
NOON = datetime(2026, 6, 2, 12, tzinfo=UTC)


@cache
def server() -> HostileServer:
    """One server for all cases of this process."""
    return HostileServer().start()


@cache
def scaleway() -> Scaleway:
    """An organisation at the hostile server, asked twice at most and without waiting."""
    key, secret = "SCW00000000000000000", "11111111-1111-1111-1111-111111111111"
    return Scaleway(
        key,
        secret,
        ORGANIZATION,
        server().url,
        requests_per_second=0,
        timeout=(2, 5),
        attempts=2,
        clock=lambda: NOON,
        sleep=lambda _: None,
        backoff=(0.0, 0.0),
    )


def play(rng: Random, documents: Sequence[Any], content_type: str = "application/json") -> None:
    """Let the server answer these, one of them mutated or spoilt on the way, or all as they are."""
    spoilt = rng.randrange(len(documents))
    answers = []
    for number, document in enumerate(documents):
        wrong = mutated(rng, document) if number == spoilt and rng.random() < 0.85 else document
        body = encoded(spelled(wrong))
        kind = (("Content-Type", content_type),)
        answers.append(hostile_answer(rng, body, content_type) if number == spoilt else Answer(body, headers=kind))
    server().play(*answers)


def _pages(rng: Random, source: str) -> list[dict[str, Any]]:
    key = MAPS.get(source, (source.rpartition(".")[2],))[0]
    found = [page(rng, source, key) for _ in range(rng.choice([1, 1, 2, 3]))]
    if len(found) > 1 and rng.random() < 0.5:
        for number, each in enumerate(found[:-1]):
            each["next_page_token"] = f"t{number}"
    elif len(found) > 1:
        total = sum(len(each.get(key) or ()) for each in found)
        for each in found:
            each["total_count"] = total
    return found


def counted(listing: Listing) -> Counts:
    """Items on the pages as received, by another parser, and items the reader made of them."""
    key = MAPS.get(listing.question.source, (listing.question.source.rpartition(".")[2],))[0]
    received = 0
    for body in listing.pages:
        held = json.loads(body, parse_float=Decimal, parse_int=str).get(key)
        received += len(held or ())
    # each text is read again by whoever builds silver, so it must be JSON that every reader takes
    for text in listing.texts:
        json.loads(text.decode())
    if len(listing.answer_hash) != 64:
        raise AssertionError("no hash of the answer")
    return Counts(received, len(listing.texts))


def _listing(source: str, ask: Callable[[Scaleway], Listing]) -> Reader:
    def read(rng: Random, _: Path) -> Counts:
        play(rng, _pages(rng, source))
        return counted(ask(scaleway()))

    return Reader(source, read)


def _inventory(rng: Random, _: Path) -> Counts:
    product = rng.choice(INVENTORY_PRODUCTS)
    chosen = [_in_one_place(each) for each in INVENTORY_PRODUCTS if each is product or each.source == product.of]
    if rng.random() < 0.8 or len(chosen) < 2:
        pages = [page for each in chosen for page in _pages(rng, each.source)]
    else:
        pages = _pages(rng, rng.choice(INVENTORY_PRODUCTS).source)
    play(rng, pages)
    known = [ORGANIZATION] if rng.random() < 0.8 else None
    found = inventory(scaleway(), max_workers=1, products=chosen, project_ids=known)
    if found.missing:
        if any("\n" in line for line in found.missing):
            raise AssertionError(f"more than one line: {found.missing}")
        raise PartialResult("; ".join(found.missing))
    counts = [counted(each) for each in found.listings]
    return Counts(sum(each.received for each in counts), sum(each.accepted for each in counts))


def _in_one_place(product: InventoryProduct) -> InventoryProduct:
    return replace(product, localities=tuple(product.localities)[:1])


def _data_sources(rng: Random, _: Path) -> Counts:
    play(rng, _pages(rng, "cockpit.data_sources"))
    found = account.data_sources(scaleway(), "fr-par", ORGANIZATION)
    listed = [account.data_source_of(each) for each in found.items]
    return Counts(counted(found).received, len(listed))


def _usage(rng: Random, _: Path) -> Counts:
    usage: Mapping[str, Any] = {
        "data_source_id": ORGANIZATION,
        "project_id": ORGANIZATION,
        "data_source_origin": "scaleway",
        "data_source_type": "metrics",
        "unit": "samples",
        "interval": "86400s",
        "quantity_over_interval": 12345,
    }
    names = ("scaleway_metrics_usage", "external_logs_usage")
    play(rng, [dict.fromkeys(names, usage)])
    rows = account.usage_overview(scaleway(), "fr-par", ORGANIZATION)
    return Counts(rows.num_rows, rows.num_rows)


def _edge(rng: Random, _: Path) -> Counts:
    play(rng, [{"current_plan_waf_usage": 5, "extra_waf_usage": "7", "current_plan": {"waf_requests": 100}}])
    rows = account.edge_count(account.edge_month(scaleway(), ORGANIZATION))
    return Counts(rows.num_rows, rows.num_rows)


def api_readers() -> list[Reader]:
    """One for each kind of answer of Scaleway's API."""
    until = DAY + timedelta(days=1)
    return [
        _listing("billing.charges", lambda scaleway: billing.charges(scaleway, DAY)),
        _listing("billing.consumptions", lambda scaleway: billing.consumptions(scaleway, "2026-06")),
        _listing("billing.invoices", billing.invoices),
        _listing("billing.taxes", lambda scaleway: billing.taxes(scaleway, "2026-06")),
        _listing("billing.discounts", billing.discounts),
        _listing("billing.budgets", billing.budgets),
        _listing("catalog.products", catalog.products),
        _listing("account.projects", projects),
        _listing("audit_trail.events", lambda scaleway: audit.events(scaleway, "fr-par", DAY)),
        _listing("environmental_footprint.projects", lambda scaleway: footprint.impact(scaleway, DAY, until)),
        Reader("inventory", _inventory),
        Reader("cockpit.data_sources", _data_sources),
        Reader("cockpit.usage_overview", _usage),
        Reader("edge_services.billing", _edge),
    ]
