"""Long work: told how far it is, and asked whether to go on."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

from langrl_gui.core.errors import TableError
from langrl_gui.core.i18n import tr

Progress = Callable[[float], bool]
"""Told the fraction done, up to twenty times a second; its answer False cancels."""

Listener = Callable[[str, float], bool]
"""Told what is being done, and the fraction of it that is; its answer False cancels."""

_One = TypeVar("_One")

REPORT_SECONDS: Final = 0.05


_make_way: ContextVar[Callable[[], None]] = ContextVar("_make_way", default=lambda: None)


@contextmanager
def making_way(wait: Callable[[], None]) -> Iterator[None]:
    """Within it, work on this thread that reports how far it is calls `wait` first: only one thread runs Python at a
    time, and what a person looks at goes before."""
    token = _make_way.set(wait)
    try:
        yield
    finally:
        _make_way.reset(token)


class Cancelled(Exception):
    """The caller's `progress` answered False; nothing was made."""


def within(seconds: float, progress: Progress | None = None) -> Progress:
    """Told what `progress` is told, but for so many seconds at most: then it raises a `TableError` that says so."""
    until = time.monotonic() + seconds

    def go_on(fraction: float) -> bool:
        if time.monotonic() > until:
            hint = tr("not found within {seconds:g} s; langrl solve looks for as long as it takes", seconds=seconds)
            raise TableError(hint)
        return progress is None or progress(fraction)

    return go_on


class Report:
    """Passes on the progress of a part of the work, not too often, and raises `Cancelled` where the answer is False."""

    def __init__(self, progress: Progress | None, first: float = 0.0, last: float = 1.0) -> None:
        self._progress = progress
        self._first, self._last = first, last
        self._due = 0.0

    def __call__(self, fraction: float) -> None:
        _make_way.get()()
        if self._progress is not None and time.monotonic() >= self._due:
            self._due = time.monotonic() + REPORT_SECONDS
            if not self._progress(self._first + (self._last - self._first) * min(fraction, 1.0)):
                raise Cancelled


_listener: ContextVar[Listener | None] = ContextVar("_listener", default=None)


@contextmanager
def told_to(listener: Listener) -> Iterator[None]:
    """Within it, whatever goes `along` something on this thread tells `listener`: a corpus is read and counted deep
    within what needs it, and remembered there, where nobody could hand a `Progress` on."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def along(items: Iterable[_One], what: str, whole: int, size: Callable[[_One], int]) -> Iterator[_One]:
    """Each of the items in turn, which is work called `what`, as far done as their sizes are of the `whole`; raises
    `Cancelled` where whoever listens says so."""
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    report, done = Report(lambda fraction: listener(what, fraction)), 0
    for item in items:
        report(done / whole)
        yield item
        done += size(item)
