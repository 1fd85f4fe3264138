"""The learning curves of ten million episodes: what it costs to go on for ten thousand more and draw them all."""

import os
import time
from typing import Final

from benchmarks.result import Result

VIEW: Final = (1240, 700)
EPISODES: Final = 10_000_000
MORE: Final = 10_000
FRAME: Final = 0.016
"""Seconds between two pictures of a screen."""


def curves(frames: int = 30) -> list[Result]:
    """The best of several pictures, each after more episodes; whole and zoomed in, the dearest choice counts."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QApplication

    from langrl_gui.core import scenario as scenarios
    from langrl_gui.core.oracle import solve
    from langrl_gui.core.telemetry import Observer, Wanted
    from langrl_gui.core.trainer import NO_LIMIT, Trainer
    from langrl_gui.ui.views.learning_curves import EXPLORATION, RETURN, SURPRISE, LearningCurves

    app = QApplication.instance() or QApplication(["curves"])
    assert isinstance(app, QApplication)
    trainer = Trainer(scenarios.find("i-love-you"))
    trainer.advance(NO_LIMIT, EPISODES)
    observer, view = Observer(trainer), LearningCurves()
    view.resize(*VIEW)
    view.show()
    view.begin(trainer.scenario)
    view.set_optimum(solve(trainer.scenario))
    app.processEvents()  # nothing is painted before the window is there

    def picture() -> tuple[float, float]:
        """Seconds to go on and look, and to draw what there is now."""
        began = time.perf_counter()
        trainer.advance(NO_LIMIT, trainer.episode + MORE)
        snapshot = observer.observe(Wanted(**view.wants()), exact=False)
        seen = time.perf_counter()
        view.draw(snapshot)
        view._plot.viewport().repaint()
        return seen - began, time.perf_counter() - seen

    details: dict[str, float] = {}
    worst = 0.0
    for zoomed in (False, True):
        for choice in (RETURN, SURPRISE, EXPLORATION):
            view.controls.choose(choice)
            if zoomed:
                view._box.scaleBy(x=1e-3, center=QPointF(EPISODES / 2, 0.0))
                view._on_range_chosen(None)
            else:
                view.follow()
            picture()
            taken = [picture() for _ in range(frames)]
            looked, drawn = (min(part) * 1000 for part in zip(*taken, strict=True))
            where = "zoomed in" if zoomed else "the whole"
            details[f"{where}, {choice}: ms to go on and look"] = looked
            details[f"{where}, {choice}: ms to draw"] = drawn
            worst = max(worst, (looked + drawn) / 1000)
    details["episodes"] = trainer.episode
    view.close()
    app.processEvents()
    note = f"best of {frames} pictures, {VIEW[0]} x {VIEW[1]}, {app.platformName()}"
    return [
        Result(f"{MORE:,} more episodes on {EPISODES:,} against 16 ms", worst / FRAME, "x", 1.0, 0.5, details, note)
    ]
