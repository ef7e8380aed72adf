"""Names people gave, in files that spreadsheets open: never a formula.

A cell that begins with `=`, `+`, `-`, `@`, a tab or a line end is run by spreadsheet programs when a CSV file is opened
(OWASP, "CSV Injection"); an apostrophe before it makes it text.
"""

from __future__ import annotations

import re
from typing import Final

_BEGINS_A_FORMULA: Final = re.compile(r"^\s*[=+\-@\t\r\n\x00]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def harmless(text: str) -> str:
    """The text as a CSV cell may hold it."""
    clean = printable(text)
    return f"'{clean}" if _BEGINS_A_FORMULA.match(clean) else clean


def printable(text: str) -> str:
    """The text without characters that no XML file, and so no workbook, may hold."""
    return _CONTROL.sub("", text)
