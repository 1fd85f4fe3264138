"""The heat map shows what the table holds, asks for what it can show, and stays readable while it is scrolled."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from langrl_gui.core import scenario
from langrl_gui.core.oracle import Solution, solve
from langrl_gui.core.scenario import Scenario, from_data
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import format, theme
from langrl_gui.ui.names import START
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.views.heat_map import LEVELS, SETTLED, UNTRIED, Cell, QHeatMap

Show = Callable[..., QHeatMap]


def draw(view: QHeatMap, trainer: Trainer) -> None:
    """Until what is asked for and what is shown agree."""
    observer = Observer(trainer)
    for _ in range(3):
        view.draw(observer.observe(Wanted(**view.wants())))
        QApplication.processEvents()


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def shown(trainer: Trainer, width: int = 320, height: int = 300) -> QHeatMap:
        view = QHeatMap(Selection())
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        view.begin(trainer.scenario)
        draw(view, trainer)
        return view

    return shown


@pytest.fixture
def small() -> Trainer:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(57)
    return trainer


@pytest.fixture(scope="module")
def ten_words() -> Trainer:
    trainer = Trainer(scenario.find("ten-words"))
    trainer.advance(200_000)
    return trainer


@pytest.fixture(scope="module")
def optimum(ten_words: Trainer) -> Solution:
    return solve(ten_words.scenario)


def two_prompts() -> Scenario:
    return from_data(
        {
            "name": "two",
            "language": {"words": ["we", "sing", "incomprehensibilities"], "joiner": " ", "max_length": 3},
            "prompts": [
                {"text": "what do you do in the morning", "references": ["we sing incomprehensibilities"]},
                {"text": "why", "references": ["we sing we"]},
            ],
            "rewards": [{"kind": "match"}],
            "learner": {"method": "q-learning", "alpha": 0.5, "gamma": 0.9},
        }
    )


def picture(view: QHeatMap) -> QImage:
    return view.grab().toImage()


def color_in(image: QImage, view: QHeatMap, cell: Cell) -> QColor:
    """The cell's own colour: left of its number, right of its rounded corner."""
    place = view.rect_of(cell)
    return image.pixelColor(place.left() + 4, place.center().y())


def press(view: QHeatMap, qtbot: QtBot, key: Qt.Key, control: bool = False) -> None:
    qtbot.keyClick(view, key, Qt.KeyboardModifier.ControlModifier if control else Qt.KeyboardModifier.NoModifier)


