"""Where a listing writes down how far it is, so that a killed one goes on instead of starting again."""

import hashlib
from pathlib import Path
from typing import Protocol


class Checkpoints(Protocol):
    """Keeps the last state of each listing under its name. `save` must replace the old state at once or not at all."""

    def load(self, name: str) -> str | None:
        """The state saved last, None when there is none."""
        ...

    def save(self, name: str, state: str) -> None:
        """Keep this state instead of the last one."""
        ...

    def discard(self, name: str) -> None:
        """Forget the state; it may be gone already."""
        ...


class NoCheckpoints:
    """Keeps nothing: a killed listing starts again."""

    def load(self, name: str) -> str | None:
        """Nothing."""
        return None

    def save(self, name: str, state: str) -> None:
        """Nothing is kept."""

    def discard(self, name: str) -> None:
        """Nothing is there."""


class Unstored:
    """Other checkpoints, where what is discarded stays until `stored` is called: so long as a finished listing is in
    memory only, a killed process finds its last state again."""

    def __init__(self, kept: Checkpoints) -> None:
        self._kept = kept
        self._finished: list[str] = []

    def load(self, name: str) -> str | None:
        """The state saved last, None when there is none."""
        return self._kept.load(name)

    def save(self, name: str, state: str) -> None:
        """Keep this state instead of the last one."""
        self._kept.save(name, state)

    def discard(self, name: str) -> None:
        """Forget the state once what was listed is stored."""
        self._finished.append(name)

    def stored(self) -> None:
        """All that was finished so far is safe elsewhere."""
        while self._finished:
            self._kept.discard(self._finished.pop())


class FolderCheckpoints:
    """One file per listing in a folder, replaced by renaming."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, name: str) -> str | None:
        """The state saved last, None when there is none."""
        try:
            return self._file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def save(self, name: str, state: str) -> None:
        """Keep this state instead of the last one."""
        self._folder.mkdir(parents=True, exist_ok=True)
        written = self._file(name).with_suffix(".new")
        written.write_text(state, encoding="utf-8")
        written.replace(self._file(name))

    def discard(self, name: str) -> None:
        """Forget the state."""
        self._file(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"
