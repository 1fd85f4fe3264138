"""The list of exact numbers shows the trainer's arrays, however it is sorted and filtered, and copies them."""

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QStyleOptionViewItem, QTableView, QToolButton
from pytestqt.qtbot import QtBot

from langrl_gui.core import explain, scenario
from langrl_gui.core.oracle import Solution, solve
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import format
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.views.exact_table import COLUMNS, MOST_COPIED, ExactTable

Show = Callable[..., ExactTable]
observer_of = functools.lru_cache(maxsize=1)(Observer)
STATE, WORD, Q, OPTIMUM, GAP, VISITS, CHANGE = range(len(COLUMNS))


def draw(view: ExactTable, trainer: Trainer) -> None:
    """Until what is asked for and what is shown agree."""
    observer = observer_of(trainer)
    for _ in range(3):
        view.draw(observer.observe(Wanted(**view.wants())))
        QApplication.processEvents()


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def shown(trainer: Trainer, solution: Solution | None = None, width: int = 900) -> ExactTable:
        view = ExactTable(Selection())
        qtbot.addWidget(view)
        view.resize(width, 400)
        view.show()
        view.begin(trainer.scenario)
        view.set_optimum(solution)
        draw(view, trainer)
        return view

    return shown


@pytest.fixture(scope="module")
def ten_words() -> Trainer:
    trainer = Trainer(scenario.find("ten-words"))
    trainer.advance(100_000)
    return trainer


@pytest.fixture(scope="module")
def optimum(ten_words: Trainer) -> Solution:
    return solve(ten_words.scenario)


def text(view: ExactTable, line: int, column: int, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> str:
    model = view.lines.model()
    return str(model.data(model.index(line, column), role))


def number(view: ExactTable, line: int, column: int) -> float:
    """What the tooltip says, which has all digits."""
    return float(text(view, line, column, Qt.ItemDataRole.ToolTipRole).replace("−", "-").replace("\u202f", ""))


def in_view(view: ExactTable) -> range:
    first = view.lines.rowAt(0)
    return range(first, min(first + 12, view.lines.model().rowCount(QModelIndex())))


def check(view: ExactTable, trainer: Trainer, solution: Solution) -> None:
    """Every line in view has the numbers of its cell."""
    language, slots = trainer.scenario.language, trainer.tables.slots
    assert len(in_view(view)) > 3
    for line in in_view(view):
        said = text(view, line, STATE)
        words = [] if said == "⌂" else said.split(" ")
        node = trainer.tables.node_after(0, [language.words.index(word) for word in words])
        slot = language.words.index(text(view, line, WORD))
        row = int(trainer.tables.row[node])
        cell = row * slots + slot
        q, best = float(trainer.learned.q[cell]), float(solution.q_values(trainer.tables, np.array([row]))[0, slot])
        assert number(view, line, Q) == q
        assert number(view, line, OPTIMUM) == best
        assert number(view, line, GAP) == q - best
        assert number(view, line, VISITS) == trainer.learned.visits[cell]
        assert number(view, line, CHANGE) == float(trainer.learned.change[cell])
        assert math.isclose(float(text(view, line, Q).replace("−", "-")), q, abs_tol=5e-7)


def header(view: ExactTable, qtbot: QtBot, column: int) -> None:
    heads = view.lines.horizontalHeader()
    place = heads.viewport().rect().center()
    place.setX(heads.sectionViewportPosition(column) + 10)
    qtbot.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=place)


def button(view: ExactTable, text: str) -> QToolButton:
    (found,) = (button for button in view.findChildren(QToolButton) if button.text() == text)
    return found


def edit(view: ExactTable, name: str) -> QLineEdit:
    (found,) = (edit for edit in view.findChildren(QLineEdit) if edit.accessibleName() == name)
    return found


