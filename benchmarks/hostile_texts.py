"""Readers of files that people write, and of logs: settings, the profile of `scw`, scenarios, lines."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from random import Random

from benchmarks.hostile_case import Counts, Reader
from benchmarks.hostile_files import WORDS, write_large
from benchmarks.hostile_grammar import damaged, encoded
from pipelines.telemetry.lines import classified, read_lines


@contextmanager
def _environment(**given: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


_TOML = """
lake = ".lake"
time_zone = "Europe/Paris"
locale = "fr"
[scaleway]
attempts = 3
requests_per_second = 5.0
[report]
out = "reports"
currency = "EUR"
[[budgets]]
name = "all"
amount = 100.0
[imports.requests]
service = "svc"
[mail]
sender = "FinOps <finops@example.org>"
monthly_to = ["finance@example.org"]
report_url = "https://reports.example.org/{file}"
[anomalies]
[forecast]
"""
_SCENARIOS = """
[[scenarios]]
name = "more traffic"
kind = "traffic"
driver = "requests"
percent = 20
since = 2026-06-01
[[scenarios]]
kind = "price"
sku = "/compute/*"
percent = -10
[[scenarios]]
kind = "retention"
sku = "logs"
days_before = 30
days_after = 7
"""
_PROFILE = """
access_key: SCW00000000000000000
secret_key: 11111111-1111-1111-1111-111111111111
default_organization_id: 22222222-2222-4222-8222-222222222222
api_url: https://api.scaleway.com
profiles:
  other:
    access_key: SCW00000000000000001
active_profile: other
"""


def _text_spoilt(rng: Random, text: str) -> bytes:
    """Some values, keys or lines of a text of lines hostile, or the bytes damaged."""
    lines = text.strip().splitlines()
    for _ in range(rng.randint(0, 2)):
        at = rng.randrange(len(lines))
        key, sign, _ = lines[at].partition(rng.choice(["=", ":"]))
        word = rng.choice(
            [*WORDS, "[" * 50_000, "{a=" * 20_000, "[" * 900 + "]" * 900, "&a [*a]", "!!python/object:os"]
        )
        how = rng.randrange(5)
        if how <= 1 and sign:
            lines[at] = f"{key}{sign} {json.dumps(word) if rng.random() < 0.5 else word}"
        elif how == 2:
            lines[at] = word.replace("\n", " ")
        elif how == 3:
            lines.insert(at, lines[at])
        else:
            lines.insert(at, f"[{word[:200]}]" if rng.random() < 0.5 else f'"{word[:200]}" = 1')
    body = encoded("\n".join(lines) + "\n")
    return damaged(rng, body) if rng.random() < 0.2 else body


def _settings(rng: Random, folder: Path) -> Counts:
    from pipelines.settings import load_settings

    file = folder / "finops.toml"
    _write_text(rng, file, _text_spoilt(rng, _TOML))
    with _environment(FINOPS_CONFIG=str(file)):
        load_settings()
    return Counts(1, 1)


def _profile(rng: Random, folder: Path) -> Counts:
    from pipelines.scw_profile import credentials, read_profile

    file = folder / "config.yaml"
    _write_text(rng, file, _text_spoilt(rng, _PROFILE))
    credentials(read_profile({"SCW_CONFIG_PATH": str(file)}))
    return Counts(1, 1)


def _scenarios(rng: Random, folder: Path) -> Counts:
    from assets.what_if_words import from_file

    file = folder / "scenarios.toml"
    _write_text(rng, file, _text_spoilt(rng, _SCENARIOS))
    found = from_file(file, lambda _: Decimal(1))
    return Counts(len(found), len(found))


def _write_text(rng: Random, file: Path, body: bytes) -> None:
    file.unlink(missing_ok=True)
    if rng.random() < 0.007:
        write_large(file, body, False)
    else:
        file.write_bytes(body)


_LOG_LINES = (
    '{"level":"error","msg":"failed","status":500,"duration":1.5,"nested":{"a":1}}',
    '127.0.0.1 - - [02/Jun/2026:10:00:00 +0000] "GET /a HTTP/1.1" 200 123 "-" "x" 0.5',
    "<34>1 2026-06-02T10:00:00Z host app 1 - - failed",
    'time=2026-06-02 level=info msg="took 5 ms"',
    "2026-06-02 10:00:00,123 ERROR [main] a.b.C - failed",
    "    at a.b.C(D.java:1)",
)


def _logs(rng: Random, _: Path) -> Counts:
    lines = []
    for _line in range(rng.randint(1, 20)):
        line = rng.choice(_LOG_LINES)
        at = rng.randrange(len(line) + 1)
        word = rng.choice([*WORDS, "[" * 50_000, '{"a":' * 50_000, "a=" * 5000, '"' * 999, "\\" * 999, " " * 100_000])
        lines.append(line[:at] + word + line[at:] if rng.random() < 0.5 else line)
    body = encoded("\n".join(lines))
    text = (damaged(rng, body) if rng.random() < 0.3 else body).decode("utf-8", "surrogateescape")
    given = text.split("\n")
    read = sum(1 for _ in classified(read_lines(given)))
    return Counts(sum(1 for line in given if line.rstrip("\r\n").strip()), read)


def text_readers() -> list[Reader]:
    """One for each kind of text."""
    return [
        Reader("settings", _settings),
        Reader("scw profile", _profile),
        Reader("what-if scenarios", _scenarios),
        Reader("log files", _logs),
    ]
