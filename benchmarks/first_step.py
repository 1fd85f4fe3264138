"""`python -m benchmarks.first_step WAIT`: press Run WAIT seconds after a run is ready; print the seconds to a step.

One session as the window has it, without the window: what is measured is the loop getting under way.
"""

import sys
import time

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Slot

from langrl_gui.core import scenario
from langrl_gui.core.telemetry import Wanted
from langrl_gui.ui.session import READY, Session


class Press(QObject):
    """Presses Run once, and looks for what comes of it as the window would, only more often."""

    def __init__(self, wait: float) -> None:
        super().__init__()
        self.session = Session(self)
        self.session.look(Wanted(says=True))
        self.session.state_changed.connect(self._on_state)
        self._wait = round(1000 * wait)
        self._pressed = 0.0
        self._look = QTimer(self, interval=1)
        self._look.timeout.connect(self._on_look)
        self.session.start()
        self.session.open(scenario.built_in()["i-love-you"])

    @Slot(str)
    def _on_state(self, state: str) -> None:
        if state == READY:
            QTimer.singleShot(self._wait, self, self._press)

    @Slot()
    def _press(self) -> None:
        self._pressed = time.perf_counter()
        self.session.run(at_once=True)
        self._look.start()

    @Slot()
    def _on_look(self) -> None:
        snapshot = self.session.take()
        if snapshot is not None and snapshot.step:
            print(time.perf_counter() - self._pressed)
            self._look.stop()
            self.session.close()
            QCoreApplication.quit()


if __name__ == "__main__":
    application = QCoreApplication(sys.argv)
    press = Press(float(sys.argv[1]))
    sys.exit(application.exec())
