"""Which column of a file is which of ours: by its own name, an alias, or as `[imports.<kind>]` of the settings says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.imports.kinds import KIND_COLUMN, KINDS, TIME_ZONE, Kind

Settings = Mapping[str, Mapping[str, str]]
"""`[imports]` of the settings: our column to theirs, by kind."""


@dataclass(frozen=True)
class Columns:
    """Of one file and kind: ours to theirs (the first that says something counts), theirs that are no column of ours,
    and what its lines cannot do without."""

    kind: Kind
    ours: Mapping[str, tuple[str, ...]]
    others: tuple[str, ...]
    lacking: tuple[str, ...]
    notes: tuple[str, ...]


def columns_of(names: list[str], kind: Kind, imports: Settings, kind_column: str | None) -> Columns:
    """Find the columns of a kind among a file's names; case does not matter."""
    present = {name.strip().casefold(): name for name in reversed(names)}
    told = imports.get(kind.name, {})
    ours: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    for each in kind.fields:
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
    return Columns(kind, ours, others, _lacking(kind, ours), tuple(notes))


def _lacking(kind: Kind, ours: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    lacking = [each.name for each in kind.fields if each.is_required and each.name not in ours]
    groups = [" or ".join(group) for group in kind.one_of if not set(group) & set(ours)]
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
    told = [theirs for each in kinds for theirs in imports.get(each.name, {}).values()]
    return [KIND_COLUMN, *(name for each in kinds for name in each.names), *told]


def zone_named(kind: Kind, imports: Settings, flag: str | None) -> str | None:
    """The time zone of times that name none: the flag's, else the settings'."""
    return flag or imports.get(kind.name, {}).get(TIME_ZONE)
