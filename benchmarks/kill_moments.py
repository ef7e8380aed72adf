"""When a process dies, by SIGKILL, and how it does: at a commit, at a file that is being written, or at a time."""

from __future__ import annotations

import os
import random
import signal
import threading
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moment:
    """At the n-th commit (`before` it is made, or `after`, when nothing has been told of it yet), while the n-th data
    file is being written (`in file`), or after some seconds (`time`)."""

    kind: str
    number: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        if self.kind == "time":
            return f"at {self.seconds:.2f} s"
        return f"{self.kind} {self.number}" if self.kind == "in file" else f"{self.kind} commit {self.number}"


@dataclass(frozen=True)
class Course:
    """What an undisturbed run did, so that moments can be chosen in it."""

    commits: int
    files: int
    seconds: float


def a_moment(chance: random.Random, course: Course) -> Moment:
    """Any of the four kinds that the run has, and any place in it."""
    kinds = ["time", *["before", "after"] * bool(course.commits), *["in file"] * bool(course.files)]
    kind = chance.choice(kinds)
    if kind == "time":
        return Moment(kind, seconds=course.seconds * chance.random())
    return Moment(kind, chance.randint(1, course.files if kind == "in file" else course.commits))


class Counted:
    """Counts the commits and files of this process from now on, and ends it at a moment."""

    def __init__(self, moment: Moment | None) -> None:
        self.commits = 0
        self.files = 0
        self._moment = moment or Moment("never")
        self._count_commits()
        self._count_files()
        if self._moment.kind == "time":
            timer = threading.Timer(self._moment.seconds, _die)
            timer.daemon = True
            timer.start()

    def _count_commits(self) -> None:
        from pipelines.lake.store import Lake

        lake: Any = Lake
        write = lake._write

        def counting(*arguments: Any, **options: Any) -> None:
            self.commits += 1
            self._die_at("before", self.commits)
            write(*arguments, **options)
            self._die_at("after", self.commits)

        lake._write = counting

    def _count_files(self) -> None:
        from pipelines.lake.files import NewFiles

        files: Any = NewFiles
        opened = files._opened

        def counting(*arguments: Any) -> Any:
            sink = opened(*arguments)
            self.files += 1
            self._die_at("in file", self.files)
            return sink

        files._opened = counting

    def _die_at(self, kind: str, number: int) -> None:
        if (self._moment.kind, self._moment.number) == (kind, number):
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
