"""Whatever people do, in whatever order: the window and a plain model of it stay the same, and nothing is left behind.

The suite takes 5,000 actions, `make soak` 50,000.
"""

import gc
import time
from typing import Any, Final

import psutil
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMessageBox, QPushButton, QWidget

from langrl_gui.core import i18n, memory, scenario
from langrl_gui.core.errors import ScenarioError
from langrl_gui.core.runfile import Run
from langrl_gui.core.trainer import Trainer, state_hash
from langrl_gui.ui import theme
from langrl_gui.ui.app import Studio
from langrl_gui.ui.cards import Card
from langrl_gui.ui.draft import put, value_at
from langrl_gui.ui.problem import Problem
from langrl_gui.ui.session import OPENING, RUNNING
from langrl_gui.ui.views.fields import NumberField
from tests.conftest import SOAK
from tests.windows import is_open

ACTIONS: Final = 1_000
PER_WINDOW: Final = 500
"""Actions on one window before the next is opened."""
CHECKED: Final = 10
"""After every so many of them it is compared with the model: what has gone wrong stays wrong, and waiting for the run
takes longer than acting."""
STALL: Final = 1.0
"""Seconds for which the window may not answer."""

LIVE: Final = {
    ("learner", "alpha"): (0.0, 0.25, 0.5, 1.0, 7.0),
    ("learner", "gamma"): (0.0, 0.5, 0.95, 1.0, -1.0),
    ("rewards", 0, "weight"): (-1.0, 0.0, 1.0, 2.0),
}
"""Fields that change at once, and what may be typed there, right or wrong."""
WAITING: Final = {
    ("language", "max_length"): (3, 4, 0),
    ("learner", "seed"): (0, 1, 2),
    ("stop", "episodes"): (5, 1000),
}
"""Fields that wait for a new run."""


class Model:
    """What there should be: plain data, a list of edits, and the scenario of the run."""

    def __init__(self, name: str) -> None:
        self.open(name)

    def open(self, name: str) -> None:
        self.running = scenario.find(name)
        self.data: Any = scenario.to_data(self.running)
        self.done: list[tuple[Any, Any, Any]] = []
        self.undone: list[tuple[Any, Any, Any]] = []

    @property
    def drafted(self) -> Any:
        try:
            return scenario.from_data(self.data)
        except ScenarioError:
            return None

    def edit(self, path: Any, value: Any) -> None:
        before = value_at(self.data, path)
        if before != value:
            self.done.append((path, before, value))
            self.undone.clear()
            self.data = put(self.data, path, value)
        self._settle()

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.done.pop())
            self.data = put(self.data, self.undone[-1][0], self.undone[-1][1])
            self._settle()

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.undone.pop())
            self.data = put(self.data, self.done[-1][0], self.done[-1][2])
            self._settle()

    def _settle(self) -> None:
        for path in (("learner", "explore", "epsilon"), *LIVE):
            try:
                self.running = self.running.changed(".".join(map(str, path)), value_at(self.data, path))
            except ScenarioError:
                continue


