"""`python -m benchmarks.opening FILE`: open FILE in a window that is up; print the seconds until it can be used."""

import sys
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

from langrl_gui.core.scenario import Scenario
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import OPENING, READY


class Opening(QObject):
    """Waits for the window, opens the file, and looks for its first picture."""

    def __init__(self, studio: Studio, path: Path) -> None:
        super().__init__(studio)
        self._studio, self._path = studio, path
        self._asked = self._opened = 0.0
        studio.session.opened.connect(self._on_opened)
        self._look = QTimer(self, interval=1)
        self._look.timeout.connect(self._on_look)
        self._look.start()

    @Slot(object)
    def _on_opened(self, scenario: Scenario) -> None:
        self._opened = time.perf_counter() if self._asked else 0.0

    @Slot()
    def _on_look(self) -> None:
        studio = self._studio
        if not self._asked and studio.session.state == READY and studio.window.snapshot is not None:
            self._asked = time.perf_counter()
            studio.session.open(self._path)
        elif self._opened and studio.session.state != OPENING and studio.window.snapshot is not None:
            print(time.perf_counter() - self._asked)
            self._look.stop()
            studio.window.leave()


if __name__ == "__main__":
    application = QApplication(sys.argv)
    sys.setswitchinterval(0.0001)
    window = Studio(None, remembers=False)
    opening = Opening(window, Path(sys.argv[1]))
    code = application.exec()
    window.close()
    sys.exit(code)
