"""The scenario in short, and the numbers that can change while the agent learns."""

from collections.abc import Sequence
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from langrl_gui.core.i18n import N_, tr
from langrl_gui.core.rewards import Reward
from langrl_gui.core.scenario import EpsilonGreedy, QLearning, Scenario
from langrl_gui.ui import format

LIVE: dict[str, Any] = {
    "learner.alpha": QLearning.model_fields["alpha"],
    "learner.gamma": QLearning.model_fields["gamma"],
    "learner.explore.epsilon": EpsilonGreedy.model_fields["epsilon"],
}


class NumberField(QDoubleSpinBox):
    """A number that is changed on purpose: by keys once it has the keyboard, never by scrolling past it. The window's
    own keys go on working."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.lineEdit().installEventFilter(self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        return not self._is_for_window(event) and super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return self._is_for_window(event)

    @staticmethod
    def _is_for_window(event: QEvent) -> bool:
        """Whether it is a key that a number has no use for, and the window has: left alone, it becomes a shortcut."""
        if event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress) or not isinstance(event, QKeyEvent):
            return False
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        mine = event.key() == Qt.Key.Key_Space or (control and event.key() == Qt.Key.Key_End)
        if mine:
            event.ignore()
        return mine

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.clearFocus()


class Parameters(QScrollArea):
    """objectName "parameters". Emits `edited(path, value)` when somebody changes a live field."""

    edited = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("parameters")
        self.setAccessibleName(tr("Scenario"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(200)
        inside = QWidget(self)
        self._layout = QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 0, 8, 0)
        self._layout.setSpacing(4)
        self.setWidget(inside)
        # The sheet below shows through.
        self.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        self._about = QLabel(inside)
        self._about.setWordWrap(True)
        self._layout.addWidget(self._about)
        self._values: dict[str, QLabel] = {}
        self._add_section(tr("Language"), ("words", tr("Words")), ("length", tr("Length")), ("sees", tr("Sees")))
        self._fields: dict[str, NumberField] = {}
        self._terms = self._add_section(tr("Rewards"), ("references", tr("References")))
        self._weights: list[NumberField] = []
        self._add_live()
        self._add_section(tr("Luck and end"), ("seed", tr("Seed")), ("stop", tr("Stop when")))
        self._layout.addStretch(1)
        self.setEnabled(False)  # until there is a scenario

    def begin(self, scenario: Scenario) -> None:
        """Show this scenario."""
        self.setEnabled(True)
        language = scenario.language
        self._about.setText(tr(scenario.description))
        self._about.setVisible(bool(scenario.description))
        separator = " " if any(len(word) > 1 for word in language.words) else "  "
        shown = separator.join(language.words[:60]) + ("…" if len(language.words) > 60 else "")
        if scenario.environment is None:
            self._say("words", shown, tr("{count} words", count=len(language.words)))
            self._say("length", tr("{count} words", count=language.max_length))
        else:
            longest = scenario.environment.table.longest
            self._say("words", shown, tr("{count} actions", count=len(language.words)))
            self._say("length", tr("at most {count} steps", count=longest) if longest else tr("without limit"))
        seen = tr("all words so far") if language.context == "all" else tr("the last {count}", count=language.context)
        if scenario.environment is not None:
            seen = tr("the number of the state")
        self._say("sees", tr("{words}, and the position", words=seen) if language.sees_position else seen)
        self._add_weights(scenario.rewards)
        references = [reference for prompt in scenario.starts for reference in prompt.references]
        self._say(
            "references",
            "\n".join(f"· {reference}" for reference in references[:20]) + ("\n…" if len(references) > 20 else ""),
        )
        self._say("seed", str(scenario.learner.seed))
        stop = [
            tr(text, count=format.count(limit))
            for text, limit in (
                (N_("{count} steps"), scenario.stop.steps),
                (N_("{count} episodes"), scenario.stop.episodes),
            )
            if limit
        ]
        self._say("stop", tr(" or ").join(stop) or tr("never by itself"))
        self.show_live(scenario)

    def show_live(self, scenario: Scenario) -> None:
        """Show what the live fields are now."""
        learner = scenario.learner
        now = {
            "learner.alpha": learner.alpha,
            "learner.gamma": learner.gamma,
            "learner.explore.epsilon": learner.explore.epsilon,
        } | {f"rewards.{number}.weight": term.weight for number, term in enumerate(scenario.rewards)}
        for path, field in self._fields.items():
            field.blockSignals(True)
            field.setValue(now[path])
            field.blockSignals(False)

    def _say(self, name: str, text: str, tip: str = "") -> None:
        self._values[name].setText(text)
        self._values[name].setToolTip(tip)

    def _form(self, title: str) -> QFormLayout:
        heading = QLabel(title, self.widget())
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        heading.setContentsMargins(0, 10, 0, 0)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(4)
        self._layout.addWidget(heading)
        self._layout.addLayout(form)
        return form

    def _add_section(self, title: str, *rows: tuple[str, str]) -> QFormLayout:
        form = self._form(title)
        for name, label in rows:
            value = QLabel(self.widget())
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setAccessibleName(label)
            self._values[name] = value
            form.addRow(label, value)
        return form

    def _add_live(self) -> None:
        form = self._form(tr("Learner"))
        for path, info in LIVE.items():
            form.addRow(tr(info.title), self._live_field(path, info, tr(info.title), tr(info.description)))

    def _add_weights(self, terms: Sequence[Reward]) -> None:
        """One row for each reward term, with its weight."""
        for field in self._weights:
            del self._fields[field.objectName()]
            self._terms.removeRow(field)
        self._weights = []
        for number, term in enumerate(terms):
            name, help_text = _told(term)
            weight = Reward.model_fields["weight"]
            field = self._live_field(f"rewards.{number}.weight", weight, f"{name}: {tr(weight.title or '')}", help_text)
            field.setPrefix("× ")
            field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # room for 1e9 is not needed
            self._weights.append(field)
            label = QLabel(name, self.widget())
            label.setWordWrap(True)
            label.setToolTip(help_text)
            label.setBuddy(field)
            self._terms.insertRow(number, label, field)

    def _live_field(self, path: str, info: FieldInfo, name: str, help_text: str) -> NumberField:
        """A number that can change at any time, as far as the schema allows."""
        field = NumberField(self.widget())
        field.setObjectName(path)
        field.setRange(
            next(rule.ge for rule in info.metadata if hasattr(rule, "ge")),
            next(rule.le for rule in info.metadata if hasattr(rule, "le")),
        )
        field.setDecimals(4)
        field.setAccessibleName(name)
        help_text = help_text + "\n" + tr("Changes at once, also while the agent learns.")
        field.setToolTip(help_text)
        field.setAccessibleDescription(help_text)
        field.valueChanged.connect(self._on_edited)
        self._fields[path] = field
        return field

    @Slot(float)
    def _on_edited(self, value: float) -> None:
        sender = self.sender()
        if sender is not None:
            self.edited.emit(sender.objectName(), value)


def _told(term: Reward) -> tuple[str, str]:
    """A reward term's name; and what it is for, with the settings of it that are numbers."""
    fields = type(term).model_fields
    kind = fields["kind"]
    numbers = [
        f"{tr(fields[name].title or name)}: {value:g}".replace("-", "−")
        for name, value in term
        if name != "weight" and isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return tr(kind.title or ""), "\n".join([tr(kind.description or ""), *numbers])
