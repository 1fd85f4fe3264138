"""The state graph: what is drawn equals what is, stands where it can be read, and answers mouse and keys."""

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from langrl_gui.core import oracle, scenario
from langrl_gui.core.scenario import Scenario
from langrl_gui.core.telemetry import Observer, Snapshot, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import theme
from langrl_gui.ui.views import state_graph
from langrl_gui.ui.views.state_graph import StateGraph, spaced, tidy_rows

STEPS = {"i-love-you": 57, "morning-tea": 30_000, "ten-words": 100_003}


class Shown:
    """A trainer, and a visible graph of it."""

    def __init__(self, qtbot: QtBot, problem: Scenario, size: tuple[int, int] = (900, 420)) -> None:
        self.trainer = Trainer(problem)
        self.observer = Observer(self.trainer)
        self.view = StateGraph()
        qtbot.addWidget(self.view)
        self.view.resize(*size)
        self.view.begin(problem)
        self.view.show()

    def draw(self, steps: int) -> Snapshot:
        self.trainer.advance(steps)
        snapshot = self.observer.observe(Wanted(**self.view.wants()))
        self.view.draw(snapshot)
        return snapshot


@pytest.fixture(params=STEPS)
def shown(request: pytest.FixtureRequest, qtbot: QtBot) -> Shown:
    found = Shown(qtbot, scenario.find(request.param))
    found.draw(STEPS[request.param])
    return found


@pytest.fixture
def small(qtbot: QtBot) -> Shown:
    return Shown(qtbot, scenario.find("i-love-you"))


def keys(snapshot: Snapshot) -> tuple[tuple[int, ...], ...]:
    assert snapshot.graph is not None
    return snapshot.graph.shape.keys


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
    shown.view.resize(*size)
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
    later = shown.observer.observe(Wanted(**shown.view.wants()), exact=False)
    assert later.graph is not None
    assert snapshot.graph is not None
    assert later.graph.shape is snapshot.graph.shape
    shown.view.draw(later)
    # Only the text that the agent would say is written in full, and its pill is wider.
    after = [shown.view.rect_of(key) for key in keys(later)]
    assert [rect.topLeft() for rect in after] == [rect.topLeft() for rect in before]


def test_that_more_states_are_asked_for_in_a_higher_window_within_bounds(small: Shown) -> None:
    asked = []
    for height in (100, 420, 10_000):
        small.view.resize(600, height)
        asked.append(small.view.wants()["graph"])
    assert asked == [6, 12, 60]


# -- what is drawn equals what is -------------------------------------------------------------------------------------


def test_that_every_state_tells_the_numbers_of_the_table(shown: Shown) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    graph, trainer = snapshot.graph, shown.trainer
    assert graph is not None
    slots = trainer.tables.slots
    q, visits = trainer.learned.q.reshape(-1, slots), trainer.learned.visits.reshape(-1, slots)
    language = trainer.scenario.language
    for node, key in enumerate(graph.shape.keys):
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
        goal = small.view.rect_of(graph.shape.keys[target])
        lines = small.view.describe(QPointF(goal.left() - 2, goal.center().y())).split("\n")
        row = graph.shape.rows[source]
        assert lines[0].endswith(f"→ {language.words[word]}")
        assert lines[1] == f"Q {exact(q[row, word])}"
        tried = int(visits[row, word])
        assert lines[2] == (f"Tried: {tried} ×" if tried else "Never tried")


def test_that_the_line_beside_the_title_counts_the_states_and_tells_the_greedy_path(small: Shown, qtbot: QtBot) -> None:
    with qtbot.waitSignal(small.view.subtitleChanged) as said:
        small.draw(57)
    assert said.args == ["13 states · greedy path 我爱你"]


def test_that_a_text_ends_with_its_return(small: Shown) -> None:
    graph = small.draw(57).graph
    assert graph is not None
    row = graph.shape.rows[graph.shape.keys.index((0, 0, 1))]
    said = int(small.trainer.learned.visits.reshape(-1, 3)[row, 2])
    assert said > 0
    lines = small.view.describe(small.view.rect_of((0, 0, 1, 2)).center()).split("\n")
    assert lines == ["我爱你", "The text ends here, with a return of +3.0", f"Said: {said} ×"]


def colors_at(image: QImage, rect: QRectF) -> set[tuple[int, int, int]]:
    """All colours on the outline of `rect`."""
    x, y = range(int(rect.left()), int(rect.right())), range(int(rect.top()) - 2, int(rect.top()) + 3)
    return {image.pixelColor(i, j).getRgb()[:3] for i in x for j in y if image.valid(i, j)}  # type: ignore[misc]


def is_ringed(view: StateGraph, key: tuple[int, ...]) -> bool:
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
    monkeypatch.setattr(state_graph, "TRAVEL", 1.0)  # time enough to look, on a busy machine too
    small.draw(55)
    before = (0, *small.trainer.words)
    qtbot.wait(600)  # slow enough to be followed
    small.draw(56)
    assert is_ringed(small.view, before)  # the word has not arrived
    after = (0, *small.trainer.words)
    qtbot.waitUntil(lambda: is_ringed(small.view, after), timeout=2000)
    assert not is_ringed(small.view, before)
    qtbot.waitUntil(lambda: not running_timers(small.view), timeout=2000)


