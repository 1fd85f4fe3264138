"""Say: a prompt is typed, and the agent answers by its table as it is now, each word beside what else it could be.

Knows answers, the scenario's prompts and which state is selected; asking is the session's business.
"""

import html
from typing import Any, Final

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QFont, QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core import explain, saying
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.i18n import isolated, tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.saying import Alternative, Answer, SaidWord
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Snapshot
from langrl_gui.core.wording import tr_for
from langrl_gui.ui import format, theme
from langrl_gui.ui.selection import Selection

MOST_BESIDE: Final = 4
"""Words shown beside each word of the answer."""
MOST_LISTED: Final = 1000
"""Prompts in the list that opens: more are found by typing."""


class Say(QWidget):
    """objectName "say". What is asked goes out as `asked`; what comes back is shown by `show_answer`."""

    asked = Signal(int, object)
    """The number of a prompt, and the luck to explore with; None: do not explore."""

    def __init__(self, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("say")
        self.setMinimumSize(180, 110)
        self._selection = selection
        self._scenario: Scenario | None = None
        self._answer: Answer | None = None
        self._problem = ""
        self._luck = 0

        self._prompt = QComboBox(self)
        self._prompt.setObjectName("sayPrompt")
        self._prompt.setEditable(True)
        self._prompt.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._prompt.setMinimumContentsLength(6)
        self._explore = QCheckBox(tr("explore"), self)
        self._explore.setObjectName("sayExploring")
        self._button = QPushButton(self)
        self._button.setObjectName("sayButton")
        self._button.clicked.connect(self.ask)
        enter = QShortcut(QKeySequence(Qt.Key.Key_Return), self)
        enter.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        enter.activated.connect(self.ask)
        self._said = QLabel(self)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        self._said.setWordWrap(True)
        self._said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words = QTextBrowser(self)
        self._words.setObjectName("sayWords")
        self._words.setFrameShape(QFrame.Shape.NoFrame)
        self._words.setOpenLinks(False)
        self._words.anchorClicked.connect(self._on_word)
        self._words.document().setDocumentMargin(0)

        line = QHBoxLayout()
        line.addWidget(self._prompt, 1)
        line.addWidget(self._button)
        line.addWidget(self._explore)
        line.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        column.addWidget(self._said)
        column.addWidget(self._words, 1)
        self._put_words()
        self._put_looks()
        self._show()

    def _put_words(self) -> None:
        scenario = self._scenario
        self.setAccessibleName(tr_for(scenario, "Say"))
        self._button.setText(tr_for(scenario, "Say"))
        self._button.setToolTip(
            tr_for(scenario, "Let the agent answer by what it has learned so far. It learns nothing from it.")
        )
        self._explore.setToolTip(
            tr_for(scenario, "Choose words as in training: now and then one that is not the best.")
        )
        self._prompt.setAccessibleName(tr_for(scenario, "Prompt"))
        self._prompt.setToolTip(tr_for(scenario, "What the agent shall answer to. Enter asks."))
        self._words.setAccessibleName(tr_for(scenario, "Words of the answer, and what else could have been said"))

    # -- what the window asks of a view -------------------------------------------------------------------------------

    def begin(self, scenario: Scenario) -> None:
        """Forget everything: a new run of `scenario` begins."""
        self._scenario, self._answer, self._problem, self._luck = scenario, None, "", 0
        texts = [prompt.text for prompt in scenario.starts]
        self._prompt.clear()
        self._prompt.addItems(texts[:MOST_LISTED])
        completer = QCompleter(texts, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._prompt.setCompleter(completer)
        self._prompt.setVisible(texts != [""])
        self._put_words()
        self._show()

    def set_optimum(self, solution: Solution | None) -> None:
        """Nothing here depends on it."""

    def wants(self) -> dict[str, Any]:
        """Nothing: it asks by itself."""
        return {}

    def draw(self, snapshot: Snapshot) -> None:
        """An answer stays as it was given."""

    # -- asking and answering -----------------------------------------------------------------------------------------

    @Slot()
    def ask(self) -> None:
        """Have the agent answer to what was typed, or say why it cannot."""
        if self._scenario is None:
            return
        try:
            number = saying.find_prompt(self._scenario, "" if self._prompt.isHidden() else self._prompt.currentText())
        except ScenarioError as error:
            self._answer, self._problem = None, error.faults[0]
            self._show()
            return
        seed = None
        if self._explore.isChecked():
            seed, self._luck = self._luck, self._luck + 1
        self.asked.emit(number, seed)

    @Slot(object)
    def show_answer(self, answer: Answer) -> None:
        """Show what the agent said."""
        self._answer, self._problem = answer, ""
        self._show()

    @Slot(QUrl)
    def _on_word(self, link: QUrl) -> None:
        if self._answer is not None:
            self._selection.select(self._answer.words[int(link.toString())].state)

    # -- showing ------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        answer, scenario = self._answer, self._scenario
        self._said.setVisible(answer is not None)
        muted = theme.muted(self.palette()).name()
        if answer is None or scenario is None:
            text = self._problem or tr_for(
                scenario, "The agent's answer appears here, each word beside what else it could be."
            )
            color = theme.readable(theme.RED, self.palette()).name() if self._problem else muted
            self._words.setHtml(f'<p style="color:{color}">{html.escape(text)}</p>')
            return
        self._said.setText(scenario.language.join([said.word for said in answer.words]))
        facts = [
            tr("return {total}", total=explain.signed(answer.total)),
            tr("value {value}", value=explain.signed(answer.value)),
            tr("asked at step {step}", step=format.count(answer.step)),
        ]
        if answer.seed is not None:
            facts.append(tr("luck {number}", number=answer.seed))
        rows = "".join(self._row(scenario, place, said) for place, said in enumerate(answer.words))
        line = " · ".join(f"<nobr>{html.escape(fact)}</nobr>" for fact in facts)
        self._words.setHtml(f'<p style="color:{muted}; margin:0">{line}</p>{rows}')

    def _row(self, scenario: Scenario, place: int, said: SaidWord) -> str:
        """One word of the answer, and the best words that could stand in its place."""
        muted, words = theme.muted(self.palette()).name(), scenario.language.words
        link = theme.readable(theme.BLUE, self.palette()).name()
        others = [each for each in said.alternatives if each.word != said.word][:MOST_BESIDE]
        told = ", ".join(f"<nobr>{html.escape(isolated(words[each.word]))} {_numbers(each)}</nobr>" for each in others)
        if said.offered > 1 + len(others):
            more = tr("and {count} more", count=format.count(said.offered - 1 - len(others)))
            told += f", <nobr>{html.escape(more)}</nobr>"
        explored = html.escape(tr("(explored)")) if said.explored else ""
        drawn = f' <span style="color:{muted}">{explored}</span>' if explored else ""
        return (
            f'<p style="margin:6px 0 0 0"><a href="{place}" style="color:{link}">'
            f"<b>{html.escape(isolated(words[said.word]))}</b></a>"
            f' {_numbers(said.chosen)}{drawn}<br><span style="color:{muted}">{told}</span></p>'
        )

    def as_text(self) -> str:
        """What is shown, as plain text."""
        return "\n".join(part for part in (self._said.text(), self._words.toPlainText()) if part)

    # -- looks --------------------------------------------------------------------------------------------------------

    def _put_looks(self) -> None:
        bold = QFont(self.font())
        bold.setBold(True)
        bold.setPointSizeF(1.2 * self.fontInfo().pointSizeF())
        self._said.setFont(bold)
        tabular = QFont(self.font())
        tabular.setFeature(QFont.Tag("tnum"), 1)
        self._words.setFont(tabular)
        palette = self._words.palette()
        palette.setColor(QPalette.ColorRole.Base, self.palette().color(QPalette.ColorRole.Base))
        self._words.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._put_looks()
            self._show()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(300, 220)


def _numbers(word: Alternative) -> str:
    return f"{explain.signed(word.q)} ({100 * word.chance:.1f}{format.GROUP}%)"