class People(RuleBasedStateMachine):
    """Anybody at the window."""

    longest = 0.0

    def __init__(self) -> None:
        super().__init__()
        self.studio = Studio(None)
        self.model = Model("i-love-you")
        self.beat = QTimer(self.studio, interval=5)
        self.beat.timeout.connect(self._on_beat)
        self.last = time.monotonic()
        self.beat.start()
        self.until(lambda: self.studio.window.curves is not None and self.studio.session.scenario is not None)
        self.until(lambda: self.studio.session.state != OPENING)
        self.acts = 0

    def _on_beat(self) -> None:
        now = time.monotonic()
        People.longest = max(People.longest, now - self.last)
        self.last = now

    def teardown(self) -> None:
        self.beat.stop()
        self.dismiss()
        if is_open(self.studio):
            self.studio.window.leave()
        self.studio.close()
        self.studio.deleteLater()
        theme.apply("system")  # for the tests that follow
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()

    # -- helpers ------------------------------------------------------------------------------------------------------

    @property
    def window(self) -> Any:
        return self.studio.window

    def until(self, condition: Any) -> None:
        self.last = time.monotonic()
        deadline = self.last + 60
        while not condition():
            assert time.monotonic() < deadline
            QApplication.processEvents()
            time.sleep(0.001)

    def copy(self) -> Run:
        """The run as it stands when all that was asked for has been done."""
        found: list[Run] = []
        self.studio.session.copy(found.append)
        self.until(lambda: found)
        return found[0]

    def opens(self, act: Any, discards: bool = True) -> bool:
        """Do what opens another run; answer the question there may be. Whether one was opened."""
        before = self.studio.session._run
        act()
        QApplication.processEvents()
        for box in self.window.findChildren(QMessageBox, "unsaved"):
            if box.isVisible():
                Button = QMessageBox.StandardButton  # noqa: N806 (a class)
                box.button(Button.Discard if discards else Button.Cancel).click()
                if not discards:
                    return False
        self.until(lambda: self.studio.session._run != before)
        return True

    def dismiss(self) -> None:
        for dialog in self.window.findChildren(QDialog) if is_open(self.studio) else ():
            if dialog.isVisible():
                dialog.reject()
        QApplication.processEvents()

    def field(self, path: Any) -> NumberField:
        name = ".".join(map(str, path))
        return next(one for one in self.window.findChildren(NumberField, name) if not one.isHidden())

    # -- the run ------------------------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(["step", "stepEpisode", "toEnd", "run", "slower", "faster"]))
    def press_an_action(self, name: str) -> None:
        self.window.findChild(QAction, name).trigger()

    @rule(place=st.integers(0, 700))
    def move_the_slider(self, place: int) -> None:
        self.window.speed.setValue(place)

    @rule()
    def reset(self) -> None:
        self.opens(self.window.findChild(QAction, "reset").trigger)

    @rule(name=st.sampled_from(["i-love-you", "morning-tea"]), discards=st.booleans())
    def open_another(self, name: str, discards: bool) -> None:
        path = scenario.built_in()[name]
        if self.opens(lambda: self.window.documents.open_scenario(path), discards):
            self.model.open(name)

    # -- the form -----------------------------------------------------------------------------------------------------

    @rule(path=st.sampled_from(list(LIVE) + list(WAITING)), data=st.data())
    def type_a_number(self, path: Any, data: Any) -> None:
        value = data.draw(st.sampled_from((LIVE | WAITING)[path]))
        self.field(path).set_number(value)
        self.model.edit(path, value)

    @rule(steps=st.lists(st.sampled_from(["undo", "redo"]), min_size=1, max_size=4))
    def change_ones_mind(self, steps: list[str]) -> None:
        for step in steps:
            self.window.findChild(QAction, step).trigger()
            getattr(self.model, step)()

    @rule()
    def begin_anew(self) -> None:
        # No precondition: which rules can be drawn must not depend on how far a run has come.
        if self.model.drafted is None or not self.window.findChild(QWidget, "applyBar").isVisible():
            return
        drafted = self.model.drafted
        self.opens(self.window.findChild(QPushButton, "apply").click)
        self.model.running = drafted

    @rule()
    def discard(self) -> None:
        self.window.findChild(QPushButton, "discard").click()
        self.model.edit((), scenario.to_data(self.model.running))

    # -- everything else ----------------------------------------------------------------------------------------------

    @rule(
        name=st.sampled_from(["stateGraph", "learningCurves", "qHeatMap", "qTable", "inspector", "episodeTape"]),
        x=st.floats(0, 1), y=st.floats(0, 1), what=st.sampled_from(["click", "move", "up", "down", "double"]),
    )  # fmt: skip
    def point_at_a_view(self, name: str, x: float, y: float, what: str) -> None:
        view = self.window.findChild(QWidget, name)
        if not view.isVisible():
            return
        point = QPoint(int(x * (view.width() - 1)), int(y * (view.height() - 1)))
        target = view.childAt(point) or view
        at = target.mapFrom(view, point)
        left = Qt.MouseButton.LeftButton
        if what == "click":
            QTest.mouseClick(target, left, pos=at)
        elif what == "double":
            QTest.mouseDClick(target, left, pos=at)
        elif what == "move":
            QTest.mouseMove(target, at)
        else:
            turned = QWheelEvent(
                QPointF(at), target.mapToGlobal(QPointF(at)), QPoint(), QPoint(0, 120 if what == "up" else -120),
                Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
            )  # fmt: skip
            QApplication.sendEvent(target, turned)

    @rule(
        name=st.sampled_from(["stateGraph", "learningCurves", "qHeatMap"]),
        key=st.sampled_from(["Left", "Right", "Up", "Down", "Home", "End", "Plus", "Minus", "0", "PageDown", "Escape"]),
    )
    def press_a_key_in_a_view(self, name: str, key: str) -> None:
        view = self.window.findChild(QWidget, name)
        if view.isVisible():
            QTest.keyClick(view, getattr(Qt.Key, f"Key_{key}"))

    @rule(
        name=st.sampled_from(["all", "list", "visited", "greedy", "around", "above"]), on=st.booleans(),
    )  # fmt: skip
    def show_other_states(self, name: str, on: bool) -> None:
        tools = self.window.graph.controls
        getattr(tools if name in ("all", "list") else tools.filter, name).setChecked(on)

    @rule(words=st.sampled_from(["", "我爱", "you", "nobody says this"]))
    def find_a_state(self, words: str) -> None:
        field = self.window.graph.controls.field
        field.setText(words)
        QTest.keyClick(field, Qt.Key.Key_Return)

    @rule(mode=st.sampled_from(["q", "visits", "gap", "change"]))
    def colour_the_table(self, mode: str) -> None:
        self.window.heat.controls.choose(mode)

    @rule(column=st.integers(0, 6), order=st.sampled_from(list(Qt.SortOrder)), words=st.sampled_from(["", "爱", "x"]))
    def sort_and_filter_the_exact_numbers(self, column: int, order: Qt.SortOrder, words: str) -> None:
        self.window.table.lines.sortByColumn(column, order)
        self.window.table.lines.model().change(typed=words)

    @rule(explores=st.booleans())
    def ask_the_agent(self, explores: bool) -> None:
        self.window.findChild(QAbstractButton, "sayExploring").setChecked(explores)
        self.window.findChild(QAbstractButton, "sayButton").click()

    @rule(place=st.integers(0, 20))
    def bring_a_card_to_the_front(self, place: int) -> None:
        cards = self.window.findChildren(Card)
        cards[place % len(cards)].raise_()

    @rule(place=st.integers(0, 20), what=st.sampled_from(["show", "hide", "float", "dock"]))
    def move_a_card(self, place: int, what: str) -> None:
        cards = self.window.findChildren(Card)
        card = cards[place % len(cards)]
        if what in ("show", "hide"):
            card.setVisible(what == "show" or card.objectName() == "parametersCard")
        else:
            card.setFloating(what == "float")

    @rule()
    def put_every_card_back(self) -> None:
        self.window.findChild(QAction, "resetLayout").trigger()

    @rule(width=st.integers(700, 1600), height=st.integers(500, 1000))
    def resize(self, width: int, height: int) -> None:
        self.window.resize(width, height)

    @rule(name=st.sampled_from(["dark", "light", "system"]))
    def change_colours(self, name: str) -> None:
        self.window.findChild(QAction, name).trigger()

    @rule(name=st.sampled_from(["help", "about", "open", "saveAs", "saveScenarioAs", "export"]))
    def look_at_a_dialog(self, name: str) -> None:
        self.window.findChild(QAction, name).trigger()
        QApplication.processEvents()
        self.dismiss()

    @rule(language=st.sampled_from(["zh_CN", "en"]))
    def change_the_language(self, language: str) -> None:
        if i18n.language() == language:
            return  # a new window is made each time, which takes as long as twenty other actions
        self.window.findChild(QAction, language).trigger()
        self.until(lambda: self.window.curves is not None)

    @rule()
    def wait(self) -> None:
        end = time.monotonic() + 0.02
        self.until(lambda: time.monotonic() > end)

    # -- what always holds --------------------------------------------------------------------------------------------

    @invariant()
    def is_as_the_model_says(self) -> None:
        QApplication.processEvents()
        self.acts += 1
        if self.acts % CHECKED:
            return
        problems = [
            box.text() + "\n" + box.detailedText() for box in self.window.findChildren(Problem) if box.isVisible()
        ]
        assert not problems, problems
        run = self.copy()
        draft = self.studio.draft
        assert draft.data == self.model.data
        assert self.studio.session.scenario == self.model.running
        assert (draft.stack.canUndo(), draft.stack.canRedo()) == (bool(self.model.done), bool(self.model.undone))
        assert draft.scenario == self.model.drafted
        assert draft.running == self.model.running
        if self.studio.session.state != RUNNING and run.moment.step <= 20_000:
            again = Trainer(run.scenario)
            again.replay(run.moment.timeline, run.moment.step)
            assert state_hash(again.moment()) == state_hash(run.moment)
        self.last = time.monotonic()  # the model's own work, compiling included, is not the window's


_memory: list[float] = []
"""How much this process had after each part that it was given, in MB."""


@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(50 if SOAK else 5))
def test_a_thousand_random_actions_never_part_the_window_from_a_plain_model(qapp: QApplication, part: int) -> None:
    People.longest = 0.0
    run_state_machine_as_test(
        seed(part)(People),
        settings=settings(
            max_examples=ACTIONS // PER_WINDOW, stateful_step_count=PER_WINDOW, deadline=None,
            database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    gc.collect()
    memory.give_back()
    used = psutil.Process().memory_info().rss / 2**20
    print(f"longest wait {People.longest:.3f} s, memory {used:,.0f} MB")
    _memory.append(used)
    if SOAK:
        assert People.longest < STALL
        # What is left after a part depends on what was done in it, and is given up in one of the next.
        assert min(_memory[-5:]) < min(_memory[:5]) + 100
