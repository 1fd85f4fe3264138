"""The inspector shows one state as the table has it, and the last update there as it was made."""

import html
import re

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QTextLayout
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableView
from pytestqt.qtbot import QtBot

from langrl_gui.core import context, i18n, oracle, scenario
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import Observer, Wanted, find_update
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.session import PAUSED, Session
from langrl_gui.ui.views.inspector import (
    CHANCE,
    COLUMNS,
    GAP,
    GAP_TO_OPTIMUM,
    OPTIMUM,
    TOGETHER,
    TRIED,
    WORD,
    Inspector,
    Q,
    Wrapped,
)


class Shown:
    """A trainer, and a visible inspector of it."""

    def __init__(self, qtbot: QtBot, problem: Scenario) -> None:
        self.trainer = Trainer(problem)
        self.observer = Observer(self.trainer)
        self.selection = Selection()
        self.view = Inspector(self.selection)
        qtbot.addWidget(self.view)
        self.view.resize(330, 500)
        self.view.begin(problem)
        self.view.show()

    def draw(self, steps: int) -> None:
        self.trainer.advance(steps)
        self.view.draw(self.observer.observe(Wanted(**self.view.wants())))

    @property
    def table(self) -> QTableView:
        found = self.view.findChild(QTableView)
        assert isinstance(found, QTableView)
        return found

    def column(self, number: int) -> list[str]:
        model = self.table.model()
        return [str(model.data(model.index(row, number))) for row in range(model.rowCount())]

    def texts(self) -> str:
        labels = [*self.view.findChildren(QLabel), *self.view.findChildren(Wrapped)]
        return "\n".join(label.text() for label in labels if label.isVisible())


@pytest.fixture
def love(qtbot: QtBot) -> Shown:
    return Shown(qtbot, scenario.find("i-love-you"))


def copied(shown: Shown) -> dict[str, list[str]]:
    """The table on the clipboard: word -> its cells."""
    shown.view.copy()
    lines = QApplication.clipboard().text().split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("word\t"))
    rows = [line.split("\t") for line in lines[start + 1 : start + 1 + shown.table.model().rowCount()]]
    return {row[0]: row[1:] for row in rows}


def test_that_the_numbers_are_those_of_the_table_however_they_are_sorted(love: Shown) -> None:
    problem = love.trainer.scenario
    solution = oracle.solve(problem)
    love.view.set_optimum(solution)
    love.selection.select((0, 0, 1))
    love.draw(2500)
    row = love.trainer.tables.find_row((0, 0, 1))
    assert row is not None
    q, visits = love.trainer.learned.q[3 * row : 3 * row + 3], love.trainer.learned.visits[3 * row : 3 * row + 3]
    q_star = solution.q(0, (0, 1))
    for column in range(len(COLUMNS)):
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            love.table.sortByColumn(column, order)
            rows = copied(love)
            for number, word in enumerate(problem.language.words):
                cells = rows[word]
                assert [float(cell) for cell in cells[:3]] == [q[number], q_star[number], q[number] - q_star[number]]
                assert int(cells[3]) == visits[number]
            shown = love.column(TRIED)
            words = [text.replace("▸ ", "") for text in love.column(WORD)]
            assert [int(text.replace("\u202f", "")) for text in shown] == [
                visits[problem.language.words.index(word)] for word in words
            ]
    love.table.sortByColumn(Q, Qt.SortOrder.DescendingOrder)
    numbers = [float(text.replace("−", "-")) for text in love.column(Q)]
    assert numbers == sorted(numbers, reverse=True)
    assert love.column(WORD)[0] == "▸ 你"


def test_that_the_last_update_is_told_short_on_screen_and_with_all_digits_when_copied(love: Shown) -> None:
    love.selection.select((0, 0, 1))
    love.draw(1)
    love.draw(400)
    update = find_update(love.trainer.start_scenario, love.trainer.timeline, 400, (0, 0, 1), lambda _: True)
    assert update is not None
    assert "Last update here" in love.texts()
    assert f"step {update.step}" in love.texts()
    love.view.copy()
    text = QApplication.clipboard().text()
    assert f"= {update.new!r}" in text
    assert f"surprise {update.td_error!r}" in text


def test_that_what_rounding_left_reads_as_nothing_on_screen_and_with_all_digits_when_copied(love: Shown) -> None:
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    love.selection.select((0, 0))
    love.draw(1)
    love.draw(3000)  # everything is learned, but for the last digits
    shown = love.view._shown
    assert shown is not None
    update = shown.update
    assert update is not None
    assert 0 < abs(update.td_error) < 1e-14
    assert "surprise 0" in love.texts()
    best = love.column(WORD).index("▸ 爱")
    assert love.column(GAP_TO_OPTIMUM)[best] == "0"
    assert f"surprise {update.td_error!r}" in love.view.as_text()


def test_that_what_is_learned_but_for_rounding_reads_as_the_optimum(love: Shown) -> None:
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    love.selection.select((0,))
    love.draw(1)
    love.draw(3000)
    best = love.column(WORD).index("▸ 我")
    learned, optimum = (love.column(column)[best] for column in (Q, OPTIMUM))
    assert float(love.trainer.learned.q[0]) < 2.8525, "the last digit is below a half"
    assert learned == optimum


