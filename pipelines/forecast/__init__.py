"""Where is this series going? Pure functions from plain numbers to forecasts that say how good they were.

No files, no clock, no network: who calls brings the values and gets points, bounds and the measured error back.
"""
