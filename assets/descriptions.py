"""What a page says of a table: meaning, grain, what it is made of, who uses it."""

from collections.abc import Mapping, Sequence

from assets.reports import READ_BY_THE_REPORT
from pipelines.lake.sql_models import Layered, SqlModel

Readers = Mapping[str, Sequence[str]]
"""Who reads each table."""


def readers_of(models: Layered) -> Readers:
    """Tables and reports by what they read."""
    readers: dict[str, list[str]] = {}
    for model in models:
        for table in model.reads:
            readers.setdefault(table, []).append(model.table)
    for key in READ_BY_THE_REPORT:
        readers.setdefault(key.replace("/", "."), []).append("the monthly report")
    return readers


def describe_model(model: SqlModel, readers: Readers) -> str:
    """Markdown of a table of `sql/`."""
    if not model.is_stored:
        kept = "A view: worked out when it is read, nothing is stored."
    elif model.partition_by:
        kept = "Stored by month; a run rebuilds only the months whose inputs changed."
    else:
        kept = "Stored whole; rebuilt only when what it is made of changed."
    return described(
        model.description,
        grain=", ".join(model.grain),
        source=_sources(model),
        kept=kept,
        used_by=readers.get(model.table, ()),
        file=f"sql/{model.layer}/{model.name}.sql",
    )


def described(what: str, *, grain: str, source: str, kept: str, used_by: Sequence[str], file: str = "") -> str:
    """The five facts of every page, one a line."""
    lines = [
        f"**Grain**: one row per {grain}",
        f"**Source**: {source}",
        f"**Kept**: {kept}",
        f"**Used by**: {_users(used_by)}",
    ]
    if file:
        lines.append(f"**Made by**: `{file}`")
    return what + "\n\n" + "\n".join(f"- {line}" for line in lines)


def code(names: Sequence[str]) -> str:
    """Names as Markdown code."""
    return ", ".join(f"`{name}`" for name in names)


def _sources(model: SqlModel) -> str:
    def reach(table: str) -> str:
        months = model.months_back.get(table, 0)
        if not months:
            return f"`{table}`"
        return f"`{table}` (all months)" if months < 0 else f"`{table}` (and {months} months back)"

    return ", ".join(reach(table) for table in sorted(model.reads)) or "the file itself"


def _users(used_by: Sequence[str]) -> str:
    tables = [name for name in used_by if "." in name]
    people = [name for name in used_by if "." not in name]
    return ", ".join([*(f"`{name}`" for name in sorted(tables)), *people]) or "people, with `finops sql` and notebooks"
