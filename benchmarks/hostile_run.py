"""Runs hostile cases in a process of their own, so that one that hangs or eats memory costs that process alone."""

import io
import multiprocessing
import resource
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType

from benchmarks.hostile_case import ACCEPTED, FAILED, REFUSED, Outcome, Reader, random_of
from pipelines.errors import FinopsError

SECONDS = 30.0
"""A case that takes longer hangs."""
MEBIBYTES = 1024
"""A case may take so much more memory than its process has without it."""
_ADDRESS_SPACE = 12 << 30
_MEMORY = "/dev/shm"  # noqa: S108 (a gigabyte is written there in no time; the folder is ours alone)
_LONGEST_LINE = 2_000


def outcomes(
    readers: Callable[[], Mapping[str, Reader]], cases: Sequence[tuple[str, int]], seed: int
) -> Iterator[Outcome]:
    """What came of each case, (reader, number), in order."""
    context = multiprocessing.get_context("fork")
    todo = list(cases)
    with tempfile.TemporaryDirectory(prefix="hostile-", dir=_MEMORY if Path(_MEMORY).is_dir() else None) as folder:
        while todo:
            ours, theirs = context.Pipe()
            worker = context.Process(target=_work, args=(theirs, readers, todo, seed, Path(folder)), daemon=True)
            worker.start()
            theirs.close()
            done = 0
            for outcome in _received(ours, todo):
                yield outcome
                done += 1
            worker.kill()
            worker.join()
            todo = todo[done:]


def _received(ours: Connection, todo: Sequence[tuple[str, int]]) -> Iterator[Outcome]:
    """Outcomes until one is missing, which is told as a failure."""
    for name, case in todo:
        try:
            if not ours.poll(SECONDS):
                yield Outcome(name, case, FAILED, f"hangs for more than {SECONDS:.0f} s", seconds=SECONDS)
                return
            yield ours.recv()
        except EOFError:
            yield Outcome(name, case, FAILED, "its process died")
            return


def _work(
    theirs: Connection,
    readers: Callable[[], Mapping[str, Reader]],
    todo: Sequence[tuple[str, int]],
    seed: int,
    folder: Path,
) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    known = readers()
    for name, case in todo:
        theirs.send(judged(known[name], case, seed, folder))


def judged(reader: Reader, case: int, seed: int, folder: Path) -> Outcome:
    """One case, in this process."""
    before = _reset_peak()
    started = time.perf_counter()
    outcome = Outcome(reader.name, case, ACCEPTED)
    spoken = io.StringIO()
    with _Judged(outcome), redirect_stdout(spoken), redirect_stderr(spoken):
        outcome.counts = reader.read(random_of(seed, reader.name, case), folder)
        if not outcome.counts.add_up:
            outcome.kind, outcome.told = FAILED, f"records are lost or doubled: {outcome.counts}"
    outcome.seconds = time.perf_counter() - started
    outcome.mebibytes = max(0, _peak() - before)
    if outcome.kind != FAILED and outcome.mebibytes > MEBIBYTES:
        outcome.kind, outcome.told = FAILED, f"took {outcome.mebibytes} MiB"
    return outcome


@dataclass(frozen=True)
class _Judged:
    """Makes of whatever a reader raises the outcome of its case; a panic of a library in Rust is no Exception."""

    outcome: Outcome

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> bool:
        if error is None or isinstance(error, KeyboardInterrupt):
            return False
        self.outcome.kind, self.outcome.told = FAILED, _where(error)
        if isinstance(error, FinopsError):
            self.outcome.kind, self.outcome.told = REFUSED, str(error)
            if len(str(error).splitlines()) != 1 or len(str(error)) > _LONGEST_LINE:
                self.outcome.kind = FAILED
                self.outcome.told = f"not one line of bearable length: {str(error)[:300]!r}"
        return True


def _where(error: BaseException) -> str:
    """The error and the last lines of ours that it passed."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-3:]))
    return f"{type(error).__name__}: {str(error)[:200]!r} at {places}"


def _reset_peak() -> int:
    """MiB in use now; the peak counts from here."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _told("VmRSS")


def _peak() -> int:
    return _told("VmHWM")


def _told(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name):
            return int(line.split()[1]) >> 10
    raise RuntimeError(f"/proc/self/status tells no {name}")
