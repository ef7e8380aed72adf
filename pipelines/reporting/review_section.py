"""A part of the review about one kind of advice: a sentence, charts, tables, what is folded away, notes."""

from dataclasses import dataclass

from pipelines.reporting.display import Chart, Table


@dataclass(frozen=True)
class Folded:
    """A table that is opened on demand, under a sentence that says what it holds."""

    lead: str
    table: Table


@dataclass(frozen=True)
class ReviewSection:
    """One section after the savings. `name` is unique on the page; `lead` is what can be saved, `cost` what is paid.

    `nothing` says that nothing was found.
    Where nothing was found, tables that are there all the same (what it costs) are shown below that sentence.
    """

    name: str
    title: str
    lead: str = ""
    cost: str = ""
    nothing: str = ""
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: tuple[Folded, ...] = ()
    notes: tuple[str, ...] = ()
