"""Long work: told how far it is, and asked whether to go on."""

import time
from collections.abc import Callable
from typing import Final

Progress = Callable[[float], bool]
"""Told the fraction done, up to twenty times a second; its answer False cancels."""

REPORT_SECONDS: Final = 0.05


class Cancelled(Exception):
    """The caller's `progress` answered False; nothing was made."""


class Report:
    """Passes on the progress of a part of the work, not too often, and raises `Cancelled` where the answer is False."""

    def __init__(self, progress: Progress | None, first: float = 0.0, last: float = 1.0) -> None:
        self._progress = progress
        self._first, self._last = first, last
        self._due = 0.0

    def __call__(self, fraction: float) -> None:
        if self._progress is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + REPORT_SECONDS
            if not self._progress(self._first + (self._last - self._first) * min(fraction, 1.0)):
                raise Cancelled
