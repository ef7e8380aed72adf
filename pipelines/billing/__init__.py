"""Decisions about billing periods: pure functions of dates, nothing else."""
