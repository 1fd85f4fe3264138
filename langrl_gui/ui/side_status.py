"""What goes on beside the run, at the foot of the window: its name, how far it is, and a way to cancel it."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.ui.side_work import Work

NOTICED: Final = 0.5
"""Seconds after which a task is shown: what is done sooner would only flicker."""


class SideStatus(QWidget):
    """objectName "sideWork". Shows the oldest task; more of them are counted."""

    def __init__(self, going_on: Callable[[], Sequence[Work]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sideWork")
        self._going_on = going_on
        self._seen: dict[Work, float] = {}
        self._task: Work | None = None
        self._text = QLabel(self)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setFixedSize(80, 6)
        self._cancel = QToolButton(self)
        self._cancel.setObjectName("cancelSideWork")
        self._cancel.setText("✕")
        self._cancel.setAutoRaise(True)
        self._cancel.clicked.connect(self._on_cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 2)
        layout.setSpacing(8)
        for part in (self._text, self._bar, self._cancel):
            layout.addWidget(part)
        self.hide()

    def look(self) -> None:
        """Bring it up to date; called on the window's timer."""
        running = self._going_on()
        if not running and self._task is None and not self._seen:
            return
        now = time.monotonic()
        self._seen = {task: self._seen.get(task, now) for task in running}
        shown = [task for task, since in self._seen.items() if now - since >= NOTICED]
        self._task = shown[0] if shown else None
        self.setVisible(bool(shown))
        if self._task is None:
            return
        title = self._task.title
        self._text.setText(
            title if len(shown) == 1 else tr("{what} and {count} more", what=title, count=len(shown) - 1)
        )
        self._bar.setAccessibleName(title)
        cancel = tr("Cancel: {what}", what=title)
        self._cancel.setToolTip(cancel)
        self._cancel.setAccessibleName(cancel)
        self._cancel.setVisible(not self._task.must_end)
        fraction = self._task.fraction
        self._bar.setRange(0, 0 if fraction < 0 else 1000)
        self._bar.setValue(round(1000 * fraction))

    @Slot()
    def _on_cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self.look()
