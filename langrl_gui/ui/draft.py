"""The scenario as a person is editing it: what differs from that of the run, what is wrong with it, undo and redo.

What can change while a run goes on changes at once; all else waits until somebody begins anew. A corpus that an edit
asks for is read beside the run, and only then is it known what is wrong. Knows the session.
"""

import re
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from langrl_gui.core import scenario as scenarios
from langrl_gui.core.errors import ScenarioError, TextError
from langrl_gui.core.i18n import tr
from langrl_gui.core.language import Reading
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.text import Corpus
from langrl_gui.core.trainer import LIVE
from langrl_gui.ui.session import CORPUS, Session
from langrl_gui.ui.side_work import Task

Path_ = tuple[str | int, ...]
"""The keys that lead to a value: ("prompts", 0, "text")."""

ABSENT: Final = None
"""In place of a value that is not there: TOML has nothing that looks like it."""

_TAGS: Final = ("kind", "method")
"""Keys that say which of several tables one is."""

NOTICED: Final = 0.5
"""Seconds after which it is said that a corpus is being read: what is done sooner would only flicker."""


class Draft(QObject):
    """Plain data, as TOML gives it, of a scenario that may be wrong; `scenario` is what it describes where it is right.

    `data` is never changed in place.
    """

    changed = Signal()
    """The data, or what there is to say of it."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.stack = QUndoStack(self)
        self.running: Scenario | None = None
        """That of the run."""
        self.saved: Scenario | None = None
        """As last opened or saved."""
        self.scenario: Scenario | None = None
        self.data: Any = {}
        self.faults: dict[str, str] = {}
        """Path, as in `path_of`, -> what is wrong there, in a sentence."""
        self.edits_to_come: Any = None
        """Data that was kept of the edits to the scenario that is being opened."""
        self._applied: Scenario | None = None
        self._reader: Task | None = None
        self._reads: Reading | None = None
        self._reads_since = 0.0
        self._has_read: tuple[Reading, Corpus | str] | None = None
        self.applies_when_read = False
        """Whether somebody has asked to begin anew with what has been edited, and that waits for its corpus."""
        self._under_way = 0
        self._sent: dict[Path_, float] = {}
        self._is_typing = False
        self._running_data: Any = {}
        session.opened.connect(self._on_opened)
        session.changed.connect(self._on_changed)
        session.saved.connect(self._on_saved)
        session.scenario_saved.connect(self._on_saved)

    # -- what a person does -------------------------------------------------------------------------------------------

    def edit(self, path: Path_, value: object, title: str) -> None:
        """Put `value` (ABSENT: nothing) at `path`; what is typed in one go is undone in one go."""
        if value_at(self.data, path) != value or type(value_at(self.data, path)) is not type(value):
            joins, self._is_typing = self._is_typing, True
            self.stack.push(_Edit(self, path, value, title, joins))

    def settle(self) -> None:
        """The edit is complete: what can change while the run goes on does so now."""
        self._is_typing = False
        running = self.running
        if running is None:
            return
        for path in self._live():
            value, now = value_at(self.data, path), self._sent.get(path, value_at(self._running_data, path))
            if isinstance(value, int | float) and not isinstance(value, bool) and value != now:
                name = ".".join(map(str, path))
                try:
                    running = running.changed(name, float(value))
                except ScenarioError:
                    continue  # it stands beside the field
                self._under_way += 1
                self._sent[path] = float(value)
                self._session.set(name, float(value))

    @property
    def live(self) -> set[Path_]:
        """The fields that change at once."""
        return set(self._live())

    def undo(self) -> None:
        self._is_typing = False
        self.stack.undo()
        self.settle()

    def redo(self) -> None:
        self._is_typing = False
        self.stack.redo()
        self.settle()

    def apply(self) -> None:
        """Begin anew with what has been edited, as soon as its corpus is read."""
        if self.scenario is not None:
            self._applied = self.scenario
            self._session.open(self.scenario, source=self._session.source)
        elif self.waits_for_corpus:
            self.applies_when_read = True
            self.changed.emit()

    def discard(self) -> None:
        """Back to what the run is doing, or will be as soon as it hears of it; this can be undone like any edit."""
        self._is_typing = False
        running = self.running
        if running is not None:
            for path, value in self._sent.items():
                running = running.changed(".".join(map(str, path)), value)
            self.edit((), scenarios.to_data(running), tr("Discard"))
        self.settle()

    # -- what there is to say -----------------------------------------------------------------------------------------

    @property
    def is_pending(self) -> bool:
        """Whether something was edited that only a new run can do."""
        data = self.data if self.scenario is None else scenarios.to_data(self.scenario)
        for path in self._live():
            data = put(data, path, value_at(self._running_data, path))
        return bool(data != self._running_data)

    @property
    def is_unsaved(self) -> bool:
        """Whether something was edited that no file holds."""
        return self.running is not None and self.scenario != self.saved

    @property
    def folder(self) -> Path | None:
        """Where a corpus would be looked for."""
        return self._session.source.parent if self._session.source is not None else None

    @property
    def waits_for_corpus(self) -> bool:
        """Whether a corpus is being read for the edits: until it is, nobody knows whether they are right."""
        return self._reader is not None

    @property
    def waits_long(self) -> bool:
        """Whether it takes so long that people are told."""
        return self.waits_for_corpus and time.monotonic() - self._reads_since >= NOTICED

    def put(self, path: Path_, value: object) -> None:
        """Change the data, without undo."""
        self.data = put(self.data, path, value)
        self.applies_when_read = False
        self._judge()

    def _judge(self) -> None:
        self.scenario, faults = None, dict[str, str]()
        try:
            if self.running is not None:
                self.scenario = self.running.revised(self.data, self._corpus)
        except ScenarioError as error:
            faults = dict(_path_and_sentence(fault) for fault in reversed(error.faults))
        except _Unread as unread:
            self._read(unread.reading)  # what was wrong stands where it does until more is known
            self.changed.emit()
            return
        self._stop_reading()
        self.faults = faults
        self.changed.emit()

    # -- corpora ------------------------------------------------------------------------------------------------------

    def _corpus(self, reading: Reading) -> Corpus:
        """The run's, or the one that has just been read."""
        running = self.running.language if self.running is not None else None
        if running is not None and running.source is not None and reading == running.reading:
            return running.source
        if self._has_read is None or self._has_read[0] != reading:
            raise _Unread(reading)
        found = self._has_read[1]
        if isinstance(found, str):
            raise TextError(found)
        return found

    def _read(self, reading: Reading) -> None:
        if self._reader is not None and self._reads == reading and not self._reader.is_cancelled():
            return
        assert self.running is not None
        side, read = self._session.side, partial(_attempt, self.running, reading, self.folder)
        if self._reader is None:
            self._reads_since = time.monotonic()
        self._reads = reading
        self._reader = task = side.new(CORPUS, tr(CORPUS), lambda _: read())
        task.done.connect(self._on_read)
        task.failed.connect(self._on_failed)
        task.finished.connect(self._on_reader_finished)
        side.start(task, instead=True)

    def _stop_reading(self) -> None:
        if self._reader is not None:
            self._reader = None
            self._session.side.cancel(CORPUS)

    @Slot(object)
    def _on_read(self, found: Corpus | str) -> None:
        assert self._reads is not None
        self._reader, self._has_read = None, (self._reads, found)
        self._judge()
        if isinstance(found, str):
            self._has_read = None  # the next time it may be there
        if self.applies_when_read:
            self.applies_when_read = False
            self.apply()

    @Slot(str, str)
    def _on_failed(self, sentence: str, details: str) -> None:
        self._give_up()
        self._session.failed.emit(sentence, details)

    @Slot()
    def _on_reader_finished(self) -> None:
        if self._reader is not None and self._reader.isFinished() and self._reader.is_cancelled():
            self._give_up()

    def _give_up(self) -> None:
        self._reader, self.applies_when_read = None, False
        self.faults = {"language.corpus": tr("was not read; the next change reads it")}
        self.changed.emit()

    def _live(self) -> Iterator[Path_]:
        """The fields that can change in the run that is there, as it knows them."""
        for pattern in LIVE:
            for path in _matches(self._running_data, tuple(pattern.split("."))):
                if _same_kind(self.data, self._running_data, path):
                    yield path

    # -- facts from the session ---------------------------------------------------------------------------------------

    @Slot(object)
    def _on_opened(self, scenario: Scenario) -> None:
        goes_on = scenario is self._applied or scenario is self.running
        self._applied, self._under_way, self._has_read, self.applies_when_read = None, 0, None, False
        self._sent.clear()
        self._take(scenario)
        if not goes_on:
            self.stack.clear()
            self._is_typing = False
            self.saved, self.data = scenario, self._running_data
            if self._session.saved_at is None:  # recovered: no file holds it
                self.saved = None
                self.data, self.edits_to_come = self.edits_to_come or self.data, None
        self._judge()

    @Slot(object)
    def _on_changed(self, scenario: Scenario) -> None:
        before = self._running_data
        self._take(scenario)
        self._under_way = max(0, self._under_way - 1)
        if not self._under_way:
            for path in list(self._live()):
                now = value_at(self._running_data, path)
                if now != value_at(before, path) and now != self._sent.get(path):  # it was changed elsewhere
                    self.data = put(self.data, path, now)
            self._sent.clear()
        self._judge()

    def _take(self, scenario: Scenario) -> None:
        self.running, self._running_data = scenario, scenarios.to_data(scenario)

    @Slot()
    def _on_saved(self) -> None:
        self.saved = self._session.saved_scenario
        self.changed.emit()


