"""The learning curves draw what the trainer's histories hold, and stay where the user looks."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QPalette, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolButton
from pytestqt.qtbot import QtBot

from langrl_gui.core import arrays, oracle, scenario
from langrl_gui.core.telemetry import Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui.views.learning_curves import LearningCurves, count_text, merged

Show = Callable[..., LearningCurves]


@pytest.fixture
def trainer() -> Trainer:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(57)
    return trainer


def draw(view: LearningCurves, trainer: Trainer) -> None:
    view.draw(Observer(trainer).observe(Wanted(**view.wants())))


@pytest.fixture
def show(qtbot: QtBot) -> Show:
    def shown(trainer: Trainer, width: int = 460, height: int = 260) -> LearningCurves:
        view = LearningCurves()
        qtbot.addWidget(view)
        view.resize(width, height)
        view.show()
        view.begin(trainer.scenario)
        draw(view, trainer)
        QApplication.processEvents()
        return view

    return shown


def wheel(view: LearningCurves, notches: int) -> None:
    """Turn the wheel over the middle of the plot."""
    viewport = view._plot.viewport()
    place = QPointF(viewport.rect().center())
    event = QWheelEvent(
        place,
        viewport.mapToGlobal(place),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)
    QApplication.processEvents()


def test_that_a_short_run_is_drawn_episode_by_episode(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    histories, episodes = trainer.progress.histories, trainer.episode
    x, y = view._mean.getData()
    assert (y == histories.return_sum[:episodes]).all()
    assert (x == np.arange(episodes) + 0.5).all()
    x, y = view._greedy.getData()
    assert (y == histories.greedy_value[:episodes]).all()
    assert (x == np.arange(episodes) + 1).all()


@pytest.mark.parametrize("width", [240, 460, 2000])
@pytest.mark.parametrize("episodes", [1000, 1025, 200_003])
def test_that_merged_bins_keep_every_episode(show: Show, width: int, episodes: int) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(10**9, episodes)
    view = show(trainer, width)
    bins = view._bins
    assert bins is not None
    histories = trainer.progress.histories
    used = -(-episodes >> int(trainer.progress.counters[arrays.BIN_SHIFT]))
    assert bins.begins[0] == 0
    assert bins.ends[-1] == episodes
    assert (bins.begins[1:] == bins.ends[:-1]).all()
    total = (bins.mean * (bins.ends - bins.begins)).sum()
    assert total == pytest.approx(histories.return_sum[:used].sum(), rel=1e-12)
    assert bins.least.min() == histories.return_min[:used].min()
    assert bins.greatest.max() == histories.return_max[:used].max()
    corners = view._band.polygon()
    assert {corners[i].y() for i in range(corners.size())} == {*bins.least.tolist(), *bins.greatest.tolist()}


def test_that_merging_is_the_same_as_binning_more_coarsely() -> None:
    """Against histories that were widened by the loop itself."""
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(10**9, 1023)
    fine = Observer(trainer).observe(Wanted(curves=True)).curves
    trainer.advance(10**9, 1024)
    coarse = Observer(trainer).observe(Wanted(curves=True)).curves
    assert fine is not None
    assert coarse is not None
    assert (fine.width, coarse.width) == (1, 2)
    bins = merged(fine, 2)
    assert (bins.ends[:511] == coarse.ends[:511]).all()
    assert (bins.mean[:511] == coarse.return_mean[:511]).all()
    assert (bins.least[:511] == coarse.return_min[:511]).all()
    assert (bins.greatest[:511] == coarse.return_max[:511]).all()


def test_that_the_optimum_is_a_line_at_the_exact_value(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    assert not view._optimum_line.isVisible()
    solution = oracle.solve(trainer.scenario)
    view.set_optimum(solution)
    assert view._optimum_line.isVisible()
    assert view._optimum_line.value() == solution.start_value == pytest.approx(2.8525)
    assert "2.85" in view.subtitle()
    view.set_optimum(None)
    assert not view._optimum_line.isVisible()


def test_that_the_whole_run_is_in_view_while_following(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    view.set_optimum(oracle.solve(trainer.scenario))
    for step in (100, 3_000, 70_000):
        trainer.advance(step)
        draw(view, trainer)
        assert view.following
        (left, right), (bottom, top) = view._box.viewRange()
        assert left == 0
        assert trainer.episode <= right <= 1.1 * trainer.episode + 1
        assert bottom < -3
        assert top > 3


def test_that_zooming_while_streaming_is_not_undone_until_the_user_asks(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    assert not view._follow.isVisible()
    wheel(view, 3)
    assert view._follow.isVisible()
    zoomed = view._box.viewRange()
    for step in (1_000, 10_000, 100_000):
        trainer.advance(step)
        draw(view, trainer)
        QApplication.processEvents()
        assert view._box.viewRange() == zoomed
    view._follow.click()
    assert view.following
    assert not view._follow.isVisible()
    assert view._box.viewRange()[0][1] >= trainer.episode


def test_that_zooming_out_to_everything_is_following_again(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    wheel(view, 2)
    assert not view.following
    wheel(view, -30)
    assert view.following


def test_that_zooming_in_shows_the_bins_that_were_merged(show: Show) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(10**9, 1000)
    view = show(trainer)
    assert view._bins is not None
    assert view._bins.size > 1
    for _ in range(20):
        wheel(view, 3)
    assert view._bins.size == 1
    assert (view._bins.mean == trainer.progress.histories.return_sum[:1000]).all()


def test_that_arrow_keys_read_the_episodes_one_by_one(show: Show, trainer: Trainer, qtbot: QtBot) -> None:
    view = show(trainer)
    said = []
    view.subtitleChanged.connect(said.append)
    quiet = view.subtitle()
    qtbot.keyClick(view, Qt.Key.Key_Left)
    qtbot.keyClick(view, Qt.Key.Key_Left)
    last = trainer.episode
    returns, values = trainer.progress.histories.return_sum, trainer.progress.histories.greedy_value
    for text, episode in zip(said, (last, last - 1), strict=True):
        shown = f"{returns[episode - 1]:.2f}".replace("-", "−")
        assert text == f"episode {episode} · return {shown} · value {values[episode - 1]:.2f}"
    assert view._cursor_line.isVisible()
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.subtitle() == quiet
    assert not view._cursor_line.isVisible()


def test_that_the_mouse_reads_what_is_under_it(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    view._on_mouse_moved(view._box.mapViewToScene(QPointF(4.5, 0.0)))
    assert view.subtitle().startswith("episode 5 ·")
    exact = repr(float(trainer.progress.histories.greedy_value[4])).replace("-", "−")
    assert exact in "\n".join(view._reading(exact=True))


def test_that_a_new_run_begins_empty_and_followed(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    wheel(view, 3)
    view.begin(trainer.scenario)
    assert view.following
    assert view._empty.isVisible()
    assert not view._plot.isVisible()
    draw(view, Trainer(trainer.scenario))
    assert view._empty.isVisible()


def test_that_nothing_of_pyqtgraph_speaks_english_of_its_own(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    item = view._plot.getPlotItem()
    assert not item.menuEnabled()
    assert not view._box.menuEnabled()
    assert item.buttonsHidden


@pytest.mark.parametrize("width", [240, 467, 1100])
def test_that_the_legend_has_room_for_its_words(show: Show, trainer: Trainer, width: int) -> None:
    view = show(trainer, width, 160)
    view.set_optimum(oracle.solve(trainer.scenario))
    places = view._legend._places()
    assert len(places) == 3
    metrics = view._legend.fontMetrics()
    for rectangle, name, _ in places:
        assert view._legend.rect().contains(rectangle)
        assert metrics.horizontalAdvance(name) + view._legend._swatch() < rectangle.width()
    for (first, _, _), (second, _, _) in pairwise(places):
        assert not first.intersects(second)


def test_that_the_legend_covers_no_data(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    assert not view._legend.geometry().translated(view._top.pos()).intersects(view._plot.geometry())


def test_that_colours_follow_the_palette(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    palette = QPalette(view.palette())
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#fedcba"))
    palette.setColor(QPalette.ColorRole.Window, QColor("#101010"))
    view.setPalette(palette)
    assert view._greedy.opts["pen"].color() == QColor("#fedcba")


@pytest.mark.parametrize(
    ("number", "largest", "spacing", "text"),
    [
        (0, 1e8, 2e7, "0"),
        (250, 1000, 50, "250"),
        (9_000, 9_000, 1_000, "9\u202f000"),
        (20_000, 100_000, 20_000, "20\u202fk"),
        (12_500, 20_000, 500, "12.5\u202fk"),
        (1_500_000, 2_000_000, 500_000, "1.5\u202fM"),
        (100_000_000, 100_000_000, 20_000_000, "100\u202fM"),
        (5_000_000_000, 10_000_000_000, 1_000_000_000, "5\u202fG"),
    ],
)
def test_that_large_episode_numbers_are_short(number: float, largest: float, spacing: float, text: str) -> None:
    assert count_text(number, largest, spacing) == text


# -- what each reward term gives --------------------------------------------------------------------------------------


def with_two_terms() -> Trainer:
    data = scenario.to_data(scenario.find("i-love-you"))
    data["rewards"].append({"kind": "repetition", "weight": 0.5})
    trainer = Trainer(scenario.from_data(data))
    trainer.advance(10**9, 300)
    return trainer


def test_that_with_several_terms_each_ones_share_can_be_drawn_in_place_of_the_return(show: Show) -> None:
    trainer = with_two_terms()
    view = show(trainer, 700)
    button = view.controls.findChild(QToolButton, "curvesByTerm")
    assert not button.isHidden()
    assert not any(line.isVisible() for line in view._shares)
    button.click()
    assert [item.isVisible() for item in (view._mean, view._greedy, view._optimum_line)] == [False] * 3
    shares = trainer.moment().histories["greedy_shares"]
    assert shares.shape[1] == len(view._shares) == 2
    for number, line in enumerate(view._shares):
        assert line.isVisible()
        assert (line.getData()[1] == shares[:, number]).all()
    assert [name for _, name, _ in view._legend._places()] == ["Match, word by word", "Repetition"]
    view._set_cursor(299.5)
    assert view.subtitle() == "episodes 297 to 300 · Match, word by word 3.00 · Repetition 0.00"
    view.controls.findChild(QToolButton, "curvesReturn").click()
    assert view._mean.isVisible()
    assert not any(line.isVisible() for line in view._shares)


def test_that_with_one_term_there_is_nothing_to_choose(show: Show, trainer: Trainer) -> None:
    view = show(with_two_terms())
    button = view.controls.findChild(QToolButton, "curvesByTerm")
    button.click()
    view.begin(trainer.scenario)
    draw(view, trainer)
    assert button.isHidden()
    assert view._mean.isVisible()
    assert not view._shares


# -- surprise and exploration -----------------------------------------------------------------------------------------


def choose(view: LearningCurves, name: str) -> None:
    view.controls.findChild(QToolButton, name).click()
    QApplication.processEvents()


def test_that_surprise_is_the_mean_td_error_of_a_step(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    choose(view, "curvesSurprise")
    histories, episodes = trainer.progress.histories, trainer.episode
    x, y = view._other.getData()
    assert (y == histories.surprise[:episodes] / histories.steps[:episodes]).all()
    assert (x == np.arange(episodes) + 0.5).all()
    assert not view._mean.isVisible()
    view._set_cursor(0.5)
    assert view.subtitle() == f"episode 1 · surprise {y[0]:.4g}"


def test_that_exploration_is_the_rate_that_was_set_for_each_step(show: Show) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    rates: list[float] = []
    for step, rate in ((0, 0.1), (7, 0.9), (7, 0.4), (12, 0.1), (2000, 0.0), (5001, 1.0)):
        trainer.advance(step)
        rates += [trainer.scenario.learner.explore.epsilon] * (step - len(rates))
        trainer.set("learner.explore.epsilon", rate)
    trainer.advance(9001)
    rates += [1.0] * (9001 - len(rates))
    curves = Observer(trainer).observe(Wanted(curves=True)).curves
    assert curves is not None
    ends = np.cumsum(curves.steps).astype(int)
    means = [np.mean(rates[first:last]) for first, last in pairwise([0, *ends])]
    assert curves.exploration == pytest.approx(means, abs=1e-12)
    whole = [len(set(rates[first:last])) == 1 for first, last in pairwise([0, *ends])]
    assert (curves.exploration[whole] == np.array([rates[first] for first in [0, *ends[:-1]]])[whole]).all()
    assert not all(whole)
    view = show(trainer, 300)
    choose(view, "curvesExploration")
    assert len(view._other.getData()[1]) < len(curves.ends)  # merged, and still exact
    weighted = (view._bins.exploration * np.diff([0.0, *view._bins.ends]) * 3).sum()
    assert weighted == pytest.approx(sum(rates[: ends[-1]]))


def test_that_another_choice_stays_at_the_episodes_that_are_looked_at(show: Show) -> None:
    trainer = Trainer(scenario.find("i-love-you"))
    trainer.advance(3000)
    view = show(trainer)
    wheel(view, 6)
    before = view._box.viewRange()[0]
    for name in ("curvesSurprise", "curvesExploration", "curvesReturn"):
        choose(view, name)
        assert view._box.viewRange()[0] == before
        assert view._box.viewRange()[1] == pytest.approx(list(view._bounds[2:]))
        assert not view.following
    trainer.advance(6000)
    draw(view, trainer)
    assert view._box.viewRange()[0] == before
    view.follow()
    assert view._box.viewRange()[0][1] >= trainer.episode


def test_that_the_tooltip_tells_all_curves_with_all_digits(show: Show, trainer: Trainer) -> None:
    view = show(trainer)
    view._set_cursor(3.5)
    told = view._reading(exact=True)
    curves = view._curves
    assert curves is not None
    assert told[-2:] == [f"surprise {float(curves.surprise_mean[3])!r}", "ε 0.1"]
