"""The toolbar that gives way: where the window is narrow, the words beside its signs go, and nothing else."""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QActionEvent, QResizeEvent
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

WORDS: Final = Qt.ToolButtonStyle.ToolButtonTextBesideIcon
SIGNS: Final = Qt.ToolButtonStyle.ToolButtonIconOnly


ICON: Final = 18
"""Pixels: about as high as the words beside it, because what the bar takes the views lack."""


class RunBar(QToolBar):
    """A toolbar whose actions show their words as long as there is room for all of them."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName("runToolBar")
        self.setMovable(False)
        self.setIconSize(QSize(ICON, ICON))
        self.setToolButtonStyle(WORDS)
        self._shy: list[QToolButton] = []
        self._needed: int | None = None

    def add_shy(self, action: QAction) -> None:
        """Add an action that has a sign, and can do without its words: they are in its tooltip."""
        self.addAction(action)
        button = self.widgetForAction(action)
        assert isinstance(button, QToolButton)
        self._shy.append(button)

    def _width_with_words(self) -> int:
        """Pixels below which something would be hidden, were all words shown."""
        if self._needed is None:
            self._show(WORDS)
            layout = self.layout()
            assert layout is not None
            items = [item for place in range(layout.count()) if (item := layout.itemAt(place)) and not item.isEmpty()]
            margins, gaps = layout.contentsMargins(), layout.spacing() * (len(items) - 1)
            self._needed = sum(item.minimumSize().width() for item in items) + gaps + margins.left() + margins.right()
        return self._needed

    def _show(self, style: Qt.ToolButtonStyle) -> None:
        for button in self._shy:
            button.setToolButtonStyle(style)

    def _fit(self) -> None:
        self._show(WORDS if self.width() >= self._width_with_words() else SIGNS)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._needed = None
            self._fit()

    def actionEvent(self, event: QActionEvent) -> None:
        super().actionEvent(event)
        self._needed = None
