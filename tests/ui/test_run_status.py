"""The line at the window's foot tells the speed of tracing apart, and announces memory before it is taken."""

import time

import pytest
from pytestqt.qtbot import QtBot

from langrl_gui.core import scenario
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import NO_LIMIT, Trainer
from langrl_gui.ui.line import Line
from langrl_gui.ui.views.run_status import RunStatus


def said(status: RunStatus) -> str:
    line = status.findChild(Line, "statusText")
    assert isinstance(line, Line)
    return line.text()


@pytest.mark.parametrize(("name", "traces"), [("morning-tea", True), ("ten-words", False)])
def test_tracing_is_told_apart_and_memory_is_announced_where_states_are_traced_as_they_are_met(
    qtbot: QtBot, name: str, traces: bool
) -> None:
    trainer, status = Trainer(scenario.find(name)), RunStatus()
    qtbot.addWidget(status)
    observer = Observer(trainer)
    trainer.prepare()
    status.draw(observer.observe(Wanted()), (NO_LIMIT, NO_LIMIT), running=False)
    assert ("states, traced as they are met" in said(status)) == traces
    assert (str(trainer.room) in said(status)) == traces
    status.draw(observer.observe(Wanted()), (NO_LIMIT, NO_LIMIT), running=True)
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        trainer.advance(trainer.step + 2000)
    status.draw(observer.observe(Wanted()), (NO_LIMIT, NO_LIMIT), running=True)
    time.sleep(0.15)
    status.draw(observer.observe(Wanted()), (NO_LIMIT, NO_LIMIT), running=True)
    assert ("of the time" in said(status)) == traces
    assert ("edges/s" in said(status)) == traces
    assert "MiB" not in said(status)
