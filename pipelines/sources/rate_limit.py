"""Keeps calls to one product apart, whichever thread makes them."""

import time
from collections.abc import Callable
from threading import Lock


class RateLimit:
    """Lets one call through every `1 / per_second` seconds; 0 lets all through. A pause holds everybody back."""

    def __init__(self, per_second: float, sleep: Callable[[float], object] = time.sleep) -> None:
        self._interval = 1 / per_second if per_second > 0 else 0.0
        self._sleep = sleep
        self._lock = Lock()
        self._free_at = 0.0

    def wait(self) -> None:
        """Return when the next call may start."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._free_at)
            self._free_at = start + self._interval
        if start > now:
            self._sleep(start - now)

    def pause(self, seconds: float) -> None:
        """Let no call start for this long."""
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic() + seconds)
