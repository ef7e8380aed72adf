"""The rules, one file each, in the order in which they are asked. A new rule is one file and one line here."""

from __future__ import annotations

from pipelines.recommendations.rule import Rule
from pipelines.recommendations.rules.backup_retention import BACKUP_RETENTION
from pipelines.recommendations.rules.batch_window import BATCH_WINDOW
from pipelines.recommendations.rules.bucket_budget import BUCKET_BUDGET
from pipelines.recommendations.rules.bucket_convention import BUCKET_CONVENTION
from pipelines.recommendations.rules.bucket_mixed_classes import BUCKET_MIXED_CLASSES
from pipelines.recommendations.rules.bucket_without_owner import BUCKET_WITHOUT_OWNER
from pipelines.recommendations.rules.cache_size import CACHE_SIZE
from pipelines.recommendations.rules.custom_metrics import CUSTOM_METRICS
from pipelines.recommendations.rules.debug_logs import DEBUG_LOGS
from pipelines.recommendations.rules.delete_markers import DELETE_MARKERS
from pipelines.recommendations.rules.elastic_metal_monthly import ELASTIC_METAL_MONTHLY
from pipelines.recommendations.rules.empty_cluster import EMPTY_CLUSTER
from pipelines.recommendations.rules.empty_pool import EMPTY_POOL
from pipelines.recommendations.rules.expired_sandbox import EXPIRED_SANDBOX
from pipelines.recommendations.rules.gateway_without_network import GATEWAY_WITHOUT_NETWORK
from pipelines.recommendations.rules.gpu_api_batch import GPU_API_BATCH
from pipelines.recommendations.rules.gpu_from_api import GPU_FROM_API
from pipelines.recommendations.rules.gpu_share import GPU_SHARE
from pipelines.recommendations.rules.gpu_to_api import GPU_TO_API
from pipelines.recommendations.rules.gpu_training_cap import GPU_TRAINING_CAP
from pipelines.recommendations.rules.gpu_type import GPU_TYPE
from pipelines.recommendations.rules.gpu_unused_of_many import GPU_UNUSED_OF_MANY
from pipelines.recommendations.rules.highly_available_outside_production import HIGHLY_AVAILABLE_OUTSIDE_PRODUCTION
from pipelines.recommendations.rules.idle_elastic_metal import IDLE_ELASTIC_METAL
from pipelines.recommendations.rules.idle_gpu_instance import IDLE_GPU_INSTANCE
from pipelines.recommendations.rules.idle_instance import IDLE_INSTANCE
from pipelines.recommendations.rules.incomplete_uploads import INCOMPLETE_UPLOADS
from pipelines.recommendations.rules.load_balancer_without_backends import LOAD_BALANCER_WITHOUT_BACKENDS
from pipelines.recommendations.rules.log_bucket_without_expiry import LOG_BUCKET_WITHOUT_EXPIRY
from pipelines.recommendations.rules.noncurrent_versions import NONCURRENT_VERSIONS
from pipelines.recommendations.rules.off_hours_schedule import OFF_HOURS_SCHEDULE
from pipelines.recommendations.rules.old_generation import OLD_GENERATION
from pipelines.recommendations.rules.old_registry_tags import OLD_REGISTRY_TAGS
from pipelines.recommendations.rules.old_snapshot import OLD_SNAPSHOT
from pipelines.recommendations.rules.oversized_database import OVERSIZED_DATABASE
from pipelines.recommendations.rules.oversized_gateway import OVERSIZED_GATEWAY
from pipelines.recommendations.rules.oversized_instance import OVERSIZED_INSTANCE
from pipelines.recommendations.rules.oversized_load_balancer import OVERSIZED_LOAD_BALANCER
from pipelines.recommendations.rules.oversized_metal import OVERSIZED_METAL
from pipelines.recommendations.rules.oversized_pool import OVERSIZED_POOL
from pipelines.recommendations.rules.oversized_volume import OVERSIZED_VOLUME
from pipelines.recommendations.rules.oversized_workload import OVERSIZED_WORKLOAD
from pipelines.recommendations.rules.pool_autoscaling import POOL_AUTOSCALING
from pipelines.recommendations.rules.query_budget import QUERY_BUDGET
from pipelines.recommendations.rules.request_amplification import REQUEST_AMPLIFICATION
from pipelines.recommendations.rules.runaway_cap import RUNAWAY_CAP
from pipelines.recommendations.rules.savings_plan import SAVINGS_PLAN
from pipelines.recommendations.rules.serverless_memory import SERVERLESS_MEMORY
from pipelines.recommendations.rules.serverless_min_scale import SERVERLESS_MIN_SCALE
from pipelines.recommendations.rules.service_break_even import SERVICE_BREAK_EVEN
from pipelines.recommendations.rules.slow_volume import SLOW_VOLUME
from pipelines.recommendations.rules.snapshot_retention import SNAPSHOT_RETENTION
from pipelines.recommendations.rules.stopped_but_billed import STOPPED_BUT_BILLED
from pipelines.recommendations.rules.stopped_in_place import STOPPED_IN_PLACE
from pipelines.recommendations.rules.storage_lifecycle import STORAGE_LIFECYCLE
from pipelines.recommendations.rules.storage_policy_drift import STORAGE_POLICY_DRIFT
from pipelines.recommendations.rules.storage_rules_changed import STORAGE_RULES_CHANGED
from pipelines.recommendations.rules.telemetry_budget import TELEMETRY_BUDGET
from pipelines.recommendations.rules.telemetry_retention import TELEMETRY_RETENTION
from pipelines.recommendations.rules.telemetry_retention_changed import TELEMETRY_RETENTION_CHANGED
from pipelines.recommendations.rules.unattached_volume import UNATTACHED_VOLUME
from pipelines.recommendations.rules.undersized_database import UNDERSIZED_DATABASE
from pipelines.recommendations.rules.undersized_instance import UNDERSIZED_INSTANCE
from pipelines.recommendations.rules.unexpected_egress import UNEXPECTED_EGRESS
from pipelines.recommendations.rules.unused_address import UNUSED_ADDRESS
from pipelines.recommendations.rules.unused_dashboard import UNUSED_DASHBOARD
from pipelines.recommendations.rules.unused_database import UNUSED_DATABASE
from pipelines.recommendations.rules.unused_image import UNUSED_IMAGE
from pipelines.recommendations.rules.unused_registry import UNUSED_REGISTRY
from pipelines.recommendations.rules.unused_serverless import UNUSED_SERVERLESS

