"""Schemas of what this package measures. Times are UTC; a null is unknown, never zero."""

import pyarrow as pa

_TEXT = pa.string()
_UTC = pa.timestamp("us", tz="UTC")
_NUMBER = pa.float64()
_COUNT = pa.int64()
_MONEY = pa.decimal128(38, 12)

# grain: data_source_id, metric, labels, hour. An hour without a sample has no row.
USAGE_HOURLY = pa.schema(
    [
        ("data_source_id", _TEXT),
        ("project_id", _TEXT),
        ("region", _TEXT),
        ("metric", _TEXT),
        ("resource_type", _TEXT),
        ("resource_id", _TEXT),
        ("resource_name", _TEXT),
        ("labels", _TEXT),
        ("hour", _UTC),
        ("samples", _COUNT),
        ("expected_samples", _COUNT),
        ("mean", _NUMBER),
        ("p50", _NUMBER),
        ("p95", _NUMBER),
        ("p99", _NUMBER),
        ("p995", _NUMBER),
        ("max", _NUMBER),
        ("min", _NUMBER),
        ("usage_month", _TEXT),
    ]
)

# grain: data_source_id, day, source, metric_name, service_name, level. `source` says how a row was measured; rows of
# different sources overlap and are not added up. `active_series` is at the end of the day.
TELEMETRY_DAILY = pa.schema(
    [
        ("data_source_id", _TEXT),
        ("project_id", _TEXT),
        ("region", _TEXT),
        ("day", pa.date32()),
        ("signal", _TEXT),
        ("origin", _TEXT),
        ("source", _TEXT),
        ("metric_name", _TEXT),
        ("service_name", _TEXT),
        ("level", _TEXT),
        ("samples", _NUMBER),
        ("active_series", _COUNT),
        ("bytes", _NUMBER),
        ("lines", _NUMBER),
        ("retention_days", _COUNT),
        ("is_complete", pa.bool_()),
        ("usage_month", _TEXT),
    ]
)

# grain: data_source_id, service_type, resource_id, resource_name, project_id, route, tenant, day
REQUESTS_DAILY = pa.schema(
    [
        ("data_source_id", _TEXT),
        ("service_type", _TEXT),
        ("resource_id", _TEXT),
        ("resource_name", _TEXT),
        ("project_id", _TEXT),
        ("region", _TEXT),
        ("route", _TEXT),
        ("tenant", _TEXT),
        ("day", pa.date32()),
        ("requests", _NUMBER),
        ("input_tokens", _NUMBER),
        ("output_tokens", _NUMBER),
        ("source", _TEXT),
        ("coverage", _NUMBER),
        ("is_complete", pa.bool_()),
        ("usage_month", _TEXT),
    ]
)

# grain: cluster_id, window_start, allocation. Costs are OpenCost's own estimate, at the prices it was given.
CLUSTER_ALLOCATIONS = pa.schema(
    [
        ("cluster_id", _TEXT),
        ("window_start", _UTC),
        ("window_end", _UTC),
        ("allocation", _TEXT),
        ("namespace", _TEXT),
        ("controller", _TEXT),
        ("controller_kind", _TEXT),
        ("is_idle", pa.bool_()),
        ("minutes", _NUMBER),
        ("cpu_core_hours", _NUMBER),
        ("cpu_cores_requested", _NUMBER),
        ("cpu_cores_used", _NUMBER),
        ("ram_byte_hours", _NUMBER),
        ("ram_bytes_requested", _NUMBER),
        ("ram_bytes_used", _NUMBER),
        ("gpu_hours", _NUMBER),
        ("estimated_cpu_cost", _MONEY),
        ("estimated_ram_cost", _MONEY),
        ("estimated_gpu_cost", _MONEY),
        ("estimated_volume_cost", _MONEY),
        ("estimated_network_cost", _MONEY),
        ("estimated_load_balancer_cost", _MONEY),
        ("estimated_cost", _MONEY),
        ("currency", _TEXT),
        ("usage_month", _TEXT),
    ]
)

# grain: data_source_id, metric, day. What a data source holds of what the catalogue names; `found_as` is null where it
# is unknown there. `step_seconds` is the time between two samples as measured, null without samples.
METRIC_FINDINGS = pa.schema(
    [
        ("data_source_id", _TEXT),
        ("project_id", _TEXT),
        ("region", _TEXT),
        ("day", pa.date32()),
        ("metric", _TEXT),
        ("presence", _TEXT),
        ("found_as", _TEXT),
        ("missing_names", pa.list_(_TEXT)),
        ("candidates", pa.list_(_TEXT)),
        ("in_rules", pa.bool_()),
        ("step_seconds", _COUNT),
        ("usage_month", _TEXT),
    ]
)
