"""The product catalogue and the Instance types: what is for sale at the clock's time, at which price."""

from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.answers import answer, instance_page, money, page_of
from simulator.audit_retirements import Retirements
from simulator.gate import Gate
from simulator.price_book import InstanceType, Offer, instance_sku, is_gpu_billed_by_the_minute
from simulator.world import Clock, World

PAGE = 100
LARGEST_PAGE = 1_000
HOURS_PER_MONTH = 730
GIB = 1 << 30

# The catalogue's unit where billing has a finer one.
_LISTED_UNITS = {
    "node_minute": "minute",
    "ip_minute": "minute",
    "version_minute": "minute",
    "gigabyte_minute": "gigabyte",
    "gigabyte_hour": "gigabyte",
    "gigabyte_month": "gigabyte",
}
_SPELLED = {"gigabyte_minute": "GB per minute", "gigabyte_hour": "GB per hour", "gigabyte_month": "GB per month"}
_SERVICE_CATEGORIES = {
    "BareMetal": "Bare Metal",
    "Managed Databases": "Databases",
    "Object Storage": "Storage",
}


class CatalogueApi:
    """Answers /product-catalog/v2alpha1 and /instance/v1/zones/{zone}/products."""

    def __init__(self, world: World, clock: Clock, gate: Gate) -> None:
        self._world = world
        self._clock = clock
        self._gate = gate
        self._retirements = Retirements(world.scenario, world.book)
        listed = [offer for offer in world.book.offers.values() if offer.product_type]
        self._listed = sorted(listed, key=lambda offer: offer.sku)

    async def products(self, request: Request) -> Response:
        self._gate.check(request)
        query, now = request.query_params, self._clock.instant
        rows = self._listed
        if types := query.getlist("product_types"):
            rows = [offer for offer in rows if offer.product_type in types]
        for scope in ("region", "zone"):
            if place := query.get(scope):
                rows = [offer for offer in rows if offer.locality == (scope, place)]
        page = page_of(query, rows, PAGE, LARGEST_PAGE)
        return answer({"products": [self._product(offer, now) for offer in page], "total_count": len(rows)})

    async def server_types(self, request: Request) -> Response:
        zone = self._gate.zone(request)
        now = self._clock.instant
        page, headers = instance_page(request, self._world.book.types_in(zone), "products/servers")
        types = self._world.book.types
        return answer({"servers": {n: self._type(types[n, zone], zone, now) for n in page}}, headers=headers)

    async def availability(self, request: Request) -> Response:
        zone = self._gate.zone(request)
        names = self._world.book.types_in(zone)
        page, headers = instance_page(request, names, "products/servers/availability")
        return answer({"servers": {n: {"availability": self._stock(n, zone)} for n in page}}, headers=headers)

    def _product(self, offer: Offer, now: int) -> dict[str, Any]:
        nanos = offer.nanos(now)
        currency = self._world.scenario.currency
        price = f"{Decimal(nanos).scaleb(-9).normalize():f}€"
        unit = _SPELLED.get(offer.unit, offer.unit.replace("_", " "))
        per = unit if offer.size == 1 else f"{offer.size} {unit}s"
        variant = offer.label if offer.instance is None else f"{offer.product} - {offer.locality[1]}"
        product = {
            "sku": offer.sku,
            "service_category": _SERVICE_CATEGORIES.get(offer.category, offer.category),
            "product_category": offer.product_category,
            "product": offer.product,
            "variant": variant,
            "description": f"{variant} ({price} per {per})",
            "locality": {offer.locality[0]: offer.locality[1] if offer.locality[0] != "global" else True},
            "price": {"retail_price": money(nanos, currency)},
            "properties": _properties(offer, self._retirements.replacements(offer.sku, now)),
            "unit_of_measure": {"unit": _LISTED_UNITS.get(offer.unit, offer.unit), "size": offer.size},
            "badges": [],
            **self._retirements.dates(offer.sku, now),
        }
        if offer.instance and offer.instance.kg_co2e:
            product["environmental_impact_estimation"] = _footprint(offer.instance)
        return product

    def _type(self, kind: InstanceType, zone: str, now: int) -> dict[str, Any]:
        nanos = self._world.book.offers[instance_sku(kind.name, zone)].nanos(now)
        hourly = Decimal(nanos).scaleb(-9) * (60 if is_gpu_billed_by_the_minute(kind) else 1)
        return {
            "alt_names": [],
            "arch": kind.arch,
            "ncpus": kind.vcpus,
            "ram": kind.ram_gib * GIB,
            "gpu": kind.gpus,
            "gpu_info": _gpu(kind),
            "mig_profile": None,
            "volumes_constraint": {"min_size": 0, "max_size": kind.local_gb * 10**9},
            "per_volume_constraint": {"l_ssd": {"min_size": 0, "max_size": kind.local_gb * 10**9}},
            "scratch_storage_max_size": 0,
            "scratch_storage_max_volumes_count": 0,
            "monthly_price": float(hourly * HOURS_PER_MONTH),
            "hourly_price": float(hourly),
            "capabilities": {
                "boot_types": ["local", "rescue"],
                "placement_groups": True,
                "block_storage": True,
                "hot_snapshots_local_volume": kind.local_gb > 0,
                "private_network": 8,
                "max_file_systems": 0,
            },
            "network": {
                "ipv6_support": True,
                "sum_internal_bandwidth": 10**9,
                "sum_internet_bandwidth": 10**9,
                "interfaces": [{"internal_bandwidth": 10**9, "internet_bandwidth": 10**9}],
            },
            "block_bandwidth": 41_943_040 * kind.vcpus,
            "end_of_service": self._retirements.has_ended(instance_sku(kind.name, zone), now),
        }

    def _stock(self, name: str, zone: str) -> str:
        """GPUs are hard to get; a few other types are scarce."""
        drawn = self._world.identity.millionths("stock", name, zone)
        if self._world.book.types[name, zone].gpus:
            return "shortage" if drawn < 300_000 else "scarce"
        return "scarce" if drawn < 50_000 else "available"


