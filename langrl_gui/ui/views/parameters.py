"""The scenario as a form: every field of its schema, what is wrong with each, and which change at once.

Made of the schema alone. It shows data and tells what a person edits; it keeps nothing and judges nothing.
"""

import functools
import unicodedata
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from langrl_gui.core import scenario as scenarios
from langrl_gui.core.faults import path_of
from langrl_gui.core.gym import SLOWER
from langrl_gui.core.i18n import isolated, tr
from langrl_gui.core.telemetry import Room
from langrl_gui.core.text import Corpus
from langrl_gui.ui import format
from langrl_gui.ui.views.effects import effect
from langrl_gui.ui.views.fields import ABSENT, Keys, Row, Schema, resolved
from langrl_gui.ui.views.sight import ContextNotice

FREQUENT: Final = 10
"""Words of a corpus that are named with their counts."""
IDLE: Final = 800
"""Milliseconds after which what was typed counts as complete: long enough to think of the next digit."""


LANGUAGE: Final = ("language", "prompts", "rewards")
"""Fields of a scenario that speaks ..."""
ENVIRONMENT: Final = ("environment",)
"""... and of one that acts in a world of gymnasium's."""


class Parameters(QWidget):
    """objectName "parameters". Each editor has the path of its field as its object name, such as "learner.alpha".

    Signals
    -------
    edited(keys, value, title) : somebody typed or chose; `keys` is a tuple, `value` plain data, None for none.
    settled() : and is done with it.
    applied(), discarded() : begin anew with what was edited; take it all back.
    """

    edited = Signal(object, object, str)
    settled = Signal()
    applied = Signal()
    discarded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("parameters")
        self.setMinimumWidth(200)
        self.schema: Schema = scenarios.json_schema()
        self._rows: dict[Keys, Row] = {}
        self._faults: dict[str, str] = {}
        self._live: set[Keys] = set()
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self.settled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        self._bar = self._new_bar()
        layout.addWidget(self._bar)
        self.notice = ContextNotice(self)
        """What the context costs."""
        layout.addWidget(self.notice)
        self._unsolved = self._new_note("unsolved")
        self._unsolved.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.slower = self._new_note("slower", tr(SLOWER))
        """There where each step takes its time."""
        self._room = self._new_note("room")
        self._room.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._told_room: Room | None = None
        layout.addWidget(self._unsolved)
        layout.addWidget(self._room)
        layout.addWidget(self.slower)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # what is in it has the keyboard, and scrolls it along
        layout.addWidget(area)
        inside = QWidget(area)
        self._layout = QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 0, 8, 0)
        self._layout.setSpacing(4)
        area.setWidget(inside)
        # The sheet below shows through.
        area.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        self._inside = inside
        self._fields: dict[str, Row] = {}
        for name, schema in self.schema["properties"].items():
            self._add(name, schema)
        self._leave_out(ENVIRONMENT)
        legend = QLabel("• " + tr("changes at once, also while the agent learns"), inside)
        legend.setWordWrap(True)
        legend.setContentsMargins(0, 10, 0, 0)
        self._layout.addWidget(legend)
        self._layout.addStretch(1)
        self.setEnabled(False)  # until there is a scenario

    def _new_note(self, name: str, text: str = "") -> QLabel:
        note = QLabel(text, self)
        note.setObjectName(name)
        note.setTextFormat(Qt.TextFormat.PlainText)
        note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        note.setWordWrap(True)
        note.setContentsMargins(0, 2, 8, 6)
        note.hide()
        return note

    def _new_bar(self) -> QWidget:
        bar = QWidget(self)
        bar.setObjectName("applyBar")
        self._bar_text = QLabel(bar)
        self._bar_text.setWordWrap(True)
        self._apply = QPushButton(tr("Apply and start anew"), bar)
        self._apply.setObjectName("apply")
        self._apply.setToolTip(tr("Begin a new run with these changes: what was learned is forgotten."))
        self._apply.clicked.connect(self.applied)
        discard = QPushButton(tr("Discard"), bar)
        discard.setObjectName("discard")
        discard.setToolTip(tr("Back to the scenario of the run."))
        discard.clicked.connect(self.discarded)
        buttons = QVBoxLayout()  # a narrow form has no room for both in one line
        for button in (self._apply, discard):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(bar)
        layout.setContentsMargins(0, 2, 8, 6)
        layout.addWidget(self._bar_text)
        layout.addLayout(buttons)
        bar.hide()
        return bar

    def _add(self, name: str, schema: Schema) -> None:
        row = self._fields[name] = Row(self, schema, (name,), self._inside)
        is_section = row.is_wide or resolved(schema, self.schema).get("type") == "array"
        if is_section:
            font = row.label.font()
            font.setBold(True)
            row.label.setFont(font)
            row.label.setContentsMargins(0, 10, 0, 0)
        self._layout.addWidget(row.label)
        self._layout.addWidget(row.editor)
        self._layout.addWidget(row.fault)
        self._layout.addWidget(row.remark)

    # -- shown --------------------------------------------------------------------------------------------------------

    def show_data(self, data: Any, faults: dict[str, str], live: set[Keys], pending: bool, reading: str = "") -> None:
        """Show the scenario that `data` is, right or wrong.

        Parameters
        ----------
        faults : path -> what is wrong there.
        live : the fields that change at once.
        pending : whether something waits for a new run.
        reading : that a corpus is being read for it, where nobody knows yet what is wrong.
        """
        self.setEnabled(bool(data))
        faults = {} if reading else faults
        data = _in_this_language(data)
        for name, row in self._fields.items():
            row.show_value(data.get(name, ABSENT) if isinstance(data, dict) else ABSENT)
        language = data.get("language") if isinstance(data, dict) else None
        self._rows["language", "words"].say(name_alike(language.get("words") if isinstance(language, dict) else None))
        # A scenario has a language or an environment: the other one's fields would be in the way.
        self._leave_out(LANGUAGE if isinstance(data, dict) and "environment" in data else ENVIRONMENT)
        self._faults, self._live = faults, live
        self.mark()
        self._bar.setVisible(pending)
        rest = tr("Not complete yet: see what is said in red.") if faults else tr("These changes need a new run.")
        self._bar_text.setText(reading or rest)
        self._apply.setEnabled(not faults)

    def _leave_out(self, names: tuple[str, ...]) -> None:
        for name, row in self._fields.items():
            for part in (row.label, row.editor):
                part.setVisible(name not in names)

    def say_unsolved(self, reason: str) -> None:
        """Say why nobody knows the optimum; "" where somebody does, or will."""
        self._unsolved.setText(tr("The optimum is not known: {reason}.", reason=reason))
        self._unsolved.setVisible(bool(reason))

    def say_room(self, room: Room | None) -> None:
        """Say how many states fit where not all may; None: all are there."""
        if room == self._told_room:  # as from one picture to the next
            return
        self._told_room = room
        is_tight = room is not None and not room.suffices
        if is_tight:
            self._room.setText(tr("Not all states may fit: {room}. A full table pauses the run.", room=str(room)))
        self._room.setVisible(is_tight)

    def show_corpus(self, corpus: Corpus | None) -> None:
        """Say what is in the corpus that the words are taken from."""
        remark = ""
        if corpus is not None:
            counts = ", ".join(f"{word} {format.count(often)}" for word, often in corpus.frequent(FREQUENT).items())
            remark = tr(
                "{words} words in {sentences} sentences; the most frequent: {counts}",
                words=format.count(corpus.length), sentences=format.count(len(corpus.sentences)), counts=counts,
            )  # fmt: skip
        self._rows["language", "corpus"].say(remark)

    def _by_row(self, faults: dict[str, str]) -> dict[Keys, str]:
        """Each fault beside the innermost field that is there to be seen."""
        names = {path_of(keys): keys for keys in self._rows}
        found: dict[Keys, str] = {}
        for path, sentence in faults.items():
            near = path
            while near and near not in names:
                near = near[: max(near.rfind("."), near.rfind("["), 0)]
            if not near:
                near = next(iter(names))
            text = sentence if near == path else f"{path}: {sentence}"
            keys = names[near]
            found[keys] = f"{found[keys]}\n{text}" if keys in found else text
        return found

    # -- what editors ask of it (fields.Host) -------------------------------------------------------------------------

    def edit(self, keys: Keys, value: object, title: str) -> None:
        self._idle.start(IDLE)
        self.edited.emit(keys, value, title)

    @Slot()
    def settle(self) -> None:
        if self._idle.isActive():
            self._idle.stop()
            self.settled.emit()

    def note(self, keys: Keys, row: Row) -> None:
        self._rows[keys] = row
        row.destroyed.connect(functools.partial(_forget, self._rows, keys, id(row)))

    def mark(self) -> None:
        """Say of all fields that are there what they do, what is wrong with them, and which change at once."""
        sentences = self._by_row(self._faults)
        for keys, row in self._rows.items():
            row.mark(keys in self._live, sentences.get(keys, ""))

    def effect(self, keys: Keys, value: object) -> str:
        return effect(keys, value)