RULES: tuple[Rule, ...] = (
    STOPPED_IN_PLACE,
    IDLE_INSTANCE,
    IDLE_GPU_INSTANCE,
    IDLE_ELASTIC_METAL,
    BACKUP_RETENTION,
    BATCH_WINDOW,
    CACHE_SIZE,
    ELASTIC_METAL_MONTHLY,
    EMPTY_CLUSTER,
    EMPTY_POOL,
    EXPIRED_SANDBOX,
    GATEWAY_WITHOUT_NETWORK,
    HIGHLY_AVAILABLE_OUTSIDE_PRODUCTION,
    LOAD_BALANCER_WITHOUT_BACKENDS,
    OFF_HOURS_SCHEDULE,
    OLD_GENERATION,
    OLD_REGISTRY_TAGS,
    OLD_SNAPSHOT,
    OVERSIZED_DATABASE,
    OVERSIZED_GATEWAY,
    OVERSIZED_INSTANCE,
    OVERSIZED_LOAD_BALANCER,
    OVERSIZED_METAL,
    OVERSIZED_POOL,
    OVERSIZED_VOLUME,
    OVERSIZED_WORKLOAD,
    POOL_AUTOSCALING,
    QUERY_BUDGET,
    REQUEST_AMPLIFICATION,
    RUNAWAY_CAP,
    SERVERLESS_MEMORY,
    SERVERLESS_MIN_SCALE,
    SERVICE_BREAK_EVEN,
    SLOW_VOLUME,
    SNAPSHOT_RETENTION,
    STOPPED_BUT_BILLED,
    UNATTACHED_VOLUME,
    UNDERSIZED_DATABASE,
    UNDERSIZED_INSTANCE,
    UNUSED_ADDRESS,
    UNUSED_DATABASE,
    UNUSED_IMAGE,
    UNUSED_REGISTRY,
    UNUSED_SERVERLESS,
    GPU_TO_API,
    GPU_FROM_API,
    GPU_API_BATCH,
    GPU_SHARE,
    GPU_TYPE,
    GPU_UNUSED_OF_MANY,
    GPU_TRAINING_CAP,
    STORAGE_LIFECYCLE,
    NONCURRENT_VERSIONS,
    INCOMPLETE_UPLOADS,
    DELETE_MARKERS,
    LOG_BUCKET_WITHOUT_EXPIRY,
    BUCKET_BUDGET,
    BUCKET_WITHOUT_OWNER,
    BUCKET_CONVENTION,
    BUCKET_MIXED_CLASSES,
    STORAGE_POLICY_DRIFT,
    STORAGE_RULES_CHANGED,
    UNEXPECTED_EGRESS,
    CUSTOM_METRICS,
    DEBUG_LOGS,
    TELEMETRY_RETENTION,
    TELEMETRY_RETENTION_CHANGED,
    TELEMETRY_BUDGET,
    UNUSED_DASHBOARD,
    SAVINGS_PLAN,
)
