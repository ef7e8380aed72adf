"""Charges at awkward times, made up from a seed, and the answers Scaleway would give of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.sources.answers import Listing, Question

ORGANIZATIONS: Mapping[str, str] = {
    "EUR": "0a0a0a0a-0000-4000-8000-000000000001",
    "USD": "0a0a0a0a-0000-4000-8000-000000000002",
}
EDGES = tuple(
    datetime.fromisoformat(f"{text}Z")
    for text in (
        "2024-02-29T00:00", "2024-03-01T00:00", "2024-12-31T00:00", "2025-01-01T00:00", "2025-02-28T00:00",
        "2025-03-01T00:00", "2025-03-30T01:00", "2025-04-01T00:00", "2025-05-01T00:00", "2025-10-26T01:00",
        "2025-11-01T00:00", "2026-01-01T00:00", "2026-03-29T01:00", "2026-07-01T00:00", "2026-10-01T00:00",
    )
)  # fmt: skip
"""Ends of months and years, leap days, and the hours in which the clocks of Paris change."""
PARIS = ZoneInfo("Europe/Paris")
DAY = timedelta(days=1)
LONGEST_SECONDS = 40 * 86_400
LARGEST = 10**14
"""In nanos: a hundred thousand euros."""


@dataclass(frozen=True)
class Piece:
    """What a thing cost on one UTC day: a charge. `nanos` of its currency, whole; times half-open."""

    thing: str
    start: datetime
    end: datetime
    nanos: int
    currency: str

    @property
    def day(self) -> date:
        """The UTC day it lies in."""
        return self.start.date()

    @property
    def key(self) -> tuple[str, datetime]:
        """What tells it from all others."""
        return self.thing, self.start

    def told(self, column: str) -> Any:
        """Its value of a column of silver.costs."""
        columns = {
            "charge_date": self.day,
            "billing_month": f"{self.day:%Y-%m}",
            "billing_currency": self.currency,
            "resource_id": self.thing,
        }
        return columns[column]


def things(random: Random, charges: int) -> list[Piece]:
    """So many charges of things near the edges of the calendar, of seconds and of weeks."""
    pieces: list[Piece] = []
    while len(pieces) < charges:
        pieces += _thing(random, f"thing-{len(pieces)}")
    return pieces[:charges]


def _thing(random: Random, name: str) -> Iterator[Piece]:
    start = random.choice(EDGES) + timedelta(seconds=random.choice((0, -1, 1, random.randint(-130_000, 130_000))))
    end = start + timedelta(seconds=int(LONGEST_SECONDS ** random.random()))
    currency = "USD" if random.random() < 0.2 else "EUR"
    while start < end:
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC) + DAY
        yield Piece(name, start, min(end, midnight), _nanos(random), currency)
        start = midnight


def _nanos(random: Random) -> int:
    """Refunds, round sums, a single nano, nought."""
    kind = random.random()
    if kind < 0.1:
        return random.choice((0, 1, -1, 10**9, 10**9 - 1, -(10**9)))
    return (-1 if kind < 0.2 else 1) * int(LARGEST ** random.random())


def restated(pieces: Sequence[Piece], day: date, random: Random) -> list[Piece]:
    """The same with other prices on a day, each charge of it at least a nano off."""
    return [
        replace(piece, nanos=piece.nanos + random.randint(1, LARGEST)) if piece.day == day else piece
        for piece in pieces
    ]


def answer(day: date, pieces: Sequence[Piece], random: Random, at: datetime) -> Listing:
    """The charges of one UTC day, shuffled, as the API tells them when asked at that time."""
    items = [_item(piece, random) for piece in random.sample(list(pieces), len(pieces))]
    window = (("start_date_after", f"{day}T00:00:00Z"), ("end_date_before", f"{day + DAY}T00:00:00Z"))
    asked = Question("billing.charges", "/billing/charges", window, f"{day:%Y-%m}")
    return Listing(asked, (json.dumps(items).encode(),), tuple(items), {}, at)


def _item(piece: Piece, random: Random) -> dict[str, Any]:
    whole_day = piece.end - piece.start == DAY
    price: dict[str, Any] = {"currency_code": piece.currency}
    sign = -1 if piece.nanos < 0 else 1
    units, nanos = (sign * part for part in divmod(abs(piece.nanos), 10**9))
    # a part that is nought may be left out, but not both
    price |= {"units": units} if units or not nanos or random.random() < 0.5 else {}
    price |= {"nanos": nanos} if nanos or random.random() < 0.5 else {}
    says_times = not whole_day or random.random() < 0.7
    return {
        "organization_id": ORGANIZATIONS[piece.currency],
        "project_id": f"project-{piece.currency}",
        "sku": "/compute/dev1_s/run_par1",
        "resource_id": piece.thing,
        "resource_name": piece.thing,
        "invoice_id": None,
        "start_date": _written(piece.start, random) if says_times else None,
        "end_date": _written(_last(piece, random), random) if says_times else None,
        "updated_at": "2026-11-01T00:00:00Z",
        "price": price,
    }


def _last(piece: Piece, random: Random) -> datetime:
    """The last moment of its period, or its end.

    A whole second is read as the last of a minute where it is the 59th, and as an end elsewhere: what is billed by the
    minute leaves no other way to tell them apart.
    """
    ways = [timedelta(milliseconds=1), timedelta(microseconds=1)]
    if piece.end.second == 0:
        ways.append(timedelta(seconds=1))
    if piece.end.second != 59:
        ways.append(timedelta(0))
    return piece.end - random.choice(ways)


def _written(moment: datetime, random: Random) -> str:
    if random.random() < 0.3:
        return moment.astimezone(PARIS).isoformat()
    return moment.isoformat().replace("+00:00", "Z")
