"""What an e-mail of a review says: one sentence, four figures, three lines each of what moved and what to do.

Everything is text already, so that the HTML part and the plain part are written from the same words.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from pipelines.reporting.display import Cell, Chart, Fact, Table, Tile
from pipelines.reporting.folding import shortened
from pipelines.reporting.monthly_rows import FailedCheck

FIGURES = 4
LINES = 3
WIDEST_SUBJECT = 150
_LONGEST = 90


@dataclass(frozen=True)
class Item:
    """One line of a section: what, a note below it, and the amount beside it with its direction as a shape."""

    what: str
    note: str = ""
    amount: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Section:
    """A few lines with their title; `more` says what is left to the report, `empty` what stands without lines."""

    title: str
    items: tuple[Item, ...]
    more: str = ""
    empty: str = ""


@dataclass(frozen=True)
class Part:
    """One currency of a letter; currencies stand one below the other and are never added."""

    currency: str
    status: str
    status_note: str
    sentence: str
    figures: tuple[Tile, ...]
    sections: tuple[Section, ...]
    picture: Chart | None = None


@dataclass(frozen=True)
class Frame:
    """What every letter of a period says of itself, with figures or without."""

    report: str
    period: str
    heading: str
    organization_name: str
    as_of: datetime
    product_version: str
    command: str
    file_name: str


@dataclass(frozen=True)
class Letter(Frame):
    """One e-mail before it is addressed. With `checks` it is the one that says that there are no figures yet."""

    subject: str
    preheader: str
    parts: tuple[Part, ...] = ()
    trust: tuple[tuple[str, str], ...] = ()
    checks: tuple[FailedCheck, ...] = ()

    @property
    def is_delayed(self) -> bool:
        """Whether it carries no figure, since data were refused."""
        return bool(self.checks)

    @property
    def pictures(self) -> tuple[Chart, ...]:
        """The charts of all its parts, in reading order."""
        return tuple(part.picture for part in self.parts if part.picture)


def letter(frame: Frame, subject: str, parts: tuple[Part, ...], trust: Sequence[Fact]) -> Letter:
    """The letter with figures; what mail programs show beside the subject is its first sentence."""
    facts = tuple((fact.label, f"{fact.value}, {fact.detail}") for fact in trust)
    return Letter(**vars(frame), subject=subject, preheader=parts[0].sentence, parts=parts, trust=facts)


def delayed_letter(frame: Frame, checks: Iterable[FailedCheck]) -> Letter | None:
    """The letter of a period whose data were refused: which checks did so, and not one amount. None where none did."""
    blocking = tuple(dict.fromkeys(check for check in checks if check.is_blocking))
    if not blocking:
        return None
    told = f"{len(blocking)} check{'' if len(blocking) == 1 else 's'} refused the data"
    delayed = replace(frame, heading=f"{frame.heading}: data delayed")
    subject = subject_line(f"{frame.organization_name} {frame.period}: data delayed", told)
    return Letter(**vars(delayed), subject=subject, preheader=f"No figures are sent: {told}.", checks=blocking)


def subject_line(what: str, *findings: str) -> str:
    """`[FinOps] organisation October 2026: €48,210 – 2 anomalies`, on one line and never longer than is shown."""
    told = " – ".join(part for part in (what, ", ".join(each for each in findings if each)) if part)
    line = " ".join(f"[FinOps] {told}".split())
    return line if len(line) <= WIDEST_SUBJECT else line[: WIDEST_SUBJECT - 1] + "…"


def section_of(table: Table, title: str, amount: int, *, note: int | None = None, more: str = "") -> Section:
    """The first lines of a report's table: its names, and the column of the amount; folded lines and totals are left
    out. `note` is a column whose words stand below the name in place of the name's own."""
    rows = [line.cells for line in table.lines if not line.kind]
    items = tuple(_item(cells[0], cells[amount], cells[note] if note is not None else None) for cells in rows[:LINES])
    left = len(rows) - len(items) + sum(line.kind == "fold" for line in table.lines)
    return Section(title, items, more if left else "", "" if items else table.empty)


def _item(name: Cell, amount: Cell, beside: Cell | None) -> Item:
    notes = (beside.text, amount.note) if beside else (name.note, amount.note)
    words = "; ".join(each.strip(". ") for each in notes if each and each.strip(". "))
    shown = " ".join(part for part in (amount.text, amount.arrow) if part)
    return Item(shortened(name.text, _LONGEST), words, shown, amount.tone)
