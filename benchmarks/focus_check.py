"""Check FOCUS exports: 1.2 with the official focus-validator and our own rules, 1.4 with our own rules.

`python -m benchmarks.focus_check FOLDER...` reads each folder's `focus_metadata.json` to learn its version.
Ends with 0 if every rule outside the allow-list holds, 1 if one fails, 6 if the official validator could not
be run because there is no Python 3.12 or newer; the reason is printed.
"""

import argparse
import fcntl
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json import loads
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines.focus.checking import check
from pipelines.focus.rules_1_4 import RULES

PACKAGES = ("focus-validator==2.2.1", "pyarrow<22")
OLDEST = (3, 12)
FAILED, PARTIAL = 1, 6

# What a Scaleway bill supports; the official rules that depend on anything else do not apply.
CRITERIA = (
    "ACCOUNT_NAMING_SUPPORTED",
    "AVAILABILITY_ZONE_SUPPORTED",
    "BILLING_BASED_ON_PROVISIONED_RESOURCES_SUPPORTED",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
    "MULTIPLE_PRICING_CATEGORIES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
    "PUBLIC_PRICE_LIST_SUPPORTED",
    "REGION_SUPPORTED",
    "RESOURCE_TYPE_ASSIGNMENT_SUPPORTED",
    "SUB_ACCOUNT_SUPPORTED",
    "TAGGING_SUPPORTED",
    "UNIT_PRICING_SUPPORTED",
    "USAGE_MEASUREMENT_SUPPORTED",
)


@dataclass(frozen=True)
class Allowed:
    """A rule that may fail, recognised by its name and message, with the reason why that is right."""

    rule: str
    message: str
    reason: str

    def covers(self, rule: str, message: str) -> bool:
        return bool(re.fullmatch(self.rule, rule)) and bool(re.search(self.message, message))


ALLOWED = (
    Allowed(
        r"InvoiceId-C-00[345]-C",
        "",
        "the check wants all lines of a file to have an invoice or none; FOCUS asks it line by line, and a month "
        "holds invoiced lines beside late ones",
    ),
    Allowed(
        r"EffectiveCost-C-005-C",
        "",
        "the check wants 0 for every Purchase; FOCUS only for one that covers future charges, which a support plan "
        "does not",
    ),
    Allowed(
        r"(PricingCurrency\w+-C|CostAndUsage-D)-\d+-\w",
        "PricingCurrency(ContractedUnitPrice|EffectiveCost|ListUnitPrice)",
        "these columns are for providers that have public prices AND price in another currency; the check takes "
        "either as enough",
    ),
    Allowed(
        r".*",
        "contain only ASCII characters",
        "FOCUS asks for strings exactly as the provider and the user wrote them and sets no character range",
    ),
)


@dataclass(frozen=True)
class Outcome:
    """What the official validator said of one file."""

    passed: int
    skipped: int
    failed: dict[str, str]  # rule: message

    def unexcused(self) -> dict[str, str]:
        """Failures outside the allow-list; a rule that fails only through excused parts is excused."""
        excused = {rule for rule, text in self.failed.items() if any(a.covers(rule, text) for a in ALLOWED)}
        while True:
            more = {rule for rule, text in self.failed.items() if rule not in excused and _parts(text) <= excused}
            more = {rule for rule in more if _parts(self.failed[rule])}
            if not more:
                break
            excused |= more
        return {rule: text for rule, text in self.failed.items() if rule not in excused}


def _parts(message: str) -> set[str]:
    """The rules an AND names as the ones that failed in it."""
    found = re.search(r"failed child rules: \[([^\]]*)\]", message)
    return {part.strip() for part in found[1].split(",")} if found else set()


def find_python() -> Path | None:
    """A Python >= 3.12 that really starts: names on PATH, then the usual places."""
    return next((python for python in _pythons() if _version(python) >= OLDEST), None)


def _pythons() -> Iterator[Path]:
    on_path = [Path(found) for minor in (12, 13, 14, 15) if (found := shutil.which(f"python3.{minor}"))]
    yield from on_path
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # the person's own, whatever HOME says
    shims = {found.parent.parent for found in on_path if found.parent.name == "shims"}  # pyenv's refuse to start
    places = [
        *((root / "versions", "3.*/bin/python") for root in sorted(shims | {home / ".pyenv"})),
        (home / ".local/share/uv/python", "cpython-3.*/bin/python3"),
        (Path("/usr/local/bin"), "python3.??"),
        (Path("/usr/bin"), "python3.??"),
        (Path("/opt"), "*/bin/python3*"),
        (Path("/opt/hostedtoolcache/Python"), "3.*/*/bin/python"),
    ]
    for folder, pattern in places:
        with suppress(OSError):
            yield from sorted(folder.glob(pattern))


