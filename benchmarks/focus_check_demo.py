"""`make focus-check`: export a simulated organisation as FOCUS 1.2 and 1.4, and check both.

The organisation is the small scenario, which has one of each peculiarity of a Scaleway bill.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import focus_check

VERSIONS = ("1.2", "1.4")


def main() -> int:
    """0 when both exports hold, 1 when one does not, 6 when the official validator could not be run."""
    with tempfile.TemporaryDirectory(prefix="focus-check-") as folder:
        exports = export_small(Path(folder))
        return focus_check.main([str(export) for export in exports])


def export_small(folder: Path) -> list[Path]:
    """Run the small scenario through the product, and export it in each version."""
    lake = str(folder / "lake")
    _finops("demo", "--scenario", "small", "--lake", lake, "--out", str(folder / "reports"), state=folder / "state")
    exports = [folder / f"focus-{version}" for version in VERSIONS]
    for version, out in zip(VERSIONS, exports, strict=True):
        words = ["export", "focus", "--focus-version", version, "--format", "csv", "--out", str(out), "--lake", lake]
        _finops(*words, state=folder / "state")
    return exports


def _finops(*words: str, state: Path) -> None:
    import os

    environment = {**os.environ, "FINOPS_STATE": str(state)}
    subprocess.run([sys.executable, "-m", "finops.cli", *words], env=environment, check=True)  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
