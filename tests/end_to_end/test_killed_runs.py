"""A run that is killed loses nothing and doubles nothing: the next one leaves what an undisturbed run would have."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMITS = ("5", "10", "20")
"""The first dies while prices and inventory are kept, the second while the bill is, the third among the tables."""


def test_after_three_killed_runs_the_next_leaves_the_lake_of_an_undisturbed_one():
    """`make bench-kill` kills the making of every asset, at commits, in files and at any time."""
    command = [sys.executable, "-m", "benchmarks.kill_runs", "--in-a-row", *COMMITS]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "(over)" not in ran.stdout
    [(killed, left)] = re.findall(r"^(after commit .*\d) +(\d+)  exit 0 +equal$", ran.stdout, re.MULTILINE)
    assert killed == ", ".join(f"after commit {commit}" for commit in COMMITS)
    assert int(left) >= sum(map(int, COMMITS))  # merging small files is a commit too, and nobody dies of it
