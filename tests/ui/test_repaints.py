"""Repainting leaves nothing behind: the interpreter's own constants are counted as before, however long one looks."""

import gc
import sys

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, scenario
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.views.heat_map import QHeatMap
from langrl_gui.ui.views.learning_curves import LearningCurves

REPAINTS, SOAKED_REPAINTS = 3_000, 20_000
WARM_UP = 200
"""Repaints after which everything that is kept has been made."""
RESIZED = 10
"""Repaints after which the plot changes its size, so that its axes are laid out anew."""
TOLERANCE = 100
"""References that may come or go by chance. A binding that loses one in a repaint loses thousands."""
CONSTANTS = (None, True, False)


def counts() -> tuple[int, ...]:
    """References to each constant; from Python 3.12 on they are immortal, and the numbers stay by themselves."""
    gc.collect()
    return tuple(sys.getrefcount(constant) for constant in CONSTANTS)


@pytest.mark.timeout(900)  # twenty thousand of them take minutes
def test_that_repaints_leave_the_counts_of_none_true_and_false_where_they_were(qtbot: QtBot, soak: bool) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    observer, solution = Observer(trainer), oracle.solve(trainer.scenario)
    curves, heat = LearningCurves(), QHeatMap(Selection())
    views, canvases = (curves, heat), (curves._plot.viewport(), heat.viewport())
    for view in views:
        qtbot.addWidget(view)
        view.resize(320, 200)
        view.show()
        view.begin(trainer.scenario)
        view.set_optimum(solution)

    def repaint(times: int) -> None:
        for number in range(times):
            trainer.advance(trainer.step + 3 + number // 8)
            wanted = Wanted(**{name: value for view in views for name, value in view.wants().items()})
            snapshot = observer.observe(wanted)
            for view, canvas in zip(views, canvases, strict=True):
                view.draw(snapshot)
                canvas.repaint()
            if number % RESIZED == 0:
                curves.resize(320 + number % 7, 200)
                QApplication.processEvents()

    repaint(WARM_UP)
    before = counts()
    repaint(SOAKED_REPAINTS if soak else REPAINTS)
    for constant, was, now in zip(CONSTANTS, before, counts(), strict=True):
        assert abs(now - was) <= TOLERANCE, f"{constant}: {was} references before, {now} after"