def copy(view: ExactTable, qtbot: QtBot) -> None:
    with qtbot.waitActive(view):
        view.activateWindow()
    view.lines.setFocus()
    qtbot.keyClick(view.lines, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyRelease(view.lines, Qt.Key.Key_Control)  # or it counts as held in the next test


def test_that_until_the_lines_are_there_it_says_that_they_are_being_sorted(qtbot: QtBot, ten_words: Trainer) -> None:
    view = ExactTable(Selection())
    qtbot.addWidget(view)
    assert view.lines._empty.endswith("as soon as a scenario is open.")
    view.begin(ten_words.scenario)
    assert view.lines._empty == "sorting…"
    draw(view, ten_words)
    assert not view.lines._empty


def test_that_it_is_a_table_view_that_never_holds_more_than_what_is_near(
    show: Show, ten_words: Trainer, optimum: Solution
) -> None:
    view = show(ten_words, optimum)
    assert isinstance(view.lines, QTableView)
    assert view.lines.objectName() == "qTable"
    assert view.lines.model().rowCount(QModelIndex()) == 10 * ten_words.tables.rows
    assert view.wants()["table_part"][1] < 100
    for line in (0, 55_555, 111_000):
        view.lines.scrollTo(view.lines.model().index(line, 0))
        draw(view, ten_words)
        assert view.lines.rowAt(5) > line - 60
        check(view, ten_words, optimum)
    assert view.lines.model().data(view.lines.model().index(0, Q)) is None


@pytest.mark.parametrize("column", range(len(COLUMNS)))
def test_that_a_click_on_a_head_sorts_by_its_numbers_and_another_the_other_way(
    show: Show, ten_words: Trainer, optimum: Solution, qtbot: QtBot, column: int
) -> None:
    view = show(ten_words, optimum, width=1000)
    directions = []
    for _ in range(2):
        header(view, qtbot, column)
        for line in (0, 60_000):
            view.lines.scrollTo(view.lines.model().index(line, 0))
            draw(view, ten_words)
            check(view, ten_words, optimum)
            if column >= Q:
                shown = [number(view, line, column) for line in in_view(view)]
                directions.append(view.lines.horizontalHeader().sortIndicatorOrder())
                assert shown == sorted(shown, reverse=directions[-1] == Qt.SortOrder.DescendingOrder)
    assert column < Q or len(set(directions)) == 2


def test_that_what_is_typed_and_pressed_limits_what_is_listed(
    show: Show, ten_words: Trainer, optimum: Solution, qtbot: QtBot
) -> None:
    view = show(ten_words, optimum)
    visits = ten_words.learned.visits[: 10 * ten_words.tables.rows]
    qtbot.keyClicks(edit(view, "Show only texts that contain"), "OLD cat")
    draw(view, ten_words)
    check(view, ten_words, optimum)
    for line in in_view(view):
        assert "old cat" in f"{text(view, line, STATE)} {text(view, line, WORD)}"
    edit(view, "Show only texts that contain").clear()
    button(view, "visited").click()
    draw(view, ten_words)
    check(view, ten_words, optimum)
    assert view.lines.model().rowCount(QModelIndex()) == np.count_nonzero(visits)
    button(view, "greedy").click()
    draw(view, ten_words)
    best = ten_words.learned.best[: ten_words.tables.rows]
    tried = visits.reshape(-1, 10)[np.arange(len(best)), best] > 0
    assert view.lines.model().rowCount(QModelIndex()) == np.count_nonzero(tried)
    assert view.lines.model().data(view.lines.model().index(0, WORD), Qt.ItemDataRole.FontRole).bold()
    button(view, "visited").click()
    button(view, "greedy").click()
    assert not edit(view, "At least").isVisible()
    button(view, "range").click()
    assert edit(view, "At least").isVisible()
    qtbot.keyClicks(edit(view, "At least"), "-1.5")
    qtbot.keyClicks(edit(view, "At most"), "-1e-3")
    draw(view, ten_words)
    q = ten_words.learned.q[: 10 * ten_words.tables.rows]
    assert view.lines.model().rowCount(QModelIndex()) == np.count_nonzero((q >= -1.5) & (q <= -1e-3))
    check(view, ten_words, optimum)
    qtbot.keyClicks(edit(view, "Show only texts that contain"), "nowhere")
    draw(view, ten_words)
    assert view.lines.model().rowCount(QModelIndex()) == 0


def test_that_choosing_a_line_selects_its_state_and_keeps_to_its_cell_when_the_order_changes(
    show: Show, ten_words: Trainer, optimum: Solution, qtbot: QtBot
) -> None:
    view = show(ten_words, optimum, width=1000)
    view.lines.setCurrentIndex(view.lines.model().index(17, 0))
    assert view._selection.state == (0, 0)
    qtbot.keyClick(view.lines, Qt.Key.Key_Down)
    said = text(view, 18, STATE), text(view, 18, WORD)
    header(view, qtbot, VISITS)
    draw(view, ten_words)
    line = view.lines.currentIndex().row()
    assert line != 18
    view.lines.scrollTo(view.lines.currentIndex())
    draw(view, ten_words)
    assert (text(view, line, STATE), text(view, line, WORD)) == said
    assert view._selection.state == (0, 0)


def test_that_getting_the_keyboard_selects_nothing(show: Show, ten_words: Trainer, qtbot: QtBot) -> None:
    view = show(ten_words)
    view.activateWindow()
    view.lines.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(view.lines.hasFocus)
    assert view.lines.currentIndex().isValid()
    assert view._selection.state == ()


def test_that_a_state_selected_elsewhere_is_scrolled_to_and_its_lines_are_marked(
    show: Show, ten_words: Trainer, optimum: Solution
) -> None:
    view = show(ten_words, optimum)
    view._selection.select((0, 3, 1, 4))
    draw(view, ten_words)
    line = view.lines.currentIndex().row()
    assert text(view, line, STATE) == "cat old bird"
    assert view.lines.viewport().rect().intersects(view.lines.visualRect(view.lines.currentIndex()))
    model = view.lines.model()
    for other in range(line - 3, line + 13):
        marked = model.data(model.index(other, Q), Qt.ItemDataRole.BackgroundRole) is not None
        assert marked == (line <= other < line + 10)
    view._selection.select((0, 9, 9, 9, 9, 9))
    draw(view, ten_words)
    assert not view.lines.selectionModel().hasSelection()


def test_that_a_page_down_selects_what_has_yet_to_be_asked_for(show: Show, ten_words: Trainer, qtbot: QtBot) -> None:
    view = show(ten_words)
    view.lines.setCurrentIndex(view.lines.model().index(0, 0))
    qtbot.keyClick(view.lines, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
    draw(view, ten_words)
    assert view.lines.currentIndex().row() == 10 * ten_words.tables.rows - 1
    assert view._selection.state == (0, 9, 9, 9, 9)


def test_that_copied_lines_have_all_digits_whether_in_view_or_not(
    show: Show, ten_words: Trainer, optimum: Solution, qtbot: QtBot
) -> None:
    view = show(ten_words, optimum)
    view.lines.selectAll()
    copy(view, qtbot)
    draw(view, ten_words)
    lines = [line.split("\t") for line in QApplication.clipboard().text().splitlines()]
    assert lines[0] == ["prompt", "text", "word", "q", "q_optimal", "q_gap", "visits", "last_change"]
    assert len(lines) == 1 + MOST_COPIED
    language, tables = ten_words.scenario.language, ten_words.tables
    for _, said, word, q, best, gap, visits, change in lines[1::997]:
        node = tables.node_after(0, [language.words.index(w) for w in said.split()])
        row, slot = int(tables.row[node]), language.words.index(word)
        exact = optimum.q_values(tables, np.array([row]))[0, slot]
        cell = row * 10 + slot
        assert float(q) == ten_words.learned.q[cell]
        assert float(best) == exact
        assert float(gap) == ten_words.learned.q[cell] - exact
        assert int(visits) == ten_words.learned.visits[cell]
        assert float(change) == ten_words.learned.change[cell]
    assert view.wants()["table_part"][1] < 100, "it asks for no more than what is in view again"


@pytest.mark.parametrize("width", [330, 420, 560, 900])
def test_that_numbers_are_as_long_as_their_column_has_room_for_and_never_cut_off(
    show: Show, ten_words: Trainer, optimum: Solution, width: int
) -> None:
    view = show(ten_words, optimum, width)
    lines, room = view.lines, view.lines.viewport().width()
    widths = [lines.columnWidth(column) for column in range(len(COLUMNS))]
    assert sum(widths[: VISITS + 1]) <= room
    assert width == 330 or sum(widths) <= room
    heads = lines.horizontalHeader()
    for column in range(len(COLUMNS)):
        head = str(lines.model().headerData(column, Qt.Orientation.Horizontal))
        assert heads.fontMetrics().horizontalAdvance(head) + 6 <= widths[column]
    decimals = set()
    for line in in_view(view):
        for column in range(Q, len(COLUMNS)):
            option = QStyleOptionViewItem()
            lines.initViewItemOption(option)
            option.rect = lines.visualRect(lines.model().index(line, column))
            lines.itemDelegate().initStyleOption(option, lines.model().index(line, column))
            assert option.fontMetrics.horizontalAdvance(option.text) <= widths[column] - 6
            written, whole = option.text.replace("−", "-").replace("\u202f", ""), number(view, line, column)
            assert math.isclose(float(written), whole, rel_tol=0.5, abs_tol=5e-4)
            if column == Q and "." in written:
                decimals.add(len(written.partition(".")[2]))
    assert decimals <= set(range(3, 7))
    assert decimals == {330: {3}, 900: {6}}.get(width, decimals)


@pytest.mark.parametrize("decimals", range(2, 7))
def test_that_what_differs_by_rounding_alone_reads_the_same(decimals: int) -> None:
    halfway = 2.8525 if decimals == 3 else 2 + 0.5 * 10.0**-decimals
    below, above = np.nextafter(halfway, 0), np.nextafter(halfway, 9)
    assert f"{below:.{decimals}f}" != f"{above:.{decimals}f}"
    assert format.fine(below, decimals) == format.fine(above, decimals)
    assert decimals != 3 or explain.short(below) == explain.short(above)


def test_that_columns_somebody_has_drawn_at_stay_as_they_are(show: Show, ten_words: Trainer) -> None:
    view = show(ten_words, None, 420)
    before = view.lines.columnWidth(Q)
    view.resize(600, 400)
    assert view.lines.columnWidth(Q) > before
    view.lines.horizontalHeader().resizeSection(Q, 47)
    view.resize(900, 400)
    assert view.lines.columnWidth(Q) == 47


def test_that_without_an_optimum_there_is_a_dash_and_nothing_to_copy(show: Show, qtbot: QtBot) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    view = show(trainer)
    assert text(view, 0, GAP) == "–"
    view.lines.selectRow(0)
    copy(view, qtbot)
    assert QApplication.clipboard().text().splitlines()[1] == "\t\t我\t0.0\t\t\t0\t0.0"


def test_that_a_new_run_is_listed_anew_with_the_filters_as_they_are(
    show: Show, ten_words: Trainer, optimum: Solution
) -> None:
    view = show(ten_words, optimum)
    button(view, "visited").click()
    trainer = Trainer(scenario.find("i-love-you"))
    view.begin(trainer.scenario)
    assert view.lines.model().rowCount(QModelIndex()) == 0
    trainer.advance(30)
    draw(view, trainer)
    assert view.lines.model().rowCount(QModelIndex()) == trainer.cells_visited
