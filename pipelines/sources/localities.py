"""Scaleway's zones and regions, and which product is offered where. The SDK's own lists miss it-mil-1, pl-waw-3 and
it-mil, and with them whatever runs there. A locality where a product is not offered answers 404 and costs one call;
a locality left out here would hide what runs there, so in doubt it is asked."""

ZONES = (
    "fr-par-1",
    "fr-par-2",
    "fr-par-3",
    "nl-ams-1",
    "nl-ams-2",
    "nl-ams-3",
    "pl-waw-1",
    "pl-waw-2",
    "pl-waw-3",
    "it-mil-1",
)
ZONES_WITHOUT_MILAN = tuple(zone for zone in ZONES if not zone.startswith("it-mil"))
REGIONS = ("fr-par", "nl-ams", "pl-waw", "it-mil")
REGIONS_WITHOUT_MILAN = tuple(region for region in REGIONS if region != "it-mil")
PARIS = ("fr-par",)

GLOBAL = ("",)
"""The one place of a product that knows neither zones nor regions."""

ELASTIC_METAL_ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-2", "pl-waw-3")
DEDIBOX_ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1")
APPLE_ZONES = ("fr-par-1", "fr-par-3")
REDIS_ZONES = ("fr-par-1", "fr-par-2", "nl-ams-1", "nl-ams-2", "pl-waw-1", "pl-waw-2")
LOAD_BALANCER_ZONES = tuple(zone for zone in ZONES_WITHOUT_MILAN if zone != "fr-par-3")
GATEWAY_ZONES = tuple(zone for zone in ZONES if zone != "fr-par-3")
AUTOSCALING_ZONES = ("fr-par-1", "fr-par-2", "fr-par-3")
DATA_LAB_REGIONS = ("fr-par", "it-mil")
MESSAGING_REGIONS = ("fr-par", "nl-ams")
