"""Over and over again: nothing is left, memory stays flat. `make soak` runs these in full."""

import gc
import threading
from pathlib import Path
from typing import Final

import psutil
import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from langrl_gui.core import scenario
from langrl_gui.core.telemetry import GraphWanted, Wanted
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import PAUSED, RUNNING, Session

FLAT: Final = 24 * 2**20
"""Bytes that may be gained from the first tenth of the cycles to the last: caches fill, allocators keep some."""

FEW: Final = 500
"""Objects that may be gained, by libraries that remember something; a window has some thousand."""


def memory() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


def test_start_pause_and_reset_leave_nothing_behind(qtbot: QtBot, soak: bool) -> None:
    cycles = 1000 if soak else 60
    session = Session()
    session.look(Wanted(True, True, 2, GraphWanted(12), (0, 50), (0, 20)))
    session.start()
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(scenario.find("ten-words"))
    settled = 0
    threads = 0
    for cycle in range(cycles):
        session.run(at_once=True, endless=True)
        qtbot.waitUntil(lambda: session.state == RUNNING, timeout=60_000)  # the first time, it may have to compile
        session.pause()
        qtbot.waitUntil(lambda: session.state == PAUSED, timeout=10_000)
        session.take()
        with qtbot.waitSignal(session.opened, timeout=10_000):
            session.reset()
        if cycle == cycles // 10:
            settled, threads = memory(), psutil.Process().num_threads()
    qtbot.waitUntil(lambda: session.solution is not None, timeout=10_000)
    assert memory() - settled < FLAT
    assert psutil.Process().num_threads() <= threads + 1
    session.close()


@pytest.mark.timeout(1200)
@pytest.mark.no_qt_log  # the test runner would keep every message, and what is kept is counted here
def test_opening_and_closing_the_window_leaves_nothing_behind(qtbot: QtBot, qapp: QApplication, soak: bool) -> None:
    before = {thread.name for thread in threading.enumerate()}
    windows = 200 if soak else 6
    settled = objects = 0
    for number in range(windows):
        studio = Studio(None)
        with qtbot.waitSignal(studio.session.optimum_found, timeout=20_000):
            qtbot.waitExposed(studio.window)
        qtbot.waitUntil(lambda studio=studio: studio.window.curves is not None, timeout=20_000)
        studio.window.on_toEnd()
        qtbot.waitUntil(lambda studio=studio: studio.session.state == "finished", timeout=20_000)
        studio.window.close()
        studio.close()
        studio.deleteLater()
        del studio
        qtbot.wait(1)
        gc.collect()
        if number == max(2, windows // 10):
            settled, objects = memory(), len(gc.get_objects()) + gc.get_freeze_count()
        assert not [w for w in qapp.topLevelWidgets() if w.isVisible()]
    assert memory() - settled < FLAT
    assert len(gc.get_objects()) + gc.get_freeze_count() - objects < FEW
    assert {thread.name for thread in threading.enumerate()} - before == set()
    assert not [t for t in qapp.findChildren(QTimer) if t.isActive()]
    assert not [t for t in qapp.findChildren(QThread) if t.isRunning()]


def test_a_thousand_saves_leave_one_file_and_its_predecessor(qtbot: QtBot, tmp_path: Path, soak: bool) -> None:
    session = Session()
    session.start()
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(scenario.find("i-love-you"))
    for _ in range(1000 if soak else 30):
        session.step()
        with qtbot.waitSignal(session.saved, timeout=20_000):
            session.save(tmp_path / "run.langrl")
    session.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.langrl", "run.langrl~"]
