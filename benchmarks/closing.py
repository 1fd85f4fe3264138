"""`python -m benchmarks.closing STATE FOLDER`: open the window, close it in this state, and print when that was.

What is saved goes into FOLDER. The process then ends as the program does.
"""

import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QMessageBox

from langrl_gui.core import scenario
from langrl_gui.ui import app

STATES = ("start", "idle", "training", "saving", "dialog", "question", "problem")


class Closing(app.Studio):
    """The program, which comes into a state and is closed there."""

    state, folder = "", Path()

    def __init__(self, what: Path | None, **options: Any) -> None:
        super().__init__(what, **options)
        self._answer = QTimer(self.window, interval=10)
        self._answer.timeout.connect(self._discard)
        if self.state == "start":
            QTimer.singleShot(1, self._close)
        else:
            self.session.opened.connect(self._go)

    def _close(self) -> None:
        print(time.time(), flush=True)
        self.window.close()
        self._answer.start()

    def _discard(self) -> None:
        for box in self.window.findChildren(QMessageBox, "unsaved"):
            box.button(QMessageBox.StandardButton.Discard).click()

    def _go(self) -> None:
        session, window, run = self.session, self.window, self.folder / "run.langrl"
        match self.state:
            case "idle":
                QTimer.singleShot(300, self._close)
            case "training":
                session.run(at_once=True, endless=True)
                QTimer.singleShot(300, self._close)
            case "saving":
                session.run(at_once=True)
                for _ in range(50):
                    session.save(run)
                QTimer.singleShot(20, self._close)
            case "dialog":
                window.on_open()
                QTimer.singleShot(200, self._close)
            case "question":
                run.touch()
                window.on_saveAs()
                dialog = window.findChild(QFileDialog)
                dialog.setDirectory(str(run.parent))
                dialog.selectFile(run.name)
                QTimer.singleShot(100, dialog.accept)  # asks whether to write over it, and waits for the answer
                QTimer.singleShot(300, lambda: dialog.findChild(QMessageBox).isVisible() and self._close())
            case "problem":
                session.set("learner.alpha", 9.0)
                QTimer.singleShot(200, self._close)


if __name__ == "__main__":
    Closing.state, Closing.folder = sys.argv[1], Path(sys.argv[2])
    app.Studio = Closing  # type: ignore[misc]
    sys.exit(app.main([str(scenario.built_in()["ten-words"])]))
