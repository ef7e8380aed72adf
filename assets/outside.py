"""What the graph does not make, yet is made of: Scaleway's APIs, and tables written beside others or by an import."""

import dagster as dg

from assets.descriptions import Readers, described
from assets.tables import TABLES

_API = "https://www.scaleway.com/en/developers/api/"
_APIS = {
    "billing": (
        ("charges", "consumptions", "taxes", "invoices", "discounts", "budgets"),
        "Scaleway's bill: charges, consumption, invoices, taxes, discounts and budgets.",
        "billing/",
        "BillingReadOnly",
    ),
    "product_catalog": (
        ("products",),
        "The public price list as of today; Scaleway keeps no history of it.",
        "product-catalog/public-catalog-api/",
        "",
    ),
    "account": (("projects",), "The organisation's projects.", "account/project-api/", "ProjectReadOnly"),
    "inventory": (
        ("resources", "server_types"),
        "What exists in each zone and region, product by product.",
        "instances/",
        "AllProductsReadOnly, or one set per product",
    ),
}


def answered_by(name: str) -> dg.AssetKey:
    """The API behind a bronze table."""
    return next(dg.AssetKey(["scaleway", api]) for api, (names, *_) in _APIS.items() if name in names)


def outside_assets(readers: Readers) -> list[dg.AssetSpec]:
    """Assets Dagster shows and does not run."""
    return [*_apis(), _answers(readers), *_imports(readers)]


def _apis() -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            key=["scaleway", api],
            description=f"{what} Read with GET calls only."
            + (f"\n\n- **Permission sets**: `{permissions}`" if permissions else "\n\n- **Permission sets**: none"),
            group_name="platform",
            owners=["team:platform"],
            kinds={"scaleway", "api"},
            metadata={"documentation": dg.MetadataValue.url(_API + page)},
        )
        for api, (_, what, page, permissions) in _APIS.items()
    ]


def _answers(readers: Readers) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=["bronze", "answers"],
        description=described(
            TABLES["bronze.answers"].description,
            grain="page of an answer",
            source="every bronze table: each writes the answers its rows came from",
            kept="Append only, in the same step as the rows.",
            used_by=readers.get("bronze.answers", ()),
        ),
        deps=[["bronze", name] for names, *_ in _APIS.values() for name in names],
        group_name="bronze",
        owners=["team:platform"],
        kinds={"deltalake"},
        metadata={"dagster/table_name": "bronze.answers"},
    )


def _imports(readers: Readers) -> list[dg.AssetSpec]:
    return [
        dg.AssetSpec(
            key=["bronze", name],
            description=described(
                TABLES[f"bronze.{name}"].description,
                grain="line of an imported bill",
                source="`finops import focus FILE`",
                kept="A file's newest content replaces what a file of that name said before.",
                used_by=readers.get(f"bronze.{name}", ()),
            ),
            group_name="bronze",
            owners=["team:finops"],
            kinds={"deltalake", "csv"},
            metadata={"dagster/table_name": f"bronze.{name}"},
        )
        for name in ("focus_lines", "focus_quarantine")
    ]
