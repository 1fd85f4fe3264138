"""What is drawn equals what is: every view of the real window, after slicing, zooming, sorting and filtering, beside
the arrays of a run that nobody looked at."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QTableView
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, saying, scenario
from langrl_gui.core.oracle import Solution
from langrl_gui.core.telemetry import Column, find_update
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.app import Studio
from langrl_gui.ui.main_window import MainWindow
from langrl_gui.ui.selection import State

PARTS = (1, 6, 3_001, 41_006)
"""Steps at a time, as somebody at the window takes them."""
QUIET = 120
"""Milliseconds without a new picture, after which none is on its way."""


class Alone:
    """The same run without a window, and its optimum."""

    def __init__(self, name: str) -> None:
        self.trainer = Trainer(scenario.find(name))
        self.trainer.advance(sum(PARTS))
        self.solution: Solution = oracle.solve(self.trainer.scenario)

    def row(self, state: State) -> int:
        row = self.trainer.tables.find_row(state)
        assert row is not None
        return row

    def cells(self, state: State) -> dict[str, np.ndarray]:
        """Every number of a state's cells, by word."""
        row, slots, learned = self.row(state), self.trainer.tables.slots, self.trainer.learned
        here = slice(row * slots, (row + 1) * slots)
        best = self.solution.q_values(self.trainer.tables, np.array([row]))[0]
        q = learned.q[here]
        return {"q": q, "visits": learned.visits[here], "change": learned.change[here], "best": best, "gap": q - best}


def exact(number: float, sign: str) -> str:
    return f"{number:{sign}}".replace("-", "−")


Open = Callable[[str], tuple[MainWindow, Alone]]


@pytest.fixture
def opened(open_studio: Callable[[Path | None], Studio], qtbot: QtBot) -> Open:
    def open_(name: str) -> tuple[MainWindow, Alone]:
        studio = open_studio(scenario.built_in()[name])
        step = 0
        for steps in PARTS:
            studio.session.step(steps)
            step += steps
            qtbot.waitUntil(
                lambda step=step: studio.window.snapshot is not None and studio.window.snapshot.step == step,
                timeout=30_000,
            )
        return studio.window, Alone(name)

    return open_


def settle(qtbot: QtBot, window: MainWindow) -> None:
    """Until what is asked for has been drawn, and nothing more comes."""
    drawn = -1
    while drawn != window.drawn:
        drawn = window.drawn
        qtbot.wait(QUIET)