def control_wheel(view: QHeatMap, place: QPoint, notches: int) -> None:
    viewport = view.viewport()
    event = QWheelEvent(
        QPointF(place),
        QPointF(viewport.mapToGlobal(place)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def test_that_every_cell_has_the_colour_of_its_value(show: Show, small: Trainer) -> None:
    view = show(small)
    image = picture(view)
    order = small.tables.row_order(np.arange(13))
    lengths = (small.tables.states[order, 1:] >= 0).sum(axis=1)
    rows = order[np.argsort(lengths, kind="stable")]
    q, visits = small.learned.q.reshape(-1, 3)[rows], small.learned.visits.reshape(-1, 3)[rows]
    assert view.span == np.abs(q[visits > 0]).max()
    tried = 0
    for row in range(13):
        for slot in range(3):
            shown = color_in(image, view, Cell(row, slot))
            if visits[row, slot]:
                tried += 1
                level = round(q[row, slot] / view.span * LEVELS)
                assert shown == theme.value_color(level, LEVELS, theme.is_dark(view.palette()))
            else:
                assert shown == color_in(image, view, Cell(12, 2))
    assert 0 < tried < 39


def test_that_the_tooltip_tells_the_exact_numbers(show: Show, small: Trainer) -> None:
    view = show(small)
    row = next(row for row in range(13) if small.tables.seen(row) == [0, 1])
    place = next(r for r in range(13) if view._heat is not None and view._heat.keys[r] == (0, 0, 1))
    q, visits = small.learned.q.reshape(-1, 3)[row], small.learned.visits.reshape(-1, 3)[row]
    assert view._explanation(Cell(place, 2)).splitlines() == [
        "我爱, then 你",
        f"Q = {float(q[2])!r}",
        f"tried {visits[2]} ×",
        f"last change: {float(small.learned.change.reshape(-1, 3)[row, 2])!r}",
        "the greedy choice here",
    ]
    never = np.argwhere(visits == 0)
    for slot in never.ravel():
        assert "never tried" in view._explanation(Cell(place, int(slot)))


def test_that_the_greedy_cell_alone_is_outlined(show: Show, small: Trainer) -> None:
    view = show(small)
    heat = view._heat
    assert heat is not None
    image = picture(view)
    ink = view.palette().color(QPalette.ColorRole.WindowText)
    for row in range(1, 13):  # the first is framed
        for slot in range(3):
            place = view.rect_of(Cell(row, slot))
            edge = image.pixelColor(place.center().x(), place.top())
            near = all(abs(a - b) < 90 for a, b in zip(edge.getRgb()[:3], ink.getRgb()[:3], strict=True))  # type: ignore[index]
            assert near == (heat.best[row] == slot)


def test_that_a_cell_once_tried_looks_different_even_at_value_zero(show: Show) -> None:
    trainer = Trainer(scenario.find("i-love-you").changed("rewards.0.weight", 0.0))
    trainer.advance(3)
    view = show(trainer)
    heat = view._heat
    assert heat is not None
    assert (heat.q == 0).all()
    for zoom in (1.0, 0.5):
        view._set_zoom(zoom)
        image = picture(view)
        shown = {bool(heat.visits[r, s]): color_in(image, view, Cell(r, s)) for r in range(1, 13) for s in range(3)}
        assert shown[True] == view._colors[LEVELS]
        assert shown[False] != shown[True]


def test_that_the_current_row_is_framed(show: Show, small: Trainer) -> None:
    view = show(small)
    for step in range(58, 64):
        small.advance(step)
        draw(view, small)
        assert view._heat is not None
        assert view._heat.keys[view.current_row] == (0, *small.words)


def test_that_the_frame_does_not_leap_about_at_full_speed(show: Show, small: Trainer, qtbot: QtBot) -> None:
    view = show(small)
    small.advance(5_000)
    draw_once = Observer(small).observe(Wanted(**view.wants()))
    view.draw(draw_once)
    assert view.current_row == -1
    qtbot.waitUntil(lambda: view.current_row >= 0, timeout=SETTLED * 10)


def test_that_colours_keep_their_scale_within_a_run(show: Show, small: Trainer) -> None:
    view = show(small)
    spans = [view.span]
    for step in (200, 1_000, 10_000):
        small.advance(step)
        draw(view, small)
        spans.append(view.span)
    assert all(a <= b for a, b in pairwise(spans))
    view.begin(small.scenario)
    assert view.span == 0


def test_that_it_asks_for_what_is_seen_and_little_more(show: Show, ten_words: Trainer) -> None:
    view = show(ten_words, 400, 300)
    view.verticalScrollBar().setValue(5_000)
    first, count = view.wants()["heat_rows"]
    assert first <= 5_000
    assert 5_000 + 300 // 20 <= first + count
    assert count < 60
    draw(view, ten_words)
    assert view._heat is not None
    assert (view._heat.first_row, view._heat.q.shape[0]) == (first, count)
    view.resize(900, 300)
    QApplication.processEvents()
    assert view.wants()["heat_slots"][1] >= 10


def test_that_the_last_row_can_be_reached_and_is_shown_whole(show: Show, ten_words: Trainer, qtbot: QtBot) -> None:
    view = show(ten_words)
    press(view, qtbot, Qt.Key.Key_End, control=True)
    draw(view, ten_words)
    place = view.rect_of(Cell(11_110, 0))
    assert view.viewport().rect().contains(place)
    assert view.cell_at(place.center()) == Cell(11_110, 0)
    last = ten_words.scenario.language.words[-1]
    assert view._explanation(Cell(11_110, -1)) == " ".join([last] * 4)
    press(view, qtbot, Qt.Key.Key_Home, control=True)
    assert view.verticalScrollBar().value() == 0


def test_that_keys_select_states_and_scroll_to_them(show: Show, ten_words: Trainer, qtbot: QtBot) -> None:
    view = show(ten_words)
    rows, slots = view.verticalScrollBar(), view.horizontalScrollBar()
    chosen = []
    view._selection.changed.connect(chosen.append)
    for key, row in (
        (Qt.Key.Key_Down, 0),
        (Qt.Key.Key_Down, 1),
        (Qt.Key.Key_PageDown, 1 + rows.pageStep()),
        (Qt.Key.Key_PageDown, 1 + 2 * rows.pageStep()),
        (Qt.Key.Key_Up, 2 * rows.pageStep()),
    ):
        press(view, qtbot, key)
        draw(view, ten_words)
        assert view.selected_row == row
        assert view.viewport().rect().contains(view.rect_of(Cell(row, 0)))
        assert view._heat is not None
        assert chosen[-1] == view._heat.keys[row - view._heat.first_row]
    press(view, qtbot, Qt.Key.Key_End, control=True)
    draw(view, ten_words)
    assert chosen[-1] == (0, 9, 9, 9, 9)
    press(view, qtbot, Qt.Key.Key_Right)
    assert slots.value() == 1
    press(view, qtbot, Qt.Key.Key_End)
    assert slots.value() == slots.maximum()


def test_that_a_click_selects_the_state_and_one_selected_elsewhere_is_scrolled_to(
    show: Show, ten_words: Trainer, qtbot: QtBot
) -> None:
    view = show(ten_words)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect_of(Cell(4, 1)).center())
    assert view._selection.state == (0, 3)
    assert view.selected_row == 4
    view._selection.select((0, 7, 1, 2))
    assert view.selected_row == -1, "where it is has yet to be asked"
    draw(view, ten_words)
    assert view._heat is not None
    assert view._heat.keys[view.selected_row - view._heat.first_row] == (0, 7, 1, 2)
    assert view.viewport().rect().contains(view.rect_of(Cell(view.selected_row, 0)))
    name = picture(view).pixelColor(view.rect_of(Cell(view.selected_row, -1)).topLeft() + QPoint(4, 4))
    other = picture(view).pixelColor(view.rect_of(Cell(view.selected_row - 1, -1)).topLeft() + QPoint(4, 4))
    assert name != other
    view.verticalScrollBar().setValue(0)
    draw(view, ten_words)
    assert view.verticalScrollBar().value() == 0, "it is scrolled to once"
    view._selection.select((0, 7, 1, 2, 9, 9))
    draw(view, ten_words)
    assert view.selected_row == -1


@pytest.mark.parametrize("mode", ["q", "visits", "gap", "change"])
@pytest.mark.parametrize("scrolled", [0, 5_000])
def test_that_each_mode_shows_the_numbers_of_the_trainer(
    show: Show, ten_words: Trainer, optimum: Solution, mode: str, scrolled: int
) -> None:
    view = show(ten_words, 700, 400)
    view.set_optimum(optimum)
    view.controls.choose(mode)
    view.verticalScrollBar().setValue(scrolled)
    draw(view, ten_words)
    tables, learned, heat = ten_words.tables, ten_words.learned, view._heat
    assert heat is not None
    rows = {(tables.prompt(row), *tables.seen(row)): row for row in range(tables.rows)}
    visits = learned.visits.reshape(-1, 10)
    expected = {
        "q": learned.q.reshape(-1, 10),
        "visits": visits,
        "change": learned.change.reshape(-1, 10),
        "gap": learned.q.reshape(-1, 10)[: tables.rows] - optimum.q_values(tables, np.arange(tables.rows)),
    }[mode]
    image, shown = picture(view), view._shown(heat)
    seen = range(scrolled + 1, scrolled + 12)
    tried = 0
    for row in seen:
        number = rows[heat.keys[row - heat.first_row]]
        assert shown[row - heat.first_row].tolist() == expected[number].tolist()
        for slot in range(10):
            value = float(expected[number, slot])
            level = UNTRIED
            if visits[number, slot]:
                tried += 1
                share = value / view.span
                if mode == "visits":
                    share = 2 * np.log(value) / np.log(view.span) - 1
                level = round(share * LEVELS) + LEVELS
                below = view.rect_of(Cell(row, slot)).bottomLeft() + QPoint(6, -2)
                assert image.pixelColor(below) == view._colors[level]
    assert tried > 3
    assert view.span >= np.abs(np.where(visits[: len(expected)] > 0, expected, 0)[[rows[k] for k in heat.keys]]).max()


def test_that_where_texts_that_share_a_state_do_not_agree_there_is_no_gap_and_it_says_so(show: Show) -> None:
    trainer = Trainer(scenario.find("i-love-you").changed("language.context", 1))
    trainer.advance(2_000)
    view = show(trainer)
    view.set_optimum(solve(trainer.scenario))
    view.controls.choose("gap")
    assert view._heat is not None
    shown = view._shown(view._heat)
    assert np.isnan(shown).any()
    assert not np.isnan(shown).all()
    row, slot = (int(i) for i in np.argwhere(np.isnan(shown))[0])
    assert "Q* differs between the texts that share this state" in view._explanation(Cell(row, slot))
    assert "Q − Q* = " in view._explanation(Cell(0, 0))


def test_that_words_that_are_not_on_offer_have_no_cell(show: Show) -> None:
    data = scenario.to_data(scenario.find("i-love-you"))
    data["rewards"].append({"kind": "forbidden", "phrases": ["爱爱", "你我"], "use": "mask", "amount": -1})
    trainer = Trainer(from_data(data))
    trainer.advance(500)
    view = show(trainer, 500, 400)
    view.set_optimum(solve(trainer.scenario))
    heat = view._heat
    assert heat is not None
    image = picture(view)
    for row, key in enumerate(heat.keys):
        for word in range(3):
            forbidden = (key[-1], word) in ((1, 1), (2, 0)) and len(key) > 1
            inside = image.copy(view.rect_of(Cell(row, word)).adjusted(2, 2, -2, -2))
            pixels = {inside.pixel(x, y) for x in range(inside.width()) for y in range(inside.height())}
            assert (len(pixels) == 1) == forbidden
            assert ("not on offer" in view._explanation(Cell(row, word))) == forbidden


def test_that_a_difference_that_is_not_zero_is_never_shown_as_zero() -> None:
    assert [format.difference(n) for n in (0.0, -0.0, 1e-12, -0.004, 0.25)] == ["0", "0", "+1e−12", "−4e−3", "+0.25"]


def test_that_names_stay_in_view_while_scrolling(show: Show, ten_words: Trainer) -> None:
    view = show(ten_words)
    view.verticalScrollBar().setValue(3_000)
    view.horizontalScrollBar().setValue(3)
    draw(view, ten_words)
    assert view.rect_of(Cell(-1, 3)).top() == 0
    assert view.rect_of(Cell(3_000, -1)).left() == 0
    assert view.cell_at(view.rect_of(Cell(3_000, 3)).center()) == Cell(3_000, 3)
    assert view._explanation(Cell(-1, 3)) == ten_words.scenario.language.words[3]


@pytest.mark.parametrize("mode", ["q", "visits", "gap", "change"])
@pytest.mark.parametrize("notches", [-6, -14, -100])
def test_that_zoomed_out_a_pixel_is_the_largest_number_of_its_cells(
    show: Show, ten_words: Trainer, optimum: Solution, mode: str, notches: int
) -> None:
    view = show(ten_words, 500, 400)
    view.set_optimum(optimum)
    view.controls.choose(mode)
    view._zoom_by(notches)
    draw(view, ten_words)
    assert not view.shows_numbers
    image, grid, tables, learned = picture(view), view._grid(), ten_words.tables, ten_words.learned
    if notches == -100:
        assert view.verticalScrollBar().maximum() == 0, "the whole table is in view"
        assert grid.rows_each > 16
    states = tables.states[: tables.rows]
    order = np.lexsort((*states[:, :0:-1].T, (states[:, 1:] >= 0).sum(axis=1), states[:, 0]))
    q, visits = learned.q.reshape(-1, 10)[order], learned.visits.reshape(-1, 10)[order]
    numbers = {
        "q": q,
        "visits": visits.astype(float),
        "change": learned.change.reshape(-1, 10)[order],
        "gap": q - optimum.q_values(tables, order),
    }[mode]
    colours = set()
    for line in range(grid.lines):
        row = line * grid.rows_each
        if abs(row - view.current_row) <= 4 * grid.rows_each or row >= tables.rows:
            continue  # a frame is drawn there
        for slot in range(0, 10, grid.slots_each):
            block = slice(row, row + grid.rows_each), slice(slot, slot + grid.slots_each)
            known, level = numbers[block][visits[block] > 0], UNTRIED
            if len(known):
                value = float(known[np.abs(known).argmax()])
                share = 2 * np.log(value) / np.log(view.span) - 1 if mode == "visits" else value / view.span
                level = round(share * LEVELS) + LEVELS
            colours.add(level)
            assert image.pixelColor(view.rect_of(Cell(row, slot)).center()) == view._colors[level]
    assert len(colours) > 2


def test_that_the_whole_table_stays_in_view_while_it_grows(show: Show) -> None:
    trainer = Trainer(scenario.find("morning-tea"))
    trainer.advance(5_000)
    view = show(trainer, 500, 200)
    view._zoom_by(-100)
    draw(view, trainer)
    before = view._grid().rows_each
    trainer.advance(60_000)
    draw(view, trainer)
    assert view._grid().rows_each > before
    assert view.verticalScrollBar().maximum() == 0
    view.resize(500, 120)
    assert view.verticalScrollBar().maximum() == 0
    view._zoom_by(1)
    view.resize(500, 110)
    assert view.verticalScrollBar().maximum() > 0, "unless one looks closer"


def test_that_a_block_explains_itself(show: Show, ten_words: Trainer) -> None:
    view = show(ten_words, 500, 400)
    view._zoom_by(-100)
    draw(view, ten_words)
    q = float(ten_words.learned.q[: 10 * ten_words.tables.rows].max())
    assert view._explanation(Cell(0, 0)).splitlines() == [
        f"{view._grid().rows_each} states from ⌂ (nothing said yet) on",
        "then the",
        f"Q, the farthest from 0: {q!r}",
    ]
    view._zoom_by(12)
    draw(view, ten_words)
    assert view._grid().rows_each == 1
    assert not view.shows_numbers
    assert view._explanation(Cell(0, 0)).splitlines() == ["⌂ (nothing said yet), then the", f"Q: {q!r}"]


def test_that_states_are_selected_and_found_from_afar(show: Show, ten_words: Trainer, qtbot: QtBot) -> None:
    view = show(ten_words, 500, 400)
    view._zoom_by(-100)
    draw(view, ten_words)
    view._selection.select((0, 7, 1, 2))
    draw(view, ten_words)
    assert view.selected_row == 1 + 10 + 100 + 712
    below = view.rect_of(Cell(view.selected_row, 5)).center() + QPoint(0, 20)
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=below)
    state, row = view._selection.state, view.selected_row
    assert state != (0, 7, 1, 2)
    draw(view, ten_words)
    assert view.selected_row == row
    press(view, qtbot, Qt.Key.Key_0, control=True)
    draw(view, ten_words)
    assert view.shows_numbers
    assert view._heat is not None
    assert view.viewport().rect().contains(view.rect_of(Cell(row, 0)))
    assert view._heat.keys[row - view._heat.first_row] == state


