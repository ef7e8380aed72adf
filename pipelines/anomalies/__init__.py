"""Is this day's value unusual? Pure functions from plain arrays to verdicts.

`judge_days` judges many daily series at once, `judge_stream` one series of any other step, `judge_series` whatever a
person brings, and `events_of` makes one event of the points that belong together. A point is judged with earlier
points alone. No file, no clock, no network, and no knowledge of where a series came from.
"""
