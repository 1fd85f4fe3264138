"""A card's head: on little room, and clicked; and new text on cards, and below them, has no window laid out anew."""

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QSizePolicy, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from langrl_gui.core import scenario
from langrl_gui.core.telemetry import NO_LIMIT, Observer, Wanted
from langrl_gui.core.trainer import Trainer
from langrl_gui.ui import format
from langrl_gui.ui.cards import BETWEEN, LEAST_PART, Card
from langrl_gui.ui.views.run_status import RunStatus


@pytest.mark.parametrize(
    ("parts", "room", "seen"),
    [
        (("where it is", "seen often"), 1.0, ("where it is", "seen often")),
        (("where it is", "seen often"), 0.6, ("where it is",)),
        (("where it is",), 0.5, ()),
    ],
)
def test_that_the_line_beside_a_title_gives_way_part_after_part(
    qtbot: QtBot, parts: tuple[str, ...], room: float, seen: tuple[str, ...]
) -> None:
    card = Card("some", "Some")
    qtbot.addWidget(card)
    card.set_subtitle(BETWEEN.join(parts))
    line = card._subtitle
    line.resize(round(room * (line.fontMetrics().horizontalAdvance(line.text()) + 1)), 20)
    assert line.shown() == BETWEEN.join(seen)
    assert line.toolTip() == line.accessibleName() == BETWEEN.join(parts)  # all of it can be read


def test_that_a_long_part_is_cut_off_where_its_beginning_tells_something(qtbot: QtBot) -> None:
    card = Card("some", "Some")
    qtbot.addWidget(card)
    card.set_subtitle(
        BETWEEN.join(("13 states", "the greedy path is very long, as long as the text that it stands for"))
    )
    line = card._subtitle
    line.resize(line.fontMetrics().horizontalAdvance("13 states") + (LEAST_PART + 1) * line.fontMetrics().height(), 20)
    assert line.shown().startswith("13 states · the greedy")
    assert line.shown().endswith("…")


class Asked(QObject):
    """Counts how often what it watches is asked to lay out anew."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.times = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.times += event.type() == QEvent.Type.LayoutRequest
        return False


def test_that_a_window_is_laid_out_for_a_card_only_where_that_needs_more_room_at_the_least(qtbot: QtBot) -> None:
    window, card, view = QMainWindow(), Card("some", "title " * 6), QWidget()
    qtbot.addWidget(window)
    window.resize(900, 200)
    label = QLabel("a", view)
    QVBoxLayout(view).addWidget(label)
    label.setMinimumWidth(10)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    card.fill(view)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, card)
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(50)
    asked, wide = Asked(window), card._title.width()
    for count in range(7, 20):
        card.set_title("title " * count)
        card.set_subtitle("subtitle " * count)
        label.setText("text " * count)
        qtbot.wait(5)
    assert asked.times == 0
    assert card._title.width() > wide, "the title has its room"
    label.setMinimumWidth(1200)
    qtbot.waitUntil(lambda: asked.times > 0)
    qtbot.waitUntil(lambda: card.width() >= 1200)


def test_that_a_window_is_not_laid_out_for_the_numbers_at_its_foot(qtbot: QtBot) -> None:
    window, status, trainer = QMainWindow(), RunStatus(), Trainer(scenario.find("morning-tea"), compiled=False)
    qtbot.addWidget(window)
    window.statusBar().addPermanentWidget(status, 1)
    window.resize(900, 300)
    window.show()
    qtbot.waitExposed(window)
    observer = Observer(trainer)
    status.draw(observer.observe(Wanted()), (10_000, NO_LIMIT), running=False)
    qtbot.wait(50)
    asked = Asked(window)
    for steps in (1, 10, 100, 1000):
        trainer.advance(steps)
        status.draw(observer.observe(Wanted()), (10_000, NO_LIMIT), running=False)
        qtbot.wait(5)
    assert f"step {format.count(trainer.step)}" in status._text.text()
    assert asked.times == 0


def test_that_two_clicks_on_its_head_have_a_card_float_where_it_is_wherever_it_floated_before(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setGeometry(200, 150, 600, 400)
    card = Card("some", "Some", window)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, card)
    window.show()
    card.setFloating(True)
    card.setGeometry(0, 0, 310, 210)
    QApplication.processEvents()
    card.setFloating(False)
    QApplication.processEvents()
    place = card.mapToGlobal(QPoint(0, 0))
    assert place != QPoint(0, 0)
    QTest.mouseDClick(card._head, Qt.MouseButton.LeftButton)
    assert card.isFloating()
    assert card.geometry().topLeft() == place
    card.setFloating(False)
