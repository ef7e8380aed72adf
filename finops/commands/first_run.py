"""`finops init` and `finops doctor`: from nothing to a configuration that works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from finops.streams import show_warnings_only, write_hint, write_json, write_line
from pipelines.errors import ConfigurationError, UsageError

_REPOSITORY_SCHEMA = Path("schemas") / "finops.schema.json"
_OWN_SCHEMA = Path("finops.schema.json")

Profile = Annotated[str | None, typer.Option("--profile", help="scw profile; else the one scw would use.")]


def init(
    out: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("finops.toml"),
    profile: Profile = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the file instead of writing it.")] = False,
) -> None:
    """Write a commented finops.toml, and print the commands that make a least-privilege key.

    Asks nothing, sends nothing and runs none of the commands it prints.
    """
    from finops.first_steps import cockpit_commands, policy_commands, settings_text
    from pipelines.settings import load_settings

    if out.exists() and not force and not dry_run:
        raise UsageError(f"{out} exists; --force overwrites it, --dry-run only prints")
    settings = load_settings({"scaleway.profile": profile})
    found = settings.profile()
    chosen = {"scaleway.profile": profile} if profile else {}
    schema = _REPOSITORY_SCHEMA if (out.parent / _REPOSITORY_SCHEMA).is_file() else _OWN_SCHEMA
    text = settings_text(f"./{schema}", chosen)
    if dry_run:
        write_line(text)
    else:
        _write(out, text, schema)
        write_hint(f"Written: {out.absolute()}")
    has_key = found.secret_key is not None
    write_hint(f"scw profile {found.name}: {'found' if has_key else 'no key yet, run `scw init`'} ({found.file})")
    organization_id = settings.scaleway.organization_id or found.text("default_organization_id")
    for line in policy_commands(organization_id, settings.lake):
        write_line(line)
    for line in cockpit_commands(settings.lake_s3.region):
        write_line(line)
    write_hint("Next: `finops doctor`, then `finops run`")


def doctor(
    profile: Profile = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check what the product needs, with a remedy for each thing that is not right.

    ✔ good, ▲ works without it, ✖ has to be put right: then the exit code is 3.
    """
    from datetime import UTC, datetime

    from finops.checkup import Verdict, examine

    show_warnings_only()
    checks = []
    for check in examine(datetime.now(UTC), profile):
        checks.append(check)
        if not json:
            write_line(f"{check.sign} {check.name}: {check.found}")
            if check.remedy:
                write_line(f"    → {check.remedy}")
    failed = [check.name for check in checks if check.verdict is Verdict.failed]
    if json:
        write_json({"checks": [asdict(check) for check in checks], "failed": len(failed)})
    if failed:
        raise ConfigurationError(f"{len(failed)} of {len(checks)} checks failed: {', '.join(failed)}; see the remedies")


def _write(out: Path, text: str, schema: Path) -> None:
    import json

    from pipelines.settings import settings_schema

    try:
        out.write_text(text, encoding="utf-8")
        if schema == _OWN_SCHEMA:
            beside = out.parent / schema
            beside.write_text(json.dumps(settings_schema(), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{error.filename or out} cannot be written: {error.strerror}; choose --out") from None


COMMANDS: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("init", init),
    ("doctor", doctor),
)
