"""Reviews by e-mail as assets: after the report is written, to whom the settings name, once each."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from assets.partitions import months_of
from assets.report_weekly_assets import WEEKLY_REVIEW
from assets.resources import ClockResource, LakeResource
from pipelines.lake.engine import Catalog
from pipelines.settings import Settings, load_settings

MONTHLY_MAIL = dg.AssetKey(["reports", "monthly_mail"])
WEEKLY_MAIL = dg.AssetKey(["reports", "weekly_mail"])

_DESCRIPTION = """The {report} as an e-mail: one sentence, four figures, three actions.

- **Grain**: one e-mail per {period} and recipient, however often the run is repeated
- **Source**: the same rows as the report
- **Kept**: as `.eml` beside the report; who was sent it is in `gold.report_mails`
- **Used by**: people: whoever is named in `mail.{to}` of the settings
- **Made by**: the same call as `finops report {name} --send`"""
_MONTHLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=35), warn_window=timedelta(days=32))
_WEEKLY = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=10), warn_window=timedelta(days=8))
_NOT_SENT = "only a file: mail.host or the recipients are not set"


def mail_assets(months: dg.MonthlyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """The e-mail of a month and that of a week."""

    @dg.asset(
        key=MONTHLY_MAIL,
        description=_DESCRIPTION.format(report="monthly review", period="month", to="monthly_to", name="monthly"),
        group_name="reports",
        owners=["team:finops"],
        kinds={"email"},
        partitions_def=months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=_MONTHLY,
        deps=[dg.AssetKey(["reports", "monthly_report"])],
    )
    def monthly_mail(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> dg.MaterializeResult[Any]:
        from assets import report_mails
        from assets.reports import monthly_inputs

        settings, catalog = load_settings(), lake.catalog()
        month = max(months_of(context))
        inputs = monthly_inputs(catalog, month, clock.read())
        content = report_mails.monthly_mail(inputs, settings, settings.locale)
        recipients = settings.mail.monthly_to if inputs[0].summary.is_complete else ()
        return _delivered(catalog, settings, content, (f"finops-{month}.eml", recipients, [month]), clock)

    @dg.asset(
        key=WEEKLY_MAIL,
        description=_DESCRIPTION.format(report="weekly review", period="week", to="weekly_to", name="weekly"),
        group_name="reports",
        owners=["team:finops"],
        kinds={"email"},
        freshness_policy=_WEEKLY,
        deps=[WEEKLY_REVIEW],
    )
    def weekly_mail(lake: LakeResource, clock: ClockResource) -> dg.MaterializeResult[Any]:
        from assets import report_mails
        from assets.report_weekly import charges_until, chosen_week, weekly_inputs

        settings, catalog = load_settings(), lake.catalog()
        week = chosen_week(None, charges_until(catalog))
        inputs = weekly_inputs(catalog, week, clock.read())
        content = report_mails.weekly_mail(inputs, settings, settings.locale)
        told = (f"finops-{week}.eml", settings.mail.weekly_to, week.months)
        return _delivered(catalog, settings, content, told, clock)

    return [monthly_mail, weekly_mail]


def _delivered(
    catalog: Catalog, settings: Settings, content: Any, review: tuple[str, Any, Any], clock: ClockResource
) -> dg.MaterializeResult[Any]:
    """Written as a file, and sent where a server and somebody to send to are set."""
    from assets.report_mails import refuse_unfinished, send_review, write_draft
    from assets.reports import organization_id

    name, recipients, months = review
    organization = organization_id(catalog)
    file = write_draft(content, settings, Path(settings.report.out) / name, organization, clock.read())
    told: dict[str, Any] = {"email": dg.MetadataValue.path(str(file.absolute())), "subject": content.subject}
    if not settings.mail.host or not recipients:
        return dg.MaterializeResult(metadata={**told, "sent": 0, "note": _NOT_SENT})
    refuse_unfinished(catalog, months)
    sent = send_review(catalog, settings, content, recipients, organization, clock.read)
    told |= {"sent": sent.taken, "sent_before": sent.known, "missing": dg.MetadataValue.json(list(sent.failures))}
    return dg.MaterializeResult(metadata=told)
