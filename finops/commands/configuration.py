"""`finops config show|schema`: the settings in force, and the schema of finops.toml."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from finops.streams import exact_text, write_json, write_line, write_table

if TYPE_CHECKING:
    from pipelines.settings import Settings


def show(
    origin: Annotated[bool, typer.Option("--origin", help="Say where each value comes from.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the settings in force. Secrets are never shown, only whether they are set and where."""
    import structlog

    from pipelines.settings import load_settings, unknown_variables, used_files

    settings = load_settings()
    rows = [*_setting_rows(settings), *_secret_rows(settings)]
    for warning in (*unknown_variables(), *settings.profile().warnings):
        structlog.get_logger("finops.settings").warning(warning)
    if json:
        write_json({"files": [str(file) for file in used_files()], "settings": rows})
    else:
        write_table(rows, "table", ["key", "value", "origin"] if origin else ["key", "value"])


def schema(
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; - or none is stdout.")] = None,
) -> None:
    """Print the JSON Schema of finops.toml, for editors that complete and check it."""
    import json

    from pipelines.settings import settings_schema

    text = json.dumps(settings_schema(), indent=2)
    if out is None or str(out) == "-":
        write_line(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")


def _setting_rows(settings: Settings) -> list[dict[str, Any]]:
    from pipelines.settings import all_keys

    rows = []
    for key in all_keys():
        value: Any = settings
        for name in key.split("."):
            value = getattr(value, name)
        rows.append({"key": key, "value": None if value is None else exact_text(value), "origin": settings.origin(key)})
    return rows


def _secret_rows(settings: Settings) -> list[dict[str, Any]]:
    profile = settings.profile()
    rows: list[dict[str, Any]] = [{"key": "scw.profile", "value": profile.name, "origin": str(profile.file)}]
    for key in ("access_key", "secret_key", "default_organization_id", "api_url"):
        is_set = profile.values.get(key) is not None
        shown = "set" if is_set and key == "secret_key" else profile.text(key)
        rows.append({"key": f"scw.{key}", "value": shown, "origin": profile.origin.get(key, "not set")})
    return rows


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("config show", show),
    ("config schema", schema),
)
