"""One of several, chosen by a row of small buttons: what a card shows, in the card's head."""

from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget


class Switch(QWidget):
    """A button for each choice; exactly one is down. One stop for Tab; arrow keys go from one to the next."""

    chosen = Signal(str)

    def __init__(self, name: str, choices: Iterable[tuple[str, str, str]], parent: QWidget | None = None) -> None:
        """`name` is what people hear; each choice is (name, text, tip)."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._buttons = QButtonGroup(self)  # exclusive: it sees to the arrow keys
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(1)
        for choice, text, tip in choices:
            button = QToolButton(self)
            button.setObjectName(choice)
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(f"{name}: {text}")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            self._buttons.addButton(button)
            line.addWidget(button)
        self._buttons.buttonToggled.connect(self._on_toggled)
        self._buttons.buttons()[0].setChecked(True)

    @property
    def choice(self) -> str:
        """The name of what is chosen."""
        (button,) = (button for button in self._buttons.buttons() if button.isChecked())
        return button.objectName()

    def choose(self, name: str) -> None:
        """Press the button of this choice."""
        for button in self._buttons.buttons():
            if button.objectName() == name:
                button.setChecked(True)

    def set_tip(self, name: str, tip: str) -> None:
        """What is told of this choice from now on."""
        for button in self._buttons.buttons():
            if button.objectName() == name:
                button.setToolTip(tip)

    def set_offered(self, name: str, offered: bool) -> None:
        """Whether this choice, not the first one, can be made; where it was and can no more be, the first one is."""
        if not offered and self.choice == name:
            self._buttons.buttons()[0].setChecked(True)
        for button in self._buttons.buttons():
            if button.objectName() == name:
                button.setVisible(offered)

    @Slot(QAbstractButton, bool)
    def _on_toggled(self, button: QAbstractButton, on: bool) -> None:
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.ClickFocus)
        if on:
            self.chosen.emit(button.objectName())
