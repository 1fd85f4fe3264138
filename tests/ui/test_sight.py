"""Where the agent sees too little, the window says so, names the states, and offers what would be enough."""

import pytest
from PySide6.QtWidgets import QDockWidget, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from langrl_gui.core import context, oracle, scenario
from langrl_gui.core.context import Sight
from langrl_gui.ui.app import Studio
from langrl_gui.ui.session import CONTEXT, READY
from langrl_gui.ui.views.inspector import Wrapped
from langrl_gui.ui.views.sight import Confusions, ContextNotice
from tests.windows import until


def open_and_examine(qtbot: QtBot, studio: Studio, name: str) -> ContextNotice:
    with qtbot.waitSignal(studio.session.sight_found, timeout=30_000):
        studio.window.documents.open_scenario(scenario.built_in()[name])
    until(qtbot, studio, READY)
    return studio.window.parameters.notice


def button(notice: ContextNotice, name: str) -> QPushButton:
    found = notice.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def test_a_context_that_is_too_short_is_told_with_its_cost_its_states_and_its_cure(
    qtbot: QtBot, studio: Studio
) -> None:
    assert not studio.window.parameters.notice.isVisible(), "i-love-you sees all"
    notice = open_and_examine(qtbot, studio, "short-memory")
    sight = studio.session.sight
    assert isinstance(sight, Sight)
    assert sight == context.examine(scenario.find("short-memory"))
    assert notice.isVisible()
    assert f"loses {sight.lost[0]:.4g}." in notice.text()
    assert "sees: 1. The fewest that lose nothing: 3." in notice.text()

    button(notice, "showConfusions").click()
    dialog = studio.window.findChild(Confusions)
    assert dialog is not None
    assert dialog.isVisible()
    tree = dialog.findChild(QTreeWidget)
    assert tree is not None
    item = tree.topLevelItem(0)
    texts = {item.child(place).text(0): item.child(place).text(1) for place in range(item.childCount())}
    assert texts["“the sea”"] == "sings"
    assert texts["“the sea sings the sea”"] == "sleeps"
    card = studio.window.findChild(QDockWidget, "inspectorCard")
    assert card is not None
    card.raise_()
    tree.setCurrentItem(item.child(1))
    assert studio.window.selection.state == (0, 1)
    qtbot.waitUntil(lambda: "needs different words" in _inspected(studio), timeout=10_000)
    dialog.close()

    button(notice, "cureContext").click()
    assert studio.draft.data["language"]["context"] == 3
    with qtbot.waitSignal(studio.session.sight_found, timeout=30_000):
        studio.draft.apply()
    cured = studio.session.sight
    assert isinstance(cured, Sight)
    assert cured.lost == (0.0, 0.0)
    assert not notice.isVisible()


def _inspected(studio: Studio) -> str:
    label = studio.window.inspector.findChild(Wrapped, "confused")
    assert label is not None
    return str(label.text()) if label.isVisible() else ""


def test_what_weighs_more_makes_the_context_be_examined_again_and_an_open_list_is_closed(
    qtbot: QtBot, studio: Studio
) -> None:
    notice = open_and_examine(qtbot, studio, "short-memory")
    before = studio.session.sight
    assert isinstance(before, Sight)
    button(notice, "showConfusions").click()
    with qtbot.waitSignal(studio.session.sight_found, timeout=30_000):
        studio.session.set("rewards.0.weight", 2.0)
    after = studio.session.sight
    assert isinstance(after, Sight)
    assert after.lost[0] == pytest.approx(2 * before.lost[0])
    qtbot.waitUntil(lambda: studio.window.findChild(Confusions) is None, timeout=10_000)


def test_bounds_and_what_cannot_be_told_are_labelled_as_such(qtbot: QtBot) -> None:
    notice = ContextNotice()
    qtbot.addWidget(notice)
    between = Sight(1, (), 0, (0.5, 1.25), (2, 4))
    for sight, sentence in (
        (between, "loses between 0.5 and 1.25."),
        (between, "lose nothing: between 2 and 4."),
        (Sight(1, (), 0, (0.0, 1.25), (2, 4)), "may not be enough: the best one loses at most 1.25."),
        ("too large", "cannot be told: too large."),
    ):
        notice.show_sight(sight)
        assert sentence in notice.text()
        assert not notice.isHidden()
    for nothing in (None, Sight(3, (), 0, (0.0, 0.0), (3, 3))):
        notice.show_sight(nothing)
        assert notice.isHidden()


def test_a_search_for_what_the_context_costs_ends_when_another_scenario_is_opened(
    qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    def examine(problem: object, *, progress: object) -> None:
        while progress(0.5):  # type: ignore[operator]
            pass
        ended.append(problem)
        raise oracle.Cancelled

    monkeypatch.setattr(context, "examine", examine)
    studio.window.documents.open_scenario(scenario.built_in()["short-memory"])
    qtbot.waitUntil(lambda: any(task.kind == CONTEXT for task in studio.session.side.running), timeout=20_000)
    studio.window.documents.open_scenario(scenario.built_in()["ten-words"])
    qtbot.waitUntil(lambda: bool(ended), timeout=20_000)
    until(qtbot, studio, READY)
    assert studio.session.sight is None
