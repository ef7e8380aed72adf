"""What an organization has: its projects, and its resources of each product in each locality.

One entry in `INVENTORY_PRODUCTS` is all a new product takes.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog

from pipelines.errors import FinopsError, NotOffered, SourceUnavailable, WriteRefused
from pipelines.sources.answers import Listing
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.localities import ZONES
from pipelines.sources.paging import listing, question_of
from pipelines.sources.transport import Scaleway

_INSTANCE = "scaleway.instance.v1.InstanceV1API"
_BLOCK = "scaleway.block.v1.BlockV1API"

log = structlog.get_logger()

PROJECTS = Endpoint(
    "account.projects",
    "scaleway.account.v3.AccountV3ProjectAPI",
    "list_projects",
    "ProjectReadOnly",
    {"order_by": "created_at_asc"},
)


@dataclass(frozen=True, kw_only=True)
class InventoryProduct(Endpoint):
    """A list call that is made once in each of its localities. `resource_type` is None where the items are
    offers rather than things the organization has."""

    resource_type: str | None
    localities: Sequence[str]


@dataclass(frozen=True)
class InventoryResult:
    """Complete listings, by product and locality in declared order, and one line for each product left out."""

    listings: list[Listing]
    missing: list[str]


INVENTORY_PRODUCTS = (
    InventoryProduct(
        source="instance.servers",
        resource_type="instance_server",
        api=_INSTANCE,
        method="list_servers",
        permission_set="InstancesReadOnly",
        localities=ZONES,
    ),
    InventoryProduct(
        source="instance.volumes",
        resource_type="instance_volume",
        api=_INSTANCE,
        method="list_volumes",
        permission_set="InstancesReadOnly",
        localities=ZONES,
    ),
    InventoryProduct(
        source="instance.snapshots",
        resource_type="instance_snapshot",
        api=_INSTANCE,
        method="list_snapshots",
        permission_set="InstancesReadOnly",
        localities=ZONES,
    ),
    InventoryProduct(
        source="instance.images",
        resource_type="instance_image",
        api=_INSTANCE,
        method="list_images",
        permission_set="InstancesReadOnly",
        localities=ZONES,
        arguments={"public": False},  # otherwise Scaleway's own images come along
    ),
    InventoryProduct(
        source="instance.ips",
        resource_type="instance_ip",
        api=_INSTANCE,
        method="list_ips",
        permission_set="InstancesReadOnly",
        localities=ZONES,
    ),
    InventoryProduct(
        source="instance.server_types",
        resource_type=None,
        api=_INSTANCE,
        method="list_servers_types",
        permission_set="InstancesReadOnly",
        localities=ZONES,
    ),
    InventoryProduct(
        source="block.volumes",
        resource_type="block_volume",
        api=_BLOCK,
        method="list_volumes",
        permission_set="BlockStorageReadOnly",
        localities=ZONES,  # it-mil-1 is not documented for block storage, but answers
        arguments={"include_deleted": False, "order_by": "created_at_asc"},
    ),
    InventoryProduct(
        source="block.snapshots",
        resource_type="block_snapshot",
        api=_BLOCK,
        method="list_snapshots",
        permission_set="BlockStorageReadOnly",
        localities=ZONES,
        arguments={"include_deleted": False, "order_by": "created_at_asc"},
    ),
)


def projects(scaleway: Scaleway) -> Listing:
    """Every project of the organization."""
    return listing(scaleway, PROJECTS)


def inventory(
    scaleway: Scaleway, max_workers: int = 4, products: Sequence[InventoryProduct] = INVENTORY_PRODUCTS
) -> InventoryResult:
    """Every resource of the organization, in every locality.

    A product that cannot be read completely (a permission is missing, the API does not answer) is left out as a
    whole and named in `missing`, so that nothing half read passes for the truth. A locality without the product is
    an empty listing. Raises SourceUnavailable when not one product could be read for lack of answers.
    """
    failures: dict[str, FinopsError] = {}

    def read(product: InventoryProduct, locality: str) -> Listing | None:
        if product.source in failures:
            return None
        try:
            return _in_locality(scaleway, product, locality)
        except WriteRefused:
            raise
        except FinopsError as error:
            failures.setdefault(product.source, error)
            return None

    with ThreadPoolExecutor(max_workers, thread_name_prefix="inventory") as pool:
        asked = [[pool.submit(read, product, place) for place in product.localities] for product in products]
        answers = [[future.result() for future in futures] for futures in asked]

    result = InventoryResult([], [])
    for product, answered in zip(products, answers, strict=True):
        complete = [each for each in answered if each is not None]
        if product.source not in failures and not any(each.pages for each in complete):
            places = ", ".join(product.localities)
            failures[product.source] = NotOffered(f"offered in none of {places}; check SCW_API_URL")
        if product.source in failures:
            result.missing.append(f"{product.source} is left out: {failures[product.source]}")
        else:
            result.listings.extend(complete)
    _raise_if_nothing_answered(result, list(failures.values()))
    return result


def _in_locality(scaleway: Scaleway, product: InventoryProduct, locality: str) -> Listing:
    place: dict[str, Any] = {"zone" if product.accepts("zone") else "region": locality}
    try:
        return listing(scaleway, product, **place)
    except NotOffered as error:
        log.info("not_offered", source=product.source, locality=locality, reason=str(error))
        question = question_of(product, scaleway.request(product, **place))
        return Listing(question, (), (), {}, scaleway.clock())


def _raise_if_nothing_answered(result: InventoryResult, failures: Sequence[FinopsError]) -> None:
    unavailable = [error for error in failures if isinstance(error, SourceUnavailable)]
    if unavailable and not result.listings:
        raise unavailable[0]
