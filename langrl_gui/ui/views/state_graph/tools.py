"""The tools in the head of the state graph's card: find, filter, all or what matters, list, fit.

Knows the language, to read what is typed, and nothing of graphs.
"""

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QToolTip,
    QWidget,
)

from langrl_gui.core.i18n import tr
from langrl_gui.core.language import Language, next_texts
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import theme
from langrl_gui.ui.selection import State


def readings(language: Language, text: str) -> Iterator[tuple[int, ...]]:
    """Every row of words as which `text` can be read, with spaces where people put them."""
    text = text.strip()
    if not language.joiner.strip():
        # Between words, people write as many spaces as they like, or none.
        text = language.joiner.join(text.split())
    if text:
        yield from _continued(language, text, ())


def _continued(language: Language, rest: str, said: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    if not rest:
        yield said
    elif len(said) < language.max_length:
        for word, left in next_texts(language, rest):
            yield from _continued(language, left, (*said, word))


class Filter(QFrame):
    """A small sheet with what may be left out. Closes at Esc, or when something else is clicked."""

    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("graphFilter")
        self.setAccessibleName(tr("Filter"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.visited = QCheckBox(tr("Only states that were visited"), self)
        self.greedy = QCheckBox(tr("Only the greedy path"), self)
        self.around = QCheckBox(self)
        self.reach = QSpinBox(self)
        self.reach.setRange(1, 9)
        self.above = QCheckBox(tr("Only what leads to a value of at least:"), self)
        self.least = QDoubleSpinBox(self)
        self.least.setRange(-1e6, 1e6)
        self.least.setSingleStep(0.1)
        self.least.setAccessibleName(tr("Least value"))
        grid = QGridLayout(self)
        for line, box in enumerate((self.visited, self.greedy, self.around, self.above)):
            grid.addWidget(box, line, 0)
            box.toggled.connect(self.changed)
        for line, number, box in ((2, self.reach, self.around), (3, self.least, self.above)):
            grid.addWidget(number, line, 1)
            number.setEnabled(False)
            number.valueChanged.connect(self.changed)
            box.toggled.connect(number.setEnabled)

    def put_words(self, scenario: Scenario | None) -> None:
        """Have the words for this scenario."""
        self.around.setText(tr_for(scenario, "Only around the selected state, words:"))
        self.reach.setAccessibleName(tr_for(scenario, "Words before and after the selected state"))

    @property
    def is_on(self) -> bool:
        """Whether anything is left out."""
        return any(box.isChecked() for box in (self.visited, self.greedy, self.around, self.above))

    def wanted(self, selected: State) -> dict[str, Any]:
        """The fields of telemetry.GraphWanted that say so."""
        return {
            "visited": self.visited.isChecked(),
            "greedy": self.greedy.isChecked(),
            "around": selected if self.around.isChecked() else (),
            "reach": self.reach.value(),
            "above": self.least.value() if self.above.isChecked() else None,
        }

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.hide()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        parent = self.parentWidget()
        if parent is not None and parent.isVisible():
            parent.setFocus()


class Tools(QWidget):
    """One line of small controls."""

    asked = Signal(str)
    """What was typed is to be found."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("stateGraphTools")
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.field = QLineEdit(self)
        self.field.setObjectName("findState")
        self.field.setAccessibleName(tr("Find a state"))
        self.field.setClearButtonEnabled(True)
        self.field.setFixedWidth(self.field.fontMetrics().horizontalAdvance("m" * 12))
        self.field.textChanged.connect(self._on_typed)
        self.field.returnPressed.connect(self._on_return)
        self.all = self._button("allStates", tr("All"), tr("Show every state, not only as many as can be read at once"))
        self.all.setCheckable(True)
        self.filter_button = self._button("filterStates", tr("Filter"), tr("Choose which states are left out"))
        self.filter_button.setCheckable(True)
        self.filter_button.clicked.connect(self._on_filter)
        self.filter = Filter(self.filter_button)
        self.filter.changed.connect(self._put_filter)
        self.list = self._button(
            "listStates", tr("List"), tr("The same states as a list, for keyboard and screen reader")
        )
        self.list.setCheckable(True)
        self.fit = self._button(
            "fitStates", tr("Fit"), tr("Show everything, and follow what comes  (F, or a double click)")
        )
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(1)
        for widget in (self.field, self.filter_button, self.all, self.fit, self.list):
            line.addWidget(widget)
        line.insertSpacing(1, 5)
        self.put_words(None)

    def put_words(self, scenario: Scenario | None) -> None:
        """Have the words for this scenario."""
        self.field.setPlaceholderText(tr_for(scenario, "Find words"))
        self.field.setToolTip(tr_for(scenario, "Type words to go to the state in which they have been said  (Ctrl+F)"))
        self.filter.put_words(scenario)

    def _button(self, name: str, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def complain(self, why: str) -> None:
        """Say below the field why what was typed is not shown; nothing if it is."""
        palette = QPalette()
        if why:
            palette.setColor(QPalette.ColorRole.Text, theme.RED)
        self.field.setPalette(palette)
        self.field.setAccessibleDescription(why)
        if why and self.field.hasFocus():
            QToolTip.showText(self.field.mapToGlobal(QPoint(0, self.field.height())), why, self.field)

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        self.asked.emit(text)

    @Slot()
    def _on_return(self) -> None:
        self.asked.emit(self.field.text())

    @Slot()
    def _on_filter(self) -> None:
        self._put_filter()
        self.filter.adjustSize()
        below = self.filter_button.mapToGlobal(QPoint(0, self.filter_button.height() + 2))
        room = self.screen().availableGeometry()
        self.filter.move(min(below.x(), room.right() - self.filter.width()), below.y())
        self.filter.show()
        self.filter.visited.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def _put_filter(self) -> None:
        self.filter_button.setChecked(self.filter.is_on)
