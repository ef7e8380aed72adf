"""The commands, one module per subject; each lists its own in `COMMANDS`.

To add one: write a function whose docstring is its help and whose body imports what is heavy, put
`("group name", function)` or `("name", function)` into the module's `COMMANDS`, and the module into
`COMMAND_MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from finops.commands import (
    anomalies,
    billing,
    budgets,
    closing,
    configuration,
    exports,
    first_run,
    focus,
    forecast,
    imports,
    lake,
    lake_maintenance,
    notebooks,
    pipeline,
    recommendations,
    report,
    ui,
    what_if,
)


class CommandModule(Protocol):
    """A module with commands: the words a person types, and the function they call."""

    COMMANDS: tuple[tuple[str, Callable[..., Any]], ...]


GROUPS: Final[dict[str, str]] = {
    "actions": "Say what becomes of a recommendation.",
    "anomalies": "Find what is unusual.",
    "budgets": "What was agreed to be spent, and where it will end.",
    "config": "Settings in force, where each comes from, and their schema.",
    "import": "Bring in files: other providers' bills, business numbers.",
    "export": "Write the results in other tools' formats.",
    "forecast": "Where a series is going, and how good that was.",
    "report": "Write the reports people read.",
    "lake": "Look after the lake.",
}

COMMAND_MODULES: Final[tuple[CommandModule, ...]] = (
    first_run,
    pipeline,
    lake,
    lake_maintenance,
    billing,
    anomalies,
    recommendations,
    budgets,
    report,
    focus,
    exports,
    imports,
    forecast,
    ui,
    notebooks,
    what_if,
    closing,
    configuration,
)
