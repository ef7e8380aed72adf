"""A third of all calls goes wrong, and then every one of them; the long run of it is `make bench-faults`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ANYWHERE = ("429 with Retry-After", "500", "reset", "timeout")
KINDS = {
    "Scaleway's API": (*ANYWHERE, "truncated JSON", "duplicate page", "token loop"),
    "Cockpit": (*ANYWHERE, "truncated JSON", "invalid JSON", "503 with a reason"),
    "Object Storage": (*ANYWHERE, "truncated XML", "503 SlowDown", "duplicate page", "shifted page"),
}


def test_with_thirty_percent_of_calls_failing_the_tables_are_equal_and_with_all_of_them_nothing_is_committed():
    command = [sys.executable, "-m", "benchmarks.fault_runs", "--runs", "2", "--seed", "10", "--share", "0.3"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = dict(re.findall(r"^([\w' ]+):\n((?:  .*\n)+)", ran.stdout, re.MULTILINE))
    assert list(told) == list(KINDS)
    for reader, kinds in KINDS.items():
        for kind in kinds:
            assert f"  {kind} " in told[reader]
        [share] = re.findall(r"2 of 2 runs left the same tables; ([\d.]+)% of", told[reader])
        assert 25 < float(share) < 35
        [line] = re.findall(f"^all calls of {reader} failing: .*", ran.stdout, re.MULTILINE)
        assert ", 0 commits, " in line
        assert "after 12 attempts; " in line
    assert "silver and gold: 1 of 1 runs built the same tables" in ran.stdout
    [(gaps, readings)] = re.findall(r"all servers of Cockpit failing .*?(\d+) gaps, (\d+) readings", ran.stdout)
    assert int(gaps) > 0
    assert int(readings) == 0