def _gpu(kind: InstanceType) -> dict[str, Any] | None:
    if not kind.gpus:
        return None
    return {"gpu_manufacturer": "NVIDIA", "gpu_name": kind.gpu_name, "gpu_memory": kind.gpu_gib * GIB}


def _footprint(kind: InstanceType) -> dict[str, float]:
    footprint = {"kg_co2_equivalent": float(kind.kg_co2e)}
    return footprint | ({"m3_water_usage": float(kind.m3_water)} if kind.m3_water else {})


def _properties(offer: Offer, replacements: list[str]) -> dict[str, Any]:
    kind = offer.instance
    if kind is None:
        return {offer.product_type: _details(offer)}
    hardware: dict[str, Any] = {
        "cpu": {
            "description": f"{kind.arch}, vCPUs: {kind.vcpus}",
            "arch": {"x86_64": "x64"}.get(kind.arch, kind.arch),
            "type": "",
            "virtual": {"count": kind.vcpus},
            "threads": kind.vcpus,
        },
        "ram": {"description": f"{kind.ram_gib} GiB", "size": kind.ram_gib * GIB, "type": ""},
        "storage": {"description": "Local or Block" if kind.local_gb else "Block", "total": kind.local_gb * 10**9},
        "network": {"description": "", "internal_bandwidth": 10**9, "public_bandwidth": 10**9},
    }
    if kind.gpus:
        short = kind.gpu_name
        hardware["gpu"] = {"description": f"{kind.gpus} x {short}", "count": kind.gpus, "type": short}
    instance = {"range": kind.range, "offer_id": kind.name, "recommended_replacement_offer_ids": replacements}
    return {"hardware": hardware, "instance": instance}


def _details(offer: Offer) -> dict[str, Any]:
    """The product block, where the real catalogue says more than the SKU does."""
    words = offer.sku.split("/")
    if offer.product_type == "generative_apis":
        model_and_kind, batch, _ = words[4].partition("_batch")
        kind = model_and_kind.rpartition("_")[2]
        mode = "batch" if batch else "realtime"
        return {"token_type": f"{kind}_token", "consumption_mode": mode, "tasks": ["chat"]}
    if offer.product_type == "object_storage":
        kind = words[3]
        if kind == "storage":
            return {"class": {"storage_class": words[4]}}
        return {"restore": {}} if kind == "restore" else {"internet_traffic": {}}
    return {}
