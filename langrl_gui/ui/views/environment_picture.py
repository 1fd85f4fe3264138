"""The environment's own picture of the state that is selected, or else of the one in which the agent is.

Knows the scenario's environment, the selection and the current state. Pictures are kept: few states are drawn twice.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Snapshot
from langrl_gui.ui import theme
from langrl_gui.ui.selection import Selection, State

Painter = Callable[[int], NDArray[np.uint8]]
"""State -> (height, width, 3) red, green, blue."""

MOST_KEPT: Final = 256
REST: Final = 10.0
"""Times as long as a new picture took until another one is made: an environment may take its time over them."""


class EnvironmentPicture(QWidget):
    """objectName "environmentPicture". Without a painter there is nothing to see, and its card is not shown."""

    subtitleChanged = Signal(str)

    def __init__(self, selection: Selection) -> None:
        super().__init__()
        self.setObjectName("environmentPicture")
        self.setAccessibleName(tr("Picture of the environment"))
        self.setMinimumSize(120, 90)
        self._selection = selection
        self._painter: Painter | None = None
        self._kept: dict[int, QImage] = {}
        self._current: State = ()
        self._shown = -1
        self._due = 0.0
        selection.changed.connect(self._on_selected)

    def set_painter(self, painter: Painter | None) -> None:
        """Have pictures made by this from now on."""
        self._painter, self._shown = painter, -1
        self._kept.clear()
        self._show()

    def begin(self, scenario: Scenario) -> None:
        self._current = scenario.first_state
        self.set_painter(None)

    def set_optimum(self, solution: Solution | None) -> None:
        """It changes no picture."""

    def wants(self) -> dict[str, Any]:
        return {"current": True}

    def draw(self, snapshot: Snapshot) -> None:
        self._current = snapshot.current or self._current
        self._show()

    @Slot(tuple)
    def _on_selected(self, state: State) -> None:
        self._due = 0.0
        self._show()

    def _show(self) -> None:
        state = (self._selection.state or self._current or (0, -1))[-1]
        if self._painter is None or state < 0 or state == self._shown:
            return
        if state not in self._kept:
            began = time.monotonic()
            if began < self._due:
                return  # the next snapshot asks again
            pixels = np.ascontiguousarray(self._painter(state))
            self._due = time.monotonic() + REST * (time.monotonic() - began)
            height, width, _ = pixels.shape
            image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            if len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[state] = image.copy()  # the array's memory is not Qt's
        self._shown = state
        said = tr("state {state}", state=state)
        self.setAccessibleDescription(said)
        self.subtitleChanged.emit(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        image = self._kept.get(self._shown)
        if image is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        size = image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        room = QRectF(0, 0, size.width(), size.height())
        room.moveCenter(self.rect().toRectF().center())
        painter.drawImage(room, image)
        painter.setPen(theme.line(self.palette()))
        painter.drawRect(room)
