"""How long each class of telemetry is kept, and how much of it may go: retention as code, with a floor none can lower.

A policy may ask for less of a protected class; it is not given. `kept` and `hot` answer with the floor applied, and
everything that plans or writes configuration asks them, never the fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.telemetry.classes import LogClass, is_protected

ONE = Decimal(1)
FREE_DAYS = {"metrics": 31, "logs": 7, "traces": 7}
"""Days Cockpit keeps for nothing (its price page of 2025-11-27); shorter saves nothing."""


@dataclass(frozen=True)
class ClassPolicy:
    """`least_days` is how long the class must be found at all, `hot_days` how long at once; `keep_share` is how much of
    it is taken in where nobody asks for it, and `archive_days` how long the whole of it lies in Object Storage."""

    least_days: int
    hot_days: int
    keep_share: Decimal = ONE
    archive_days: int = 0


DEFAULTS: Mapping[LogClass, ClassPolicy] = {
    LogClass.audit: ClassPolicy(365, 365),
    LogClass.security: ClassPolicy(365, 365),
    LogClass.error: ClassPolicy(30, 30),
    LogClass.slow: ClassPolicy(30, 30),
    LogClass.unknown: ClassPolicy(30, 30),
    LogClass.warn: ClassPolicy(14, 14),
    LogClass.info: ClassPolicy(7, 7, Decimal("0.25"), archive_days=90),
    LogClass.debug: ClassPolicy(0, 3, Decimal(0)),
}
"""Three quarters of what merely informs lie in the archive alone; debug is for the hour somebody looks for a fault."""


@dataclass(frozen=True)
class Policy:
    """One policy for each class; those not named are the defaults.

    `keep_queries_per_euro` is from when on a stream is asked for often enough, for what it costs, to be kept whole.
    """

    classes: Mapping[LogClass, ClassPolicy] = field(default_factory=dict)
    keep_queries_per_euro: Decimal = Decimal(1)

    def of(self, log_class: LogClass) -> ClassPolicy:
        """What is written for a class."""
        return self.classes.get(log_class, DEFAULTS[log_class])

    def kept(self, log_class: LogClass) -> Decimal:
        """The share that is taken in, between 0 and 1: all of a protected class."""
        if is_protected(log_class):
            return ONE
        return min(max(self.of(log_class).keep_share, Decimal(0)), ONE)

    def hot(self, log_class: LogClass) -> int:
        """Days at once: of a protected class never less than it must be kept at all, nor than its default."""
        told = self.of(log_class)
        if is_protected(log_class):
            return max(told.hot_days, told.least_days, DEFAULTS[log_class].least_days)
        return max(told.hot_days, 0)

    def shortest(self, classes: frozenset[LogClass]) -> int:
        """The fewest days a store may keep that holds all these classes."""
        return max((self.hot(each) for each in classes), default=0)
