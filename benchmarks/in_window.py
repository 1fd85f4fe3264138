"""The program's window, for benchmarks that watch one in a process of their own."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from langrl_gui.ui.app import Studio


def run(what: Path, watch: Callable[[Studio], QObject]) -> None:
    """Open the window on a file, as the program does, have it watched until it is closed, and end the process."""
    application = QApplication(sys.argv)
    sys.setswitchinterval(0.0001)
    studio = Studio(what, remembers=False)
    watching = watch(studio)
    code = application.exec()
    del watching
    studio.close()
    sys.exit(code)
