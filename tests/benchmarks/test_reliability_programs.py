"""Small slices of the programs that try to break the lake; `make bench-reliability` runs them at length."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import flipped_bits, storage_faults, writers
from benchmarks.kill_moments import Course, Moment, a_moment
from benchmarks.reliability_page import Section, with_section
from benchmarks.storage_proxy import READING, WRITING, Fault, kinds_of
from benchmarks.storage_tables import begun
from pipelines.lake import repairing
from pipelines.lake.address import parse_address

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("largest", [0, 1500])
def test_damages_are_found_and_repaired_or_said_to_be_lost(tmp_path, monkeypatch, largest):
    monkeypatch.setattr(repairing, "LARGEST_TRIED", largest)
    cases = flipped_bits.damage_and_check(tmp_path, 8, seed=3)
    assert [case for case in cases if not case.is_good] == []
    assert len({case.kind for case in cases}) >= 4


def test_a_program_that_finds_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(flipped_bits, "check_table", lambda *_: None)
    assert not any(case.is_good for case in flipped_bits.damage_and_check(tmp_path, 2, seed=3))


def test_what_is_written_to_a_folder_that_fails_is_whole_or_not_there():
    """A process of its own, since each case forks before any thread is there."""
    command = [sys.executable, "-m", "benchmarks.storage_faults", "--cases", "5", "--places", "folder"]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    if "no namespace" in ran.stdout:
        pytest.skip("no disk of one's own is allowed here")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 of 5 writes left nothing wrong" in ran.stdout
    assert "run again`" in ran.stdout


def test_words_that_an_error_lacks_are_counted():
    assert storage_faults.words_missing("7 silver.things: disk full; free space there, then run again") == []
    told = storage_faults.words_missing("? OSError: no")
    assert [each.partition(":")[0] for each in told] == [
        "ended with ?", "names no table", "says not what to do, or in several lines"
    ]  # fmt: skip


def test_a_write_that_was_lost_or_doubled_is_found(tmp_path):
    table = begun(parse_address(str(tmp_path / "lake")))
    assert table.judged("append", "")[1] == ["told as done, and holds {'old': 45}"]
    assert table.judged("append", "")[1] == []
    assert table.judged("replace", "7 …")[1] != []


def test_a_fault_spoils_one_request_or_those_of_its_kind_from_then_on():
    assert kinds_of("PUT") == WRITING
    assert kinds_of("GET") == READING
    once, stays = Fault(2, "503"), Fault(2, "answer lost after success", stays=True)
    assert [once.is_of(number, "GET") for number in (1, 2, 3)] == [False, True, False]
    assert [stays.is_of(number, "PUT") for number in (1, 2, 3)] == [False, True, True]
    assert not stays.is_of(3, "GET")


def test_writers_lose_and_double_no_row(tmp_path):
    address = parse_address(str(tmp_path / "lake"))
    attempts = [writers.write_some(address, writer, 3) for writer in range(2)]
    assert attempts == [(3, 1), (3, 1)]
    good = writers.Outcome("folder", 2, 3, 6, 6, 6, 6, 1, 0.1, 0.1)
    assert good.is_good
    assert not replace(good, distinct=5).is_good
    assert "| folder | 2 | 3 | 6 | 6 | 6 | 6 | 6 | 1 | 0 s | 0 s | yes |" in list(writers.page([good]))


def test_moments_are_of_every_kind_a_run_has_and_the_same_for_a_seed():
    course = Course(commits=3, files=2, seconds=1.5)
    chosen = [a_moment(random.Random(seed), course) for seed in range(60)]
    assert {each.kind for each in chosen} == {"before", "after", "in file", "time"}
    assert all(0 < each.number <= (2 if each.kind == "in file" else 3) for each in chosen if each.kind != "time")
    assert all(0 <= each.seconds < course.seconds for each in chosen)
    assert a_moment(random.Random(5), course) == a_moment(random.Random(5), course)
    assert {a_moment(random.Random(seed), Course(0, 0, 1.0)).kind for seed in range(9)} == {"time"}
    assert [str(Moment("before", 3)), str(Moment("in file", 2))] == ["before commit 3", "in file 2"]


def test_a_section_takes_its_place_on_the_page_and_leaves_the_others():
    page = with_section("", Section("Several writers at once", "python -m benchmarks.writers", ["a"]))
    page = with_section(page, Section("Killed runs", "python -m benchmarks.kill_runs", ["b"]))
    again = with_section(page, Section("Several writers at once", "python -m benchmarks.writers", ["c"]))
    assert [line for line in again.splitlines() if line.startswith("## ")] == [
        "## Killed runs", "## Several writers at once"
    ]  # fmt: skip
    assert "\nb\n" in again
    assert "\na\n" not in again
    assert with_section(again, Section("Several writers at once", "python -m benchmarks.writers", ["a"])) == page
