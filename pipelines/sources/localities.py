"""Scaleway's zones and regions. The SDK's own lists miss it-mil-1, pl-waw-3 and it-mil, and with them whatever
runs there. A locality where a product is not offered answers 404 and costs one call."""

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
