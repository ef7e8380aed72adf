"""The programs whose tables stand on docs/performance.md below the demo's, each run in a process of its own."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROGRAMS = (
    ("Charges from pages to Parquet", "ingest_charges"),
    ("A daily run after a long history", "daily_runs"),
    ("Unit costs of ten million rows", "unit_costs"),
)


@dataclass(frozen=True)
class Told:
    """What a program printed, Markdown, and whether it found its promises kept."""

    title: str
    program: str
    page: str
    is_kept: bool


def run_all(programs: Sequence[tuple[str, str]] = PROGRAMS) -> list[Told]:
    """One after the other, so that none measures beside another."""
    return [_run(title, program) for title, program in programs]


def sections(told: Sequence[Told]) -> Iterator[str]:
    """A section for each, with the command that repeats it."""
    for each in told:
        yield ""
        yield f"## {each.title}"
        yield ""
        yield f"<!-- Written by `python -m benchmarks.{each.program}`. -->"
        yield ""
        yield each.page


def _run(title: str, program: str) -> Told:
    ran = subprocess.run(  # noqa: S603 (this project's module)
        [sys.executable, "-m", f"benchmarks.{program}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if not ran.stdout.strip():
        raise SystemExit(f"{program} measured nothing: {ran.stderr.strip()[-500:]}")
    return Told(title, program, ran.stdout.strip(), ran.returncode == 0)
