"""The work: plain Python that would survive without Dagster.

Its rooms do not import each other; `assets` introduces them. Only `pipelines.errors` is known to all.
"""
