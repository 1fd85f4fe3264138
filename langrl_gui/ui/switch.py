"""One of several, chosen by a row of small buttons: what a card shows, in the card's head."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget


class Switch(QWidget):
    """A button for each choice; exactly one is down. One stop for Tab; arrow keys go from one to the next.

    Where there is no room for all their words, a single button says what is chosen, and opens a menu of the others.
    """

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
        self._offered = set(self._buttons.buttons())
        self._fits = False
        self._menu = QMenu(self)
        self._menu.setAccessibleName(name)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_menu)
        self._single = QToolButton(self)
        self._single.setObjectName("single")
        self._single.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._single.setMenu(self._menu)
        self._single.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._single.hide()
        line.addWidget(self._single, 0, Qt.AlignmentFlag.AlignLeft)
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
                if button.isChecked():
                    self._single.setToolTip(tip)

    def set_offered(self, name: str, offered: bool) -> None:
        """Whether this choice, not the first one, can be made; where it was and can no more be, the first one is."""
        if not offered and self.choice == name:
            self._buttons.buttons()[0].setChecked(True)
        for button in self._buttons.buttons():
            if button.objectName() == name:
                (self._offered.add if offered else self._offered.discard)(button)
        self._fit()
        self.updateGeometry()

    @property
    def is_single(self) -> bool:
        """Whether there is room for what is chosen alone."""
        return not self._single.isHidden()

    @Slot(QAbstractButton, bool)
    def _on_toggled(self, button: QAbstractButton, on: bool) -> None:
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.ClickFocus)
        if on:
            self._single.setText(button.text())
            self._single.setToolTip(button.toolTip())
            self._single.setAccessibleName(button.accessibleName())
            self.chosen.emit(button.objectName())

    @Slot(QAction)
    def _on_menu(self, action: QAction) -> None:
        self.choose(action.objectName())

    @Slot()
    def _fill_menu(self) -> None:
        self._menu.clear()
        for button in self._buttons.buttons():
            if button in self._offered:
                action = self._menu.addAction(button.text())
                action.setObjectName(button.objectName())
                action.setCheckable(True)
                action.setChecked(button.isChecked())

    # -- room ---------------------------------------------------------------------------------------------------------

    def _fit(self) -> None:
        """All buttons where they have room, else the single one."""
        if self._fits:
            return
        self._fits = True
        had_keyboard = any(button.hasFocus() for button in (*self._buttons.buttons(), self._single))
        for _ in range(2):  # a button that is shown has everything laid out at once, and there may be another room then
            single = self.width() < self.sizeHint().width()
            self._single.setVisible(single)
            for button in self._buttons.buttons():
                button.setVisible(not single and button in self._offered)
        if had_keyboard:
            (chosen,) = (button for button in self._buttons.buttons() if button.isChecked())
            (self._single if single else chosen).setFocus()
        self._fits = False

    def sizeHint(self) -> QSize:
        """All words, in a row."""
        hints = [button.sizeHint() for button in self._buttons.buttons() if button in self._offered]
        layout = self.layout()
        assert layout is not None
        gaps = layout.spacing() * (len(hints) - 1)
        return QSize(sum(hint.width() for hint in hints) + gaps, max(hint.height() for hint in hints))

    def minimumSizeHint(self) -> QSize:
        """What is chosen."""
        return self._single.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit()
            self.updateGeometry()
