"""The billing API: consumption, invoices, taxes, discounts and budgets."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from simulator.answers import answer, invalid, money, not_found, page_of
from simulator.bill import CENT, Bill, ConsumptionLine, Invoice
from simulator.gate import Gate
from simulator.instants import Month, inclusive_end, month_of, parse_rfc3339, seconds, zulu
from simulator.world import Clock, World, month_of_world

_INVOICE_ORDERS: dict[str, Callable[[Invoice], Any]] = {
    "invoice_number": lambda invoice: invoice.number,
    "start_date": lambda invoice: invoice.month.start,
    "issued_date": lambda invoice: invoice.issued or 0,
    "due_date": lambda invoice: invoice.due or 0,
    "total_untaxed": lambda invoice: invoice.untaxed,
    "total_taxed": lambda invoice: invoice.taxed,
    "invoice_type": lambda invoice: invoice.kind,
}


class BillingApi:
    """Answers /billing/v2beta1 (but not its charges) and /billing/v2."""

    def __init__(self, world: World, clock: Clock, gate: Gate) -> None:
        self._world = world
        self._clock = clock
        self._gate = gate
        self._bill = Bill(world)

    async def consumptions(self, request: Request) -> Response:
        self._gate.require_organization_or_project(request, "project_id")
        query, now = request.query_params, self._clock.instant
        month = self._month(request)
        rows = self._bill.lines(month, now)
        if project := query.get("project_id"):
            rows = [row for row in rows if self._world.project_id(row.project) == project]
        if category := query.get("category_name"):
            rows = [row for row in rows if row.category == category]
        if query.get("order_by", "").startswith("category_name"):
            rows = sorted(rows, key=lambda row: row.category, reverse=query["order_by"].endswith("_desc"))
        return answer(
            {
                "consumptions": [self._consumption(row) for row in page_of(query, rows, None)],
                "total_count": len(rows),
                "total_discount_untaxed_value": _euros(-self._bill.discount(month, now)),
                "updated_at": zulu(self._bill.updated_at(month, now)) if rows else None,
            }
        )

    async def invoices(self, request: Request) -> Response:
        self._gate.check(request)
        query = request.query_params
        rows = [row for row in self._bill.invoices(self._clock.instant) if self._wanted(row, request)]
        name, _, direction = query.get("order_by", "").rpartition("_")
        if name in _INVOICE_ORDERS:
            rows.sort(key=_INVOICE_ORDERS[name], reverse=direction == "desc")
        page = page_of(query, rows, None)
        return answer({"invoices": [self._invoice(row) for row in page], "total_count": len(rows)})

    async def invoice(self, request: Request) -> Response:
        self._gate.check(request)
        wanted = request.path_params["invoice_id"]
        for row in self._bill.invoices(self._clock.instant):
            if row.id == wanted:
                return answer(self._invoice(row))
        raise not_found("invoice", wanted)

    async def taxes(self, request: Request) -> Response:
        self._gate.check(request)
        now, month = self._clock.instant, self._month(request)
        rate = self._world.scenario.invoicing.tax_rate
        total = self._bill.total(month, now) + self._bill.discount(month, now)
        rows = [
            {
                "description": f"VAT {rate * 100:.0f} %",
                "currency": self._world.scenario.currency,
                "rate": float(rate),
                "total_tax_value": _euros(self._bill.tax(total)),
            }
        ]
        rows = rows if self._bill.lines(month, now) else []
        updated = zulu(self._bill.updated_at(month, now)) if rows else None
        page = page_of(request.query_params, rows, None)
        return answer({"taxes": list(page), "total_count": len(rows), "updated_at": updated})

    async def discounts(self, request: Request) -> Response:
        self._gate.check(request)
        rows = self._discounts()
        return answer({"discounts": list(page_of(request.query_params, rows, None)), "total_count": len(rows)})

    async def budgets(self, request: Request) -> Response:
        self._gate.check(request)
        rows = self._budgets()
        return answer({"budgets": list(page_of(request.query_params, rows, None)), "total_count": len(rows)})

    def _month(self, request: Request) -> Month:
        name = request.query_params.get("billing_period")
        if not name:
            return month_of(self._clock.instant)
        try:
            return month_of_world(self._world, name)
        except ValueError:
            raise invalid("billing_period", "format", "must be a month like 2026-10") from None

    def _consumption(self, row: ConsumptionLine) -> dict[str, Any]:
        organization = self._world.scenario.organization
        return {
            "billed_quantity": str(row.quantity),
            "category_name": row.category,
            "consumer_id": organization.id,
            "organization_name": organization.name,
            "product_name": row.product,
            "project_id": self._world.project_id(row.project),
            "project_name": row.project.name,
            "resource_name": row.label,
            "sku": row.sku,
            "unit": row.unit,
            "value": self._money(row.cents),
        }

    def _wanted(self, row: Invoice, request: Request) -> bool:
        query = request.query_params
        if query.get("invoice_type") not in (None, "unknown_type", row.kind):
            return False
        after, before = query.get("billing_period_start_after"), query.get("billing_period_start_before")
        try:
            return (not after or row.month.start >= parse_rfc3339(after)) and (
                not before or row.month.start <= parse_rfc3339(before)
            )
        except ValueError as error:
            raise invalid("billing_period_start_after", "format", str(error)) from None

    def _invoice(self, row: Invoice) -> dict[str, Any]:
        scenario = self._world.scenario
        return {
            "billing_period": zulu(row.month.start),
            "due_date": inclusive_end(row.due) if row.due else None,
            "id": row.id,
            "issued_date": zulu(row.issued, 973_944) if row.issued else None,
            "number": row.number,
            "organization_id": scenario.organization.id,
            "organization_name": scenario.organization.name,
            "seller_name": scenario.invoicing.seller,
            "start_date": zulu(row.month.start),
            "state": row.state,
            "stop_date": inclusive_end(row.month.end),
            "total_discount": self._money(row.discount),
            "total_tax": self._money(row.tax),
            "total_taxed": self._money(row.taxed),
            "total_undiscount": self._money(row.undiscount),
            "total_untaxed": self._money(row.untaxed),
            "type": row.kind,
        }

    def _money(self, cents: int) -> dict[str, Any]:
        return money(cents * CENT, self._world.scenario.currency)

    def _discounts(self) -> list[dict[str, Any]]:
        """Vouchers as they stand: what invoices issued until now have used."""
        now = self._clock.instant
        used: dict[str, int] = {}
        for use in self._bill.voucher_uses(now):
            if self._world.issued_at(use.month) <= now:
                used[use.voucher.description] = used.get(use.voucher.description, 0) + use.cents
        rows = []
        for voucher in self._world.scenario.vouchers:
            if seconds(voucher.start) > now:
                continue
            spent = Decimal(used.get(voucher.description, 0)).scaleb(-2)
            by_value = voucher.mode == "value"
            category = {"type": "category_name", "value": voucher.category, "exclude": False}
            rows.append(
                {
                    "id": self._world.identity.uuid("voucher", voucher.description),
                    "organization_id": self._world.scenario.organization.id,
                    "description": voucher.description,
                    "value": float(voucher.value),
                    "value_used": float(spent),
                    "value_remaining": float(voucher.value - spent) if by_value else 0.0,
                    "mode": f"discount_mode_{voucher.mode}",
                    "filters": [category] if voucher.category else [],
                    "creation_date": zulu(seconds(voucher.start)),
                    "start_date": zulu(seconds(voucher.start)),
                    "stop_date": inclusive_end(seconds(voucher.end)),
                    "coupon": {"description": voucher.coupon} if voucher.coupon else None,
                }
            )
        return rows

    def _budgets(self) -> list[dict[str, Any]]:
        identity, created = self._world.identity, zulu(self._world.start, 413_918)
        return [
            {
                "alerts": [
                    {
                        "created_at": created,
                        "id": identity.uuid("alert", index, threshold),
                        "notifications": [],
                        "threshold": threshold,
                        "updated_at": created,
                    }
                    for threshold in budget.alerts
                ],
                "consumption_limit": {"currency_code": "", "nanos": 0, "units": budget.limit},
                "created_at": created,
                "enabled": budget.enabled,
                "id": identity.uuid("budget", index),
                "organization_id": self._world.scenario.organization.id,
                "updated_at": created,
            }
            for index, budget in enumerate(self._world.scenario.budgets)
        ]


def _euros(cents: int) -> float:
    return float(Decimal(cents).scaleb(-2))
