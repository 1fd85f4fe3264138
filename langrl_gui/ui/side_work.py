"""Work beside the run: what takes longer than a frame and is not learning, such as the optimum, a save or an export.

Each task has a thread of its own, says how far it is, and can be cancelled; one of a kind at a time. Knows nothing of
runs: `session` says what is to be done.
"""

import threading
import traceback
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, QThread, Signal, Slot

from langrl_gui.core.errors import LangrlError
from langrl_gui.core.i18n import tr
from langrl_gui.core.work import making_way, told_to

Progress = Callable[[float], bool]
"""Called by the work with the share of it that is done, from 0 to 1; answers False when the work shall end."""

_NOTHING_SAID: Final = -1.0


class Work(Protocol):
    """What goes on, for people."""

    title: str
    fraction: float
    """The share that is done; below 0 where the work says nothing of it."""
    must_end: bool
    """Whether it cannot be cancelled."""

    def cancel(self) -> None:
        """Have it end soon; nothing comes of it any more."""


class Task(QThread):
    """One piece of work. Its signals arrive on the window's thread.

    Signals
    -------
    done(object) : the result. Never comes after `cancel`.
    failed(str, str) : a sentence for the user, and details to copy. Never comes after `cancel`.
    """

    done = Signal(object)
    failed = Signal(str, str)

    def __init__(
        self, kind: str, title: str, work: Callable[[Progress], object], make_way: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._make_way = make_way
        self.kind = kind
        self.title = self._what = title
        """What it does, for people, and in what part of it it is."""
        self.must_end = False
        """Whether closing waits for its turn and its end: what is being saved is saved."""
        self.fraction = _NOTHING_SAID
        """The share that is done; below 0 where the work says nothing of it."""
        self._work = work
        self._cancelled = threading.Event()
        self._outcome: tuple[object] | tuple[str, str] | None = None

    def run(self) -> None:
        try:
            with making_way(self._make_way), told_to(self._progress_of_part):
                self._outcome = (self._work(self._progress),)
        except LangrlError as error:
            self._outcome = str(error), ""
        except Exception as error:  # whatever happens in here becomes one event; the window goes on
            self._outcome = report(error)

    def _progress(self, fraction: float) -> bool:
        self.title, self.fraction = self._what, fraction
        return not self._cancelled.is_set()

    def _progress_of_part(self, part: str, fraction: float) -> bool:
        self.title, self.fraction = tr("{what}: {part}", what=self._what, part=part), fraction
        return not self._cancelled.is_set()

    @property
    def has_begun(self) -> bool:
        return self.isRunning() or self.isFinished()

    def cancel(self) -> None:
        """Have it end soon; nothing comes of it any more."""
        self._cancelled.set()

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def tell(self) -> None:
        """Say what came of it, on the thread that asks."""
        if self._outcome is None or self._cancelled.is_set():
            return
        if len(self._outcome) == 1:
            self.done.emit(self._outcome[0])
        else:
            self.failed.emit(*self._outcome)


class SideWork(QObject):
    """All tasks that are going on or wait for their turn."""

    changed = Signal()
    """Something has begun or ended."""

    def __init__(self, parent: QObject, make_way: Callable[[], None] = lambda: None) -> None:
        """`make_way` waits, on the thread that calls it, while something more urgent goes on."""
        super().__init__(parent)
        self._make_way = make_way
        self._tasks: list[Task] = []

    @property
    def running(self) -> list[Task]:
        """What is being worked on, the oldest first."""
        return [task for task in self._tasks if task.has_begun and not task.is_cancelled()]

    def new(self, kind: str, title: str, work: Callable[[Progress], object]) -> Task:
        """A task to connect to, and then to `start`."""
        return Task(kind, title, work, self._make_way, self)

    def start(self, task: Task, *, instead: bool = False) -> None:
        """Have it done after those of its kind, or `instead` of them: then they are cancelled."""
        if instead:
            self.cancel(task.kind)
        task.finished.connect(self._on_finished)
        self._tasks.append(task)
        self._go_on()

    def cancel(self, kind: str) -> None:
        """Cancel all tasks of this kind, but for those that have begun and have to be finished."""
        for task in self._tasks:
            if task.kind == kind and not (task.must_end and task.has_begun):
                task.cancel()

    def close(self) -> None:
        """End everything and wait for it: what has to be finished is finished, all else is cancelled."""
        for task in self._tasks:
            if not task.must_end:
                task.cancel()
        for task in self._tasks:  # in their order, so that the last of several saves is what is in the file
            if task.must_end and not task.has_begun:
                task.run()
            task.wait()
            task.setParent(None)
        self._tasks.clear()

    @Slot()
    def _on_finished(self) -> None:
        ended = [task for task in self._tasks if task.isFinished()]
        for task in ended:
            self._tasks.remove(task)
            task.wait()  # it has said that it is finished, a moment before it is
        self._go_on()
        for task in ended:
            task.tell()
            task.setParent(None)

    def _go_on(self) -> None:
        """Start the first of each kind; what was cancelled before its turn never begins."""
        for task in [task for task in self._tasks if task.is_cancelled() and not task.has_begun]:
            self._tasks.remove(task)
            task.setParent(None)
        busy: set[str] = set()
        for task in self._tasks:
            if task.kind not in busy and not task.has_begun:
                task.start(QThread.Priority.LowPriority)
            busy.add(task.kind)
        self.changed.emit()


def report(error: Exception) -> tuple[str, str]:
    """A sentence for an error that nobody expected, and the details to copy."""
    return tr("An unexpected error: {error}", error=error), "".join(traceback.format_exception(error))