def running_timers(view: StateGraph) -> list[object]:
    from PySide6.QtCore import QTimer

    return [timer for timer in view.findChildren(QTimer) if timer.isActive()]


def test_that_no_mark_flickers_while_running_fast_and_the_last_state_is_marked(small: Shown, qtbot: QtBot) -> None:
    for steps in (1000, 2001, 3001):
        small.draw(steps)
        time.sleep(0.01)
    snapshot = small.observer.observe(Wanted(**small.view.wants()))
    assert not any(is_ringed(small.view, key) for key in keys(snapshot))
    current = (0, *small.trainer.words)
    qtbot.waitUntil(lambda: is_ringed(small.view, current), timeout=2000)
    assert not running_timers(small.view)


def test_that_a_hidden_graph_costs_nothing(small: Shown) -> None:
    small.draw(55)
    small.draw(56)
    small.view.hide()
    assert not running_timers(small.view)


# -- mouse and keys ---------------------------------------------------------------------------------------------------


def wheel(view: StateGraph, at: QPointF, notches: int) -> None:
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
    assert shown.view.selection == ()
    qtbot.keyClick(shown.view, Qt.Key.Key_F)
    assert shown.view.rect_of(key) == before


def test_that_a_click_selects_a_state_and_one_beside_it_nothing(shown: Shown, qtbot: QtBot) -> None:
    snapshot = shown.draw(shown.trainer.step + 1)
    key = keys(snapshot)[-1]
    with qtbot.waitSignal(shown.view.selected) as told:
        qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=shown.view.rect_of(key).center().toPoint())
    assert told.args == [key]
    assert shown.view.selection == key
    with qtbot.waitSignal(shown.view.selected) as told:
        qtbot.mouseClick(shown.view, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert told.args == [()]


def test_that_every_state_can_be_reached_by_arrow_keys(small: Shown, qtbot: QtBot) -> None:
    snapshot = small.draw(57)
    reached, before = set(), None
    qtbot.keyClick(small.view, Qt.Key.Key_Left)
    while small.view.selection != before:  # to the right as far as it goes
        before = small.view.selection
        qtbot.keyClick(small.view, Qt.Key.Key_Right)
    assert before == (0, 0, 1, 2)
    for _ in range(4):
        for arrow in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            for _ in keys(snapshot):
                reached.add(small.view.selection)
                qtbot.keyClick(small.view, arrow)
        qtbot.keyClick(small.view, Qt.Key.Key_Left)
    assert reached == set(keys(snapshot))
    assert "Value" in small.view.accessibleDescription()
    qtbot.keyClick(small.view, Qt.Key.Key_Escape)
    assert small.view.selection == ()


def test_that_the_selection_stays_in_sight_when_walking_in_an_enlarged_graph(shown: Shown, qtbot: QtBot) -> None:
    shown.draw(shown.trainer.step + 1)
    for _ in range(6):
        qtbot.keyClick(shown.view, Qt.Key.Key_Plus)
    for arrow in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down):
        qtbot.keyClick(shown.view, arrow)
        assert QRectF(shown.view.rect()).intersects(shown.view.rect_of(shown.view.selection))


def test_that_a_tooltip_tells_what_is_below_the_pointer(small: Shown, qtbot: QtBot) -> None:
    small.draw(57)
    point = small.view.rect_of((0, 0)).center().toPoint()
    QApplication.sendEvent(small.view, QHelpEvent(QEvent.Type.ToolTip, point, small.view.mapToGlobal(point)))
    assert QToolTip.text() == small.view.describe(QPointF(point))
    QToolTip.hideText()
    qtbot.waitUntil(lambda: not any(w.isVisible() for w in QApplication.topLevelWidgets() if w is not small.view))


# -- looks ------------------------------------------------------------------------------------------------------------


def test_that_an_empty_graph_says_what_would_fill_it(qtbot: QtBot) -> None:
    view = StateGraph()
    qtbot.addWidget(view)
    view.resize(400, 200)
    image = view.grab().toImage()
    assert len({image.pixel(x, 100) for x in range(400)}) > 1


def test_that_a_new_run_forgets_the_old_one(small: Shown) -> None:
    small.draw(57)
    small.view.select((0, 0))
    small.view.begin(scenario.find("morning-tea"))
    assert small.view.selection == ()
    assert small.view.rect_of((0, 0)).isEmpty()


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
    monkeypatch.setattr(StateGraph, "_paint_edges", lambda *_: drawn.append(1))
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
    small.view.set_optimum(solution)
    assert is_green_beside((0, 0, 1, 2))
    small.view.set_optimum(None)
    assert not is_green_beside((0, 0, 1, 2))
