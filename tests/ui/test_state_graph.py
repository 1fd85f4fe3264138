"""The state graph: what is drawn equals what is, stands where it can be read, and answers mouse and keys."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QModelIndex, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QImage, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, scenario
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.tables import END
from langrl_gui.core.telemetry import Graph, GraphShape, GraphWanted, Observer, Snapshot, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import format, theme
from langrl_gui.ui.selection import Selection
from langrl_gui.ui.views.state_graph import StateGraph, canvas
from langrl_gui.ui.views.state_graph.canvas import Canvas
from langrl_gui.ui.views.state_graph.layout import DOTS, sized, spaced, tidy_rows
from langrl_gui.ui.views.state_graph.painting import Brush

STEPS = {"i-love-you": 57, "morning-tea": 30_000, "ten-words": 100_003}


class Shown:
    """A trainer, and a visible graph of it."""

    def __init__(self, qtbot: QtBot, problem: Scenario, size: tuple[int, int] = (900, 420)) -> None:
        self.trainer = Trainer(problem)
        self.observer = Observer(self.trainer)
        self.selection = Selection()
        self.graph = StateGraph(self.selection)
        self.view = self.graph.canvas
        qtbot.addWidget(self.graph)
        self.graph.resize(*size)
        self.graph.begin(problem)
        self.graph.show()

    def draw(self, steps: int) -> Snapshot:
        self.trainer.advance(steps)
        return self.redraw()

    def redraw(self) -> Snapshot:
        snapshot = self.observer.observe(Wanted(**self.graph.wants()))
        self.graph.draw(snapshot)
        return snapshot


@pytest.fixture(params=STEPS)
def shown(request: pytest.FixtureRequest, qtbot: QtBot) -> Shown:
    found = Shown(qtbot, scenario.find(request.param))
    found.draw(STEPS[request.param])
    return found


@pytest.fixture
def small(qtbot: QtBot) -> Shown:
    return Shown(qtbot, scenario.find("i-love-you"))


def keys_of(shape: GraphShape) -> tuple[tuple[int, ...], ...]:
    return tuple(shape.key(node) for node in range(len(shape.column)))


def keys(snapshot: Snapshot) -> tuple[tuple[int, ...], ...]:
    assert snapshot.graph is not None
    return keys_of(snapshot.graph.shape)


def exact(number: float) -> str:
    return f"{number:+}".replace("-", "−")


# -- layout ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.data())
@settings(max_examples=50, deadline=None)
def test_that_spaced_keeps_order_and_distance_and_stays_inside(wanted: list[float], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.floats(0.1, 20), min_size=len(wanted), max_size=len(wanted)))
    room = len(wanted) + data.draw(st.integers(0, 9))
    places = np.array(spaced(wanted, weights, room))
    assert (np.diff(places) >= 1 - 1e-9).all()
    assert places.min() >= -1e-9
    assert places.max() <= room - 1 + 1e-9

    def cost(at: np.ndarray) -> float:
        return float((np.array(weights) * (at - np.array(wanted)) ** 2).sum())

    # Nothing near it that obeys as well is better.
    for index in range(len(wanted)):
        for by in (-0.01, 0.01):
            moved = places.copy()
            moved[index] += by
            if (np.diff(moved) >= 1).all() and moved.min() >= 0 and moved.max() <= room - 1:
                assert cost(moved) >= cost(places) - 1e-6 * (1 + cost(places))


@pytest.mark.parametrize("size", [(240, 160), (900, 420), (2400, 1500)])
def test_that_pills_never_overlap_and_all_are_in_the_window(shown: Shown, size: tuple[int, int]) -> None:
    shown.graph.resize(*size)
    snapshot = shown.draw(shown.trainer.step + 1)
    rects = [shown.view.rect_of(key) for key in keys(snapshot)]
    inside = QRectF(shown.view.rect())
    assert all(inside.contains(rect) for rect in rects)
    edges = np.array([(r.left(), r.top(), r.right(), r.bottom()) for r in rects])
    left, top, right, bottom = (edges[:, None, i] for i in range(4))
    apart = (right <= left.T) | (right.T <= left) | (bottom <= top.T) | (bottom.T <= top)
    np.fill_diagonal(apart, True)
    assert apart.all()


def test_that_columns_are_positions_and_keep_the_order_of_words(shown: Shown) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    assert snapshot.graph is not None
    column = snapshot.graph.shape.column
    rects = [shown.view.rect_of(key) for key in keys(snapshot)]
    lefts = [{rects[node].left() for node in np.flatnonzero(column == c)} for c in range(column.max() + 1)]
    assert all(len(left) == 1 for left in lefts)
    assert sorted(lefts, key=min) == lefts
    for c in range(column.max() + 1):
        tops = [rects[node].top() for node in np.flatnonzero(column == c)]
        assert tops == sorted(tops)


def test_that_a_state_stands_at_the_middle_of_its_followers(small: Shown) -> None:
    graph = small.draw(3000).graph
    assert graph is not None
    row = tidy_rows(graph.shape, np.zeros(len(graph.shape.source), bool))
    checked = 0
    for node in np.flatnonzero(graph.shape.column == 1).tolist():
        followers = graph.shape.target[graph.shape.source == node]
        assert row[node] == pytest.approx((row[followers[0]] + row[followers[-1]]) / 2)
        checked += 1
    assert checked == 3


def test_that_the_greedy_path_is_straight_where_there_is_room(small: Shown) -> None:
    graph = small.draw(57).graph
    assert graph is not None
    row = tidy_rows(graph.shape, graph.greedy)
    path = np.flatnonzero(graph.greedy)
    assert len(path) == 3
    assert row[graph.shape.source[path[1]]] == pytest.approx(row[graph.shape.target[path[1]]])


def test_that_nothing_moves_while_the_same_states_are_shown(shown: Shown) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    before = [shown.view.rect_of(key) for key in keys(snapshot)]
    shown.trainer.advance(shown.trainer.step + 50)
    later = shown.observer.observe(Wanted(**shown.graph.wants()), exact=False)
    assert later.graph is not None
    assert snapshot.graph is not None
    assert later.graph.shape is snapshot.graph.shape
    shown.graph.draw(later)
    # Only the text that the agent would say is written in full, and its pill is wider.
    after = [shown.view.rect_of(key) for key in keys(later)]
    assert [rect.topLeft() for rect in after] == [rect.topLeft() for rect in before]


def test_that_more_states_are_asked_for_in_a_higher_window_within_bounds(small: Shown) -> None:
    asked = []
    for height in (100, 420, 10_000):
        small.graph.resize(600, height)
        asked.append(small.graph.wants()["graph"].most)
    assert asked == [6, 12, 60]


# -- what is drawn equals what is -------------------------------------------------------------------------------------


def test_that_every_state_tells_the_numbers_of_the_table(shown: Shown) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    graph, trainer = snapshot.graph, shown.trainer
    assert graph is not None
    slots = trainer.tables.slots
    q, visits = trainer.learned.q.reshape(-1, slots), trainer.learned.visits.reshape(-1, slots)
    language = trainer.scenario.language
    for node, key in enumerate(keys_of(graph.shape)):
        lines = shown.view.describe(shown.view.rect_of(key).center()).split("\n")
        assert lines[0] == (language.join(key[1:]) or "⌂")
        if not graph.shape.ends[node]:
            assert lines[1] == f"Value {exact(q[graph.shape.rows[node]].max())}"
            count = int(visits[graph.shape.rows[node]].sum())
            assert lines[2].replace("\u202f", "") == f"Visits: {count}"


def test_that_every_edge_tells_the_numbers_of_its_cell(small: Shown) -> None:
    graph = small.draw(57).graph
    assert graph is not None
    slots = small.trainer.tables.slots
    q = small.trainer.learned.q.reshape(-1, slots)
    visits = small.trainer.learned.visits.reshape(-1, slots)
    language = small.trainer.scenario.language
    for source, target, word in zip(graph.shape.source, graph.shape.target, graph.shape.word, strict=True):
        # Just before the pill where it ends, an edge is alone.
        goal = small.view.rect_of(graph.shape.key(target))
        lines = small.view.describe(QPointF(goal.left() - 2, goal.center().y())).split("\n")
        row = graph.shape.rows[source]
        assert lines[0].endswith(f"→ {language.words[word]}")
        assert lines[1] == f"Q {exact(q[row, word])}"
        tried = int(visits[row, word])
        assert lines[2] == (f"Tried: {tried} ×" if tried else "Never tried")


def test_that_the_line_beside_the_title_counts_the_states_and_tells_the_greedy_path(small: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(small.graph.subtitleChanged) as said:
        small.draw(57)
    assert said.args == ["13 states · greedy path 我爱你"]


def test_that_a_text_ends_with_its_return(small: Shown) -> None:
    graph = small.draw(57).graph
    assert graph is not None
    row = graph.shape.rows[graph.shape.find((0, 0, 1))]
    said = int(small.trainer.learned.visits.reshape(-1, 3)[row, 2])
    assert said > 0
    lines = small.view.describe(small.view.rect_of((0, 0, 1, 2)).center()).split("\n")
    assert lines == ["我爱你", "The text ends here, with a return of +3.0", f"Said: {said} ×"]


def colors_at(image: QImage, rect: QRectF) -> set[tuple[int, int, int]]:
    """All colours on the outline of `rect`."""
    x, y = range(int(rect.left()), int(rect.right())), range(int(rect.top()) - 2, int(rect.top()) + 3)
    return {image.pixelColor(i, j).getRgb()[:3] for i in x for j in y if image.valid(i, j)}  # type: ignore[misc]


def is_ringed(view: Canvas, key: tuple[int, ...]) -> bool:
    return theme.BLUE.getRgb()[:3] in colors_at(view.grab().toImage(), view.rect_of(key))


def test_that_the_state_in_which_the_agent_is_has_a_blue_ring(small: Shown) -> None:
    small.draw(55)
    assert len(small.trainer.words) == 1
    current = (0, *small.trainer.words)
    ringed = [key for key in keys(small.draw(55)) if is_ringed(small.view, key)]
    assert ringed == [current]


def test_that_colours_show_values_blue_below_zero_and_orange_above(small: Shown) -> None:
    small.draw(3000)
    image = small.view.grab().toImage()

    def fill(key: tuple[int, ...]) -> QColor:
        rect = small.view.rect_of(key)
        return image.pixelColor(QPoint(int(rect.left()) + 6, int(rect.center().y())))

    good, bad = fill((0, 0)), fill((0, 1))
    assert good.red() > good.blue()
    assert bad.blue() > bad.red()


# -- time -------------------------------------------------------------------------------------------------------------


def test_that_a_single_step_is_shown_on_its_way_and_then_all_is_still(
    small: Shown, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canvas, "TRAVEL", 1.0)  # time enough to look, on a busy machine too
    small.draw(55)
    before = (0, *small.trainer.words)
    qtbot.wait(600)  # slow enough to be followed
    small.draw(56)
    assert is_ringed(small.view, before)  # the word has not arrived
    after = (0, *small.trainer.words)
    qtbot.waitUntil(lambda: is_ringed(small.view, after), timeout=2000)
    assert not is_ringed(small.view, before)
    qtbot.waitUntil(lambda: not running_timers(small.view), timeout=2000)


def running_timers(view: Canvas) -> list[object]:
    from PySide6.QtCore import QTimer

    return [timer for timer in view.findChildren(QTimer) if timer.isActive()]


def test_that_no_mark_flickers_while_running_fast_and_the_last_state_is_marked(small: Shown, qtbot: QtBot) -> None:
    for steps in (1000, 2001, 3001):
        small.draw(steps)
        time.sleep(0.01)
    snapshot = small.observer.observe(Wanted(**small.graph.wants()))
    assert not any(is_ringed(small.view, key) for key in keys(snapshot))
    current = (0, *small.trainer.words)
    qtbot.waitUntil(lambda: is_ringed(small.view, current), timeout=2000)
    assert not running_timers(small.view)


def test_that_a_hidden_graph_costs_nothing(small: Shown) -> None:
    small.draw(55)
    small.draw(56)
    small.graph.hide()
    assert not running_timers(small.view)


# -- mouse and keys ---------------------------------------------------------------------------------------------------


def wheel(view: Canvas, at: QPointF, notches: int) -> None:
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        at, view.mapToGlobal(at), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def test_that_the_wheel_enlarges_around_the_pointer_and_a_double_click_shows_all_again(
    shown: Shown, qtbot: QtBot
) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    key = keys(snapshot)[len(keys(snapshot)) // 2]
    before = shown.view.rect_of(key)
    pointer = QPointF(before.left(), before.center().y())
    wheel(shown.view, pointer, 4)
    after = shown.view.rect_of(key)
    assert (QPointF(after.left(), after.center().y()) - pointer).manhattanLength() <= 2
    column = [shown.view.rect_of(other) for other in keys(snapshot) if len(other) == len(key)]
    assert min(b.top() - a.top() for a, b in pairwise(column)) > 60
    qtbot.mouseDClick(shown.view, Qt.MouseButton.LeftButton)
    assert shown.view.rect_of(key) == before


def test_that_dragging_moves_the_picture_and_selects_nothing(shown: Shown, qtbot: QtBot) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    key = keys(snapshot)[0]
    before = shown.view.rect_of(key)
    start = before.center().toPoint()
    qtbot.mousePress(shown.view, Qt.MouseButton.LeftButton, pos=start)
    for step in (15, 30):
        qtbot.mouseMove(shown.view, start + QPoint(step, -step))
    qtbot.mouseRelease(shown.view, Qt.MouseButton.LeftButton, pos=start + QPoint(30, -30))
    assert shown.view.rect_of(key).topLeft() == before.topLeft() + QPointF(30, -30)
    assert shown.selection.state == ()
    qtbot.keyClick(shown.view, Qt.Key.Key_F)
    assert shown.view.rect_of(key) == before


def test_that_a_click_selects_a_state_for_all_and_one_beside_it_nothing(shown: Shown, qtbot: QtBot) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    assert snapshot.graph is not None
    shape = snapshot.graph.shape
    for node in (int(np.flatnonzero(~shape.ends)[-1]), len(shape.column) - 1):
        key = shape.key(node)
        with qtbot.waitSignal(shown.selection.changed) as told:
            qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=shown.view.rect_of(key).center().toPoint())
        # Who chooses an end has chosen the state in which the last word was said.
        assert told.args == [key[:-1] if shape.ends[node] else key]
        assert shown.view.chosen == node
        with qtbot.waitSignal(shown.selection.changed) as told:
            qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
        assert told.args == [()]


def marked(view: Canvas, snapshot: Snapshot) -> set[tuple[int, ...]]:
    """The states that look different when nothing is selected."""
    assert snapshot.graph is not None
    with_marks = view.grab().toImage()
    state = view._selection.state
    view._selection.select(())
    without = view.grab().toImage()
    view._selection.select(state)

    def differs(key: tuple[int, ...]) -> bool:
        rect = view.rect_of(key)
        x, y = int(rect.center().x()), int(rect.top()) - 4
        return any(with_marks.pixel(x, y + d) != without.pixel(x, y + d) for d in range(3))

    return {key for key in keys(snapshot) if differs(key)}


def test_that_what_is_selected_elsewhere_is_marked_wherever_a_shown_text_shares_its_row(qtbot: QtBot) -> None:
    forgetful = scenario.find("i-love-you").changed("language.context", 1)
    shown = Shown(qtbot, forgetful)
    snapshot = shown.draw(3000)
    shown.selection.select((0, 1))  # 爱 is the last word, whatever came before
    assert snapshot.graph is not None
    shape = snapshot.graph.shape
    sharing = {shape.key(node) for node in np.flatnonzero((shape.states == (0, 1)).all(axis=1) & ~shape.ends)}
    assert len(sharing) > 1
    assert marked(shown.view, snapshot) == sharing


def test_that_every_state_can_be_reached_by_arrow_keys(small: Shown, qtbot: QtBot) -> None:
    snapshot = small.draw(57)
    assert snapshot.graph is not None
    shape = snapshot.graph.shape
    reached, before = set(), None
    qtbot.keyClick(small.view, Qt.Key.Key_Left)
    while small.view.chosen != before:  # to the right as far as it goes
        before = small.view.chosen
        qtbot.keyClick(small.view, Qt.Key.Key_Right)
    assert shape.key(before) == (0, 0, 1, 2)
    for _ in range(4):
        for arrow in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            for _ in keys(snapshot):
                reached.add(shape.key(small.view.chosen))
                qtbot.keyClick(small.view, arrow)
        qtbot.keyClick(small.view, Qt.Key.Key_Left)
    assert reached == set(keys(snapshot))
    assert "Value" in small.view.accessibleDescription()
    qtbot.keyClick(small.view, Qt.Key.Key_Escape)
    assert small.selection.state == ()


def test_that_the_selection_stays_in_sight_when_walking_in_an_enlarged_graph(shown: Shown, qtbot: QtBot) -> None:
    shown.draw(shown.trainer.step + 1)
    for _ in range(6):
        qtbot.keyClick(shown.view, Qt.Key.Key_Plus)
    for arrow in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(shown.view, arrow)
        assert shown.view.graph is not None
        chosen = shown.view.graph.shape.key(shown.view.chosen)
        assert QRectF(shown.view.rect()).intersects(shown.view.rect_of(chosen))


def test_that_a_tooltip_tells_what_is_below_the_pointer(small: Shown, qtbot: QtBot) -> None:
    small.draw(57)
    point = small.view.rect_of((0, 0)).center().toPoint()
    QApplication.sendEvent(small.view, QHelpEvent(QEvent.Type.ToolTip, point, small.view.mapToGlobal(point)))
    assert QToolTip.text() == small.view.describe(QPointF(point))
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not any(w.isVisible() for w in QApplication.topLevelWidgets() if w is not small.graph))


# -- looks ------------------------------------------------------------------------------------------------------------


def test_that_an_empty_graph_says_what_would_fill_it(qtbot: QtBot) -> None:
    view = StateGraph(Selection())
    qtbot.addWidget(view)
    view.resize(400, 200)
    image = view.grab().toImage()
    assert len({image.pixel(x, 100) for x in range(400)}) > 1


def test_that_a_new_run_forgets_the_old_one(small: Shown) -> None:
    small.draw(57)
    small.graph.begin(scenario.find("morning-tea"))
    assert small.view.rect_of((0, 0)).isEmpty()
    assert small.view.graph is None


def test_that_colours_follow_the_palette_at_once(small: Shown) -> None:
    small.draw(3000)
    light = small.view.grab().toImage()
    palette = QPalette(QColor("#222222"))
    small.view.setPalette(palette)
    rect = small.view.rect_of((0, 1, 1))
    point = QPoint(int(rect.left()) + 6, int(rect.center().y()))
    assert small.view.grab().toImage().pixelColor(point).lightness() < light.pixelColor(point).lightness() - 40


def test_that_what_is_the_same_is_not_drawn_again(small: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    small.draw(57)
    small.view.grab()
    drawn = []
    monkeypatch.setattr(Brush, "paint_edges", lambda *_: drawn.append(1))
    small.draw(57)
    small.view.grab()
    assert not drawn
    small.draw(58)
    small.view.grab()
    assert drawn


def test_that_the_text_it_would_say_is_ticked_once_it_is_known_to_be_the_optimum(small: Shown) -> None:
    small.draw(57)
    solution = oracle.solve(small.trainer.scenario)

    def is_green_beside(key: tuple[int, ...]) -> bool:
        rect, image = small.view.rect_of(key), small.view.grab().toImage()
        beside = [(x, y) for x in range(int(rect.right()) + 3, small.view.width() - 3)
                  for y in range(int(rect.top()), int(rect.bottom()))]  # fmt: skip
        return any(color.green() > color.red() + 40 for color in (image.pixelColor(*place) for place in beside))

    assert not is_green_beside((0, 0, 1, 2))
    small.graph.set_optimum(solution)
    assert is_green_beside((0, 0, 1, 2))
    small.graph.set_optimum(None)
    assert not is_green_beside((0, 0, 1, 2))


# -- all, filters, finding --------------------------------------------------------------------------------------------


def expected(trainer: Trainer) -> dict[tuple[int, ...], tuple[float, int]]:
    """Value and visits of every text that was said, from the trainer's arrays alone."""
    slots, tables = trainer.tables.slots, trainer.tables
    q, visits = trainer.learned.q.reshape(-1, slots), trainer.learned.visits.reshape(-1, slots)
    found: dict[tuple[int, ...], tuple[float, int]] = {}
    waiting = [((prompt,), int(node)) for prompt, node in enumerate(tables.starts)]
    while waiting:
        key, node = waiting.pop()
        row = int(tables.row[node])
        found[key] = float(q[row].max()), int(visits[row].sum())
        for word in np.flatnonzero(visits[row]).tolist():
            following = int(tables.successor[node * slots + word])
            if following == END:
                found[*key, word] = 0.0, int(visits[row, word])
            else:
                waiting.append(((*key, word), following))
    return found