def test_that_control_c_copies(love: Shown, qtbot: QtBot) -> None:
    love.draw(10)
    QApplication.clipboard().clear()
    love.view.activateWindow()
    qtbot.waitUntil(love.view.isActiveWindow)
    love.table.setFocus()
    qtbot.keyClick(love.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == love.view.as_text() != ""


def test_that_it_follows_the_agent_until_a_state_is_selected(love: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(love.view.subtitleChanged) as told:
        love.draw(1)
    assert told.args == ["where the agent is · seen 0 ×"]
    assert love.view.title() == "State 我"
    love.draw(2)
    assert love.view.title() == "State 我我"
    love.selection.select((0,))
    love.draw(3)
    assert love.view.title() == "State ⌂"


def test_that_at_a_speed_that_no_eye_can_follow_the_start_is_shown(love: Shown, qtbot: QtBot) -> None:
    love.draw(1)
    love.draw(3000)
    assert love.view.wants() == {"inspected": (0,)}
    qtbot.waitUntil(lambda: love.view.wants() == {"inspected": ()})  # it stands still


def test_that_columns_give_way_one_by_one_rather_than_be_cut(love: Shown) -> None:
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    love.draw(2500)
    seen = set()
    for width in range(330, 199, -10):
        love.view.resize(width, 500)
        shown = [column for column in range(len(COLUMNS)) if not love.table.isColumnHidden(column)]
        assert sum(map(love.table.columnWidth, shown)) <= love.table.viewport().width()
        seen.add(tuple(COLUMNS[column][0] for column in shown))
    assert seen == {
        ("word", "Q", "Q*", "gap", "tried", "chance"),
        ("word", "Q", "Q*", "tried", "chance"),
        ("word", "Q", "Q*", "chance"),
    }


def test_that_every_number_and_every_head_has_room_in_its_column(qtbot: QtBot) -> None:
    cliff = Shown(qtbot, scenario.find("cliff-walking"))
    cliff.view.resize(340, 500)
    cliff.view.set_optimum(oracle.solve(cliff.trainer.scenario))
    cliff.draw(0)
    table, model = cliff.table, cliff.table.model()
    assert "−112.125" in [model.index(row, OPTIMUM).data() for row in range(4)]
    for column in range(len(COLUMNS)):
        head = model.headerData(column, Qt.Orientation.Horizontal)
        for text in (head, *(model.index(row, column).data() for row in range(model.rowCount()))):
            assert table.fontMetrics().horizontalAdvance(text) + GAP <= table.columnWidth(column), text


def test_that_no_line_ends_within_the_surprise(love: Shown) -> None:
    i18n.set_language("zh_CN")
    love.draw(2503)
    text = next(label for label in love.view.findChildren(Wrapped) if "意外度" in label.text())
    for width in range(330, 199, -5):
        love.view.resize(width, 500)
        block = text._document.firstBlock()
        lines = [block.layout().lineAt(number) for number in range(block.layout().lineCount())]
        written = [block.text()[line.textStart() : line.textStart() + line.textLength()] for line in lines]
        (whole,) = (line.replace(TOGETHER, "") for line in written if "意" in line)
        assert "意外度" in whole
        assert any(figure.isdigit() for figure in whole.split("意外度")[1])


def test_that_q_star_is_left_out_until_it_is_known(love: Shown) -> None:
    love.draw(10)
    assert love.table.isColumnHidden(OPTIMUM)
    assert love.table.isColumnHidden(GAP_TO_OPTIMUM)
    love.view.set_optimum(oracle.solve(love.trainer.scenario))
    assert not love.table.isColumnHidden(OPTIMUM)


def test_that_an_empty_state_says_what_would_fill_it(love: Shown) -> None:
    assert "appears here" in love.texts()
    love.selection.select((0, 0, 1, 2))
    love.draw(100)
    assert "the text has ended" in love.texts()


def test_that_a_row_of_thousands_of_words_is_written_out_where_it_is_seen_only(qtbot: QtBot) -> None:
    problem = from_data(
        {
            "name": "large",
            "language": {"words": [f"w{n}" for n in range(5000)], "joiner": " ", "max_length": 2},
            "prompts": [{"references": ["w7 w8"]}],
            "rewards": [{"kind": "match"}],
        }
    )
    shown = Shown(qtbot, problem)
    shown.selection.select((0,))
    shown.draw(20_000)
    asked: set[int] = set()
    model = shown.table.model()
    text = model.text  # type: ignore[attr-defined]
    model.text = lambda entry, column: asked.add(entry) or text(entry, column)  # type: ignore[attr-defined]
    shown.draw(30_000)
    shown.view.grab()
    assert model.rowCount() == 5000
    assert 0 < len(asked) < 60


def test_that_texts_which_look_alike_have_no_one_optimum_but_a_range_and_are_told_apart(qtbot: QtBot) -> None:
    problem = from_data(
        {
            "name": "alike",
            "language": {"words": ["a", "b"], "max_length": 3, "context": 0},
            "prompts": [{"references": ["abb"]}],
            "rewards": [{"kind": "match"}],
        }
    )
    shown = Shown(qtbot, problem)
    solution = oracle.solve(problem)
    shown.view.set_optimum(solution)
    shown.selection.select((0,))
    shown.draw(500)
    texts = [(), *((a,) for a in (0, 1)), *((a, b) for a in (0, 1) for b in (0, 1))]
    each = np.array([solution.q(0, text) for text in texts])
    ends = {f"{low:+.3f} … {high:+.3f}".replace("-", "−") for low, high in zip(each.min(0), each.max(0), strict=True)}
    assert set(shown.column(OPTIMUM)) == ends
    assert set(shown.column(CHANCE)) == {"95.0\u202f%", "5.0\u202f%"}
    for number, word in enumerate("ab"):
        low, high = (float(end) for end in copied(shown)[word][1].replace("−", "-").split(" … "))
        assert (low, high) == (each[:, number].min(), each[:, number].max())
    assert "needs different words" not in shown.texts()
    shown.view.set_sight(context.examine(problem))
    assert "Looks the same, and needs different words: at the start a; after “a” b; after “b” a / b." in shown.texts()


def test_that_an_update_reads_from_left_to_right_whatever_its_words_are_written_in(qtbot: QtBot) -> None:
    problem = from_data(
        {
            "name": "right to left",
            "language": {"words": ["שלום", "مرحبا"], "joiner": " ", "max_length": 3},
            "prompts": [{"references": ["שלום مرحبا שלום"]}],
            "rewards": [{"kind": "match"}],
        }
    )
    shown = Shown(qtbot, problem)
    shown.selection.select((0, 0))
    shown.draw(500)
    plain = html.unescape(re.sub("<[^>]*>", "", shown.texts()))
    (line,) = [text for text in plain.splitlines() if text.startswith("Q(")]
    assert {"שלום", "مرحبا"} <= set(re.findall(r"\w+", line))
    layout = QTextLayout(line)
    layout.beginLayout()
    row = layout.createLine()
    row.setLineWidth(1e6)
    layout.endLayout()
    outside = [at for at in range(len(line)) if line[at].isascii() or line[at] in "←×−"]
    places = [row.cursorToX(at)[0] for at in outside]
    assert places == sorted(places)


def test_that_an_update_from_before_anybody_looked_is_found(qtbot: QtBot) -> None:
    session, selection = Session(), Selection()
    view = Inspector(selection)
    qtbot.addWidget(view)
    view.updateWanted.connect(session.find_update)
    view.updateGivenUp.connect(session.stop_finding)
    session.finding.connect(view.set_finding)
    session.start()
    problem = scenario.find("i-love-you")
    with qtbot.waitSignal(session.opened, timeout=20_000):
        session.open(problem)
    view.begin(problem)
    session.look(Wanted(inspected=()))
    session.step(2000)
    qtbot.waitUntil(lambda: (shot := session.take()) is not None and shot.step == 2000, timeout=20_000)
    qtbot.waitUntil(lambda: session.state == PAUSED)
    selection.select((0, 1))
    session.look(Wanted(**view.wants()))
    trainer = Trainer(problem)
    trainer.advance(2000)
    update = find_update(problem, trainer.timeline, 2000, (0, 1), lambda _: True)
    assert update is not None

    def is_told() -> bool:
        snapshot = session.take()
        if snapshot is not None:
            view.draw(snapshot)
        return f"surprise {update.td_error!r}" in view.as_text()

    qtbot.waitUntil(is_told, timeout=20_000)
    session.close()


def test_that_a_long_search_is_offered_with_its_time_and_can_be_stopped(love: Shown, qtbot: QtBot) -> None:
    love.draw(1000)
    love.selection.select((0, 1))
    with qtbot.waitSignal(love.view.updateWanted) as wanted:
        love.draw(1001)
    assert wanted.args == [(0, 1), False]
    love.view.set_finding(False, 75.0)
    button = love.view.findChild(QPushButton, "findUpdate")
    assert isinstance(button, QPushButton)
    assert "1:15" in button.text()
    with qtbot.waitSignal(love.view.updateWanted) as insists:
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert insists.args == [(0, 1), True]
    love.view.set_finding(True, 0.0)
    stop = love.view.findChild(QPushButton, "stopFinding")
    assert isinstance(stop, QPushButton)
    with qtbot.waitSignal(love.view.updateGivenUp):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)


def test_that_new_numbers_have_nothing_laid_out_anew(love: Shown, qtbot: QtBot) -> None:
    love.selection.select((0, 0, 1))
    love.draw(30_000)
    qtbot.wait(0)
    asked: list[int] = []

    class Filter(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.LayoutRequest:
                asked.append(1)
            return False

    watcher = Filter()
    love.view.installEventFilter(watcher)
    for steps in range(30_003, 30_063, 3):
        love.draw(steps)
        QApplication.processEvents()
    assert len(asked) <= 2
    love.view.removeEventFilter(watcher)