class _Edit(QUndoCommand):
    """One value in place of another."""

    def __init__(self, draft: Draft, path: Path_, value: object, title: str, joins: bool) -> None:
        super().__init__(title)
        self._draft, self.path, self.joins = draft, path, joins
        self.before, self.after = value_at(draft.data, path), value

    def redo(self) -> None:
        self._draft.put(self.path, self.after)

    def undo(self) -> None:
        self._draft.put(self.path, self.before)

    def id(self) -> int:
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not (isinstance(other, _Edit) and other.joins and other.path == self.path):
            return False
        self.after = other.after
        self.setObsolete(self.after == self.before)
        return True


class _Unread(Exception):
    """There is a corpus to be read first."""

    def __init__(self, reading: Reading) -> None:
        super().__init__(reading)
        self.reading = reading


def _attempt(scenario: Scenario, reading: Reading, folder: Path | None) -> Corpus | str:
    """The corpus, or why there is none: a sentence, for an error would keep alive whoever was waiting for it."""
    try:
        return scenario.read_anew(reading, folder)
    except TextError as error:
        return str(error)


# -- data that is never changed in place ------------------------------------------------------------------------------


def value_at(data: Any, path: Path_) -> Any:
    """What is at `path`; ABSENT where there is nothing."""
    for key in path:
        try:
            data = data[key]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return data


