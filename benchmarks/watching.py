"""`python -m benchmarks.watching FILE STATES`: train FILE at full speed in a window until so many states are traced;
print what the window drew meanwhile, as JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from benchmarks import in_window
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import READY, RUNNING


class Watching(QObject):
    """Starts the run as soon as there is one, notes when the window has drawn something new, and ends it."""

    def __init__(self, studio: Studio, states: int) -> None:
        super().__init__(studio)
        self._studio, self._states = studio, states
        self._frames: list[float] = []
        self._compiled = False
        studio.session.compiled.connect(self._on_compiled)
        studio.window.pictured.connect(self._on_pictured)
        self._look = QTimer(self, interval=50)
        self._look.timeout.connect(self._on_look)
        self._look.start()

    @Slot()
    def _on_compiled(self) -> None:
        self._compiled = True

    @Slot()
    def _on_pictured(self) -> None:
        if self._studio.session.state == RUNNING:
            self._frames.append(time.perf_counter())

    @Slot()
    def _on_look(self) -> None:
        session, snapshot = self._studio.session, self._studio.window.snapshot
        if self._compiled and session.state == READY:
            session.run(at_once=True, endless=True)
        elif session.state == RUNNING and snapshot is not None and snapshot.states >= self._states:
            self._look.stop()
            between = np.diff(self._frames) * 1000
            report = {
                "states": snapshot.states,
                "seconds": self._frames[-1] - self._frames[0],
                "edges/s": snapshot.traced / snapshot.tracing_seconds,
                "frames": len(self._frames),
                **{name: float(np.percentile(between, share)) for name, share in (("p50", 50), ("p99", 99))},
                "max": float(between.max()),
            }
            print(json.dumps(report))
            self._studio.window.leave()


if __name__ == "__main__":
    in_window.run(Path(sys.argv[1]), lambda studio: Watching(studio, int(sys.argv[2])))
