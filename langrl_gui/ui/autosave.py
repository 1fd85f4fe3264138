"""A copy of the run and of the edits, kept while there is something to lose, and offered after an end without farewell.

Each process keeps files of its own, under a lock that ends with it; so what has no owner was left behind.
"""

import faulthandler
import secrets
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import platformdirs
from PySide6.QtCore import QDateTime, QLocale, QLockFile, QObject, QTimer, Signal, Slot

from langrl_gui.core import runfile, toml
from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.runfile import Run
from langrl_gui.ui.draft import Draft
from langrl_gui.ui.session import Session

INTERVAL: Final = 30.0
"""Seconds between two copies: what a person can bear to lose."""
LONGEST_REPORT: Final = 1_000_000
"""Characters of a crash report that are shown."""
KEEP: Final = N_("Keeping a copy")

_ENDS = _RUN, _EDITS, _CRASH, _LOCK = ".langrl", ".toml", ".crash", ".lock"


@dataclass(frozen=True)
class Left:
    """What a process left behind that ended without farewell."""

    path: Path
    """Of all its files, but for their endings."""
    has_run: bool
    crash: str
    """What the system said of a crash; "" if nothing."""

    @property
    def when(self) -> str:
        """When the copy was kept, for people."""
        run = self.path.with_suffix(_RUN)
        moment = QDateTime.fromSecsSinceEpoch(round(run.stat().st_mtime) if run.exists() else 0)
        return QLocale().toString(moment, QLocale.FormatType.ShortFormat)


class Autosave(QObject):
    """Keeps the copies of one process.

    Parameters
    ----------
    folder : where; the platform's own place for a program's state by default.
    """

    kept = Signal(int)
    """The copy is whole, of the run at this step."""

    def __init__(self, session: Session, draft: Draft, folder: Path | None = None) -> None:
        super().__init__(session)
        self._session, self._draft = session, draft
        self.folder = folder or platformdirs.user_state_path("langrl", appauthor=False) / "recovery"
        self._path: Path | None = None
        self._lock: QLockFile | None = None
        self._crash: IO[str] | None = None
        self._last: tuple[object, ...] = ()
        self._is_busy = self._is_recovering = False
        session.opened.connect(self._on_opened)
        session.failed.connect(self._on_failed)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.keep)

    def start(self) -> None:
        """Begin to keep copies."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return  # a disk without room or rights: nothing can be kept, and nothing else is in danger
        if self._take(self.folder / secrets.token_hex(8)):
            self._timer.start(round(1000 * INTERVAL))

    def watch(self) -> None:
        """Have a crash of the interpreter itself written down, too."""
        if self._path is not None and not faulthandler.is_enabled():
            with suppress(OSError):
                self._crash = self._path.with_suffix(_CRASH).open("w", encoding="utf-8")
                faulthandler.enable(self._crash)

    def close(self, leave: bool) -> None:
        """End; `leave` the copy for the next start, or take it away with everything else."""
        self._timer.stop()
        if self._crash is not None:
            faulthandler.disable()
            self._crash.close()
            self._crash = None
        if self._path is not None and self._lock is not None:
            if not leave and not self._is_recovering:  # what could not be opened is not thrown away
                _remove(self._path)
            self._lock.unlock()
        self._path = self._lock = None

    # -- keeping ------------------------------------------------------------------------------------------------------

    @Slot()
    def keep(self) -> bool:
        """Keep a copy of how things stand; answers False where that is kept already, or cannot be."""
        session, draft = self._session, self._draft
        now = (session.scenario, session.address, draft.data, session.saved_at, draft.is_unsaved)
        if self._path is None or self._is_busy or self._is_recovering or session.scenario is None or now == self._last:
            return False
        self._last = now
        self._is_busy = True
        session.copy(self._write)
        return True

    def _write(self, run: Run) -> None:
        draft, path = self._draft, self._path
        if path is None:
            return
        edits = toml.dumps(draft.data) if draft.is_pending else ""
        matters = draft.is_unsaved or run.moment.timeline.pointer != self._session.saved_at
        task = self._session.side.new("keep", tr(KEEP), lambda _: _write(path, run if matters else None, edits))
        task.must_end = True
        task.done.connect(self._on_kept)
        task.failed.connect(self._on_failed)
        self._session.side.start(task)

    @Slot(object)
    def _on_kept(self, step: int) -> None:
        self._is_busy = False
        self.kept.emit(step)

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        self._is_busy = False
        self._last = ()  # another attempt next time; to interrupt for it each time would help nobody

    @Slot(object)
    def _on_opened(self, _: object) -> None:
        self._is_recovering = False

    def _take(self, path: Path) -> bool:
        """Make the files at `path` those of this process, unless another has them."""
        lock = _lock(path)
        if not lock.tryLock(0):
            return False
        if self._lock is not None:
            self._lock.unlock()
        self._path, self._lock = path, lock
        return True

    # -- recovering ---------------------------------------------------------------------------------------------------

    def left(self) -> list[Left]:
        """What others left behind, the latest first. What they left nothing in is taken away."""
        found = []
        for path in {one.with_suffix("") for end in _ENDS for one in self.folder.glob(f"*{end}")}:
            lock = _lock(path)
            if path == self._path or not lock.tryLock(0):
                continue
            crash = ""
            with suppress(OSError):
                crash = path.with_suffix(_CRASH).read_text("utf-8", "replace")[:LONGEST_REPORT]
            left = Left(path, _exists(path, _RUN), crash)
            if left.has_run or crash:
                found.append(left)
            else:
                _remove(path)
            lock.unlock()
        return sorted(found, key=lambda one: (one.has_run, one.when), reverse=True)

    def recover(self, left: Left) -> None:
        """Open what was left; it stays where it is, and this process goes on keeping it there."""
        before = self._path
        if not left.has_run or not self._take(left.path):
            return
        if before is not None:
            _remove(before)
        with suppress(OSError):
            left.path.with_suffix(_CRASH).unlink()
        self._draft.edits_to_come = None
        with suppress(OSError, ValueError):
            self._draft.edits_to_come = tomllib.loads(left.path.with_suffix(_EDITS).read_text("utf-8"))
        self._is_recovering = True
        self._session.open(left.path.with_suffix(_RUN), recovered=True)

    def discard(self, left: Left) -> None:
        """Throw it away, for good."""
        _remove(left.path)


def _write(path: Path, run: Run | None, edits: str) -> int:
    """Keep these, and nothing that was kept before. The run goes first: without it, edits are of no use."""
    if run is None:
        _unlink(path, _RUN)
    else:
        runfile.write(path.with_suffix(_RUN), run)
    if run is None or not edits:
        _unlink(path, _EDITS)
    else:
        runfile.write_bytes_safely(path.with_suffix(_EDITS), edits.encode())
    return run.moment.step if run is not None else 0


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(_LOCK)))
    lock.setStaleLockTime(0)  # it is stale when its process is gone, however long that runs
    return lock


def _exists(path: Path, end: str) -> bool:
    return path.with_suffix(end).exists()


def _unlink(path: Path, end: str) -> None:
    for name in (path.with_suffix(end), path.with_suffix(end + "~")):
        with suppress(OSError):
            name.unlink()


def _remove(path: Path) -> None:
    for end in _ENDS:
        _unlink(path, end)