def put(data: Any, path: Path_, value: Any) -> Any:
    """`data` with `value` at `path`; without anything there, if it is ABSENT."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(data, list):
        assert isinstance(key, int)
        return [*data[:key], put(data[key], rest, value), *data[key + 1 :]]
    inner = put(data.get(key, {}) if rest else None, rest, value)
    if inner is ABSENT:
        return {name: one for name, one in data.items() if name != key}
    return {**data, key: inner}


def _matches(data: Any, pattern: tuple[str, ...], path: Path_ = ()) -> Iterator[Path_]:
    """The paths in `data` that are as `pattern` says, where N is any number."""
    if not pattern:
        yield path
    elif pattern[0] == "N" and isinstance(data, list):
        for number, one in enumerate(data):
            yield from _matches(one, pattern[1:], (*path, number))
    elif isinstance(data, dict) and pattern[0] in data:
        yield from _matches(data[pattern[0]], pattern[1:], (*path, pattern[0]))


def _same_kind(one: Any, other: Any, path: Path_) -> bool:
    """Whether `path` leads to the same thing in both: through tables of the same kinds, in lists of the same kinds."""
    for key in path:
        if _kind(one) != _kind(other):
            return False
        one, other = value_at(one, (key,)), value_at(other, (key,))
    return one is not ABSENT and other is not ABSENT


def _kind(data: Any) -> object:
    if isinstance(data, list):
        return [_kind(one) for one in data]
    return [data.get(tag) for tag in _TAGS] if isinstance(data, dict) else None


def _path_and_sentence(fault: str) -> tuple[str, str]:
    """The path with which the sentence about a fault begins, and the rest of it."""
    match = re.match(r"([A-Za-z0-9_.\[\]-]*)\s*[:：]?\s*(.*)", fault, re.DOTALL)
    assert match is not None
    return match[1], match[2]
