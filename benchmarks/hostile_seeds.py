"""What hostile answers begin as: recorded answers of Scaleway where the reference data are at hand, else made ones."""

import json
import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.recorded_lists import RESOURCES

FOLDER = "FINOPS_REFERENCE_DATA"
ORGANIZATION = "22222222-2222-4222-8222-222222222222"
_LISTS: Mapping[str, str] = {
    **RESOURCES,
    "GET /account/v3/projects": "account.projects",
    "GET /billing/v2/budgets": "billing.budgets",
    "GET /billing/v2beta1/consumptions": "billing.consumptions",
    "GET /billing/v2beta1/invoices": "billing.invoices",
    "GET /product-catalog/v2alpha1/public-catalog/products": "catalog.products",
}


@cache
def recorded() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """Recorded pages by source; empty without the reference data."""
    folder = Path(os.environ.get(FOLDER, "")) / "fixtures" / "scaleway-recorded"
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    if not (os.environ.get(FOLDER) and (folder / "MANIFEST.json").is_file()):
        return found
    for entry in json.loads((folder / "MANIFEST.json").read_text())["files"]:
        source = _LISTS.get(entry["endpoint"])
        if source and entry["status"] == 200 and entry["bytes"] < 60_000 and len(found[source]) < 20:
            found[source].append(json.loads((folder / entry["file"]).read_text()))
    return found


@cache
def recorded_xml() -> Mapping[str, Sequence[str]]:
    """Recorded answers of Object Storage by the beginning of their root element."""
    folder = Path(os.environ.get(FOLDER, "")) / "fixtures" / "scaleway-recorded"
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.glob("s3_get_*.xml")) if os.environ.get(FOLDER) else ():
        text = file.read_text(encoding="utf-8")
        for root in _XML:
            if f"<{root}" in text and "http4" not in file.name:
                found[root].append(text)
    return found


def page(rng: Random, source: str, key: str) -> dict[str, Any]:
    """A page as Scaleway would send it: recorded where there is one, else made of items in its way."""
    known = recorded().get(source, ())
    if known and rng.random() < 0.7:
        return dict(rng.choice(known))
    count = rng.randint(0, 5)
    items = [item(rng, source) for _ in range(count)]
    listed: Any = {each["id"]: each for each in items} if source == "instance.server_types" else items
    return {key: listed, "total_count": count, "updated_at": "2026-06-03T00:00:00Z"}


def item(rng: Random, source: str) -> dict[str, Any]:
    """One item with the fields most products have, and those of the bill where it is one."""
    number = rng.randrange(10**12)
    told: dict[str, Any] = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": f"thing-{number}",
        "project_id": ORGANIZATION,
        "organization_id": ORGANIZATION,
        "tags": ["env=prod", "team=web"],
        "status": "ready",
        "created_at": "2026-01-02T03:04:05.678901Z",
        "updated_at": "2026-06-02T03:04:05Z",
        "size": 20_000_000_000,
        "zone": "fr-par-1",
        "region": "fr-par",
    }
    return {**told, **_BILL.get(source, {})}


