"""`python -m benchmarks.live FILE TURNS`: train FILE at full speed, in turn for a second with the window live and for
one in which nothing but the loop runs; print the steps per second of each, as JSON.

It is one run, in one process, on the same arrays: how fast a loop is differs by a tenth from process to process, by
where its memory happens to lie, and from minute to minute on a machine that others use too.
"""

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from benchmarks import in_window
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import PAUSED, RUNNING

TURN = 1.0
"""Seconds of each turn ..."""
SETTLING = 0.2
"""... after so many in which the window comes to life, or to rest."""


class Turns(QObject):
    """Starts the run, stops it, goes on with it while the window rests, and so on."""

    def __init__(self, studio: Studio, turns: int) -> None:
        super().__init__(studio)
        self._studio, self._turns = studio, turns
        self._live: list[float] = []
        self._alone: list[float] = []
        self._began = (0.0, 0)
        studio.session.compiled.connect(self._run)
        studio.session.state_changed.connect(self._on_state)

    @property
    def _trainer(self) -> Trainer:
        trainer = self._studio.session._worker._trainer
        assert trainer is not None
        return trainer

    def _now(self) -> tuple[float, int]:
        return time.perf_counter(), self._trainer.step

    @Slot()
    def _run(self) -> None:
        self._studio.session.run(at_once=True, endless=True)

    @Slot(str)
    def _on_state(self, state: str) -> None:
        if state == RUNNING:
            QTimer.singleShot(round(1000 * SETTLING), self._begin)
        elif state == PAUSED:
            QTimer.singleShot(round(1000 * SETTLING), self._go_on_alone)

    @Slot()
    def _begin(self) -> None:
        self._began = self._now()
        QTimer.singleShot(round(1000 * TURN), self._end)

    @Slot()
    def _end(self) -> None:
        self._live.append(self._speed(self._began))
        self._studio.session.pause()

    @Slot()
    def _go_on_alone(self) -> None:
        began = self._now()
        while time.perf_counter() - began[0] < TURN:
            self._trainer.advance(self._trainer.step + 1_000_000)
        self._alone.append(self._speed(began))
        if len(self._alone) < self._turns:
            self._run()
        else:
            print(json.dumps({"live": self._live, "alone": self._alone}))
            self._studio.window.leave()

    def _speed(self, since: tuple[float, int]) -> float:
        now, step = self._now()
        return (step - since[1]) / (now - since[0])


if __name__ == "__main__":
    in_window.run(Path(sys.argv[1]), lambda studio: Turns(studio, int(sys.argv[2])))