def test_that_control_and_wheel_zoom_about_the_mouse(show: Show, ten_words: Trainer) -> None:
    view = show(ten_words, 500, 400)
    view.verticalScrollBar().setValue(2_000)
    place = QPoint(250, 200)
    before = view.cell_at(place)
    assert before is not None
    control_wheel(view, place, -3)
    assert not view.shows_numbers
    after = view.cell_at(place)
    assert after is not None
    assert abs(after.row - before.row) <= 1
    control_wheel(view, place, 3)
    assert view.shows_numbers
    back = view.cell_at(place)
    assert back is not None
    assert back.row == before.row


def test_that_the_view_stays_with_its_state_when_new_states_come_before_it(show: Show) -> None:
    trainer = Trainer(scenario.find("morning-tea"))
    trainer.advance(3_000)
    view = show(trainer)
    view.verticalScrollBar().setValue(100)
    draw(view, trainer)
    assert view._heat is not None
    top = view._heat.keys[100 - view._heat.first_row]
    rows = view._heat.rows
    trainer.advance(3_100)
    draw(view, trainer)
    assert view._heat.rows > rows
    assert view._heat.keys[view.verticalScrollBar().value() - view._heat.first_row] == top


def test_that_states_are_named_by_their_words(show: Show, small: Trainer) -> None:
    view = show(small)
    assert view.text_of((0,)) == START
    assert view.text_of((0, 0, 1)) == "我爱"
    view = show(Trainer(two_prompts()))
    assert view.text_of((1, 0, 1)) == "why → we sing"


