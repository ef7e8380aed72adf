"""Alerts as a step of the run, after anomalies were judged: what was not sent makes the result partial."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.anomaly_alerts import send_alerts
from assets.anomaly_feedback import SENT
from assets.checks import grain_check
from assets.descriptions import Readers
from assets.forecasts_assets import asset_key, decision_spec, materialized
from assets.resources import ClockResource, LakeResource
from pipelines.alerts.sending import deliver
from pipelines.settings import load_settings

_READ = ("gold.anomalies", "gold.anomaly_causes", "gold.anomaly_changes")
_KEPT = "Append only: whoever was told is not told again."


def anomaly_alert_assets(readers: Readers) -> list[dg.AssetsDefinition]:
    """The step that tells people, and the table of what they were told."""
    key = asset_key(SENT.name)
    check = grain_check(SENT.name, SENT.grain, SENT.table.partition_by)
    deps = [dg.AssetDep(asset_key(table)) for table in _READ]

    @dg.multi_asset(
        name="gold__anomaly_alerts",
        specs=[decision_spec(SENT, readers, _KEPT, deps)],
        check_specs=[check.spec(key)],
    )
    def anomaly_alerts(
        context: dg.AssetExecutionContext, lake: LakeResource, clock: ClockResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        catalog, settings = lake.catalog(), load_settings()
        sent = send_alerts(catalog, settings, clock.read, deliver)
        told = {
            "missing": dg.MetadataValue.json(list(sent.failures)),
            "waiting": sent.waiting,
            "destinations": ", ".join(settings.alert_urls()) or "none: FINOPS_ALERT_URLS is not set",
        }
        yield from materialized(catalog, (SENT,), {SENT.name: sent.sent}, {SENT.name: check}, told, context.instance)

    return [anomaly_alerts]
