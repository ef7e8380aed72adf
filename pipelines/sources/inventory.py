"""What an organization has: its projects, and its resources of each product in each locality.

What to ask stands in `inventory_products`. Products whose calls need a project, a cluster or another parent are
asked after it, once for each; the answers about one locality make one listing, so that what belonged to a parent
that is gone ends with it, and nothing is asked where there is no parent.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from pipelines.errors import FinopsError, NotOffered, SourceUnavailable, WriteRefused
from pipelines.sources.answers import Listing, canonical, document_of
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.inventory_products import INVENTORY_PRODUCTS, InventoryProduct
from pipelines.sources.paging import listing, question_of
from pipelines.sources.transport import Scaleway

__all__ = ["INVENTORY_PRODUCTS", "PROJECTS", "InventoryProduct", "InventoryResult", "inventory", "projects"]

log = structlog.get_logger()

WITHHELD = "(withheld)"

PROJECTS = Endpoint(
    "account.projects",
    "scaleway.account.v3.AccountV3ProjectAPI",
    "list_projects",
    "ProjectReadOnly",
    {"order_by": "created_at_asc"},
)


@dataclass(frozen=True)
class InventoryResult:
    """Complete listings, by product and locality in declared order, and one line for each product left out."""

    listings: list[Listing]
    missing: list[str]


def projects(scaleway: Scaleway) -> Listing:
    """Every project of the organization."""
    return listing(scaleway, PROJECTS)


def inventory(
    scaleway: Scaleway,
    max_workers: int = 4,
    products: Sequence[InventoryProduct] = INVENTORY_PRODUCTS,
    project_ids: Sequence[str] | None = None,
) -> InventoryResult:
    """Every resource of the organization, in every locality.

    A product that cannot be read completely (a permission is missing, the API does not answer) is left out as a
    whole and named in `missing`, so that nothing half read passes for the truth. A locality without the product is
    an empty listing. `project_ids` are asked for when a product needs them and they are not given. Raises
    SourceUnavailable when not one product could be read for lack of answers.
    """
    reading = _Reading(scaleway, products, project_ids)
    with ThreadPoolExecutor(max_workers, thread_name_prefix="inventory") as pool:
        reading.read([each for each in products if each.each is None], pool)
        reading.read([each for each in products if each.each is not None], pool)
    return reading.result()


@dataclass
class _Reading:
    """One inventory as it comes in."""

    scaleway: Scaleway
    products: Sequence[InventoryProduct]
    project_ids: Sequence[str] | None
    answers: dict[tuple[str, str], Listing] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)
    failures: dict[str, FinopsError] = field(default_factory=dict)

    def read(self, products: Sequence[InventoryProduct], pool: ThreadPoolExecutor) -> None:
        """Ask for these products in all their localities; those they are asked of were read before."""
        for product in products:
            self._settle_parents(product)
        # in turns, so that the workers do not all wait for the rate limit of one API
        turns = max((len(each.localities) for each in products), default=0)
        asked = [
            pool.submit(self._in_locality, each, each.localities[turn])
            for turn in range(turns)
            for each in products
            if turn < len(each.localities)
        ]
        for future in asked:
            future.result()
        for product in products:
            if product.source not in self.failures and product.source not in self.offered:
                places = ", ".join(product.localities) or "any place"
                self.failures[product.source] = NotOffered(f"offered in none of {places}; check SCW_API_URL")

    def result(self) -> InventoryResult:
        """What was read completely, and what was not."""
        result = InventoryResult([], [])
        for product in self.products:
            if product.source in self.failures:
                result.missing.append(f"{product.source} is left out: {self.failures[product.source]}")
            else:
                result.listings.extend(self.answers[product.source, place] for place in product.localities)
        unavailable = [error for error in self.failures.values() if isinstance(error, SourceUnavailable)]
        if unavailable and not result.listings:
            raise unavailable[0]
        return result

    def _settle_parents(self, product: InventoryProduct) -> None:
        """Know the parents of a product, or that it cannot be read for want of them."""
        if product.each is None:
            return
        if product.of == PROJECTS.source:
            if self.project_ids is None and product.of not in self.failures:
                try:
                    self.project_ids = [str(project["id"]) for project in projects(self.scaleway).items]
                except FinopsError as error:
                    self.failures[product.of] = error
        elif product.of not in {each.source for each in self.products}:
            raise ValueError(f"{product.source} is asked of each of {product.of}, which is not among the products")
        if product.of in self.failures:
            self.failures[product.source] = self.failures[product.of]

    def _in_locality(self, product: InventoryProduct, locality: str) -> None:
        if product.source in self.failures:
            return
        place: dict[str, Any] = {}
        if locality:
            place["zone" if product.accepts("zone") else "region"] = locality
        try:
            found = self._of_each(product, place, locality) if product.each else self._at_once(product, place)
        except WriteRefused:
            raise
        except FinopsError as error:
            self.failures.setdefault(product.source, error)
            return
        self.answers[product.source, locality] = _without_secrets(product, found)

    def _at_once(self, product: InventoryProduct, place: Mapping[str, Any]) -> Listing:
        try:
            found = listing(self.scaleway, product, **place)
        except NotOffered as error:
            log.info("not_offered", source=product.source, locality=_name(place), reason=str(error))
            question = question_of(product, self.scaleway.request(product, **place))
            return Listing(question, (), (), {}, self.scaleway.clock())
        self.offered.add(product.source)
        return found

    def _of_each(self, product: InventoryProduct, place: Mapping[str, Any], locality: str) -> Listing:
        """The answers for all parents as one. A parent that went meanwhile has nothing."""
        assert product.each is not None
        parents = list(self._parents(product, locality))
        found: list[Listing] = []
        refused: NotOffered | None = None
        asked_at = self.scaleway.clock()
        for parent in parents:
            try:
                found.append(listing(self.scaleway, product, **{**place, product.each: parent}))
            except NotOffered as error:
                refused = error
        if found or not parents:
            self.offered.add(product.source)
        elif refused:
            log.info("not_offered", source=product.source, locality=_name(place), reason=str(refused))
        request = self.scaleway.request(product, **{**place, product.each: f"{{{product.each}}}"})
        question = question_of(product, request)
        others = tuple(pair for pair in question.parameters if pair[0] != product.each)
        return Listing(
            replace(question, parameters=others),
            tuple(page for each in found for page in each.pages),
            tuple(item for each in found for item in each.items),
            {},
            asked_at,
        )

    def _parents(self, product: InventoryProduct, locality: str) -> Iterator[str]:
        if product.of == PROJECTS.source:
            yield from self.project_ids or ()
            return
        for item in self.answers[product.of, locality].items:
            if product.only_with is None or item.get(product.only_with):
                yield str(item["id"])


def _name(place: Mapping[str, Any]) -> str:
    return "".join(place.values())


def _without_secrets(product: InventoryProduct, found: Listing) -> Listing:
    """The same answer without what must not lie in a lake."""
    if not product.withheld or not found.items:
        return found
    pages = tuple(canonical(_censored(document_of(page), product.withheld)).encode() for page in found.pages)
    items = tuple(_censored(item, product.withheld) for item in found.items)
    return replace(found, pages=pages, items=items)


def _censored(value: Any, withheld: Sequence[str]) -> Any:
    """Absent, null and empty values stay as they are: they give nothing away."""
    if isinstance(value, Mapping):
        return {
            name: WITHHELD if name in withheld and held else _censored(held, withheld) for name, held in value.items()
        }
    if isinstance(value, list):
        return [_censored(each, withheld) for each in value]
    return value
