"""What each tenant costs in production: what carries its label, and its part of what a product's tenants share.

What a product costs in production without a tenant's label, its parts of pools included, is shared day by day by the
requests of its tenants; parts are differences of a running total in the order of names, rounded down. What no tenant
asked for stays with nobody, as does what belongs to no product. Other environments are left out, except cost shared by
all and cost of no known environment, which nobody bears.
"""

from collections.abc import Iterable, Mapping

from simulator.deploys_tenants import active
from simulator.instants import DAY, month_named
from simulator.kpi_allocation import Borne, label
from simulator.kpi_figures import Figure, amount, per_unit
from simulator.kpi_requests import PRODUCTION, Entries
from simulator.kpi_work import running_parts
from simulator.world import World

EVERYBODY, NOBODY = "all tenants", "unattributed"
_COUNTED = (PRODUCTION, "shared", None)


def tenant_figures(
    world: World, month: str, borne: Iterable[Borne], entries: Entries, until: int
) -> Mapping[str, Figure]:
    """By tenant, then the average of all and what nobody bears."""
    direct: dict[str, int] = {}
    loaded: dict[str, int] = {}
    common: dict[tuple[int, str], int] = {}
    for piece in borne:
        environment = label(piece.bearer, "environment") if piece.bearer else None
        if environment not in _COUNTED:
            continue
        is_production = piece.bearer is not None and environment == PRODUCTION
        tenant = label(piece.bearer, "tenant") if piece.bearer and is_production else None
        product = label(piece.bearer, "product") if piece.bearer and is_production else None
        if tenant:
            direct[tenant] = direct.get(tenant, 0) + (0 if piece.pool else piece.units)
            loaded[tenant] = loaded.get(tenant, 0) + piece.units
        elif product:
            common[piece.day, product] = common.get((piece.day, product), 0) + piece.units
        else:
            loaded[""] = loaded.get("", 0) + piece.units
    asked: set[str] = set()
    for (day, product), units in common.items():
        driver = entries.driver(day, product) or {"": 1}
        asked |= {tenant for tenant, requests in driver.items() if tenant and requests}
        for tenant, part in running_parts(units, {name: n for name, n in driver.items() if n}).items():
            loaded[tenant] = loaded.get(tenant, 0) + part
    return _figures(direct, loaded, asked | _under_contract(world, month, until))


def _figures(direct: Mapping[str, int], loaded: Mapping[str, int], active_ones: set[str]) -> dict[str, Figure]:
    tenants = sorted(name for name in loaded if name)
    found = {name: _figure(direct.get(name, 0), loaded[name], 1) | {"active": name in active_ones} for name in tenants}
    if tenants:
        sums = sum(direct.values()), sum(loaded[name] for name in tenants)
        found[EVERYBODY] = _figure(*sums, len(active_ones)) | {"tenants": len(active_ones)}
    found[NOBODY] = {"cost_loaded": amount(loaded.get("", 0))}
    return found


def _figure(direct: int, loaded: int, tenants: int) -> Figure:
    return {
        "cost_direct": amount(direct),
        "cost_loaded": amount(loaded),
        "value": per_unit(direct, tenants),
        "loaded_value": per_unit(loaded, tenants),
    }


def _under_contract(world: World, month: str, until: int) -> set[str]:
    """Tenants with a contract on at least one day of the month that has begun."""
    span = month_named(month)
    days = range(span.start, min(span.end, until + 1), DAY)
    return {tenant.name for tenant in world.scenario.tenants if any(active(tenant, day) for day in days)}