_MONEY = {"currency_code": "EUR", "units": 12, "nanos": 340_000_000}
_BILL: Mapping[str, Mapping[str, Any]] = {
    "billing.charges": {
        "sku": "/compute/pro2-s/run_par1",
        "resource_id": "00000000-0000-4000-8000-000000000001",
        "resource_name": "web-1",
        "start_date": "2026-06-02T00:00:00Z",
        "end_date": "2026-06-02T23:59:59.999999Z",
        "price": _MONEY,
    },
    "billing.consumptions": {
        "value": _MONEY,
        "product_name": "PRO2-S",
        "resource_name": "web",
        "sku": "/compute/pro2-s/run_par1",
        "unit": "minute",
        "billed_quantity": "1440",
        "category_name": "Compute",
    },
    "billing.invoices": {
        "state": "paid",
        "number": 7,
        "type": "periodic",
        "billing_period": "2026-05-01T00:00:00Z",
        "issued_date": "2026-06-02T00:00:00Z",
        "due_date": "2026-06-30T00:00:00Z",
        **dict.fromkeys(("total_untaxed", "total_taxed", "total_tax", "total_discount", "total_undiscount"), _MONEY),
        "start_date": "2026-05-01T00:00:00Z",
        "stop_date": "2026-06-01T00:00:00Z",
    },
    "billing.taxes": {"description": "VAT", "currency": "EUR", "rate": 0.2, "total_tax_value": 12.34},
    "billing.discounts": {
        "creation_date": "2026-01-01T00:00:00Z",
        "start_date": "2026-01-01T00:00:00Z",
        "stop_date": "2026-12-31T00:00:00Z",
        "value": 100.0,
        "value_used": 1.5,
        "value_remaining": 98.5,
        "mode": "discount_mode_value",
        "filters": [{"type": "category_name", "value": "Compute"}],
    },
    "billing.budgets": {
        "consumption_limit": {"currency_code": "EUR", "units": 100, "nanos": 0},
        "enabled": True,
        "alerts": [{"threshold": 80, "notifications": []}],
    },
    "catalog.products": {
        "sku": "/compute/pro2-s/run_par1",
        "product": "PRO2-S",
        "variant": "par1",
        "service_category": "Compute",
        "product_category": "Instances",
        "locality": {"zone": "fr-par-1"},
        "price": {"retail_price": _MONEY},
        "unit_of_measure": {"unit": "minute", "size": 1},
        "properties": {"hardware": {"cpu": {"virtual": {"count": 2}}, "ram": {"size": 8_000_000_000}}},
    },
    "audit_trail.events": {
        "recorded_at": "2026-06-02T01:02:03Z",
        "principal": {"id": ORGANIZATION},
        "source_ip": "192.0.2.1",
        "product_name": "instance",
        "service_name": "scaleway.instance.v1.Api",
        "method_name": "CreateServer",
        "resources": [{"id": "x", "type": "instance_server", "instance_server_info": {"name": "n"}}],
        "request_body": {"commercial_type": "PRO2-S", "password": "x"},
        "status_code": 200,
    },
    "environmental_footprint.projects": {
        "total_project_impact": {"kg_co2_equivalent": 1.5, "m3_water_usage": 0.1},
        "regions": [
            {
                "region": "fr-par",
                "total_region_impact": {"kg_co2_equivalent": 1.5, "m3_water_usage": 0.1},
                "zones": [{"zone": "fr-par-1", "skus": [{"sku": "x", "total_sku_impact": {"kg_co2_equivalent": 1}}]}],
            }
        ],
    },
    "cockpit.data_sources": {"type": "metrics", "origin": "scaleway", "url": "https://x.example", "retention_days": 31},
}

_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
_OBJECT = (
    "<Key>logs/2026/06/02/a.gz</Key><LastModified>2026-06-02T00:00:00.000Z</LastModified>"
    "<ETag>&quot;0&quot;</ETag><Size>1234</Size><StorageClass>STANDARD</StorageClass>"
)
_VERSION = f"<Version>{_OBJECT}<VersionId>1</VersionId><IsLatest>true</IsLatest></Version>"
_UPLOAD = (
    "<Upload><Key>a</Key><UploadId>u1</UploadId><StorageClass>STANDARD</StorageClass>"
    "<Initiated>2026-06-01T00:00:00.000Z</Initiated></Upload>"
)
_BUCKET = "<Bucket><Name>logs</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>"
_RULE = (
    "<Rule><ID>old</ID><Status>Enabled</Status><Filter><Prefix>logs/</Prefix></Filter>"
    "<Expiration><Days>30</Days></Expiration></Rule>"
)
_XML: Mapping[str, str] = {
    "ListAllMyBucketsResult": f"<Owner><ID>{ORGANIZATION}:{ORGANIZATION}</ID></Owner><Buckets>{_BUCKET}</Buckets>",
    "Tagging": "<TagSet><Tag><Key>env</Key><Value>prod</Value></Tag></TagSet>",
    "VersioningConfiguration": "<Status>Enabled</Status>",
    "LifecycleConfiguration": _RULE,
    "ListBucketResult": f"<Name>logs</Name><IsTruncated>false</IsTruncated><Contents>{_OBJECT}</Contents>",
    "ListVersionsResult": f"<Name>logs</Name><IsTruncated>false</IsTruncated>{_VERSION}",
    "ListMultipartUploadsResult": f"<Bucket>logs</Bucket><IsTruncated>false</IsTruncated>{_UPLOAD}",
    "ListPartsResult": "<IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>5</Size></Part>",
}


def xml(rng: Random, root: str) -> str:
    """An answer of Object Storage whose outermost element is `root`."""
    known = recorded_xml().get(root, ())
    if known and rng.random() < 0.5:
        return rng.choice(known)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} {_NAMESPACE}>{_XML[root]}</{root}>'
