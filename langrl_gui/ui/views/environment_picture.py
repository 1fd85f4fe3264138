"""The environment's own picture: of the state that is selected, or else of the one in which the agent is. Where only an
episode can be painted, it is always that in progress.

Knows the scenario's environment, the selection and the current state. Pictures are kept: few states are drawn twice.
"""

import math
import time
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from langrl_gui.core.errors import TableError
from langrl_gui.core.gym import Painter, Scene
from langrl_gui.core.i18n import tr
from langrl_gui.core.oracle import Solution
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Snapshot
from langrl_gui.ui import names, theme
from langrl_gui.ui.selection import Selection, State

MOST_KEPT: Final = 256
MOST_PLAYED: Final = 1000
"""Actions of an episode that are taken once more for a picture: more would hold up the window."""
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
        self._scenario: Scenario | None = None
        self._painter: Painter | None = None
        self._kept: dict[Scene, QImage] = {}
        self._current: Scene | None = None
        self._shown: Scene | None = None
        self._said = ""
        self._due = 0.0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._show)
        selection.changed.connect(self._on_selected)

    def set_painter(self, painter: Painter | None) -> None:
        """Have pictures made by this from now on."""
        self._painter, self._shown = painter, None
        self._kept.clear()
        self._show()

    def begin(self, scenario: Scenario) -> None:
        environment = scenario.environment
        known = environment is not None and environment.spaces is None
        self._scenario, self._current = scenario, Scene(scenario.first_state[-1]) if known else None
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

    @Slot()
    def _show(self) -> None:
        painter, scene, selected = self._painter, self._current, self._selection.state
        if painter is None or self._scenario is None:
            return
        if painter.of_any_state and selected:
            scene = Scene(selected[-1])
        if scene is None:
            return
        said = tr("state {state}", state=names.name_of(self._scenario, (0, scene.state)))
        if selected and selected[-1] != scene.state:
            said += " · " + tr("of the episode in progress: a state alone cannot be painted here")
        if scene in self._kept:
            self._put(scene, said)
        elif len(scene.actions) > MOST_PLAYED:
            self._tell(tr("no picture: the episode is too long to be played once more for it"))
        elif (rest := self._due - time.monotonic()) > 0:
            self._later.start(math.ceil(1000 * rest))
        else:
            try:
                self._paint(painter, scene)
                self._put(scene, said)
            except TableError as error:
                self._tell(str(error))

    def _paint(self, painter: Painter, scene: Scene) -> None:
        began = time.monotonic()
        pixels = np.ascontiguousarray(painter.paint(scene))
        self._due = time.monotonic() + REST * (time.monotonic() - began)
        height, width, _ = pixels.shape
        image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        if len(self._kept) >= MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[scene] = image.copy()  # the array's memory is not Qt's

    def _put(self, scene: Scene, said: str) -> None:
        if scene != self._shown:
            self._shown = scene
            self.update()
        self._tell(said)

    def _tell(self, said: str) -> None:
        if said != self._said:
            self._said = said
            self.setAccessibleDescription(said)
            self.subtitleChanged.emit(said)

    def paintEvent(self, event: QPaintEvent) -> None:
        image = self._kept.get(self._shown) if self._shown is not None else None
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
