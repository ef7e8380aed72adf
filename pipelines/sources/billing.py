"""The billing API: charges per day, consumptions per month, invoices, taxes, discounts, budgets."""

import re
from datetime import date, timedelta

from pipelines.errors import UsageError
from pipelines.sources.answers import Listing
from pipelines.sources.endpoints import Endpoint
from pipelines.sources.paging import listing
from pipelines.sources.transport import Scaleway

_V2BETA1 = "scaleway.billing.v2beta1.BillingV2Beta1API"
_PERMISSION = "BillingReadOnly"

CHARGES = Endpoint(
    "billing.charges",
    "scaleway.billing.v2beta1.BillingV2Beta1FinOpsAPI",
    "list_charges",
    _PERMISSION,
    {"clamp_to_time_range": True},
)
CONSUMPTIONS = Endpoint("billing.consumptions", _V2BETA1, "list_consumptions", _PERMISSION)
INVOICES = Endpoint("billing.invoices", _V2BETA1, "list_invoices", _PERMISSION)
TAXES = Endpoint("billing.taxes", _V2BETA1, "list_taxes", _PERMISSION)
DISCOUNTS = Endpoint("billing.discounts", _V2BETA1, "list_discounts", _PERMISSION)
BUDGETS = Endpoint("billing.budgets", "scaleway.billing.v2.BillingV2API", "list_budgets", _PERMISSION)

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def charges(scaleway: Scaleway, day: date, page_size: int = 1000) -> Listing:
    """The charges of one UTC day, each cut to the part inside the day.

    The window ends at the next midnight exactly, as 'before' says: Scaleway writes a charge's own end inclusively
    (…59.999999Z), so both readings of the bound hold the whole day, and a window ending a microsecond earlier
    would lose the charges of a server that ends them at midnight.
    """
    return listing(
        scaleway,
        CHARGES,
        billing_month=f"{day:%Y-%m}",
        page_size=page_size,
        start_date_after=f"{day:%Y-%m-%d}T00:00:00Z",
        end_date_before=f"{day + timedelta(days=1):%Y-%m-%d}T00:00:00Z",
    )


def consumptions(scaleway: Scaleway, month: str) -> Listing:
    """What the organization used in a month ('YYYY-MM') so far, per project and SKU, rounded to the cent."""
    return listing(
        scaleway,
        CONSUMPTIONS,
        billing_month=_checked(month),
        billing_period=month,
        organization_id=scaleway.organization_id,  # the SDK falls back to its default in the other calls only
    )


def invoices(scaleway: Scaleway) -> Listing:
    """All invoices and credit notes of the organization."""
    return listing(scaleway, INVOICES)


def taxes(scaleway: Scaleway, month: str) -> Listing:
    """The taxes of a month ('YYYY-MM')."""
    return listing(scaleway, TAXES, billing_month=_checked(month), billing_period=month)


def discounts(scaleway: Scaleway) -> Listing:
    """Vouchers and contract discounts with what is left of them."""
    return listing(scaleway, DISCOUNTS)


def budgets(scaleway: Scaleway) -> Listing:
    """Scaleway's own budgets with their alerts; they count after discounts and with tax."""
    return listing(scaleway, BUDGETS)


def _checked(month: str) -> str:
    if not _MONTH.fullmatch(month):
        raise UsageError(f"month '{month}' is not YYYY-MM")
    return month
