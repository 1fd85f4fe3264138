"""Whether the agent sees enough: what a short context costs, and the states in which it hides what matters.

Knows what was found of the context, and which state is selected.
"""

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core.context import Confusion, Sight
from langrl_gui.core.i18n import tr, tr_n
from langrl_gui.core.scenario import Scenario
from langrl_gui.ui import format, names, theme
from langrl_gui.ui.selection import Selection, State

MOST_WORDS: Final = 5
"""Equally good words that are written out."""
MOST_GROUPS: Final = 3
"""Texts of a state that are written out where there is little room."""


def state_of(confusion: Confusion) -> State:
    """What names the state."""
    return (confusion.prompt, *confusion.seen)


def told(scenario: Scenario, confusion: Confusion) -> str:
    """Which texts share a state, and what each of them needs, in a sentence."""
    groups = []
    for group in sorted(confusion.groups, key=lambda group: len(group.best))[:MOST_GROUPS]:
        text, words = scenario.language.join(group.text), _words(scenario, group.best)
        groups.append(
            tr("after “{text}” {words}", text=text, words=words) if text else tr("at the start {words}", words=words)
        )
    more = ["…"] if len(confusion.groups) > MOST_GROUPS else []
    return tr("Looks the same, and needs different words: {texts}.", texts=tr("; ").join(groups + more))


def _words(scenario: Scenario, words: tuple[int, ...]) -> str:
    some = names.joined(" / ", *(scenario.language.words[word] for word in words[:MOST_WORDS]))
    return some + (" / …" if len(words) > MOST_WORDS else "")


class ContextNotice(QFrame):
    """objectName "contextNotice". There only where the context is too short, or where nobody can tell."""

    statesWanted = Signal()
    """The states that it confuses are to be shown."""
    contextWanted = Signal(int)
    """The agent is to see so many words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("contextNotice")
        self.setAccessibleName(tr("Sees"))
        self._enough = 0
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._states = QPushButton(tr("States …"), self)
        self._states.setObjectName("showConfusions")
        self._states.setToolTip(tr("The states that look the same in texts which need different words."))
        self._states.clicked.connect(self.statesWanted)
        self._cure = QPushButton(self)
        self._cure.setObjectName("cureContext")
        self._cure.clicked.connect(self._on_cure)
        buttons = QHBoxLayout()
        buttons.addWidget(self._states)
        buttons.addWidget(self._cure)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 2, 8, 6)
        layout.addWidget(self._text)
        layout.addLayout(buttons)
        self.hide()

    def show_sight(self, sight: Sight | str | None) -> None:
        """Say what the context costs; None: nothing."""
        found = sight if isinstance(sight, Sight) else None
        self.setVisible(found.lost[1] > 0 if found is not None else sight is not None)
        self._states.setVisible(found is not None and found.confused > 0)
        self._cure.setVisible(found is not None and found.smallest[1] > found.context)
        palette = QPalette(self.palette())
        if found is not None:
            self._enough = found.smallest[1]
            self._text.setText("\n".join(_sentences(found)))
            self._cure.setText(tr("Set to {words}", words=self._enough))
            self._cure.setToolTip(
                tr_n(
                    "Set what the agent sees to {words} word; this needs a new run.",
                    "Set what the agent sees to {words} words; this needs a new run.",
                    self._enough,
                    words=self._enough,
                )
            )
        elif sight is not None:
            self._text.setText(tr("Whether the agent sees enough cannot be told: {reason}.", reason=sight))
            palette.setColor(QPalette.ColorRole.WindowText, theme.muted(palette))
        self._text.setPalette(palette)

    def text(self) -> str:
        """What it says."""
        return self._text.text()

    @Slot()
    def _on_cure(self) -> None:
        self.contextWanted.emit(self._enough)


def _sentences(sight: Sight) -> list[str]:
    low = sight.lost[0]
    least, most = sight.smallest
    low_text, high_text = (f"{amount:.4g}" for amount in sight.lost)
    if sight.exact:
        lost = tr("What the agent sees is not enough: even the best one loses {cost}.", cost=high_text)
    elif low > 0:
        lost = tr("What the agent sees is not enough: even the best one loses between {low} and {high}.",
                  low=low_text, high=high_text)  # fmt: skip
    else:
        lost = tr("What the agent sees may not be enough: the best one loses at most {high}.", high=high_text)
    if least == most:
        fewest = tr(
            "Words that it sees: {words}. The fewest that lose nothing: {most}.", words=sight.context, most=most
        )
    else:
        fewest = tr("Words that it sees: {words}. The fewest that lose nothing: between {least} and {most}.",
                    words=sight.context, least=least, most=most)  # fmt: skip
    return [lost, fewest]


class Confusions(QDialog):
    """objectName "confusions". The states in which texts that look alike need different words; choosing one selects it
    everywhere."""

    def __init__(self, scenario: Scenario, sight: Sight, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("confusions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("States in which the context is too short"))
        self._selection = selection
        text = QLabel(self)
        text.setWordWrap(True)
        text.setText(
            tr("States that look the same in texts which have no best word in common: {count}.",
               count=format.count(sight.confused))
            + (" " + tr("The first {count} are listed.", count=format.count(len(sight.confusions)))
               if sight.confused > len(sight.confusions) else "")
        )  # fmt: skip
        self._tree = QTreeWidget(self)
        self._tree.setAccessibleName(self.windowTitle())
        self._tree.setHeaderLabels([tr("State, and texts that share it"), tr("Best words")])
        self._tree.setColumnWidth(0, 300)
        for confusion in sight.confusions:
            state = state_of(confusion)
            top = QTreeWidgetItem([names.name_of(scenario, state)])
            top.setData(0, Qt.ItemDataRole.UserRole, state)
            for group in confusion.groups:
                said = scenario.language.join(group.text)
                top.addChild(QTreeWidgetItem([f"“{said}”" if said else names.START, _words(scenario, group.best)]))
            self._tree.addTopLevelItem(top)
            top.setExpanded(True)
        self._tree.currentItemChanged.connect(self._on_chosen)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text)
        layout.addWidget(self._tree)
        layout.addWidget(buttons)
        self.resize(520, 440)

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_chosen(self, item: QTreeWidgetItem | None, _: QTreeWidgetItem | None) -> None:
        if item is not None:
            top = item.parent() or item
            self._selection.select(tuple(top.data(0, Qt.ItemDataRole.UserRole)))