def bring_to_front(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Show a card that may lie behind another one."""
    next(card for card in window._cards if card.objectName() == name).raise_()
    settle(qtbot, window)


SCENARIOS = ("i-love-you", "ten-words", "small-talk")


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_state_graph_has_the_runs_numbers_zoomed_and_filtered(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    graph, canvas = window.graph, window.graph.canvas
    sheet, told = graph.controls.filter, 0
    for change in (
        lambda: graph.controls.all.setChecked(True),
        lambda: sheet.visited.setChecked(True),
        lambda: sheet.greedy.setChecked(True),
        lambda: (sheet.greedy.setChecked(False), sheet.above.setChecked(True), sheet.least.setValue(0.5)),
        lambda: [canvas.zoom(1.25, QPointF(200, 100)) for _ in range(9)],
    ):
        change()
        settle(qtbot, window)
        assert window.snapshot is not None
        drawn = window.snapshot.graph
        assert drawn is not None
        shape, slots = drawn.shape, alone.trainer.tables.slots
        q, visits = alone.trainer.learned.q.reshape(-1, slots), alone.trainer.learned.visits.reshape(-1, slots)
        states = [node for node in range(len(shape.column)) if not shape.ends[node]]
        rows = {node: alone.row(shape.key(node)) for node in states}
        assert [drawn.value[node] for node in states] == [q[rows[node]].max() for node in states]
        assert [drawn.visits[node] for node in states] == [visits[rows[node]].sum() for node in states]
        sources = np.array([rows[node] for node in shape.source.tolist()])
        assert (drawn.q == q[sources, shape.word]).all()
        assert (drawn.edge_visits == visits[sources, shape.word]).all()
        if sheet.above.isChecked():
            assert all(q[row].max() >= 0.5 for node, row in rows.items() if node not in set(shape.source.tolist()))
        inside = QRectF(canvas.rect())
        for node in states:
            place = canvas.rect_of(shape.key(node))
            lines = canvas.describe(place.center()).split("\n") if inside.contains(place) else []
            if lines and lines[0] == alone.trainer.scenario.language.join(shape.key(node)[1:]):
                assert lines[1] == f"Value {exact(q[rows[node]].max(), '+')}"
                told += 1
    assert told


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_learning_curves_are_the_loops_bins_at_every_zoom(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    curves = window.curves
    assert curves is not None
    histories, episodes = alone.trainer.progress.histories, alone.trainer.episode
    for _ in range(14):
        bins, width = curves._bins, curves._curves.width if curves._curves else 1
        assert bins is not None
        first = (bins.begins / width).round().astype(int)
        last = np.append(first[1:], -(-episodes // width))
        for place, (begin, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            assert bins.least[place] == histories.return_min[begin:end].min()
            assert bins.greatest[place] == histories.return_max[begin:end].max()
            total = bins.mean[place] * (bins.ends[place] - bins.begins[place])
            assert total == pytest.approx(histories.return_sum[begin:end].sum(), rel=1e-12, abs=1e-9)
        qtbot.keyClick(curves, Qt.Key.Key_Plus)
    assert bins.size == width, "zoomed in, a bin is drawn as the loop keeps it"
    full = len(curves._greedy.getData()[1])
    assert (curves._greedy.getData()[1] == histories.greedy_value[:full]).all()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_heat_map_has_the_runs_numbers_in_every_mode_wherever_it_is_scrolled(
    opened: Open, qtbot: QtBot, name: str
) -> None:
    window, alone = opened(name)
    heat = window.heat
    for mode in ("q", "visits", "gap", "change"):
        heat.controls.choose(mode)
        for share in (0.0, 0.4, 1.0):
            heat.verticalScrollBar().setValue(round(share * heat.verticalScrollBar().maximum()))
            settle(qtbot, window)
            shown = heat._heat
            assert shown is not None
            numbers = heat._shown(shown)
            for place, key in enumerate(shown.keys):
                cells = alone.cells(key)
                seen = slice(shown.first_slot, shown.first_slot + numbers.shape[1])
                assert np.array_equal(numbers[place], cells[mode][seen], equal_nan=True)
                assert np.array_equal(shown.visits[place], cells["visits"][seen])


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_exact_numbers_are_the_runs_sorted_and_filtered(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    bring_to_front(qtbot, window, "qTableCard")
    view, (lines,) = window.table, window.table.findChildren(QTableView)
    model = lines.model()
    told: dict[Column, str] = {"q": "q", "optimum": "best", "gap": "gap", "visits": "visits", "change": "change"}
    visited = int(np.count_nonzero(alone.trainer.learned.visits))
    for change in (
        lambda: lines.sortByColumn(2, Qt.SortOrder.DescendingOrder),
        lambda: lines.sortByColumn(5, Qt.SortOrder.AscendingOrder),
        lambda: model.change(visited=True),
        lambda: lines.verticalScrollBar().setValue(lines.verticalScrollBar().maximum() // 2),
    ):
        change()
        settle(qtbot, window)
        qtbot.waitUntil(lambda: model.cell(lines.rowAt(0)) is not None, timeout=10_000)
        first = lines.rowAt(0)
        held = [model.cell(line) for line in range(first, first + 4)]
        for line, cell in enumerate(held, first):
            assert cell is not None
            state, word = cell
            numbers = alone.cells(state)
            for column, key in told.items():
                assert model.number(line, column) == pytest.approx(numbers[key][word], rel=0, abs=0, nan_ok=True)
    assert model.rowCount() == visited
    assert view.isVisible()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_inspector_has_the_runs_numbers_however_it_is_sorted(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    bring_to_front(qtbot, window, "inspectorCard")
    words = alone.trainer.scenario.language.words
    said = alone.trainer.greedy_text(0).words
    for length in range(len(said)):
        state = (0, *said[:length])
        window.selection.select(state)
        settle(qtbot, window)

        def is_told(state: State = state) -> bool:
            shown = window.inspector._shown
            return shown is not None and shown.state == state and shown.update is not None

        qtbot.waitUntil(is_told, timeout=20_000)
        cells = alone.cells(state)
        (table,) = window.inspector.findChildren(QTableView)
        for column in range(table.model().columnCount()):
            table.sortByColumn(column, Qt.SortOrder.AscendingOrder)
            lines = window.inspector.as_text().split("\n")
            start = next(number for number, line in enumerate(lines) if line.startswith("word\t")) + 1
            seen = {line.split("\t")[0]: line.split("\t")[1:] for line in lines[start : start + len(words)]}
            for number, word in enumerate(words):
                told = [float(cell) for cell in seen[word][:4]]
                assert told == [cells[key][number] for key in ("q", "best", "gap", "visits")]
        timeline = alone.trainer.timeline
        update = find_update(alone.trainer.scenario, timeline, alone.trainer.step, state, lambda _: True)
        assert update is not None
        assert exact(update.new, "") in window.inspector.as_text()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_tape_is_what_the_run_said_however_far_it_is_scrolled_back(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    tables, trainer = alone.trainer.tables, alone.trainer
    for back in (0, 3, 40):
        window.tape._bar.setValue(back)
        settle(qtbot, window)
        assert window.snapshot is not None
        tape = window.snapshot.tape
        assert tape is not None
        steps = [step for episode in reversed(tape.past) for step in episode.steps] + list(tape.steps)
        edges = trainer.last_edges(len(steps))
        assert [step.word for step in steps] == tables.words_of(edges).tolist()
        assert [step.reward for step in steps] == tables.reward[edges].tolist()
        assert [episode.number for episode in tape.past] == [trainer.episode - n for n in range(len(tape.past))]
    says = window.snapshot.says
    assert says is not None
    assert [text.words for text in says] == [trainer.greedy_text(n).words for n in range(len(says))]


@pytest.mark.parametrize("name", SCENARIOS)
def test_samples_and_answers_are_the_runs(opened: Open, qtbot: QtBot, name: str) -> None:
    window, alone = opened(name)
    bring_to_front(qtbot, window, "samplesCard")
    taken = alone.trainer.samples.taken
    qtbot.waitUntil(lambda: list(window.samples._model.samples) == taken, timeout=20_000)
    bring_to_front(qtbot, window, "sayCard")
    for prompt in range(len(alone.trainer.tables.starts)):
        with qtbot.waitSignal(window.session.said, timeout=10_000) as said:
            window.session.say(prompt, 7)
        answer = saying.answer(alone.trainer, prompt, 7)
        assert said.args == [answer]
        text = window.say.as_text()
        assert text.startswith(alone.trainer.scenario.language.join([word.word for word in answer.words]))
