"""Elastic Metal servers, their offers and flexible IPs as their APIs list them."""

from collections.abc import Iterator
from typing import Any

from simulator.answers import money
from simulator.instants import HOUR
from simulator.price_book import UNIT_SECONDS, Offer
from simulator.service_parts import Placed, Services, word

_METAL = "/baremetal/em-"
_FLEXIBLE = "/network/flexip/ip/"
_GB = 10**9
_HARDWARE = {
    "EM-A115X-SSD": (4, 4, 32, ("SSD", 1_024)),
    "EM-B220E-NVME": (8, 16, 64, ("NVMe", 1_024)),
    "EM-I220E-NVME": (16, 32, 128, ("NVMe", 960)),
}
"""Cores, threads, GB of memory, and each of two disks, as Scaleway lists them; of other offers nothing is told."""


class MetalShapes:
    """Writes bare metal as Scaleway would."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def servers(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _METAL):
            name = f"EM-{word(row, _METAL)}".upper()
            yield self._services.in_zone(row, {
                **self._services.common(row),
                "organization_id": self._services.organization_id,
                "offer_id": self._services.uuid("offer", name, row.zone, self._period(row.meters[0].sku)),
                "offer_name": name,
                "status": "ready",
                "ping_status": "ping_status_up",
                "boot_type": "normal",
                "description": "",
                "domain": f"{row.id}.{row.zone}.baremetal.scw.cloud",
                "tags": list(row.tags_at(now)),
                "options": [],
                "install": None,
                "ips": [{
                    "id": self._services.uuid("metal address", row.id),
                    "address": self._services.world.identity.address(row.id),
                    "version": "IPv4",
                }],
                "protected": False,
                "rescue_server": None,
                "user_data": None,
            })  # fmt: skip

    def offers(self, now: int) -> Iterator[Placed]:
        """Every model by the hour and by the month, at the price of the clock's day."""
        for sku, offer in self._services.world.book.offers.items():
            if sku.startswith(_METAL):
                yield Placed(offer.locality[1], "", self._offer(offer, now))

    def flexible_addresses(self, now: int) -> Iterator[Placed]:
        for row in self._services.billed_for(now, _FLEXIBLE):
            item = {
                **self._services.common(row),
                "id": self._services.uuid("flexible address", row.id),
                "organization_id": self._services.organization_id,
                "description": "",
                "ip_address": f"{self._services.world.identity.address('flexible', row.id)}/32",
                "mac_address": None,
                "reverse": "",
                "server_id": row.id,
                "status": "attached",
                "tags": [],
            }
            item.pop("name")
            yield self._services.in_zone(row, item)

    def _offer(self, offer: Offer, now: int) -> dict[str, Any]:
        name = f"EM-{offer.sku.removeprefix(_METAL).split('/')[0]}".upper()
        period, zone = self._period(offer.sku), offer.locality[1]
        nanos = offer.nanos(now) * HOUR // UNIT_SECONDS.get(offer.unit, HOUR)
        price = money(nanos, self._services.world.scenario.currency)
        return {
            "id": self._services.uuid("offer", name, zone, period),
            "name": name,
            "stock": "available",
            "commercial_range": name.split("-")[1][0].lower(),
            "subscription_period": period,
            "price_per_hour": price if period == "hourly" else None,
            "price_per_month": price if period == "monthly" else None,
            "fee": None,
            "monthly_offer_id": self._monthly(offer, name, zone),
            "enable": True,
            **self._hardware(name),
            "gpus": [],
            "bandwidth": 500_000_000,
            "quota_name": name.lower().replace("-", "_"),
            "zone": zone,
        }

    def _monthly(self, offer: Offer, name: str, zone: str) -> str | None:
        """The same machine by the month, if it is sold so in the zone."""
        wanted = offer.sku.replace("/hourly/", "/monthly/")
        if wanted == offer.sku or wanted not in self._services.world.book.offers:
            return None
        return self._services.uuid("offer", name, zone, "monthly")

    @staticmethod
    def _hardware(name: str) -> dict[str, Any]:
        if name not in _HARDWARE:
            return {"cpus": [], "memories": [], "disks": []}
        cores, threads, memory, (kind, size) = _HARDWARE[name]
        return {
            "cpus": [{"core_count": cores, "thread_count": threads, "name": "", "frequency": 0}],
            "memories": [{"capacity": memory * _GB, "type": "", "frequency": 0, "is_ecc": True}],
            "disks": [{"capacity": size * _GB, "type": kind}] * 2,
        }

    @staticmethod
    def _period(sku: str) -> str:
        return "monthly" if "/monthly/" in sku else "hourly"
