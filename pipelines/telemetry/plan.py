"""What to do with each stream of logs: keep, sample, drop, keep shorter, or archive, with what it saves and risks.

Ingestion comes before retention, since it costs a hundred times as much. A stream is worth what it is asked for by what
it costs: one that is asked for often is kept whole, whatever the policy allows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pipelines.telemetry.classes import LogClass, is_protected
from pipelines.telemetry.policy import FREE_DAYS, ONE, Policy
from pipelines.telemetry.prices import LIST, Prices, archive_cost, restore_cost

_FREE = FREE_DAYS["logs"]


class Action(StrEnum):
    """What becomes of a stream."""

    keep = "keep"
    sample = "sample"
    drop = "drop"
    shorten = "shorten"
    archive = "archive"


@dataclass(frozen=True)
class Stream:
    """Logs of one service and class in a month of 730 hours. None is what is not known, never zero.

    `monthly_cost` is what taking them in is charged; zero for those that Scaleway sends.
    """

    name: str
    log_class: LogClass
    bytes_per_month: int
    monthly_cost: Decimal | None
    retention_days: int | None = None
    queries_per_month: int | None = None

    @property
    def value_score(self) -> Decimal | None:
        """Queries a month for each euro; None where either is not known, and of free streams."""
        if self.queries_per_month is None or not self.monthly_cost:
            return None
        return self.queries_per_month / self.monthly_cost


@dataclass(frozen=True)
class Step:
    """What is done with a stream, and what it saves by the month, net of the archive.

    `keep_share` of it is taken in and kept for `hot_days` (None: as today), and all of it lies in the archive for
    `archive_days`, from which a month of it comes back for `restore_cost`.
    """

    stream: Stream
    action: Action
    reason: str
    keep_share: Decimal = ONE
    hot_days: int | None = None
    archive_days: int = 0
    monthly_saving: Decimal | None = Decimal(0)
    restore_cost: Decimal = Decimal(0)

    @property
    def bytes_saved(self) -> int:
        """No longer taken in, by the month."""
        return int(self.stream.bytes_per_month * (ONE - self.keep_share))


def planned(streams: Iterable[Stream], policy: Policy, prices: Prices = LIST) -> list[Step]:
    """One step for each stream, in their order."""
    return [step_of(stream, policy, prices) for stream in streams]


def step_of(stream: Stream, policy: Policy, prices: Prices = LIST) -> Step:
    """What the policy makes of one stream.

    Protected classes are only ever kept longer than they must be and then shortened to the policy; never to less, and
    not to less than is free anyway.
    """
    share = policy.kept(stream.log_class)
    if is_protected(stream.log_class):
        return _shortened(stream, policy, prices, f"{stream.log_class} is never sampled or dropped")
    if stream.monthly_cost is not None and stream.monthly_cost <= 0:
        return _shortened(stream, policy, prices, "taking it in is free")
    score = stream.value_score
    if share == ONE:
        return _shortened(stream, policy, prices, "the policy keeps all of it")
    if score is not None and score >= policy.keep_queries_per_euro:
        return _shortened(stream, policy, prices, f"it is asked for {score:.1f} times a month for each euro")
    return _reduced(stream, policy, prices, share)


def _reduced(stream: Stream, policy: Policy, prices: Prices, share: Decimal) -> Step:
    archive_days = policy.of(stream.log_class).archive_days
    if archive_days < policy.of(stream.log_class).least_days:
        archive_days = policy.of(stream.log_class).least_days
    archived = archive_cost(stream.bytes_per_month, archive_days, prices)
    saving = None if stream.monthly_cost is None else stream.monthly_cost * (ONE - share) - archived
    if saving is not None and saving <= 0:
        return _shortened(stream, policy, prices, "its archive would cost as much as it saves")
    asked = "how often it is asked for is not known" if stream.queries_per_month is None else "it is hardly asked for"
    action = Action.archive if archive_days else Action.sample if share else Action.drop
    return Step(
        stream=stream,
        action=action,
        reason=f"{asked}; the policy takes in {share:.0%} of {stream.log_class}"
        + (f" and archives all of it for {archive_days} days" if archive_days else ""),
        keep_share=share,
        hot_days=_hot(stream, policy),
        archive_days=archive_days,
        monthly_saving=saving,
        restore_cost=restore_cost(stream.bytes_per_month, archive_days, prices) if archive_days else Decimal(0),
    )


def _hot(stream: Stream, policy: Policy) -> int | None:
    """Days at once where that is less than today; below the free days there is nothing to save."""
    days = max(policy.hot(stream.log_class), _FREE)
    return days if stream.retention_days is not None and days < stream.retention_days else None


def _shortened(stream: Stream, policy: Policy, prices: Prices, reason: str) -> Step:
    days = _hot(stream, policy)
    if days is None or stream.retention_days is None:
        return Step(stream, Action.keep, reason)
    fewer = stream.retention_days - max(days, _FREE)
    size = Decimal(stream.bytes_per_month) / 10**9
    told = f"{reason}; the policy keeps it for {days} days, not for {stream.retention_days}"
    return Step(stream, Action.shorten, told, hot_days=days, monthly_saving=size * fewer * prices.log_gb_day)
