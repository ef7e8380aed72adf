"""The weekly review: gold rows in, a file out."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.budgets_report import OUTLOOK_QUERIES
from assets.report_anomalies import anomaly_rows
from assets.report_recommendations import advice_rows
from assets.reports import failed_checks, organization_name, written
from pipelines.errors import UsageError
from pipelines.lake.engine import Catalog
from pipelines.settings import load_settings

if TYPE_CHECKING:
    from pipelines.reporting.weeks import Week

_COSTS = """
    with days as (
        select *, charge_date >= date '{monday}' as is_this_week
        from gold.daily_costs
        where charge_date >= date '{monday}' - 7 and charge_date < date '{until}'
            and (charge_date >= date '{monday}' or charge_date < date '{until}' - 7)
    ),
    owned as (
        select project_id, service_name, billing_currency, owner, sum(billed_cost) as owned_cost
        from days where owner is not null group by all
    ),
    owners as (
        select project_id, service_name, billing_currency, arg_max(owner, row(owned_cost, owner)) as owner
        from owned group by all
    ),
    sums as (
        select
            project_id,
            service_name,
            billing_currency,
            arg_max(project_name, charge_date) as project_name,
            coalesce(sum(billed_cost) filter (where is_this_week), 0) as billed_cost,
            coalesce(sum(billed_cost) filter (where not is_this_week), 0) as previous_cost
        from days group by all
    )
    select
        sums.*,
        owners.owner,
        sums.billed_cost - sums.previous_cost as delta_cost
    from sums
    left join owners
        on sums.project_id is not distinct from owners.project_id
            and sums.service_name is not distinct from owners.service_name
            and sums.billing_currency = owners.billing_currency
"""
"""A week's known days and the same days of the week before, by project and service; the owner is that of most cost."""


def write_weekly_report(catalog: Catalog, week: Week | None, folder: Path, now: datetime, locale: str) -> Path:
    """One self-contained HTML file of a week, of the last complete one where none is named.

    A week without a day of charges is a UsageError.
    """
    chosen = chosen_week(week, charges_until(catalog))
    return write_weekly_page(weekly_inputs(catalog, chosen, now), chosen, folder, locale)


def write_weekly_page(inputs: list[Any], week: Week, folder: Path, locale: str) -> Path:
    """The file of what was read."""
    from pipelines.reporting.weekly import render_weekly

    return written(folder / file_name(week), render_weekly(inputs, locale))


def file_name(week: Week) -> str:
    """`finops-2026-W46.html`."""
    return f"finops-{week}.html"


def chosen_week(week: Week | None, until: date) -> Week:
    """The week that is named, else the last complete one; UsageError for one that has no charges yet."""
    from pipelines.reporting.weeks import last_complete_week

    found = week or last_complete_week(until)
    if found.monday >= until:
        raise UsageError(f"week {found} has no charges yet; the lake holds days until {until - timedelta(days=1)}")
    return found


def charges_until(catalog: Catalog) -> date:
    """The first day without charges; UsageError for a lake without any."""
    rows = catalog.query("select max(charges_until) as until from gold.monthly_summary").to_pylist()
    if not rows or rows[0]["until"] is None:
        raise UsageError("the lake holds no charges yet; run `finops demo`, or `finops run` on your account")
    found: date = rows[0]["until"]
    return found


def weekly_inputs(catalog: Catalog, week: Week, now: datetime) -> list[Any]:
    """What the review of a week and its e-mail are made from, one for each currency."""
    from pipelines.reporting.weekly_input import currencies_of_week, weekly_input

    settings, until = load_settings(), charges_until(catalog)
    bounds = {"monday": week.monday, "until": min(week.until, until)}
    rows: dict[str, list[dict[str, Any]]] = {
        "gold.daily_costs": catalog.query(_COSTS.format(**bounds)).to_pylist(),
        "gold.data_freshness": catalog.query("select * from gold.data_freshness").to_pylist(),
        **{table: catalog.query(query).to_pylist() for table, query in OUTLOOK_QUERIES.items()},
        **anomaly_rows(catalog, None, week.sunday, settings),
        **advice_rows(catalog, now.date()),
    }
    currencies = currencies_of_week(rows)
    if not currencies:
        raise UsageError(f"week {week} is not in the lake; run `finops run --since {week.monday}` first")
    checks = [check for month in week.months for check in failed_checks(catalog, month)]
    return [
        weekly_input(
            rows,
            week,
            currency,
            organization_name=organization_name(catalog),
            as_of=now,
            product_version=version("scaleway-finops"),
            charges_until=until,
            checks_failed=checks,
        )
        for currency in currencies
    ]
