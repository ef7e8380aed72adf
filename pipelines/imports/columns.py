"""Which column of a file is which of ours: by its own name, an alias, or as `[imports.<kind>]` of the settings says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import ConfigurationError, UsageError
from pipelines.files.values import Unreadable, parse_time
from pipelines.imports.kinds import KIND_COLUMN, KINDS, NO_COLUMNS, TIME_ORIGIN, TIME_UNIT, TIME_ZONE, Kind

Settings = Mapping[str, Mapping[str, str]]
"""`[imports]` of the settings: our column to theirs, by kind; `=text` is no column but what every line says."""
SAID_OF_ALL = "="
MICROSECONDS = {"s": 1_000_000, "ms": 1_000, "us": 1, "ns": 0.001}
"""Of the units that `time_unit` may name."""


@dataclass(frozen=True)
class Columns:
    """Of one file and kind: ours to theirs (the first that says something counts), theirs that are no column of ours,
    what its lines cannot do without, and what the settings say of all its lines."""

    kind: Kind
    ours: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]
    lacking: tuple[str, ...]
    notes: tuple[str, ...]
    said: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts_lines(self) -> bool:
        """Whether each line is one of what is counted, as in a log; then two lines may say the same."""
        return any(each.type == "count" and each.is_required and each.name in self.said for each in self.kind.fields)


def columns_of(names: list[str], kind: Kind, imports: Settings, kind_column: str | None) -> Columns:
    """Find the columns of a kind among a file's names; case does not matter."""
    present = {name.strip().casefold(): name for name in reversed(names)}
    settings = imports.get(kind.name, {})
    said = _said(kind, settings)
    told = {name: theirs for name, theirs in settings.items() if not theirs.startswith(SAID_OF_ALL)}
    ours: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for each in (each for each in kind.fields if each.name not in said):
        wanted = [told[name] for name in (each.name, *each.aliases) if name in told]
        found = [
            present[name.casefold()] for name in wanted or (each.name, *each.aliases) if name.casefold() in present
        ]
        if found:
            ours[each.name] = tuple(found)
        elif wanted and not each.is_required:
            notes.append(f"no column {wanted[0]!r}, which [imports.{kind.name}] takes for {each.name}: taken as empty")
    taken = {*(name for found in ours.values() for name in found), kind_column}
    others = tuple(sorted(name for name in names if name not in taken))
    return Columns(kind, ours, others, _lacking(kind, {*ours, *said}), tuple(notes), said)


def _said(kind: Kind, settings: Mapping[str, str]) -> dict[str, str]:
    """What `column = "=text"` says of all lines, by our name of the column."""
    return {
        each.name: settings[name].removeprefix(SAID_OF_ALL)
        for each in kind.fields
        for name in (*each.aliases, each.name)
        if settings.get(name, "").startswith(SAID_OF_ALL)
    }


def _lacking(kind: Kind, ours: set[str]) -> tuple[str, ...]:
    lacking = [each.name for each in kind.fields if each.is_required and each.name not in ours]
    groups = [" or ".join(group) for group in kind.one_of if not set(group) & ours]
    return (*lacking, *groups)


def kind_column_of(path: Path, names: list[str], asked: Kind | None) -> str | None:
    """The file's own column for the kind, if it has one. Raises UsageError when nothing says what its lines are."""
    found = next((name for name in names if name.strip().casefold() == KIND_COLUMN), None)
    if found is None and asked is None:
        raise UsageError(
            f"{path}: nothing says what its lines are; import with --kind {'|'.join(KINDS)}, or give each a column kind"
        )
    return found


def require_columns(path: Path, columns: Columns) -> None:
    """Raise UsageError when a file of one kind lacks what each of its lines needs."""
    if columns.lacking:
        name = columns.kind.name
        raise UsageError(
            f"{path}: lacks {', '.join(columns.lacking)}, which {name} need; export with them, or name yours: "
            f'[imports.{name}] {columns.lacking[0].split()[0]} = "…" in finops.toml'
        )


def known_names(kind: Kind | None, imports: Settings) -> list[str]:
    """Every column name that may matter, to tell a delimiter by."""
    kinds = [kind] if kind else list(KINDS.values())
    told = [
        theirs
        for each in kinds
        for name, theirs in imports.get(each.name, {}).items()
        if name not in NO_COLUMNS and not theirs.startswith(SAID_OF_ALL)
    ]
    return [KIND_COLUMN, *(name for each in kinds for name in each.names), *told]


def zone_named(kind: Kind, imports: Settings, flag: str | None) -> str | None:
    """The time zone of times that name none: the flag's, else the settings'."""
    return flag or imports.get(kind.name, {}).get(TIME_ZONE)


def unit_named(kind: str, settings: Mapping[str, str]) -> float | None:
    """Microseconds of the unit of times that are plain numbers; None where they are refused.

    Raises ConfigurationError.
    """
    unit = settings.get(TIME_UNIT)
    if unit is not None and unit not in MICROSECONDS:
        raise ConfigurationError(f"[imports.{kind}] {TIME_UNIT} {unit!r} is none of {', '.join(MICROSECONDS)}")
    return None if unit is None else MICROSECONDS[unit]


def origin_named(kind: str, settings: Mapping[str, str]) -> datetime:
    """The moment that plain numbers count from. Raises ConfigurationError."""
    origin = settings.get(TIME_ORIGIN)
    try:
        return parse_time(origin)[0] if origin else datetime(1970, 1, 1, tzinfo=UTC)
    except Unreadable as error:
        raise ConfigurationError(f"[imports.{kind}] {TIME_ORIGIN} {origin!r} {error}") from None
