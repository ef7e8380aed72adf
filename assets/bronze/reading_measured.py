"""What a reader of measured days gives back."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from pipelines.lake.measurements import Kept

NOTHING = Kept(0, 0, 0)


@dataclass(frozen=True)
class Measured:
    """What was kept of one table, the days asked for, and one line for each part that could not be read."""

    kept: Kept = NOTHING
    missing: Sequence[str] = field(default_factory=tuple)
    days: Collection[date] = field(default_factory=tuple)
    calls: int = 0