def numbers(graph: Graph) -> dict[tuple[int, ...], tuple[float, int]]:
    return {key: (float(graph.value[node]), int(graph.visits[node])) for node, key in enumerate(keys_of(graph.shape))}


@pytest.fixture
def middle(qtbot: QtBot) -> Shown:
    """More texts than can be read at once."""
    shown = Shown(qtbot, scenario.find("ten-words"))
    shown.trainer.advance(30_000)
    return shown


def test_that_all_shows_every_text_that_was_said_with_the_numbers_of_the_table(middle: Shown, qtbot: QtBot) -> None:
    summary = middle.draw(30_000).graph
    assert summary is not None
    qtbot.mouseClick(middle.graph.controls.all, Qt.MouseButton.LeftButton)
    whole = middle.redraw().graph
    assert whole is not None
    told = expected(middle.trainer)
    assert len(whole.shape.column) > 1000 > len(summary.shape.column)
    assert numbers(whole) == told
    assert numbers(summary).items() <= told.items()
    for node in range(len(whole.shape.column)):
        assert whole.shape.find(whole.shape.key(node)) == node


@pytest.mark.parametrize("whole", [False, True])
def test_that_zoomed_in_everything_in_sight_tells_the_numbers_of_the_table(middle: Shown, whole: bool) -> None:
    middle.graph.controls.all.setChecked(whole)
    graph = middle.draw(30_000).graph
    assert graph is not None
    told, language = expected(middle.trainer), middle.trainer.scenario.language
    deep = int(np.flatnonzero(graph.shape.column == 3)[len(np.flatnonzero(graph.shape.column == 3)) // 2])
    for _ in range(24):
        middle.view.zoom(1.25, middle.view.rect_of(graph.shape.key(deep)).center())
    inside, seen = QRectF(middle.view.rect()), 0
    for key in keys_of(graph.shape):
        rect = middle.view.rect_of(key)
        if len(key) < 6 and inside.contains(rect):
            lines = middle.view.describe(rect.center()).split("\n")
            value, visits = told[key]
            assert lines[0] == (language.join(key[1:]) or "⌂")
            assert lines[1:3] == [f"Value {exact(value)}", f"Visits: {visits}"]
            seen += 1
    assert seen


def test_that_where_states_are_too_many_for_pills_the_pixel_tells_how_many_it_stands_for(middle: Shown) -> None:
    middle.graph.controls.all.setChecked(True)
    graph = middle.draw(30_000).graph
    assert graph is not None
    crowd = next(key for key in reversed(keys_of(graph.shape)) if middle.view.rect_of(key).height() <= 4)
    lines = middle.view.describe(middle.view.rect_of(crowd).center()).split("\n")
    assert lines[-1].endswith("more states here; zoom in to tell them apart")


@pytest.mark.parametrize("size", [(680, 190), (900, 420), (1400, 700)])
def test_that_no_number_cuts_the_greedy_path_but_its_own(middle: Shown, size: tuple[int, int]) -> None:
    middle.graph.resize(*size)
    graph = middle.draw(30_000).graph
    assert graph is not None
    places, brush = middle.view._place(), middle.view._brush
    greedy = graph.greedy[places.edges]
    x, y = brush._number_points(places, greedy)
    high = QFontMetricsF(brush._small(places.geometry)).height()
    path = [places.paths[edge] for edge in np.flatnonzero(greedy)]
    assert len(path) >= 3
    numbered = [edge for edge in places.numbered.tolist() if not greedy[edge]]
    for edge in numbered:
        number = QRectF(x[edge] - high, y[edge] - high / 2, 2 * high, high)
        assert not any(number.contains(line.pointAtPercent(t)) for line in path for t in np.linspace(0, 1, 200))
    assert numbered


@pytest.mark.parametrize("size", [(680, 190), (900, 420)])
def test_that_a_word_has_room_beside_the_dots_in_its_pill(middle: Shown, size: tuple[int, int]) -> None:
    middle.graph.resize(*size)
    middle.draw(30_000)
    places, brush = middle.view._place(), middle.view._brush
    metrics = QFontMetricsF(sized(brush.font, places.geometry.view.scale))
    assert places.dotted
    for place in places.dotted:
        assert "…" not in places.labels[place]
        free = places.width[place] - DOTS * places.geometry.pill
        assert metrics.horizontalAdvance(places.labels[place]) < free


@pytest.mark.parametrize("size", [(676, 204), (900, 420)])
def test_that_what_a_text_earned_is_never_cut_off(qtbot: QtBot, size: tuple[int, int]) -> None:
    phrases = Shown(qtbot, scenario.find("phrasebook"), size)
    phrases.draw(5000)
    places, brush = phrases.view._place(), phrases.view._brush
    metrics = QFontMetricsF(sized(brush.font, places.geometry.pill / brush.sizes.pill))
    assert places.said
    for place, said in places.said:
        right = places.left[place] + places.width[place]
        assert right + 4 + metrics.horizontalAdvance(f"{said.total:+.3g}") <= places.geometry.width


@pytest.mark.parametrize("size", [(904, 224), (676, 204), (1200, 500)])
@pytest.mark.parametrize("steps", [20_003, 100_003])
def test_that_what_a_text_earned_covers_no_word_and_no_sign(qtbot: QtBot, size: tuple[int, int], steps: int) -> None:
    story = Shown(qtbot, scenario.find("storyteller"), size)
    story.draw(steps)
    places, brush = story.view._place(), story.view._brush
    scale = places.geometry.pill / brush.sizes.pill
    plain, small = QFontMetricsF(sized(brush.font, scale)), QFontMetricsF(brush._small(places.geometry))
    words = [
        QRectF(left, middle - places.geometry.pill / 2, width, places.geometry.pill)
        for left, middle, width in zip(places.left, places.middle, places.width, strict=True)
    ]
    signs = [
        QRectF(
            -small.horizontalAdvance(text) / 2, -small.ascent() / 2, small.horizontalAdvance(text), small.ascent()
        ).translated(point)
        for point, text in places.signs
    ]
    assert places.said
    for said, point, is_beside in places.sums:
        metrics = plain if is_beside else small
        wide, high = metrics.horizontalAdvance(f"✓ {said.total:+.3g}"), metrics.ascent()
        covered = QRectF(point.x() - (0 if is_beside else wide / 2), point.y() - high / 2, wide, high)
        assert not [rect for rect in (*words, *signs) if rect.intersects(covered)]
        assert QRectF(story.view.rect()).contains(covered)


def test_that_no_pills_touch_where_all_are_shown(middle: Shown) -> None:
    middle.graph.controls.all.setChecked(True)
    middle.draw(30_000)
    for _ in range(12):
        places = middle.view._place()
        column = places.geometry.layout.shape.column[places.geometry.pills]
        same = np.diff(column) == 0
        assert (np.diff(places.middle)[same] >= places.geometry.pill).all()
        middle.view.zoom(1.25)


def test_that_the_filters_leave_out_what_they_say(middle: Shown) -> None:
    middle.draw(30_000)
    told, sheet = expected(middle.trainer), middle.graph.controls.filter
    middle.graph.controls.all.setChecked(True)

    def shown() -> set[tuple[int, ...]]:
        graph = middle.redraw().graph
        assert graph is not None
        assert numbers(graph).items() <= told.items()
        return set(keys_of(graph.shape))

    greedy = middle.trainer.greedy_text(0).words
    sheet.greedy.setChecked(True)
    path = {(0, *greedy[:length]) for length in range(len(greedy) + 1)}
    assert shown() == path & told.keys()
    sheet.greedy.setChecked(False)

    sheet.above.setChecked(True)
    sheet.least.setValue(1.0)
    worth = {key for key, (value, _) in told.items() if value >= 1.0 and len(key) < 6}
    q = middle.trainer.learned.q.reshape(-1, middle.trainer.tables.slots)
    for key in told:
        row = (
            int(middle.trainer.tables.row[middle.trainer.tables.node_after(0, list(key[1:5]))]) if len(key) == 6 else 0
        )
        if len(key) == 6 and q[row, key[5]] >= 1.0:
            worth.add(key)
    assert shown() == {key[:length] for key in worth for length in range(1, len(key) + 1)}
    sheet.above.setChecked(False)

    chosen = next(key for key in told if len(key) == 4)
    middle.selection.select(chosen)
    sheet.around.setChecked(True)
    sheet.reach.setValue(2)
    after = {key for key in told if key[: len(chosen)] == chosen and len(key) <= len(chosen) + 2}
    assert shown() == after | {chosen[:2], chosen[:3]}
    sheet.around.setChecked(False)
    assert shown() == told.keys()


def test_that_visited_leaves_out_the_states_of_a_small_table_where_nobody_was(small: Shown) -> None:
    before = small.draw(1).graph
    assert before is not None
    small.graph.controls.filter.visited.setChecked(True)
    after = small.redraw().graph
    assert after is not None
    assert set(keys_of(after.shape)) == expected(small.trainer).keys() < set(keys_of(before.shape))


def test_that_a_filter_that_nothing_passes_says_so(small: Shown) -> None:
    small.draw(57)
    small.graph.controls.filter.above.setChecked(True)
    small.graph.controls.filter.least.setValue(99)
    graph = small.redraw().graph
    assert graph is not None
    assert len(graph.shape.column) == 0
    image = small.view.grab().toImage()
    ground = image.pixel(2, 2)
    assert any(image.pixel(x, y) != ground for x in range(image.width()) for y in range(0, image.height(), 4))


def test_that_typed_words_are_gone_to_and_selected(middle: Shown, qtbot: QtBot) -> None:
    middle.draw(30_000)
    told, language = expected(middle.trainer), middle.trainer.scenario.language
    graph = middle.view.graph
    assert graph is not None
    # One that is not among those shown, because others were said more often.
    key = next(key for key in told if len(key) == 5 and graph.shape.find(key) < 0)
    qtbot.keyClick(middle.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    field = middle.graph.controls.field
    field.setText("  ".join(language.words[word] for word in key[1:]))
    middle.redraw()
    assert middle.selection.state == key
    assert QRectF(middle.view.rect()).contains(middle.view.rect_of(key))
    assert not field.accessibleDescription()
    middle.graph.controls.all.setChecked(True)
    middle.redraw()
    other = next(key for key in told if len(key) == 5 and key != middle.selection.state)
    field.setText(language.join(other[1:]))
    assert middle.selection.state == other
    rect = middle.view.rect_of(other)
    assert QRectF(middle.view.rect()).contains(rect)
    assert middle.view.describe(rect.center()).startswith(language.join(other[1:]) + "\n")


def test_that_what_cannot_be_found_is_explained(middle: Shown) -> None:
    middle.draw(30_000)
    field, told = middle.graph.controls.field, expected(middle.trainer)
    field.setText("gibberish")
    assert field.accessibleDescription() == "These are not words of this language."
    never = next(key for a in range(10) for b in range(10) if (key := (0, a, a, b, b)) not in told)
    field.setText(middle.trainer.scenario.language.join(never[1:]))
    assert not field.accessibleDescription()
    middle.redraw()
    assert field.accessibleDescription() == "Nobody has said this yet."
    field.clear()
    assert not field.accessibleDescription()


# -- the list ---------------------------------------------------------------------------------------------------------


def test_that_the_list_tells_the_same_states_and_numbers(middle: Shown) -> None:
    middle.graph.controls.all.setChecked(True)
    middle.draw(30_000)
    middle.graph.controls.list.setChecked(True)
    model, language, found = middle.graph.list.states, middle.trainer.scenario.language, {}

    def walk(parent: QModelIndex, key: tuple[int, ...]) -> None:
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            assert model.parent(index) == parent
            word = language.words.index(index.data()) if key else 0
            found[*key, word] = index.siblingAtColumn(2).data(), index.siblingAtColumn(3).data()
            walk(index, (*key, word))

    walk(QModelIndex(), ())
    told = expected(middle.trainer)
    assert found == {
        key: ("end" if len(key) == 6 else format.amount(value), format.count(visits))
        for key, (value, visits) in told.items()
    }


def test_that_list_and_drawing_select_the_same(small: Shown, qtbot: QtBot) -> None:
    small.draw(57)
    small.graph.controls.list.setChecked(True)
    small.selection.select((0, 0, 1))
    current = small.graph.list.currentIndex()
    assert current.data() == "我爱"
    assert "Value" in current.data(Qt.ItemDataRole.AccessibleTextRole)
    qtbot.keyClick(small.graph.list, Qt.Key.Key_Left)
    qtbot.keyClick(small.graph.list, Qt.Key.Key_Left)
    assert small.selection.state == (0, 0)


def test_that_the_list_begins_with_its_first_state_where_the_selected_one_is_seen_so_too(middle: Shown) -> None:
    middle.draw(30_000)
    middle.selection.select((0, 0))
    middle.graph.controls.list.setChecked(True)
    tree = middle.graph.list
    first, current = tree.visualRect(tree.states.index(0, 0)), tree.visualRect(tree.currentIndex())
    assert first.top() == 0
    assert 0 < current.top() < tree.viewport().height() / 2


def test_that_the_list_gives_its_rows_air(middle: Shown) -> None:
    middle.draw(30_000)
    middle.graph.controls.list.setChecked(True)
    tree = middle.graph.list
    row = tree.visualRect(tree.states.index(0, 0)).height()
    assert row == round(1.45 * tree.fontMetrics().height()) > tree.fontMetrics().height() + 4


def test_that_the_list_stays_where_it_is_while_states_come(middle: Shown) -> None:
    middle.draw(30_000)
    middle.graph.controls.list.setChecked(True)
    middle.selection.select((0, 1, 2))
    middle.draw(30_001)
    tree = middle.graph.list
    assert tree.states.parent(tree.currentIndex()).data() == "old"
    middle.draw(60_000)
    assert middle.selection.state == (0, 1, 2)
    assert [tree.currentIndex().data(), tree.currentIndex().parent().data()] == ["small", "old"]
    assert tree.isExpanded(tree.currentIndex().parent())


# -- environments -----------------------------------------------------------------------------------------------------


def test_that_states_of_an_environment_have_their_numbers_and_are_found_by_them(qtbot: QtBot) -> None:
    lake = Shown(qtbot, scenario.find("gym:FrozenLake-v1"))
    graph = lake.draw(500).graph
    assert graph is not None
    slots = lake.trainer.tables.slots
    q = lake.trainer.learned.q.reshape(-1, slots)
    for node in np.flatnonzero(~graph.shape.ends).tolist():
        state = graph.shape.state(node)
        lines = lake.view.describe(lake.view._place().geometry.mark(node).center()).split("\n")
        assert lines[:2] == [str(state[1]), f"Value {exact(float(q[state[1]].max()))}"]
    field = lake.graph.controls.field
    field.setText("14")
    lake.redraw()
    assert lake.selection.state == (0, 14)
    assert not field.accessibleDescription()
    field.setText("north")
    assert field.accessibleDescription() == "States of an environment are numbers."
    field.setText("99")
    lake.redraw()
    assert field.accessibleDescription() == "There is no such state."


def test_that_what_will_appear_is_told_until_the_first_step(qtbot: QtBot) -> None:
    cards = Shown(qtbot, scenario.find("blackjack"))
    assert cards.view.hint == "States appear here as the agent takes first actions."
    start = cards.draw(0).graph
    assert start is not None
    assert cards.view.hint
    cards.view.draw(start, 1)  # the map of where that has led comes a moment later
    assert not cards.view.hint
    cards.draw(100)
    assert not cards.view.hint


def test_that_an_end_of_an_environment_has_the_action_that_led_there_and_no_state_s_number(qtbot: QtBot) -> None:
    cliff = Shown(qtbot, scenario.find("cliff-walking"))
    cliff.draw(20_000)
    layout = cliff.view.layout_
    assert layout is not None
    (end,) = np.flatnonzero(cliff.view.graph.shape.ends).tolist()
    assert (layout.label(end), layout.text(end)) == ("end", "35 → 2")
    assert cliff.view.describe(cliff.view._place().geometry.mark(end).center()).startswith(
        "35 → 2\nThe episode ends here"
    )
    ((place, said),) = cliff.view._place().said
    assert cliff.view._place().labels[place] == "end"
    assert (said.node, said.total) == (end, -13)


@pytest.mark.parametrize("filters", [{"around": (0,), "reach": 1}, {"above": 0.0}, {"visited": True}, {"greedy": True}])
def test_that_filters_take_a_graph_in_which_nothing_was_said_yet(filters: dict[str, object]) -> None:
    """A table that is traced as it goes has one state and no edge at its beginning."""
    trainer = Trainer(scenario.find("ten-words"))
    graph = Observer(trainer).observe(Wanted(graph=GraphWanted(most=0, **filters))).graph
    assert graph is not None
    assert len(graph.shape.source) == 0
    assert len(graph.shape.column) <= 1
