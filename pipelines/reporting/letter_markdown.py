"""A letter as Markdown, for a chat or an issue tracker: names of people's things never become markup."""

import re
from typing import Final

from pipelines.reporting.letter import Item, Letter, Part, Section

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>|~&])")
_BEGINNING: Final = re.compile(r"^(\d*)([-+.)=#>])")
_CALLS: Final = re.compile(r"(@|#|:(?=//)|www(?=\.)|:(?=\w+:))")
_JOINER: Final = "\u2060"
_SPACE: Final = re.compile(r"\s+")


def letter_markdown(letter: Letter, report_url: str = "") -> str:
    """The sentence first, then the figures as a table, then what moved, what to do and what is unusual."""
    lines = [f"## {escaped(letter.heading)}", "", escaped(letter.organization_name), ""]
    if letter.is_delayed:
        lines += ["No figures: these checks refused the data.", ""]
        lines += [
            f"- {escaped(f'{check.check_name} on {check.table_name}: {check.message}')}" for check in letter.checks
        ]
        lines.append("")
    for part in letter.parts:
        lines += _part(part, several=len(letter.parts) > 1)
    lines += [f"{escaped(label)}: {escaped(value)}  " for label, value in letter.trust]
    report = f"[The whole report]({report_url})" if report_url else f"The whole report: `{letter.file_name}`"
    lines += ["", f"{report}, made by `{letter.command}`."]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """The text on one line with no markup: signs of Markdown and HTML are escaped; mentions, references, emoji and bare
    links, which a backslash does not stop, get an invisible joiner."""
    plain = _SPECIAL.sub(r"\\\1", _SPACE.sub(" ", text).strip())
    return _BEGINNING.sub(r"\1\\\2", _CALLS.sub(rf"\1{_JOINER}", plain))


def _part(part: Part, *, several: bool) -> list[str]:
    lines = [f"### {escaped(part.currency)}", ""] if several else []
    lines += [f"**{escaped(part.sentence)}**", "", f"{escaped(part.status)}. {escaped(part.status_note)}", ""]
    lines += ["| Figure | | |", "|---|--:|---|"]
    for figure in part.figures:
        lines.append(f"| {escaped(figure.label)} | {escaped(figure.value)} | {escaped(figure.detail)} |")
    lines.append("")
    for section in part.sections:
        lines += _section(section)
    return lines


def _section(section: Section) -> list[str]:
    lines = [f"**{escaped(section.title)}**", ""]
    lines += [_item(item) for item in section.items]
    for words in (section.empty, section.more):
        lines += ["", escaped(words)] if words else []
    return [*lines, ""]


def _item(item: Item) -> str:
    note = f" ({escaped(item.note)})" if item.note else ""
    return f"- {escaped(item.what)}: **{escaped(item.amount)}**{note}"
