"""Plans as configuration of the agents that send telemetry: Prometheus, Alloy, the OpenTelemetry Collector, and Loki.

Each text can be pasted as it stands; what stands in capitals is the reader's own. What protects lines is written into
the configuration too, so that a debug line with a stack trace passes even where its level says drop.
"""