def _version(python: Path) -> tuple[int, int]:
    try:
        run = subprocess.run([python, "--version"], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.match(r"Python (\d+)\.(\d+)", run.stdout)
    return (int(found[1]), int(found[2])) if found and run.returncode == 0 else (0, 0)


def validator_environment(python: Path, cache: Path) -> Path:
    """The validator's own virtual environment, made once even if several processes ask; `bin` lies inside."""
    folder = cache / PACKAGES[0].replace("==", "-")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists() or _version(folder / "bin" / "python") < OLDEST:
            _make_environment(python, folder)
    return folder


def _make_environment(python: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for program, *arguments in (
        (python, "-m", "venv", folder),
        (folder / "bin" / "python", "-m", "pip", "install", "--quiet", *PACKAGES),
    ):
        run = subprocess.run([str(program), *map(str, arguments)], check=False, capture_output=True, text=True)  # noqa: S603
        if run.returncode:
            raise RuntimeError(f"cannot set up focus-validator: {(run.stderr or run.stdout).strip()[-300:]}")
    (folder / "ready").touch()


def validate_1_2(environment: Path, file: Path) -> Outcome:
    """Run the official rules over one file. The program ends with 0 even if rules fail, so its output counts."""
    site_packages = next(environment.glob("lib/python3.*/site-packages"))
    command = [
        str(environment / "bin" / "focus-validator"),
        "--data-file",
        str(file.resolve()),
        "--validate-version",
        "1.2.0.1",
        "--block-download",
        "--focus-dataset",
        "CostAndUsage",
        "--applicability-criteria",
        ",".join(CRITERIA),
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=site_packages)  # noqa: S603
    return parse_outcome(run.stdout + run.stderr)


def parse_outcome(output: str) -> Outcome:
    """Read the validator's listing; a listing that does not add up is an error, never a pass."""
    total = re.search(r"Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)", output)
    if not total:
        tail = " ".join(output.strip().splitlines()[-3:])
        raise RuntimeError(f"focus-validator printed no result: {tail}")
    listed = re.findall(r"^\S+ (\S+): FAIL\s+\(violations=\d+(?:, msg=(.*?))?(?:, [\d.]+ms)?\)$", output, re.MULTILINE)
    failed = dict(listed)
    if len(failed) != int(total[3]):
        raise RuntimeError(f"focus-validator counts {total[3]} failed rules and lists {len(failed)}")
    return Outcome(int(total[2]), int(total[4]), failed)


def check_folder_1_2(folder: Path, environment: Path) -> bool:
    good = True
    for file in data_files(folder):
        outcome = validate_1_2(environment, file)
        wrong = outcome.unexcused()
        print(
            f"1.2  {file.parent.name}  {outcome.passed} rules hold, {len(outcome.failed) - len(wrong)} fail as "
            f"allowed, {len(wrong)} fail, {outcome.skipped} not checkable by the validator"
        )
        for rule, message in sorted(wrong.items()):
            print(f"     FAIL {rule}: {message}")
        good = good and not wrong
    return good


def check_folder_own(folder: Path, version: str) -> bool:
    """Our own rules; for 1.2 too, because the official check lets some plain errors pass."""
    good = True
    for file in data_files(folder):
        violations = check(read_table(file), version)
        print(f"{version}  {file.parent.name}  {len(RULES)} value rules of our own table, {len(violations)} broken")
        for violation in violations:
            print(f"     FAIL {violation.rule}: {violation.rows} rows, for example {violation.example}")
        good = good and not violations
    return good


def data_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("billing_period=*/focus.*"))


def read_table(file: Path) -> pa.Table:
    """A CSV as text, a Parquet file as typed."""
    if file.suffix == ".parquet":
        return pq.read_table(file, partitioning=None)
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    names = pa_csv.open_csv(file, parse_options=parse).schema.names
    convert = pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
    return pa_csv.read_csv(file, parse_options=parse, convert_options=convert)


def version_of(folder: Path) -> str:
    path = folder / "focus_metadata.json"
    if not path.is_file():
        sys.exit(f"{folder}: holds no focus_metadata.json; name a folder written by `finops export focus`")
    return str(loads(path.read_text(encoding="utf-8"))["Schema"][0]["FocusVersion"])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="an export, 1.2 or 1.4")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "scaleway-finops")
    options = parser.parse_args(arguments)
    good, skipped = True, False
    for folder in options.folders:
        version = version_of(folder)
        good = check_folder_own(folder, version) and good
        if version == "1.4":
            continue
        python = find_python()
        if python is None:
            print(f"{version}  skipped: no Python >= 3.12 that starts was found, and focus-validator needs one")
            skipped = True
            continue
        good = check_folder_1_2(folder, validator_environment(python, options.cache)) and good
    if good:
        print("allowed to fail: " + "; ".join(f"{item.rule}: {item.reason}" for item in ALLOWED))
    return FAILED if not good else PARTIAL if skipped else 0


if __name__ == "__main__":
    sys.exit(main())
