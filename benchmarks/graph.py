"""The state graph with every state of a large table in it: what a picture costs while somebody drags it about."""

import os
import time
from typing import Final

import numpy as np

from benchmarks.result import Result

VIEW: Final = (1240, 700)
STEPS: Final = 40_000_000
"""Random steps after which nearly every text has been said."""
FRAMES: Final = 60
DEPTHS: Final = {"whole": 0, "some columns": 12, "near": 24, "words": 40}
"""Notches of the wheel from where everything is in sight."""


def graph(rounds: int = 3) -> list[Result]:
    """95th percentile of the pictures of a drag, at the dearest zoom; of several drags the best counts."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from langrl_gui.core import scenario as scenarios
    from langrl_gui.core.telemetry import Observer, Wanted
    from langrl_gui.core.trainer import Trainer
    from langrl_gui.ui.selection import Selection
    from langrl_gui.ui.views.state_graph import StateGraph

    app = QApplication.instance() or QApplication(["graph"])
    trainer = Trainer(
        scenarios.from_data(
            {
                "name": "wide",
                "language": {"words": ["ba", "du", "ki", "lo"], "joiner": " ", "max_length": 9},
                "prompts": [{"references": ["ba du ki lo ba du ki lo ba"]}],
                "rewards": [{"kind": "match"}],
                "learner": {"method": "q-learning", "explore": {"kind": "epsilon-greedy", "epsilon": 1.0}},
            }
        )
    )
    trainer.advance(STEPS)
    view = StateGraph(Selection())
    view.resize(*VIEW)
    view.show()
    view.begin(trainer.scenario)
    view.controls.all.setChecked(True)
    app.processEvents()  # nothing is painted before the window is there
    snapshot = Observer(trainer).observe(Wanted(**view.wants()))
    assert snapshot.graph is not None
    view.draw(snapshot)
    shape, canvas = snapshot.graph.shape, view.canvas
    # A state in the middle of the last column but one: around it there is something to see at every zoom.
    column = np.flatnonzero((shape.column == shape.column.max() - 1) & ~shape.ends)
    middle = shape.key(int(column[len(column) // 2]))

    def drag() -> float:
        """95th percentile of its pictures, in ms."""
        times = []
        for number in range(FRAMES):
            began = time.perf_counter()
            canvas.pan(0, -7 if number % 2 else 8)
            canvas.repaint()
            times.append(1000 * (time.perf_counter() - began))
        return float(np.percentile(times, 95))

    details: dict[str, float] = {}
    for name, notches in DEPTHS.items():
        canvas.fit()
        for _ in range(notches):
            canvas.zoom(1.25, canvas.rect_of(middle).center())
        details[f"{name}, ms"] = min(drag() for _ in range(rounds))
    worst = max(details.values())
    details |= {"rows": trainer.tables.rows, "edges": len(shape.source)}
    view.close()
    note = f"best of {rounds} drags of {FRAMES} pictures, {VIEW[0]} x {VIEW[1]}, {app.platformName()}"
    return [Result("graph of 10^5 rows: pan frame, 95th percentile", worst, "ms", 33, 16, details, note)]
