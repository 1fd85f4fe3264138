"""Where the agent acts in an environment, there are actions and states, and nobody speaks of words or of saying."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QTableView, QTreeView, QWidget
from pytestqt.qtbot import QtBot

from langrl_gui.core import i18n, scenario
from langrl_gui.ui.app import Studio
from langrl_gui.ui.main_window import MainWindow
from langrl_gui.ui.session import PAUSED
from langrl_gui.ui.views.state_graph import describe
from tests.windows import until

OF_LANGUAGE = {
    "en": re.compile(r"\b(words?|texts?|prompts?|say|says|saying|said|speaks?)\b", re.IGNORECASE),
    "zh_CN": re.compile("词|文本|提示|段话|[^帮]会说|说[了过出的什这]|接着说|说$"),
}
AT_HOME = {"en": "word", "zh_CN": "词"}


def heads(model: QAbstractItemModel) -> Iterator[str]:
    for column in range(model.columnCount()):
        for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            yield model.headerData(column, Qt.Orientation.Horizontal, role) or ""


def texts(window: MainWindow) -> Iterator[str]:
    """Everything that people read of the run in the cards and the toolbar, see on tooltips, or hear."""
    yield from (window.windowTitle(), *(window._actions[name].toolTip() for name in ("run", "step", "stepEpisode")))
    for card in window._cards:
        yield card.windowTitle()
        for widget in [card, *card.findChildren(QWidget)]:
            if window.parameters.isAncestorOf(widget) and not widget.isVisibleTo(window.parameters):
                continue  # fields of a language are left out ...
            if isinstance(widget, QAbstractButton) and widget.isHidden():
                continue  # ... and what cannot be chosen
            yield from (widget.toolTip(), widget.accessibleName(), widget.accessibleDescription())
            if isinstance(widget, QLabel | QAbstractButton):
                yield widget.text()
            if isinstance(widget, QLineEdit):
                yield widget.placeholderText()
            if isinstance(widget, QTableView | QTreeView):
                yield from heads(widget.model())
    yield from painted(window)


def painted(window: MainWindow) -> Iterator[str]:
    """What is drawn, or told where the mouse rests."""
    heat, graph, tape = window.heat, window.graph, window.tape
    yield heat._legend._size
    places = [heat.cell_at(QPoint(x, y)) for x in (10, 150) for y in (5, 30)]
    yield from (heat._explanation(place) for place in places if place is not None)
    canvas = graph.canvas
    assert canvas.graph is not None
    assert canvas.layout_ is not None
    yield from (describe.node(canvas.layout_, canvas.graph, node) for node in range(len(canvas.graph.shape.ends)))
    yield from (describe.edge(canvas.layout_, canvas.graph, edge) for edge in range(len(canvas.graph.shape.source)))
    yield from (pill.tip for _, pill in tape._spots)
    yield from (tape._answers._before(answer) + answer.tip for answer in tape._answers.shown)
    yield window.say.as_text()


def open_at(qtbot: QtBot, studio: Studio, name: str, steps: int) -> None:
    with qtbot.waitSignal(studio.session.opened, timeout=20_000):
        studio.session.open(scenario.find(name))
    studio.session.step(steps)
    until(qtbot, studio, PAUSED, steps)
    qtbot.waitUntil(lambda: studio.window.graph.canvas.graph is not None and bool(studio.window.tape._spots))


@pytest.mark.parametrize("language", OF_LANGUAGE)
@pytest.mark.parametrize("name", ["frozen-lake", "taxi", "blackjack"])
def test_that_the_window_speaks_of_actions_where_there_are_no_words_and_of_words_again_where_there_are(
    qtbot: QtBot, open_studio: Callable[[Path | None], Studio], name: str, language: str
) -> None:
    i18n.set_language(language)
    studio = open_studio(None)
    for _ in range(2):  # what was opened before leaves nothing behind
        open_at(qtbot, studio, name, 300)
        found = list(texts(studio.window))
        assert len(found) > 300
        assert [text for text in found if OF_LANGUAGE[language].search(text)] == []
        open_at(qtbot, studio, "i-love-you", 300)
        assert sum(AT_HOME[language] in text for text in texts(studio.window)) > 20
