"""Work beside the run: one of a kind at a time, each with progress and a way to cancel it."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QToolButton
from pytestqt.qtbot import QtBot

from langrl_gui.core import runfile, scenario
from langrl_gui.core.errors import LangrlError
from langrl_gui.ui.session import READY, RUNNING, Session
from langrl_gui.ui.side_status import SideStatus
from langrl_gui.ui.side_work import Progress, SideWork


@pytest.fixture
def side(qapp: object) -> Iterator[SideWork]:
    parent = QObject()
    side = SideWork(parent)
    yield side
    side.close()
    assert side.running == []


def waiting(gate: threading.Event, result: object = None) -> Callable[[Progress], object]:
    """Work that reports a quarter, and ends when the gate opens or it is told to."""

    def work(progress: Progress) -> object:
        while not gate.wait(0.002) and progress(0.25):
            pass
        return result

    return work


def test_the_result_comes_back_on_the_thread_of_the_window(qtbot: QtBot, side: SideWork) -> None:
    seen = []
    task = side.new("a", "A", lambda _: threading.get_ident())
    task.done.connect(lambda worked_on: seen.append((worked_on, threading.get_ident())))
    with qtbot.waitSignal(task.done, timeout=5000):
        side.start(task)
    assert seen[0][0] != threading.get_ident()
    assert seen[0][1] == threading.get_ident()
    assert side.running == []


def test_tasks_of_a_kind_are_done_in_their_order_and_those_of_another_kind_beside_them(
    qtbot: QtBot, side: SideWork
) -> None:
    gate, order = threading.Event(), []
    first, second, other = (
        side.new("a", "first", waiting(gate, 1)),
        side.new("a", "second", lambda _: 2),
        side.new("b", "other", lambda _: 3),
    )
    for task in (first, second, other):
        task.done.connect(order.append)
        side.start(task)
    qtbot.waitUntil(lambda: order == [3], timeout=5000)
    assert side.running == [first]
    gate.set()
    qtbot.waitUntil(lambda: order == [3, 1, 2], timeout=5000)


def test_a_task_that_another_takes_the_place_of_says_nothing_any_more(qtbot: QtBot, side: SideWork) -> None:
    came = []
    old, waits, new = (
        side.new("a", "old", waiting(threading.Event(), "old")),
        side.new("a", "waits", lambda _: "waits"),
        side.new("a", "new", lambda _: "new"),
    )
    for task in (old, waits, new):
        task.done.connect(came.append)
        side.start(task, instead=task is new)
    qtbot.waitUntil(lambda: came != [], timeout=5000)
    qtbot.waitUntil(lambda: side.running == [], timeout=5000)
    assert came == ["new"]


def test_what_has_to_be_finished_is_so_once_it_has_begun(qtbot: QtBot, side: SideWork) -> None:
    gate, came = threading.Event(), []
    tasks = [side.new("save", name, waiting(gate, name)) for name in ("begun", "waits", "last")]
    for task in tasks:
        task.must_end = True
        task.done.connect(came.append)
        side.start(task, instead=True)
    gate.set()
    qtbot.waitUntil(lambda: came == ["begun", "last"], timeout=5000)


@pytest.mark.parametrize(("error", "details"), [(LangrlError("a sentence"), False), (ValueError("no one knew"), True)])
def test_what_goes_wrong_is_one_event(qtbot: QtBot, side: SideWork, error: Exception, details: bool) -> None:
    def work(_: Progress) -> None:
        raise error

    task = side.new("a", "A", work)
    with qtbot.waitSignal(task.failed, timeout=5000) as failed:
        side.start(task)
    assert str(error) in failed.args[0]
    assert bool(failed.args[1]) == details


def test_closing_cancels_what_can_be_left_and_finishes_what_has_to_be_done(qapp: object) -> None:
    parent = QObject()
    side, done = SideWork(parent), []
    left = side.new("a", "left", waiting(threading.Event()))
    saves = [side.new("save", "save", lambda _, number=number: done.append(number)) for number in range(3)]
    side.start(left)
    for save in saves:
        save.must_end = True
        side.start(save)
    side.close()
    assert done == [0, 1, 2]
    assert not left.isRunning()


def test_the_status_bar_names_what_takes_long_with_its_progress_and_a_way_to_cancel(
    qtbot: QtBot, side: SideWork
) -> None:
    status = SideStatus(lambda: side.running)
    qtbot.addWidget(status)
    task = side.new("a", "Counting", waiting(threading.Event()))
    side.start(task)
    status.look()
    assert status.isHidden(), "what may be done in a moment is not shown"

    def is_shown() -> bool:
        status.look()
        return not status.isHidden() and status.findChild(QProgressBar).value() == 250

    qtbot.waitUntil(is_shown, timeout=5000)
    assert status.findChild(QLabel).text() == "Counting"
    cancel = status.findChild(QToolButton, "cancelSideWork")
    assert cancel.accessibleName() == "Cancel: Counting"
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    assert status.isHidden()
    qtbot.waitUntil(lambda: task.isFinished(), timeout=5000)


def test_a_run_goes_on_while_it_is_saved_and_the_file_is_one_moment_of_it(qtbot: QtBot, tmp_path: Path) -> None:
    session = Session()
    session.start()
    session.open(scenario.find("ten-words"))
    qtbot.waitUntil(lambda: session.state == READY, timeout=20_000)
    session.run(at_once=True, endless=True)
    qtbot.waitUntil(lambda: session.state == RUNNING, timeout=20_000)
    with qtbot.waitSignal(session.saved, timeout=20_000):
        session.save(tmp_path / "run.langrl")
    assert session.state == RUNNING
    run = runfile.read(tmp_path / "run.langrl")
    assert run.moment.timeline.pointer == session.saved_at
    assert run.moment.step > 0
    session.close()