def name_alike(words: Any) -> str:
    """Which words nobody can tell apart by looking: a sign may be written in one code point or in several."""
    alike: dict[str, dict[str, None]] = {}
    for word in words if isinstance(words, list) else ():
        if isinstance(word, str) and not word.isascii():
            alike.setdefault(unicodedata.normalize("NFC", word), {})[word] = None
    several = [" / ".join(map(_with_code_points, group)) for group in alike.values() if len(group) > 1]
    more = ["…"] if len(several) > FREQUENT else []
    return tr("different words that look alike: {words}", words="; ".join(several[:FREQUENT] + more)) if several else ""


def _with_code_points(word: str) -> str:
    return f"{isolated(word)} ({' '.join(f'U+{ord(sign):04X}' for sign in word if not sign.isascii())})"


def _in_this_language(data: Any) -> Any:
    """The data with the name and the description of a scenario that comes with the program as they are in the window's
    language; what somebody has written stays as it is."""
    if not isinstance(data, dict) or (data.get("name"), data.get("description")) not in scenarios.all_told():
        return data
    return data | {key: tr(data[key]) for key in ("name", "description")}


def _forget(rows: dict[Keys, Row], keys: Keys, which: int, *_: object) -> None:
    if keys in rows and id(rows[keys]) == which:
        del rows[keys]
