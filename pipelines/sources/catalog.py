"""The public product catalogue: SKUs with their list prices as of now. There is no history; keep the answers."""

from pipelines.sources.answers import Listing
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.paging import listing
from pipelines.sources.transport import Scaleway

PRODUCTS = Endpoint(
    "catalog.products",
    "scaleway.product_catalog.v2alpha1.ProductCatalogV2Alpha1PublicCatalogAPI",
    "list_public_catalog_products",
    None,
)


def products(scaleway: Scaleway) -> Listing:
    """Every product in every locality; the API's own locality filter does not work."""
    return listing(scaleway, PRODUCTS)
