"""Reads what Cockpit measures: metrics (Prometheus), logs (Loki), its own usage, and OpenCost beside it.

`catalogue` says what is read, `discovery` what exists here, `hourly`, `counting` and `telemetry` make tables of it
whose schemas are in `tables`. Nothing here writes, judges or prices.
"""
