"""The heat map of a table of 4,096 states and 4,096 words: what one more picture costs the loop and the window."""

import os
import time
from typing import Final

import numpy as np

from benchmarks.result import Result

SIZE: Final = 4096
VIEW: Final = (1240, 700)
BUDGET: Final = 1 << 31
"""Bytes that are planned for the table; it takes half of them."""
FRAME: Final = 0.016
"""Seconds between two pictures of a screen."""
NOTCHES: Final = {"numbers": 0, "small cells": -6, "a pixel each": -13, "the whole": -20}
"""Turns of the wheel from the size at which cells have numbers."""


def heat(frames: int = 12) -> list[Result]:
    """The best of several pictures of a table in motion, scrolled in between; the dearest mode and size counts."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from langrl_gui.core import scenario as scenarios
    from langrl_gui.core.oracle import solve
    from langrl_gui.core.telemetry import Observer, Wanted
    from langrl_gui.core.trainer import Trainer
    from langrl_gui.ui.selection import Selection
    from langrl_gui.ui.views.heat_map import QHeatMap
    from langrl_gui.ui.views.heat_scales import MODES

    app = QApplication.instance() or QApplication(["heat"])
    trainer = Trainer(
        scenarios.from_data(
            {
                "name": "wide",
                "language": {"words": [f"w{number:04}" for number in range(SIZE)], "joiner": " ", "max_length": 2},
                "prompts": [{"references": ["w0000 w0001"]}],
                "rewards": [{"kind": "match"}],
                "learner": {"method": "q-learning", "explore": {"kind": "epsilon-greedy", "epsilon": 1.0}},
            }
        ),
        budget=BUDGET,
    )
    states = np.full((SIZE, 2), -1, np.int32)
    states[:, 0], states[:, 1] = 0, np.arange(SIZE)
    trainer.tables.find_rows(states)
    trainer.advance(2_000_000)
    observer, view = Observer(trainer), QHeatMap(Selection())
    view.resize(*VIEW)
    view.show()
    view.begin(trainer.scenario)
    view.set_optimum(solve(trainer.scenario))
    app.processEvents()  # nothing is painted before the window is there

    def picture(scroll: int) -> tuple[float, float]:
        """Seconds that one more takes the loop, and the window."""
        trainer.advance(trainer.step + 1_000)
        view.verticalScrollBar().setValue(scroll)
        began = time.perf_counter()
        snapshot = observer.observe(Wanted(**view.wants()), exact=False)
        seen = time.perf_counter()
        view.draw(snapshot)
        view.viewport().repaint()
        return seen - began, time.perf_counter() - seen

    details: dict[str, float] = {}
    worst = 0.0
    for name, notches in NOTCHES.items():
        view._set_zoom(1.0)
        view._zoom_by(notches)
        for mode in MODES:
            view.controls.choose(mode.name)
            picture(0)
            taken = [picture(7 * number) for number in range(frames)]
            loop, window = (min(part) * 1000 for part in zip(*taken, strict=True))
            details[f"{name}, {mode.name}: ms in the loop"] = loop
            details[f"{name}, {mode.name}: ms in the window"] = window
            worst = max(worst, (loop + window) / 1000)
    view.close()
    app.processEvents()
    note = f"{trainer.tables.rows:,} states x {SIZE:,} words in {VIEW[0]} x {VIEW[1]} pixels"
    return [Result("a picture of the heat map against 16 ms", worst / FRAME, "x", 1.0, 0.5, details, note)]