@pytest.mark.parametrize("width", [240, 320, 700])
def test_that_long_names_are_shortened_to_their_room(show: Show, width: int) -> None:
    trainer = Trainer(two_prompts())
    view = show(trainer, width)
    grid = view._grid()
    metrics = QFontMetrics(view.font())
    assert grid.left <= 0.4 * view.viewport().width()
    assert view._names
    for key, name in view._names.items():
        assert metrics.horizontalAdvance(name) <= grid.left
        assert name.endswith(view.text_of(key)[-1])


def test_that_an_empty_view_says_what_would_fill_it(qtbot: QtBot) -> None:
    view = QHeatMap(Selection())
    qtbot.addWidget(view)
    view.resize(300, 200)
    image = picture(view)
    assert len({image.pixel(x, y) for x in range(0, 300, 2) for y in range(0, 200, 2)}) > 2
    assert view.wants()["heat_rows"][0] == 0


def test_that_it_follows_the_palette_live(show: Show, small: Trainer) -> None:
    view = show(small)
    palette = QPalette(view.palette())
    palette.setColor(QPalette.ColorRole.WindowText, QColor("white"))
    palette.setColor(QPalette.ColorRole.Window, QColor("black"))
    palette.setColor(QPalette.ColorRole.Base, QColor("black"))
    view.setPalette(palette)
    assert view._heat is not None
    row, slot = (int(i) for i in np.argwhere(view._heat.visits > 0)[-1])
    level = round(view._heat.q[row, slot] / view.span * LEVELS)
    assert color_in(picture(view), view, Cell(row, slot)) == theme.value_color(level, LEVELS, dark=True)


def test_a_row_that_is_cut_at_the_lower_edge_writes_no_half_numbers(ten_words: Trainer, show: Show) -> None:
    view = show(ten_words)
    first, second = view.rect_of(Cell(0, 0)), view.rect_of(Cell(1, 0))
    tall = second.top() - first.top()
    frame = view.height() - view.viewport().height()

    def inks(rows: float) -> list[int]:
        """How many colours there are across the middle of the fourth row, where the view ends after so many."""
        view.resize(view.width(), frame + first.top() + round(rows * tall))
        draw(view, ten_words)
        cell = view.rect_of(Cell(3, 1))
        image, y = view.viewport().grab().toImage(), cell.center().y() - 2
        return [len({image.pixel(x, y) for x in range(left, right)}) for left, right in (
            (0, first.left() - 2), (cell.left() + 4, cell.right() - 4)
        )]  # fmt: skip

    assert min(inks(4.2)) > 2
    assert inks(3.6) == [1, 1]
    for parts in range(40, 100, 2):  # a row's name and its numbers come and go together
        name, number = inks(3 + parts / 100)
        assert (name > 1) == (number > 1)
