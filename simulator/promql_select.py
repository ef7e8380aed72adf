"""Selectors: which series of a data source they mean, and the samples of them that fall in a window."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias, TypeVar

import numpy as np
import promql_parser as ast
from numpy.typing import NDArray

from simulator.instants import DAY
from simulator.promql_values import NAME, Labels, QueryError, failed
from simulator.telemetry_families import Family
from simulator.telemetry_noise import Flags, Floats, Whole
from simulator.telemetry_world import Holdings

MOST_SERIES = 100_000
MOST_SAMPLES = 50_000_000
_UNSUPPORTED_CLASS = "[[:"
_Kind = TypeVar("_Kind", np.float64, np.bool_)
Matcher: TypeAlias = tuple[str, str, str]  # label, operator, value


@dataclass(frozen=True)
class Selected:
    """Series of one family. Where several have the same labels, `rows` says which row of labels each belongs to."""

    family: Family
    series: Whole
    labels: Sequence[Labels]
    rows: Whole | None = None

    @staticmethod
    def of(family: Family, series: Whole) -> "Selected":
        """Series by number."""
        is_all = len(series) == family.size
        if family.same is None or len(np.unique(family.same[series])) == len(series):
            labels = family.labels if is_all else [family.labels[int(each)] for each in series]
            return Selected(family, series, labels)
        _, first, rows = np.unique(family.same[series], return_index=True, return_inverse=True)
        return Selected(family, series, [family.labels[int(series[each])] for each in first], rows)


@dataclass
class Store:
    """A data source as of an instant: nothing after it, and nothing older than is kept."""

    holdings: Holdings
    oldest: int
    now: int
    known: dict[tuple[Matcher, ...], list[Selected]] = field(default_factory=dict)

    def select(self, matchers: tuple[Matcher, ...]) -> list[Selected]:
        """The series that match; remembered, since questions are asked again day by day."""
        found = self.known.get(matchers)
        if found is None:
            found = list(self._select(matchers))
            if sum(len(each.series) for each in found) < MOST_SERIES:
                self.known[matchers] = found
        return found

    def named(self, matchers: Iterable[Matcher]) -> list[Family]:
        """The families whose name matches."""
        told = [(operator, value) for label, operator, value in matchers if label == NAME]
        exact = next((value for operator, value in told if operator == "="), None)
        names = self.holdings.by_name if exact is None else ([exact] if exact in self.holdings.by_name else [])
        return [
            family
            for name in names
            if all(tester(operator, value)(name) for operator, value in told)
            for family in self.holdings.by_name[name]
        ]

    def _select(self, matchers: tuple[Matcher, ...]) -> Iterable[Selected]:
        wanted = [(label, tester(operator, value)) for label, operator, value in matchers if label != NAME]
        for family in self.named(matchers):
            if not wanted:
                yield Selected.of(family, np.arange(family.size))
                continue
            rows = [
                row
                for row, labels in enumerate(family.labels)
                if all(test(labels.get(label, "")) for label, test in wanted)
            ]
            if rows:
                yield Selected.of(family, np.array(rows, dtype=np.int64))


@dataclass(frozen=True)
class Window:
    """Samples of series, in columns by number, and which of them each step sees: from `low` to `high`, one row for all
    series alike or one for each."""

    values: Floats | None
    present: Flags | None
    low: Whole
    high: Whole
    times: Whole

    @property
    def most(self) -> int:
        """The largest number of samples that a step sees."""
        return int((self.high - self.low).max(initial=-1)) + 1

    def valid(self, index: Whole) -> Flags:
        """Whether there is a sample at an index that a step sees."""
        seen = (index >= self.low) & (index <= self.high)
        rows = self.times.shape[0]
        if self.present is None:
            return np.broadcast_to(seen, (rows, index.shape[-1]))
        found: Flags = seen & _taken(self.present, index)
        return found

    def value(self, index: Whole) -> Floats:
        assert self.values is not None
        return _taken(self.values, index)

    def time(self, index: Whole) -> Whole:
        """Milliseconds since 1970 of the samples at an index."""
        if index.ndim == 1:
            index = index[None, :]
        found: Whole = np.take_along_axis(self.times, np.clip(index, 0, self.times.shape[1] - 1), axis=1)
        return found


def _taken(table: NDArray[_Kind], index: Whole) -> NDArray[_Kind]:
    index = np.clip(index, 0, table.shape[1] - 1)
    if index.ndim == 1:
        return table[:, index]
    return np.take_along_axis(table, index, axis=1)


def window(store: Store, chosen: Selected, times: Whole, span: int, with_values: bool) -> Window | None:
    """What each step sees of the `span` milliseconds before it, its ends included; None where it sees nothing."""
    family = chosen.family
    scrape, offsets = family.scrape * 1_000, family.offsets[chosen.series] * 1_000
    calendar = family.calendar
    first = max(int(times[0] - span) // 1_000, store.oldest, calendar.start)
    last = min(int(times[-1]) // 1_000, store.now, calendar.end - 1)
    if first > last or not len(chosen.series):
        return None
    days = calendar.days(first, last, family.scrape)
    _check_size(len(chosen.series) * days.size)
    values, present = family.block(chosen.series, days, with_values)
    if chosen.rows is not None:
        there = np.ones((len(chosen.series), days.size), dtype=bool) if present is None else present
        values, present, offsets = _merged(chosen.rows, values, there, offsets)
    low, high = _bounds(times, span, offsets, scrape)
    start, end = days.start_number, days.start_number + days.size - 1
    at = (days.numbers * scrape)[None, :] + offsets[:, None]
    if days.calendar.start + days.first * DAY < store.oldest or days.calendar.start + days.last * DAY > store.now:
        kept = (at >= store.oldest * 1_000) & (at <= store.now * 1_000)
        present = kept if present is None else present & kept
    return Window(values, present, np.maximum(low, start) - start, np.minimum(high, end) - start, at)


def _merged(rows: Whole, values: Floats | None, present: Flags, offsets: Whole) -> tuple[Floats | None, Flags, Whole]:
    """One row for series that follow one another under the same labels; they take their samples at the same moments."""
    there = np.zeros((int(rows.max()) + 1, present.shape[1]), dtype=bool)
    told = None if values is None else np.zeros(there.shape)
    moments = np.zeros(len(there), dtype=np.int64)
    for position, row in enumerate(rows):
        there[row] |= present[position]
        moments[row] = offsets[position]
        if told is not None and values is not None:
            told[row][present[position]] = values[position][present[position]]
    return told, there, moments


def _bounds(times: Whole, span: int, offsets: Whole, scrape: int) -> tuple[Whole, Whole]:
    """Numbers of the first and the last sample in each window; one row where the offsets make no difference."""
    edges = np.array([offsets.min(), offsets.max()])
    high = (times[None, :] - edges[:, None]) // scrape
    low = -((edges[:, None] - (times[None, :] - span)) // scrape)
    if (high[0] == high[1]).all() and (low[0] == low[1]).all():
        return low[0], high[0]
    return (
        -((offsets[:, None] - (times[None, :] - span)) // scrape),
        (times[None, :] - offsets[:, None]) // scrape,
    )


def _check_size(samples: int) -> None:
    if samples > MOST_SAMPLES:
        raise failed("query processing would load too many samples into memory in query execution")


def matchers_of(selector: ast.VectorSelector) -> tuple[Matcher, ...]:
    """The matchers of a selector, the name's among them."""
    if selector.matchers.or_matchers:
        raise QueryError('invalid parameter "query": 1:1: parse error: unexpected "or" in label matching')
    operators = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
    found = [(each.name, operators[str(each.op).rpartition(".")[2]], each.value) for each in selector.matchers.matchers]
    return ((NAME, "=", selector.name), *found) if selector.name else tuple(found)


@lru_cache(maxsize=512)
def tester(operator: str, value: str) -> Callable[[str], bool]:
    """Whether a value satisfies an operator; expressions are anchored at both ends."""
    if operator == "=":
        return lambda told: told == value
    if operator == "!=":
        return lambda told: told != value
    if _UNSUPPORTED_CLASS in value:
        raise QueryError(f'invalid parameter "query": 1:1: parse error: unsupported character class in {value!r}')
    try:
        pattern = re.compile(f"(?:{value})", re.DOTALL)
    except re.error as error:
        raise QueryError(f'invalid parameter "query": 1:1: parse error: error parsing regexp: {error}') from None
    if operator == "=~":
        return lambda told: pattern.fullmatch(told) is not None
    return lambda told: pattern.fullmatch(told) is None
