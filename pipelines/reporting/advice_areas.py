"""Which rule belongs to which section of the review: every piece of advice stands in exactly one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from pipelines.reporting.advice_rows import Advice, RecommendationRow
from pipelines.reporting.money import divided, total

IDLE, RIGHTSIZING, GPU = "idle", "rightsizing", "gpu"
STORAGE, TELEMETRY, RATES, OTHER = "storage", "telemetry", "rates", "other"

RULES_OF: Mapping[str, tuple[str, ...]] = {
    IDLE: (
        *("stopped_in_place", "stopped_but_billed", "idle_instance", "idle_elastic_metal", "empty_cluster"),
        *("empty_pool", "expired_sandbox", "gateway_without_network", "load_balancer_without_backends"),
        *("off_hours_schedule", "batch_window", "old_snapshot", "snapshot_retention", "backup_retention"),
        *("unattached_volume", "unused_address", "unused_database", "unused_image", "unused_registry"),
        *("unused_serverless", "old_registry_tags"),
    ),
    RIGHTSIZING: (
        *("oversized_instance", "oversized_database", "oversized_gateway", "oversized_load_balancer"),
        *("oversized_metal", "oversized_pool", "oversized_volume", "oversized_workload", "undersized_database"),
        *("undersized_instance", "cache_size", "slow_volume", "old_generation", "pool_autoscaling"),
        *("highly_available_outside_production", "serverless_memory", "serverless_min_scale", "runaway_cap"),
        *("query_budget", "request_amplification"),
    ),
    GPU: (
        *("idle_gpu_instance", "gpu_to_api", "gpu_type", "gpu_unused_of_many", "gpu_training_cap"),
        *("gpu_api_batch", "gpu_from_api", "gpu_share"),
    ),
    STORAGE: (
        *("storage_lifecycle", "noncurrent_versions", "incomplete_uploads", "delete_markers"),
        *("log_bucket_without_expiry", "bucket_budget", "bucket_without_owner", "unexpected_egress"),
        *("bucket_convention", "bucket_mixed_classes", "storage_policy_drift", "storage_rules_changed"),
    ),
    TELEMETRY: (
        *("custom_metrics", "debug_logs", "telemetry_retention", "telemetry_retention_changed"),
        *("telemetry_budget", "unused_dashboard"),
    ),
    RATES: ("savings_plan", "elastic_metal_monthly", "service_break_even"),
}
"""Where nothing is used, where less would do, what accelerators cost, what lies and what is logged, whose price."""

DAYS_PER_MONTH = divided(Decimal(730), Decimal(24))
"""Of a month of 730 hours, in which all advice is given."""

_AREA_OF = {rule: area for area, rules in RULES_OF.items() for rule in rules}


def area_of(rule: str) -> str:
    """The section of a rule; one that nobody placed stands in the last."""
    return _AREA_OF.get(rule, OTHER)


@dataclass(frozen=True)
class AreaAdvice:
    """The advice of one section that waits to be followed, the largest first."""

    rows: tuple[RecommendationRow, ...]

    @property
    def saving(self) -> tuple[RecommendationRow, ...]:
        """What saves."""
        return tuple(row for row in self.rows if row.monthly_saving > 0)

    @property
    def counted(self) -> tuple[RecommendationRow, ...]:
        """Of those the ones that can all be followed."""
        return tuple(row for row in self.saving if row.is_counted)

    @property
    def others(self) -> tuple[RecommendationRow, ...]:
        """What costs more, or saves nothing and prevents."""
        return tuple(row for row in self.rows if row.monthly_saving <= 0)

    @property
    def counted_saving(self) -> Decimal:
        """By the month, nothing twice; over all sections it is what the review says can be saved."""
        return total(row.monthly_saving for row in self.counted)


def advice_of_area(advice: Advice, area: str) -> AreaAdvice:
    """What of the advice belongs to a section."""
    return AreaAdvice(tuple(row for row in advice.to_do if area_of(row.rule) == area))


def waiting_cost(row: RecommendationRow, today: date) -> Decimal:
    """What it cost that the advice was not followed since the day it was first given; zero for what costs more."""
    days = max((today - row.first_seen).days, 0)
    return divided(max(row.monthly_saving, Decimal(0)) * days, DAYS_PER_MONTH)
