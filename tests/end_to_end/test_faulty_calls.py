"""A third of all calls goes wrong, and then every one of them; the long run of it is `make bench-faults`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_with_thirty_percent_of_calls_failing_the_tables_are_equal_and_with_all_of_them_nothing_is_committed():
    command = [sys.executable, "-m", "benchmarks.fault_runs", "--runs", "2", "--seed", "10", "--share", "0.3"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for kind in ("429 with Retry-After", "reset", "timeout", "truncated JSON", "duplicate page", "token loop"):
        assert f"  {kind} " in ran.stdout
    [share] = re.findall(r"2 of 2 runs left the same tables; ([\d.]+)% of", ran.stdout)
    assert 25 < float(share) < 35
    assert ", 0 commits, " in ran.stdout
    assert "after 12 attempts; check https://status.scaleway.com or try later" in ran.stdout
